/// Replicas of control planes in the live world: the stores and certificates that they share.
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <thread>

#include <fmt/format.h>

#include "reference-cp/identity/certificate.hpp"
#include "reference-cp/live/disk.hpp"
#include "scenarios/live/live_world.hpp"

namespace kumasim::scenario {
namespace {

constexpr Duration pause_between = std::chrono::milliseconds(50);
constexpr Duration end_patience = std::chrono::seconds(2), end_step = std::chrono::milliseconds(2);
constexpr Duration flap_least = std::chrono::milliseconds(200);  // psql takes some time

}  // namespace

void LiveWorld::add_stores() {
  for (const std::string& name : scenario_.stores()) {
    LiveStore& store = stores_[name];
    store.name = name;
    store.folder = folder_ / name;
  }
}

Result<live::ChildProcess> LiveWorld::start_logged(const std::string& process, live::ChildOptions options) {
  options.output_path = (folder_ / (process + ".log")).string();
  return start_program(process, options);
}

Result<> LiveWorld::run_to_end(const std::string& process, live::ChildOptions options, const std::string& what) {
  auto child = start_logged(process, std::move(options));
  if (!child) return fail(child.error());
  Result<> ended = pump_until([&] { return child->status().has_value(); }, [&] { return what + " did not end"; });
  if (!ended || child->status()->success()) return ended;
  return fail(Code::unavailable,
              fmt::format("{} ended with {}: {}", what, live::to_string(*child->status()), last_lines(process)));
}

Result<> LiveWorld::start_store(LiveStore& store) {
  live::ChildOptions options = postgres_->serve(store.data(), store.address);
  auto child = start_logged(store.name, std::move(options));
  if (!child) return fail(child.error());
  store.server.emplace(std::move(*child));
  store.paused = false;
  return {};
}

Result<> LiveWorld::wait_for_store(LiveStore& store) {
  while (true) {
    live::ChildOptions options = postgres_->ask(store.address);
    auto child = start_logged(store.name, std::move(options));
    if (!child) return fail(child.error());
    Result<> ended = pump_until(
        [&] { return child->status().has_value(); },
        [&] { return fmt::format("PostgreSQL of {} did not answer: {}", store.name, last_lines(store.name)); });
    if (!ended || child->status()->success()) return ended;
    context_.run_for(pause_between);
  }
}

Result<> LiveWorld::start_stores() {
  if (stores_.empty()) return {};
  auto programs = PostgresPrograms::find();
  if (!programs) return fail(programs.error());
  postgres_ = std::move(*programs);
  for (auto& [name, store] : stores_) {
    std::filesystem::create_directories(store.folder);
    if (Result<> given = postgres_->give(store.folder); !given) return given;
    if (Result<> made = run_to_end(name, postgres_->make(store.data()), "initdb of " + name); !made) return made;
    if (Result<> open = postgres_->open(store.data()); !open) return open;
    if (Result<> started = start_store(store); !started) return started;
    if (Result<> answers = wait_for_store(store); !answers) return answers;
  }
  return {};
}

void LiveWorld::end_at_once(const std::string& store) {
  const std::vector<int> all = pids(store);
  if (all.empty()) return;
  for (int pid : all) ::kill(pid, SIGCONT);
  ::kill(all.front(), SIGQUIT);
  // Not by the context, in whose handler this may be.
  for (Duration waited{}; waited < end_patience; waited += end_step) {
    siginfo_t ended{};
    if (waitid(P_PID, static_cast<id_t>(all.front()), &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid != 0)
      return;
    std::this_thread::sleep_for(end_step);
  }
}

/// Counted up by somebody else: whoever leads hears so at its next heartbeat, the others see the row move.
void LiveWorld::take_lease(LiveStore& store) {
  if (!store.up()) return;
  if (store.errand && store.errand->status() && !store.errand->status()->success())
    runtime_.log.warn("store.leaderFlap", "the lease was not taken", {{"store", store.name}});
  live::ChildOptions options = postgres_->tell(
      store.address, "UPDATE locks SET record_version_number = nextval('locks_rvn') WHERE name = 'kuma-cp-lock'");
  auto child = start_logged(store.name, std::move(options));
  if (!child) return complain(fmt::format("the lease in {} could not be taken: {}", store.name, child.error().message));
  store.errand.emplace(std::move(*child));
}

void LiveWorld::reconnect_elsewhere(FaultOrder order) {
  for (const std::string& process : order.processes)
    for (const std::string& global : scenario_.control_plane.processes()) {
      order.ways.push_back({process, global});
      order.ways.push_back({global, process});
    }
  links_->strike(order, runtime_.clock.now());
}

void LiveWorld::flap_leader(const FaultOrder& order) {
  if (!flaps_.contains(order.id)) return;
  for (const std::string& name : order.processes) take_lease(stores_.at(name));
  at(now() + std::max(order.duration("period"), flap_least), [this, order] { flap_leader(order); });
}

Result<> LiveWorld::prepare_replicas(const ControlPlaneSpec& spec) {
  LivePlane& first = *find_plane(spec.replicas.front());
  std::vector<std::string> hosts{spec.name, "localhost", "127.0.0.1", first.service};
  for (const std::string& replica : spec.replicas) hosts.push_back(find_plane(replica)->address);
  auto pair =
      cp::make_server({.hosts = std::move(hosts), .key = {}, .now = runtime_.clock.wall_now()}, runtime_.random);
  if (!pair) return fail(pair.error());
  Result<> written = live::write_file(first.certificate(), pair->certificate_pem);
  if (written) written = live::write_file(first.key(), pair->key_pem, {.secret = true});
  if (!written) return written;
  return run_to_end(
      first.name(),
      {.program = control_plane_program(), .arguments = {"migrate", "up"}, .environment = environment_of(first)},
      "kuma-cp migrate of " + first.name());
}

}  // namespace kumasim::scenario
