/// What the live world sees of its processes: Envoys by their admin ports, the rest by the control plane's word.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "kumasim/runtime/event.hpp"
#include "kumasim/runtime/task.hpp"
#include "kumasim/transport/http.hpp"
#include "scenarios/engine/rollout.hpp"
#include "scenarios/live/live_world.hpp"

namespace kumasim::scenario {
namespace {

constexpr Duration poll_period = std::chrono::milliseconds(500);
constexpr Duration rollout_patience = std::chrono::seconds(2);

}  // namespace

asio::awaitable<void> LiveWorld::poll() {
  std::map<std::string, std::uint64_t> before;  // process -> refused by access control
  while (true) {
    std::vector<Suspect> suspects = std::exchange(suspects_, {});
    std::map<std::string, std::uint64_t> refused;  // service -> since the last poll
    look_after_all();
    co_await poll_members();
    for (auto& [name, member] : members_) {
      if (!member.up() || member.instance == nullptr) continue;
      std::uint64_t last = std::exchange(before[name], member.state.denied);
      if (member.state.denied > last) refused[member.instance->service] += member.state.denied - last;
    }
    for (LivePlane& plane : planes_) co_await poll_rollout(plane);
    for (Suspect& suspect : suspects) {
      suspect.record.denied = refused[suspect.to] > 0;
      suspect.done(std::move(suspect.record));
    }
    co_await sleep(runtime_.timers, poll_period);
  }
}

/// All at once: one that is slow to answer holds up no other.
asio::awaitable<void> LiveWorld::poll_members() {
  struct Round {
    explicit Round(const asio::any_io_executor& executor) : over(executor) {}
    std::size_t asked = 1;  // and who waits
    kumasim::Event over;
    void answered() {
      if (--asked == 0) over.set();
    }
  };
  auto round = std::make_shared<Round>(runtime_.executor);
  auto one = [](LiveWorld& world, LiveMember& member, std::shared_ptr<Round> of) -> asio::awaitable<void> {
    co_await world.poll_member(member);
    of->answered();
  };
  for (auto& [name, member] : members_) {
    if (!member.up()) {
      member.state = {};
      continue;
    }
    ++round->asked;
    spawn(runtime_.executor, runtime_.log, "poll", one(*this, member, round));
  }
  round->answered();
  co_await round->over.wait();
}

asio::awaitable<void> LiveWorld::poll_member(LiveMember& member) {
  std::uint64_t life = member.lives;
  ProxyState state = co_await read_envoy(runtime_of(member.name), member.admin_port, member.called, member.refusals);
  if (!member.up() || member.lives != life) co_return;  // the answer of an Envoy that is no more
  if (member.refusals.any()) state.refusals = member.refusals.refusals(whole_log(member.name));
  if (state.up)
    member.state = std::move(state);
  else
    member.state.ready = false;  // it does not say what it has
}

asio::awaitable<void> LiveWorld::poll_rollout(LivePlane& plane) {
  if (!plane.up()) co_return;
  int life = plane.process->pid();
  MonotonicTime asked = runtime_.clock.now();
  std::string url = fmt::format("http://127.0.0.1:{}{}", plane.ports.diagnostics, plane.target);
  Runtime& runtime = runtime_of(plane.name());
  auto answer = co_await http_call(runtime.network, runtime.timers, std::move(url), {}, nullptr, rollout_patience);
  if (!plane.up() || plane.process->pid() != life || !answer || answer->status != 200) co_return;
  plane.hear(answer->body, scenario_, asked);
  if (!plane.rollout) co_return;
  for (const auto& [process, proxy] : plane.rollout->proxies) {
    LiveMember& member = members_.at(process);
    if (member.plane->spec != plane.spec || !proxy.current) continue;
    member.refusals.made_good();
    member.state.refusals.clear();
  }
}

/// What they say together is as old as the oldest of their answers.
std::optional<Rollout> LiveWorld::rollout_of_planes(StateSample& sample) const {
  MonotonicTime now = runtime_.clock.now(), oldest = now;
  std::map<std::string, std::vector<Rollout>> answers;  // by zone, of its replicas
  std::map<std::string, bool> connected;                // zones: of replicas the one that leads has the streams
  for (const LivePlane& plane : planes_) {
    const Rollout* said = plane.said(now);
    if (said == nullptr) {
      if (plane.runs()) sample.mute.insert(plane.spec->name);
      continue;
    }
    if (plane.under_global()) connected[plane.zone] = connected[plane.zone] || plane.connected_to_global;
    if (plane.connected_to_global) sample.holders[plane.zone].insert(plane.name());
    note_holders(*said, plane.name(), sample.holders);
    oldest = std::min(oldest, plane.asked);
    answers[plane.zone].push_back(*said);
  }
  for (const auto& [zone, there] : connected)
    if (!there) sample.zones_apart.insert(zone);
  std::optional<Rollout> out = of_control_planes(std::move(answers), scenario_);
  if (out) out->at = oldest - start_;
  return out;
}

void LiveWorld::note_planes(StateSample& sample) const {
  for (const LivePlane& plane : planes_) {
    if (!plane.runs()) sample.silent.insert(plane.name());
    bool follows = plane.store == nullptr || (plane.store->up() && plane.follows_store);
    if (plane.runs() && !follows) sample.storeless.insert(plane.name());
  }
  add_silent_replicas(scenario_, sample.silent);
}

StateSample LiveWorld::sample() {
  StateSample out;
  out.at = now();
  note_planes(out);
  for (const auto& [name, member] : members_) {
    out.proxies[name] = member.state;
    out.proxies[name].up = member.up();
    out.proxies[name].life = member.lives;
  }
  out.rollout = rollout_of_planes(out);
  return out;
}

}  // namespace kumasim::scenario
