#include "scenarios/inspect/inspection.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "reference-cp/model/timestamp.hpp"
#include "scenarios/engine/sim_world.hpp"
#include "scenarios/inspect/configuration.hpp"
#include "scenarios/inspect/host_health.hpp"
#include "scenarios/inspect/moments.hpp"
#include "scenarios/inspect/why.hpp"
#include "sim/envoy/envoy_process.hpp"

namespace kumasim::scenario {
namespace {

using nlohmann::json;

constexpr std::size_t pushes_shown_max = 20;

bool is_control_plane(const RecordedRun& run, const std::string& process) {
  return process == run.scenario().control_planes().front();
}

const sim::Process& process_of(const RecordedRun& run, const std::string& name) {
  const auto& all = run.world().simulation().processes();
  return **std::ranges::find_if(all, [&](const auto& process) { return process->name() == name; });
}

json life_json(const RecordedRun& run, const std::string& name) {
  const sim::Process& process = process_of(run, name);
  json out{{"up", process.up()},
           {"paused", process.up() && process.paused()},
           {"life", process.lives()},
           {"address", process.address()}};
  if (process.wall_offset() != Duration(0)) out["clockOffSeconds"] = moment_seconds(process.wall_offset());
  return out;
}

json said_json(const ProxyRollout& said) {
  json out{{"connected", said.connected}, {"current", said.current}};
  if (!said.refusals.empty()) out["refused"] = said.refusals;
  return out;
}

json configuration_json(const RecordedRun& run, const std::string& process) {
  json out = json::array();
  for (const ConfigEntry& entry : configuration_of(run, process)) {
    json item{{"type", entry.type}, {"name", entry.name}, {"state", to_string(entry.state)}};
    if (!entry.version.empty()) item["version"] = entry.version;
    if (entry.updated) item["updatedAtSeconds"] = moment_seconds(*entry.updated);
    out.push_back(std::move(item));
  }
  return out;
}

}  // namespace

json control_plane_json(const RecordedRun& run) {
  json out = life_json(run, run.scenario().control_planes().front());
  const StateSample& state = run.state();
  out["process"] = run.scenario().control_planes().front();
  out["answers"] = state.rollout.has_value();
  if (state.rollout) {
    // Of Global: what a zone has not taken is in none of its configurations.
    std::set<std::string> zones = state.rollout->zones_behind;
    zones.insert(state.zones_apart.begin(), state.zones_apart.end());
    out["behind"] = state.rollout->behind || !zones.empty();
    if (!zones.empty()) out["zonesBehind"] = zones;
  }
  out["commits"] = run.commits().all().size();
  if (const Commit* last = run.commits().last()) out["lastCommit"] = last->to_json();
  return out;
}

json proxy_json(const RecordedRun& run, const std::string& process) {
  const ProxyState& state = run.state().proxies.at(process);
  const Instance& instance = *run.scenario().find_instance(process);
  json out = life_json(run, process);
  out["service"] = instance.service;
  out["tags"] = instance.tags;
  out["inbound"] = state.address;
  out["connected"] = state.connected;
  out["ready"] = state.ready;
  out["accepted"] = state.accepted;
  out["refused"] = state.refused;
  if (!state.refusals.empty()) out["refusals"] = state.refusals;
  if (!state.certificate.empty())
    out["certificate"] = {{"serial", state.certificate}, {"notAfter", cp::print_timestamp(state.certificate_end)}};
  out["endpoints"] = state.endpoints.map();
  for (auto& [called, health] : host_health(run, process)) {
    for (auto& [address, trouble] : health.troubles) out["troubles"][called][address] = std::move(trouble);
    for (const std::string& cluster : health.panics) out["inPanic"].push_back(cluster);
  }
  if (!run.state().rollout || run.state().silent.contains(run.scenario().control_plane_of(process).name)) return out;
  auto said = run.state().rollout->proxies.find(process);
  out["controlPlaneSays"] =
      said == run.state().rollout->proxies.end() ? json("not registered") : said_json(said->second);
  return out;
}

json faults_json(const RecordedRun& run, Duration when) {
  json out = json::array();
  for (const FaultSpan& fault : run.faults_at(when))
    out.push_back({{"kind", fault.kind}, {"text", fault.text}, {"sinceSeconds", moment_seconds(fault.begin)}});
  return out;
}

json mesh_json(const RecordedRun& run) {
  json out{{"scenario", run.scenario().name},
           {"seed", run.run().seed},
           {"atSeconds", moment_seconds(run.now())},
           {"time", cp::print_timestamp(run.wall(run.now()))},
           {"events", run.run().events},
           {"fingerprint", fmt::format("{:016x}", run.run().fingerprint)},
           {"faults", faults_json(run, run.now())},
           {"controlPlane", control_plane_json(run)},
           {"proxies", json::object()}};
  for (const Instance& instance : run.scenario().instances)
    out["proxies"][instance.process] = proxy_json(run, instance.process);
  return out;
}

json process_json(const RecordedRun& run, const std::string& process) {
  json out{{"process", process}, {"atSeconds", moment_seconds(run.now())}, {"faults", faults_json(run, run.now())}};
  if (is_control_plane(run, process)) {
    out["state"] = control_plane_json(run);
    for (const Commit& commit : run.commits().all()) {
      if (!commit.insight()) out["commits"].push_back(commit.to_json());
    }
    return out;
  }
  if (run.scenario().find_instance(process) == nullptr) {
    out["state"] = life_json(run, process);
    if (run.scenario().is_control_plane(process) && !run.state().silent.contains(process))
      out["state"]["reachesStore"] = !run.state().storeless.contains(process);
    return out;
  }
  out["state"] = proxy_json(run, process);
  out["configuration"] = configuration_json(run, process);
  const auto& pushes = run.conversation(process).pushes();
  out["pushes"] = json::array();
  for (std::size_t i = pushes.size() - std::min(pushes.size(), pushes_shown_max); i < pushes.size(); ++i)
    out["pushes"].push_back(push_json(pushes[i]));
  return out;
}

json resources_json(const RecordedRun& run, const std::string& process, const std::string& type,
                    const std::string& name) {
  json out{{"process", process}, {"atSeconds", moment_seconds(run.now())}, {"resources", json::array()}};
  Provenance provenance(run, process);
  json states = configuration_json(run, process);
  std::vector<ConfigEntry> entries = configuration_of(run, process);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const ConfigEntry& entry = entries[i];
    if (entry.type != type || (!name.empty() && entry.name != name)) continue;
    json item = states[i];
    item["why"] = why_json(run.scenario(), why_of(run, provenance, process, type, entry.name));
    item["resource"] = entry.body;
    out["resources"].push_back(std::move(item));
  }
  return out;
}

}  // namespace kumasim::scenario
