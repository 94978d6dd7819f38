/// Topology: control planes, services, their instances and links.
#include <algorithm>
#include <iterator>
#include <set>

#include <fmt/format.h>

#include "scenarios/engine/reader.hpp"

namespace kumasim::scenario {
namespace {

constexpr std::size_t instances_max = 10'000;

}  // namespace

/// `as` has what all instances of the service have in common.
void Reader::add_instances(const json& group, const Service& service, const std::string& prefix, Instance as,
                           const std::string& path) {
  std::string at = child_path(path, "tags");
  Tags& tags = as.tags;
  if (group.contains("tags")) {
    for (const auto& [key, value] : group["tags"].items()) tags[key] = value.get<std::string>();
  }
  for (const char* reserved : {"kuma.io/service", "kuma.io/protocol"}) {
    if (tags.contains(reserved)) complain(child_path(at, reserved), "is set by the service itself");
  }
  if (!scenario_.zones.empty() && group.contains("tags") && group["tags"].contains("kuma.io/zone"))
    complain(child_path(at, "kuma.io/zone"), "is set by `zone` and `zones`");
  tags["kuma.io/service"] = service.name;
  tags["kuma.io/protocol"] = service.protocol;
  if (group.contains("latency")) as.latency = delay(group["latency"], child_path(path, "latency"));
  read_application(group, service, path, as.application);
  check_application(as.application, path);
  std::int64_t count = group.value("instances", std::int64_t{1});
  for (std::int64_t i = 0; i < count; ++i) {
    if (scenario_.instances.size() >= instances_max) {
      return complain(child_path(path, "instances"), fmt::format("a scenario has at most {} instances", instances_max));
    }
    as.process = fmt::format("{}-{}", prefix, i);
    scenario_.instances.push_back(as);
  }
}

/// In each of the zones; their names stand in the instances' where there are several.
void Reader::add_in_zones(const json& group, const Service& service, const std::string& suffix, const Instance& as,
                          const std::vector<std::string>& zones, const std::string& path) {
  if (!scenario_.zones.empty() && zones.empty())
    complain(path, fmt::format("`{}` is in no zone", service.name), "say `zone` or `zones`");
  if (zones.empty()) return add_instances(group, service, service.name + suffix, as, path);
  for (const std::string& zone : zones) {
    Instance here = as;
    here.tags["kuma.io/zone"] = zone;
    std::string prefix = service.name + (zones.size() > 1 ? "-" + zone : "") + suffix;
    add_instances(group, service, prefix, std::move(here), path);
  }
}

void Reader::read_service(const json& value, const std::string& path) {
  Service service;
  service.name = value["name"].get<std::string>();
  service.mesh = value.value("mesh", "default");
  service.protocol = value.value("protocol", "http");
  service.port = value.value("port", std::uint16_t{8080});
  if (scenario_.is_control_plane(service.name) || scenario_.find_replicated(service.name) != nullptr)
    complain(child_path(path, "name"),
             scenario_.zones.empty() ? "is the control plane's name" : "is a control plane's name");
  if (scenario_.is_store(service.name))
    complain(child_path(path, "name"), "is the name of a store that replicas share");
  if (scenario_.find_service(service.name) != nullptr) {
    complain(child_path(path, "name"), fmt::format("a service `{}` stands above already", service.name));
  }
  if (value.contains("labels")) {
    for (const auto& [key, text] : value["labels"].items()) service.labels[key] = text.get<std::string>();
  }
  if (value.contains("calls")) {
    std::set<std::string> seen;
    std::size_t index = 0;
    for (const json& call : value["calls"]) {
      std::string at = child_path(child_path(path, "calls"), index++);
      Outbound outbound;
      outbound.to = call.is_string() ? call.get<std::string>() : call["to"].get<std::string>();
      if (call.is_object()) outbound.path = call.value("path", "/");
      if (call.is_object() && call.contains("backendRef")) outbound.backend_ref = call["backendRef"];
      if (outbound.path.empty() || outbound.path[0] != '/') complain(child_path(at, "path"), "a path begins with /");
      if (!seen.insert(outbound.to).second) complain(at, fmt::format("`{}` is called twice", outbound.to));
      service.calls.push_back(std::move(outbound));
    }
  }
  scenario_.services.push_back(service);

  Instance as{.process = {},
              .service = service.name,
              .tags = {},
              .latency = {DelayLaw::Law::constant, std::chrono::milliseconds(1), {}}};
  if (value.contains("tags")) {
    for (const auto& [key, text] : value["tags"].items()) as.tags[key] = text.get<std::string>();
  }
  std::vector<std::string> zones = zones_at(value, path);
  if (value.contains("latency")) as.latency = delay(value["latency"], child_path(path, "latency"));
  read_application(value, service, path, as.application);
  if (!value.contains("versions")) {
    json group = json::object();
    if (value.contains("instances")) group["instances"] = value["instances"];
    return add_in_zones(group, service, "", as, zones, path);
  }
  if (value.contains("instances")) {
    complain(child_path(path, "instances"), "stands beside `versions`; give the number in each version");
  }
  std::set<std::string> names;
  std::size_t index = 0;
  for (const json& group : value["versions"]) {
    std::string at = child_path(child_path(path, "versions"), index);
    std::string name = group.value("name", "");
    if (name.empty() && group.contains("tags")) name = group["tags"].value("version", "");
    if (name.empty()) name = fmt::format("{}", index);
    if (!names.insert(name).second) complain(at, fmt::format("two versions are named `{}`", name), "set `name`");
    std::vector<std::string> own = zones_at(group, at);
    add_in_zones(group, service, "-" + name, as, own.empty() ? zones : own, at);
    ++index;
  }
}

void Reader::read_topology(const json& topology, const std::string& path) {
  if (topology.contains("controlPlanes")) {
    read_control_plane(topology["controlPlanes"][0], "kuma-cp", child_path(child_path(path, "controlPlanes"), 0),
                       scenario_.control_plane);
  }
  read_zones(topology, path);
  std::size_t index = 0;
  for (const json& service : topology["services"]) {
    read_service(service, child_path(child_path(path, "services"), index++));
  }
  check_topology(topology, path);
}

void Reader::check_topology(const json& topology, const std::string& path) {
  std::set<std::string> processes{"operator"};
  std::vector<std::string> others = scenario_.control_planes();
  std::ranges::copy(scenario_.stores(), std::back_inserter(others));
  for (const ControlPlaneSpec* several : scenario_.replicated()) others.push_back(several->name);
  std::set<std::string> regions;
  for (const Zone& zone : scenario_.zones) {
    others.push_back(zone.name);
    if (!zone.region.empty() && regions.insert(zone.region).second) others.push_back(zone.region);
  }
  std::ranges::copy(scenario_.zone_proxies(), std::back_inserter(others));
  for (const std::string& name : others) {
    if (!processes.insert(name).second && !scenario_.zones.empty())
      complain(child_path(path, "zones"), fmt::format("two zones, regions or processes would be named `{}`", name));
  }
  for (const Service& service : scenario_.services) {
    if (!processes.insert(service.name).second && !scenario_.zones.empty())
      complain(child_path(path, "services"),
               fmt::format("`{}` is also the name of a zone, region or process", service.name));
  }
  for (const Instance& instance : scenario_.instances) {
    if (!processes.insert(instance.process).second) {
      complain(child_path(path, "services"),
               fmt::format("two processes or services would be named `{}`", instance.process));
    }
  }
  for (std::size_t i = 0; i < scenario_.services.size(); ++i) {
    const Service& service = scenario_.services[i];
    for (std::size_t k = 0; k < service.calls.size(); ++k) {
      std::string at = child_path(child_path(child_path(child_path(path, "services"), i), "calls"), k);
      known_service(service.calls[k].to, at);
    }
  }
  check_call_graph(path);
  if (!topology.contains("links")) return;
  std::size_t index = 0;
  for (const json& value : topology["links"]) {
    scenario_.links.push_back(link(value, child_path(child_path(path, "links"), index++)));
  }
}

}  // namespace kumasim::scenario
