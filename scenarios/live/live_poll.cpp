/// What the live world sees of its processes: Envoys by their admin ports, the rest by the control plane's word.
#include <utility>

#include <fmt/format.h>

#include "kumasim/runtime/task.hpp"
#include "scenarios/engine/rollout.hpp"
#include "scenarios/live/live_world.hpp"

namespace kumasim::scenario {
namespace {

constexpr Duration poll_period = std::chrono::milliseconds(500);
constexpr Duration rollout_patience = std::chrono::seconds(2), rollout_age_max = std::chrono::seconds(5);

}  // namespace

asio::awaitable<void> LiveWorld::poll() {
  std::map<std::string, std::uint64_t> before;  // process -> refused by access control
  while (true) {
    std::vector<Suspect> suspects = std::exchange(suspects_, {});
    std::map<std::string, std::uint64_t> refused;  // service -> since the last poll
    look_after_all();
    for (auto& [name, member] : members_) {
      if (!up(name)) {
        member.state = {};
        continue;
      }
      co_await poll_member(name, member);
      std::uint64_t last = std::exchange(before[name], member.state.denied);
      if (member.state.denied > last) refused[member.instance->service] += member.state.denied - last;
    }
    co_await poll_rollout();
    for (Suspect& suspect : suspects) {
      suspect.record.denied = refused[suspect.to] > 0;
      suspect.done(std::move(suspect.record));
    }
    co_await sleep(runtime_.timers, poll_period);
  }
}

asio::awaitable<void> LiveWorld::poll_member(const std::string& name, Member& member) {
  std::vector<std::string> called;
  for (const Outbound& outbound : member.service->calls) called.push_back(outbound.to);
  std::uint64_t life = member.lives;
  ProxyState state = co_await read_envoy(runtime_of(name), member.admin_port, std::move(called), member.refusals);
  if (!up(name) || member.lives != life) co_return;  // the answer of an Envoy that is no more
  if (member.refusals.any()) state.refusals = member.refusals.refusals(whole_log(name));
  if (state.up)
    member.state = std::move(state);
  else
    member.state.ready = false;  // it does not say what it has
}

asio::awaitable<void> LiveWorld::poll_rollout() {
  const std::string& name = scenario_.control_plane.name;
  if (!up(name)) co_return;
  int life = control_plane_->pid();
  MonotonicTime asked = runtime_.clock.now();
  std::string url = fmt::format("http://127.0.0.1:{}{}", ports_.diagnostics, rollout_target_);
  Runtime& runtime = runtime_of(name);
  auto answer = co_await http_call(runtime.network, runtime.timers, std::move(url), {}, nullptr, rollout_patience);
  if (!up(name) || control_plane_->pid() != life || !answer || answer->status != 200) co_return;
  rollout_ = read_rollout(answer->body, scenario_);
  rollout_asked_ = asked;
  if (!rollout_) co_return;
  for (auto& [process, member] : members_) {
    auto known = rollout_->proxies.find(process);
    if (known == rollout_->proxies.end() || !known->second.current) continue;
    member.refusals.made_good();
    member.state.refusals.clear();
  }
}

StateSample LiveWorld::sample() {
  StateSample out;
  out.at = now();
  bool answers = up(scenario_.control_plane.name);
  if (!answers) out.silent.insert(scenario_.control_plane.name);
  for (const auto& [name, member] : members_) {
    out.proxies[name] = member.state;
    out.proxies[name].up = up(name);
    out.proxies[name].life = member.lives;
  }
  if (answers && rollout_ && runtime_.clock.now() - rollout_asked_ < rollout_age_max) {
    out.rollout = rollout_;
    out.rollout->at = rollout_asked_ - start_;
  }
  return out;
}

}  // namespace kumasim::scenario
