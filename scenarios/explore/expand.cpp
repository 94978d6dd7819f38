/// Drawing, and its outcome written into the document.
#include "scenarios/explore/expand.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "scenarios/explore/judged.hpp"
#include "scenarios/explore/struck_resources.hpp"

namespace kumasim::scenario {
namespace {

using nlohmann::json;

constexpr Duration liveness_default =
    std::chrono::seconds(90);  // a connection is given up after 30 s, the next try is 30 s later
constexpr Duration tail_default = std::chrono::seconds(30);  // after it, for what must hold to the end
constexpr int more_instances = 2;

/// Where the number of each group's instances stands.
struct Place {
  json::json_pointer at;
  chaos::Group group;
};

/// Zones that a version of a service is in, where the file says so: its own, else those of the service.
std::vector<std::string> in_zones(const json& service, const json& version) {
  for (const json* says : {&version, &service}) {
    if (says->contains("zone")) return {(*says)["zone"].get<std::string>()};
    if (says->contains("zones")) return (*says)["zones"].get<std::vector<std::string>>();
  }
  return {};
}

std::vector<Place> groups_of(const json& document, const Swarm& swarm) {
  std::vector<Place> out;
  const json& services = document["spec"]["topology"]["services"];
  for (std::size_t i = 0; i < services.size(); ++i) {
    json::json_pointer at = json::json_pointer("/spec/topology/services") / i;
    auto name = services[i]["name"].get<std::string>();
    auto add = [&](const json& group, json::json_pointer where, const std::string& suffix) {
      int count = group.value("instances", 1);
      std::vector<std::string> zones = in_zones(services[i], group);
      if (zones.size() > 1) {  // one number stands for all of them: it stays
        for (const std::string& zone : zones)
          out.push_back({where / "instances", {name, name + "-" + zone + suffix, count, count, count}});
        return;
      }
      auto limits = swarm.instances.find(name);
      std::array<int, 2> counts{count, count == 0 ? 0 : count + more_instances};
      if (limits != swarm.instances.end() && count > 0) counts = limits->second;
      out.push_back({where / "instances", {name, name + suffix, count, counts[0], counts[1]}});
    };
    if (!services[i].contains("versions")) {
      add(services[i], at, "");
      continue;
    }
    const json& versions = services[i]["versions"];
    for (std::size_t k = 0; k < versions.size(); ++k) {
      auto version = versions[k].value("name", "");
      if (version.empty() && versions[k].contains("tags")) version = versions[k]["tags"].value("version", "");
      if (version.empty()) version = fmt::format("{}", k);
      add(versions[k], at / "versions" / k, "-" + version);
    }
  }
  return out;
}

void put_victim(const chaos::DrawnFault& fault, json& out) {
  const chaos::Resource& resource = fault.resource;
  if (!fault.target.empty()) {
    out["target"] = fault.target;
  } else if (!fault.service.empty()) {
    json pick = fault.pick > 0 ? json(fault.pick) : json("all");
    out["select"] = {{"service", fault.service}, {"pick", std::move(pick)}};
  } else if (!fault.shape.empty()) {
    out["shape"] = fault.shape;
  } else if (!fault.between.first.empty()) {
    out["between"] = {fault.between.first, fault.between.second};
  } else if (!fault.load.first.empty()) {
    out["from"] = fault.load.first;
    out["to"] = fault.load.second;
  }
  if (!resource.mesh.empty()) out["mesh"] = resource.mesh;
  if (resource.name.empty()) return;
  out["kind"] = resource.kind;
  out["name"] = resource.name;
}

json fault_json(const chaos::DrawnFault& fault) {
  json out{{"fault", fault.kind}, {"at", duration_text(fault.at)}};
  if (fault.lasts) out["for"] = duration_text(*fault.lasts);
  put_victim(fault, out);
  for (const chaos::Parameter& parameter : chaos::find_fault_kind(fault.kind)->parameters) {
    auto text = fault.parameters.find(parameter.name);
    if (text == fault.parameters.end()) continue;
    if (parameter.unit == chaos::Parameter::Unit::number)
      out[parameter.name] = std::stoll(text->second);
    else
      out[parameter.name] = text->second;
  }
  return out;
}

std::string fault_text(const json& fault) {
  std::string out = fault["fault"].get<std::string>();
  for (const auto& [key, value] : fault.items()) {
    if (key == "fault") continue;
    std::string text = value.is_string()  ? value.get<std::string>()
                       : value.is_array() ? fmt::format("{}", fmt::join(value.get<std::vector<std::string>>(), " and "))
                                          : value.dump();
    out += fmt::format(" {} {}", key, text);
  }
  return out;
}

Phases phases_of(const Scenario& scenario, const Profile& profile, const chaos::Drawn& drawn) {
  Duration longer = scenario.duration * (profile.times_duration - 1);
  Phases out{.recoverable = scenario.swarm.recoverable, .slower_links = !drawn.links.empty()};
  if (scenario.liveness) {
    out.liveness = {scenario.liveness->after + longer, scenario.liveness->within};
    out.end = scenario.duration + longer;
  } else {
    out.liveness = {scenario.duration + longer, liveness_default};
    out.end = out.liveness.after + liveness_default + tail_default;
  }
  return out;
}

void write_faults(const chaos::Drawn& drawn, json& spec, std::vector<std::string>& lines) {
  for (const chaos::DrawnLink& link : drawn.links) {
    spec["topology"]["links"].push_back({{"between", {link.between.first, link.between.second}},
                                         {"delay", {duration_text(link.low), duration_text(link.high)}}});
    lines.push_back(fmt::format("link of {} and {}: {} to {}", link.between.first, link.between.second,
                                duration_text(link.low), duration_text(link.high)));
  }
  for (const chaos::DrawnFault& fault : drawn.faults) {
    json value = fault_json(fault);
    lines.push_back(fault_text(value));
    spec["faults"].push_back(std::move(value));
  }
}

/// Its instances die, or serve nobody meanwhile.
bool takes_instances(const fault::Kind& kind) {
  const chaos::FaultKind* drawn = chaos::find_fault_kind(kind.name);
  return kind.ends_life || kind.name == "proc.restartAs" || (drawn != nullptr && drawn->disables);
}

/// What a fault of the file may take of its instances, whatever the seed makes of it; nothing where all go on.
std::vector<chaos::GivenFault> given_faults(const Scenario& scenario, const Fault& fault, Duration end) {
  if (!takes_instances(fault.kind->made_of.empty() ? *fault.kind : *fault::find_kind(fault.kind->made_of))) return {};
  chaos::GivenFault out{.kind = std::string(fault.kind->name), .from = fault.at.low, .to = end};
  bool once = !fault.when && !fault.every;
  if (once && (fault.lasts || !fault.kind->lasting)) out.to = fault.at.high + fault.lasts.value_or(Span{}).high;
  std::vector<std::string> targets = scenario.processes_of(fault.target);
  for (const Instance& instance : scenario.instances) {
    bool meant = fault.select
                     ? fault.select->takes(instance)
                     : fault.target == Fault::of_event || std::ranges::find(targets, instance.process) != targets.end();
    if (meant) out.processes.push_back(instance.process);
  }
  bool one = fault.target == Fault::of_event || targets.size() <= 1;
  out.at_once = fault.select && fault.select->pick > 0 ? fault.select->pick
                : !fault.select && one                 ? 1
                                                       : out.processes.size();
  if (out.processes.empty()) return {};
  if (!once || fault.kind->name != "proc.restartAs") return {std::move(out)};
  // They start at once, and again at its end: between these they run.
  chaos::GivenFault back = out;
  out.to = fault.at.high;
  if (!fault.lasts) return {std::move(out)};
  back.from = fault.at.low + fault.lasts->low;
  return {std::move(out), std::move(back)};
}

/// Whom its proxies talk to.
std::set<std::string> control_planes_of(const Scenario& scenario, const Service& service) {
  std::set<std::string> out;
  for (const Instance& instance : scenario.instances) {
    if (instance.service != service.name) continue;
    for (std::string& process : scenario.control_plane_of(instance.process).processes()) out.insert(std::move(process));
  }
  return out;
}

}  // namespace

chaos::Surface surface_of(const Source& source, const Profile& profile) {
  const Scenario& scenario = source.scenario;
  chaos::Surface out;
  out.control_plane = scenario.control_planes().front();
  out.replicas = scenario.control_plane.replicas;
  out.shared_stores = scenario.stores();
  for (Place& place : groups_of(source.document, scenario.swarm)) out.groups.push_back(std::move(place.group));
  for (const Zone& zone : scenario.zones)
    for (const std::string& global : scenario.control_plane.processes())
      for (const std::string& plane : zone.control_plane.processes()) out.ways.emplace_back(global, plane);
  for (const ControlPlaneSpec* several : scenario.replicated())
    for (const std::string& replica : several->replicas) out.ways.emplace_back(replica, several->store_process());
  for (const Service& service : scenario.services) {
    for (const std::string& with : control_planes_of(scenario, service)) out.ways.emplace_back(with, service.name);
    for (const Outbound& call : service.calls) {
      if (call.to != service.name) out.ways.emplace_back(service.name, call.to);
    }
  }
  for (const Link& link : scenario.links) {
    out.linked.emplace_back(link.between[0], link.between[1]);
    out.linked.emplace_back(link.between[1], link.between[0]);
  }
  // What a mesh does before anybody calls is its set-up.
  if (!scenario.load.empty()) out.begin = std::ranges::min(scenario.load, {}, &Load::start).start;
  for (const Load& load : scenario.load) {
    std::pair<std::string, std::string> flow{load.from, load.to};
    if (std::ranges::find(out.loads, flow) == out.loads.end()) out.loads.push_back(std::move(flow));
  }
  out.http = std::ranges::any_of(scenario.services, [&](const Service& service) {
    return std::ranges::any_of(service.calls,
                               [&](const Outbound& call) { return scenario.find_service(call.to)->protocol != "tcp"; });
  });
  add_resources(scenario, out);
  for (const Zone& zone : scenario.zones) {
    const ControlPlaneSpec& plane = zone.control_plane;
    out.zone_control_planes.push_back(plane.name);
    if (!plane.replicas.empty()) out.zone_replicas[plane.name] = plane.replicas;
  }
  out.zone_proxies = scenario.zone_proxies();
  out.end = phases_of(scenario, profile, {}).liveness.after;
  for (const Fault& fault : scenario.faults) {
    for (chaos::GivenFault& given : given_faults(scenario, fault, out.end)) out.given.push_back(std::move(given));
  }
  return out;
}

chaos::SwarmOptions options_of(const Scenario& scenario, const Profile& profile) {
  const Swarm& swarm = scenario.swarm;
  chaos::SwarmOptions out;
  out.pick_low = swarm.pick_low * profile.times_picks;
  out.pick_high = swarm.pick_high * profile.times_picks;
  if (!profile.swarm) {  // lite
    out.pick_high = std::min(out.pick_high, 2);
    out.pick_low = std::min(std::max(out.pick_low, 1), out.pick_high);
  }
  out.from = swarm.from;
  if (out.from.empty()) {
    for (const chaos::FaultKind& kind : chaos::fault_kinds()) out.from.push_back(kind.name);
  }
  out.prefer = profile.prefer;
  out.subset = out.topology = profile.swarm;
  out.delay_low = swarm.delay.low;
  out.delay_high = swarm.delay.high;
  out.recoverable = swarm.recoverable;
  return out;
}

Expanded expand(const Source& source, const Profile& profile, std::uint64_t seed) {
  Expanded out{.document = source.document, .drawn = {}, .lines = {}};
  json& spec = out.document["spec"];
  spec.erase("swarm");
  if (!profile.faults) return out;
  const Scenario& scenario = source.scenario;
  out.drawn = chaos::draw(surface_of(source, profile), options_of(scenario, profile), seed);
  out.lines.push_back(fmt::format("kinds of faults: {}", fmt::join(out.drawn.kinds, ", ")));
  for (const Place& place : groups_of(out.document, scenario.swarm)) {
    int count = chaos::instances_of(place.group, out.drawn);
    if (count == place.group.instances) continue;
    out.document[place.at] = count;
    out.lines.push_back(
        fmt::format("instances of {}: {} instead of {}", place.group.prefix, count, place.group.instances));
  }
  write_faults(out.drawn, spec, out.lines);
  Phases phases = phases_of(scenario, profile, out.drawn);
  spec["duration"] = duration_text(phases.end);
  // Load to the end of the run goes on to the new end.
  for (std::size_t i = 0; i < scenario.load.size(); ++i) {
    if (scenario.load[i].end == scenario.duration) spec["load"][i].erase("end");
  }
  spec.erase("liveness");
  if (phases.recoverable) {
    spec["liveness"] = {{"after", duration_text(phases.liveness.after)},
                        {"heal", "all"},
                        {"within", duration_text(phases.liveness.within)}};
  }
  Judged judged = judged_under_faults(scenario, phases);
  for (const std::string& title : judged.left_out) out.lines.push_back("not judged: " + title);
  // The grammar wants one; that the run itself goes well is judged in any case.
  if (judged.expect.empty()) judged.expect.push_back({{"always", "calls >= 0"}});
  spec["expect"] = std::move(judged.expect);
  return out;
}

std::optional<Expanded> branched(const Source& source, const Profile& profile, const Expanded& expanded,
                                 std::uint64_t seed, std::string_view event, Duration at, std::uint64_t number) {
  auto fault = chaos::draw_more(surface_of(source, profile), options_of(source.scenario, profile), expanded.drawn, at,
                                seed, event, number);
  if (!fault) return std::nullopt;
  Expanded out = expanded;
  json value = fault_json(*fault);
  value.erase("at");
  value["when"] = {{"event", event}, {"after", duration_text(fault->at - at)}};
  out.lines.push_back(fmt::format("at the first {}, {}: {}", event, duration_text(at), fault_text(value)));
  out.document["spec"]["faults"].push_back(std::move(value));
  out.drawn.faults.push_back(std::move(*fault));
  return out;
}

}  // namespace kumasim::scenario
