#include "tools/cli/inspection_text.hpp"

#include <set>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reference-cp/app/kumactl/table.hpp"
#include "reference-cp/model/timestamp.hpp"
#include "scenarios/inspect/configuration.hpp"
#include "scenarios/inspect/inspection.hpp"
#include "scenarios/inspect/moments.hpp"
#include "scenarios/inspect/why.hpp"

namespace kumasim::cli {

using namespace scenario;
using nlohmann::json;

namespace {

std::string yes(bool value) { return value ? "yes" : "no"; }

std::string said_text(const json& proxy) {
  if (!proxy.contains("controlPlaneSays")) return "no answer";
  const json& said = proxy["controlPlaneSays"];
  if (said.is_string()) return said.get<std::string>();
  if (said.contains("refused")) return "refused";
  if (said["current"].get<bool>()) return "current";
  return said["connected"].get<bool>() ? "behind" : "not connected";
}

std::string endpoints_text(const json& proxy) {
  std::vector<std::string> out;
  for (const auto& [service, addresses] : proxy["endpoints"].items())
    out.push_back(fmt::format("{} {}", service, addresses.size()));
  return out.empty() ? "-" : fmt::format("{}", fmt::join(out, ", "));
}

std::string head_text(const RecordedRun& run) {
  return fmt::format("{} seed {} at {} ({}), event {}, fingerprint {:016x}\n", run.scenario().name, run.run().seed,
                     moment_text(run.now()), cp::print_timestamp(run.wall(run.now())), run.run().events,
                     run.run().fingerprint);
}

std::string faults_text(const RecordedRun& run) {
  std::string out;
  for (const FaultSpan& fault : run.faults_at(run.now()))
    out += fmt::format("  {} since {}\n", fault.text, moment_text(fault.begin));
  return out.empty() ? "no fault in force\n" : "faults in force\n" + out;
}

std::string behind_text(const json& state) {
  std::string out = "up, something written is in no configuration yet";
  if (state.contains("zonesBehind"))
    out += fmt::format(" (zones behind: {})", fmt::join(state["zonesBehind"].get<std::set<std::string>>(), ", "));
  return out;
}

std::string control_plane_text(const RecordedRun& run) {
  json state = control_plane_json(run);
  std::string how = !state["up"].get<bool>()        ? "down"
                    : state["paused"].get<bool>()   ? "paused"
                    : !state["answers"].get<bool>() ? "up, not ready"
                    : state["behind"].get<bool>()   ? behind_text(state)
                                                    : "up, all that was written is in configurations";
  std::string out = fmt::format("{}: {}; life {}, {} commits\n", run.scenario().control_planes().front(), how,
                                state["life"].dump(), state["commits"].dump());
  if (const Commit* last = run.commits().last()) out += fmt::format("  last: {}\n", last->text());
  return out;
}

}  // namespace

std::string mesh_text(const RecordedRun& run) {
  std::ostringstream out;
  out << head_text(run) << "\n" << control_plane_text(run) << faults_text(run) << "\n";
  cp::Table table({"PROCESS", "UP", "CONNECTED", "READY", "LIFE", "TOOK", "REFUSED", "CERTIFICATE UNTIL", "ENDPOINTS",
                   "CONTROL PLANE SAYS"});
  json all = mesh_json(run)["proxies"];
  for (const Instance& instance : run.scenario().instances) {
    const json& proxy = all[instance.process];
    std::string up = proxy["paused"].get<bool>() ? "paused" : yes(proxy["up"].get<bool>());
    table.add({instance.process, up, yes(proxy["connected"].get<bool>()), yes(proxy["ready"].get<bool>()),
               proxy["life"].dump(), proxy["accepted"].dump(), proxy["refused"].dump(),
               proxy.contains("certificate") ? proxy["certificate"]["notAfter"].get<std::string>() : "-",
               endpoints_text(proxy), said_text(proxy)});
  }
  table.print(out);
  return std::move(out).str();
}

std::string process_text(const RecordedRun& run, const std::string& process) {
  std::ostringstream out;
  out << head_text(run) << faults_text(run) << "\n";
  if (process == run.scenario().control_planes().front()) {
    out << control_plane_text(run);
    for (const Commit& commit : run.commits().all()) {
      if (!commit.insight()) out << "  " << commit.text() << "\n";
    }
    return std::move(out).str();
  }
  if (run.scenario().find_instance(process) == nullptr) {
    json state = process_json(run, process)["state"];
    out << fmt::format("{}: {}{}, life {}, address {}{}\n", process, state["up"].get<bool>() ? "up" : "down",
                       state["paused"].get<bool>() ? ", paused" : "", state["life"].dump(),
                       state["address"].get<std::string>(),
                       state.value("reachesStore", true) ? "" : ", does not reach its store");
    return std::move(out).str();
  }
  json proxy = proxy_json(run, process);
  out << fmt::format("{}: {}{}, {}, life {}, address {}\n", process, proxy["up"].get<bool>() ? "up" : "down",
                     proxy["paused"].get<bool>() ? ", paused" : "",
                     proxy["connected"].get<bool>() ? "connected" : "not connected", proxy["life"].dump(),
                     proxy["inbound"].get<std::string>());
  out << fmt::format("  took {} updates, refused {}; {}; the control plane says: {}\n", proxy["accepted"].dump(),
                     proxy["refused"].dump(), proxy["ready"].get<bool>() ? "ready" : "something is missing or warms",
                     said_text(proxy));
  if (proxy.contains("refusals")) out << "  refuses " << proxy["refusals"].dump() << "\n";
  for (const auto& [service, addresses] : proxy["endpoints"].items())
    out << fmt::format("  knows of {}: {}\n", service, fmt::join(addresses.get<std::vector<std::string>>(), ", "));
  for (const auto& [service, troubles] : proxy.value("troubles", json::object()).items())
    for (const auto& [address, trouble] : troubles.items())
      out << fmt::format("  {} of {}: {}\n", address, service, trouble.get<std::string>());
  for (const json& cluster : proxy.value("inPanic", json::array()))
    out << fmt::format("  {} is in panic: who is well does not count\n", cluster.get<std::string>());
  out << "\n";
  cp::Table table({"TYPE", "NAME", "STATE", "VERSION", "SINCE"});
  for (const ConfigEntry& entry : configuration_of(run, process)) {
    table.add({entry.type, entry.name, std::string(to_string(entry.state)), entry.version.empty() ? "-" : entry.version,
               entry.updated ? moment_text(*entry.updated) : "-"});
  }
  table.print(out);
  return std::move(out).str();
}

std::string resources_text(const RecordedRun& run, const std::string& process, const std::string& type,
                           const std::string& name) {
  std::string out = head_text(run);
  Provenance provenance(run, process);
  for (const ConfigEntry& entry : configuration_of(run, process)) {
    if (entry.type != type || (!name.empty() && entry.name != name)) continue;
    out += fmt::format("\n{} {} {}\n", process, entry.type, entry.name);
    for (const std::string& line : why_lines(run.scenario(), why_of(run, provenance, process, type, entry.name)))
      out += "  " + line + "\n";
    out += entry.body.dump(2) + "\n";
  }
  return out;
}

}  // namespace kumasim::cli
