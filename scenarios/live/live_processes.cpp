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

}  // namespace

std::string LiveWorld::control_plane_program() const {
  return options_.programs + (options_.planted_bug.empty() ? "/kuma-cp" : "/kuma-cp-planted");
}

Result<live::ChildProcess> LiveWorld::start_program(const std::string& process, const live::ChildOptions& options) {
  live::NetNamespace::Inside inside(space_of(process));
  return live::ChildProcess::start(runtime_.executor, options);
}

Result<> LiveWorld::start_plane(LivePlane& plane) {
  std::map<std::string, std::string> addresses;
  for (const LivePlane& other : planes_) addresses[other.name()] = other.address;
  std::map<std::string, std::string> environment = plane.environment(addresses);
  if (!options_.planted_bug.empty()) environment["KUMASIM_PLANTED_BUG"] = options_.planted_bug;
  auto child = start_program(plane.name(), {.program = control_plane_program(),
                                            .arguments = {"run"},
                                            .environment = std::move(environment),
                                            .output_path = (folder_ / (plane.name() + ".log")).string()});
  if (!child) return fail(child.error());
  plane.process.emplace(std::move(*child));
  plane.paused = false;
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
      fmt::format("--cp-address=https://{}:{}", member.plane->address, member.plane->ports.dataplane),
      "--dataplane-file=" + file,
      "--proxy-type=" + member.proxy_type(),
      "--ca-cert-file=" + member.plane->certificate().string(),
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
  if (const LivePlane* plane = find_plane(process)) {
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

void LiveWorld::look_after_all() {
  for (const LivePlane& plane : planes_) {
    const std::string& name = plane.name();
    if (!ending_.contains(name))
      look_after(name.starts_with("kuma-cp") ? name : "kuma-cp of " + name, name, plane.process);
  }
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
