/// Programs of the live world: how they are started, found again and looked after.
#include <algorithm>
#include <deque>
#include <fstream>

#include <fmt/format.h>

#include "reference-cp/live/system.hpp"
#include "scenarios/live/live_world.hpp"

namespace kumasim::scenario {
namespace {

/// The children of a process, and theirs.
void descendants(int pid, std::vector<int>& out) {
  std::ifstream in(fmt::format("/proc/{0}/task/{0}/children", pid));
  for (int child = 0; in >> child;) {
    out.push_back(child);
    descendants(child, out);
  }
}

constexpr Duration pod_pause = std::chrono::seconds(1);
constexpr int starts_max = 60;

}  // namespace

std::string LiveWorld::control_plane_program() const {
  return options_.programs + (options_.planted_bug.empty() ? "/kuma-cp" : "/kuma-cp-planted");
}

Result<live::ChildProcess> LiveWorld::start_program(const std::string& process, const live::ChildOptions& options) {
  live::NetNamespace::Inside inside(space_of(process));
  return live::ChildProcess::start(runtime_.executor, options);
}

std::map<std::string, std::string> LiveWorld::environment_of(const LivePlane& plane) const {
  std::map<std::string, std::string> addresses;
  for (const LivePlane& other : planes_) addresses[other.spec->name] = other.found_at();
  std::map<std::string, std::string> out = plane.environment(addresses);
  if (!options_.planted_bug.empty()) out["KUMASIM_PLANTED_BUG"] = options_.planted_bug;
  return out;
}

std::optional<live::ChildProcess>& LiveWorld::program_of(const std::string& process) {
  if (auto store = stores_.find(process); store != stores_.end()) return store->second.server;
  LivePlane* plane = find_plane(process);
  return plane != nullptr ? plane->process : members_.at(process).sidecar;
}

bool& LiveWorld::paused_of(const std::string& process) {
  if (auto store = stores_.find(process); store != stores_.end()) return store->second.paused;
  LivePlane* plane = find_plane(process);
  return plane != nullptr ? plane->paused : members_.at(process).paused;
}

Result<> LiveWorld::start_plane(LivePlane& plane) {
  auto child = start_program(plane.name(), {.program = control_plane_program(),
                                            .arguments = {"run"},
                                            .environment = environment_of(plane),
                                            .output_path = (folder_ / (plane.name() + ".log")).string()});
  if (!child) return fail(child.error());
  plane.process.emplace(std::move(*child));
  plane.paused = plane.answered = false;
  return {};
}

Result<> LiveWorld::start_echo(LiveMember& member) {
  auto echo = start_program(member.name, {.program = options_.programs + "/kumasim-echo",
                                          .arguments = member.echo_arguments(),
                                          .output_path = (folder_ / (member.name + ".echo.log")).string()});
  if (!echo) return fail(echo.error());
  member.echo.emplace(std::move(*echo));
  return {};
}

Result<> LiveWorld::start_member(LiveMember& member) {
  if (member.instance != nullptr) {
    if (Result<> started = start_echo(member); !started) return started;
  }
  if (member.admin_port == 0) member.admin_port = free_port("127.0.0.1");
  std::string file = (folder_ / (member.name + ".json")).string();
  std::ofstream(file) << member.resource(scenario_).dump();
  std::vector<std::string> run{
      "run",
      fmt::format("--cp-address=https://{}:{}", member.plane->found_at(), member.plane->ports.dataplane),
      "--dataplane-file=" + file,
      "--proxy-type=" + member.proxy_type(),
      "--ca-cert-file=" + member.plane->certificate(),
      "--binary-path=" + options_.envoy,
      "--dns-enabled=false"};
  // It makes a folder of its own for temporary files, which it does not remove where it is killed.
  std::map<std::string, std::string> environment = live::environment();
  environment["TMPDIR"] = folder_.string();
  auto other = options_.sidecars.find(member.name);
  std::string program = other == options_.sidecars.end() ? options_.programs + "/kuma-dp" : other->second;
  auto sidecar = start_program(member.name, {.program = std::move(program),
                                             .arguments = run,
                                             .environment = std::move(environment),
                                             .output_path = (folder_ / (member.name + ".log")).string()});
  if (!sidecar) {
    member.echo.reset();  // else the next try would find its port taken
    return fail(sidecar.error());
  }
  member.sidecar.emplace(std::move(*sidecar));
  member.paused = false;
  ++member.lives;
  return {};
}

std::vector<int> LiveWorld::pids(const std::string& process) const {
  std::vector<int> out;
  auto add = [&](const std::optional<live::ChildProcess>& child) {
    if (!child || child->status()) return;
    out.push_back(child->pid());
    descendants(child->pid(), out);
  };
  if (auto store = stores_.find(process); store != stores_.end()) {
    add(store->second.server);
  } else if (const LivePlane* plane = find_plane(process)) {
    add(plane->process);
  } else {
    add(members_.at(process).sidecar);
    add(members_.at(process).echo);
  }
  return out;
}

void LiveWorld::complain(std::string text) {
  std::optional<Duration> when;
  if (running_) when = now();
  problems_.push_back({Problem::Kind::process, std::move(text), when});
}

void LiveWorld::look_after(const std::string& what, const std::string& log,
                           const std::optional<live::ChildProcess>& child) {
  if (!child || !child->status() || std::ranges::find(dead_, child->pid()) != dead_.end()) return;
  dead_.push_back(child->pid());
  complain(fmt::format("{} ended with {}: {}", what, live::to_string(*child->status()), last_lines(log)));
}

/// One that starts while its store cannot be reached ends with an error; as a pod it is started again.
bool LiveWorld::waits_for_store(LivePlane& plane) {
  if (plane.answered) starts_again_.erase(plane.name());
  if (!running_ || plane.store == nullptr || plane.answered || !plane.process || !plane.process->status()) return false;
  if (plane.process->status()->signal != 0 || ++starts_again_[plane.name()] > starts_max) return false;
  plane.process.reset();
  if (told_life_) told_life_(plane.name(), false);
  at(now() + pod_pause, [this, name = plane.name()] {
    if (holds_[name] == 0) start(name);
  });
  return true;
}

void LiveWorld::look_after_all() {
  for (LivePlane& plane : planes_) {
    const std::string& name = plane.name();
    if (!ending_.contains(name) && !waits_for_store(plane))
      look_after(name.starts_with("kuma-cp") ? name : "kuma-cp of " + name, name, plane.process);
  }
  for (const auto& [name, store] : stores_)
    if (!ending_.contains(name)) look_after("PostgreSQL of " + name, name, store.server);
  for (const auto& [process, member] : members_) {
    if (ending_.contains(process)) continue;
    look_after("kuma-dp of " + process, process, member.sidecar);
    look_after("kumasim-echo of " + process, process + ".echo", member.echo);
  }
}

std::string LiveWorld::last_lines(const std::string& log) const {
  std::ifstream in(folder_ / (log + ".log"));
  std::deque<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line.substr(0, 400));
    if (lines.size() > 5) lines.pop_front();
  }
  std::string out;
  for (const std::string& line : lines) out += (out.empty() ? "" : "\n    ") + line;
  return out.empty() ? "it printed nothing" : out;
}

std::string LiveWorld::whole_log(const std::string& process) const {
  std::ifstream in(folder_ / (process + ".log"), std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace kumasim::scenario
