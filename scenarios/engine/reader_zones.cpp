/// Topology of many zones: Global, zones, their control planes and proxies.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "scenarios/engine/reader.hpp"

namespace kumasim::scenario {

void Reader::read_control_plane(const json& value, const std::string& name, const std::string& path,
                                ControlPlaneSpec& out) {
  out.name = value.value("name", name);
  const json settings = value.value("settings", json::object());
  for (const auto& [key, text] : settings.items()) {
    out.settings[key] = text.get<std::string>();
    if (key.starts_with("KUMA_") || key.starts_with("KUMASIM_")) continue;
    complain(child_path(child_path(path, "settings"), key),
             "is not one of the variables: they begin with KUMA_ or KUMASIM_");
  }
  read_replicas(value, path, out);
}

void Reader::read_zones(const json& topology, const std::string& path) {
  if (!topology.contains("zones")) {
    if (topology.contains("global")) complain(child_path(path, "global"), "has no meaning without `zones`");
    return;
  }
  if (topology.contains("controlPlanes"))
    complain(child_path(path, "controlPlanes"), "has no meaning beside `zones`", "use `global` and `controlPlane`");
  ControlPlaneSpec& global = scenario_.control_plane;
  read_control_plane(topology.value("global", json::object()), "global", child_path(path, "global"), global);
  global.settings.try_emplace("KUMA_MODE", "global");
  if (global.settings["KUMA_MODE"] != "global")
    complain(child_path(child_path(child_path(path, "global"), "settings"), "KUMA_MODE"), "is not `global`");
  std::size_t index = 0;
  for (const json& value : topology["zones"]) read_zone(value, child_path(child_path(path, "zones"), index++));
}

/// Several are named NAME-1, NAME-2 and so on, and share a store.
void Reader::read_replicas(const json& value, const std::string& path, ControlPlaneSpec& out) {
  const int count = value.value("replicas", 1);
  if (count == 1) return;
  for (int i = 1; i <= count; ++i) out.replicas.push_back(fmt::format("{}-{}", out.name, i));
  out.settings.try_emplace("KUMA_STORE_TYPE", "postgres");
  if (out.settings["KUMA_STORE_TYPE"] != "postgres")
    complain(child_path(child_path(path, "settings"), "KUMA_STORE_TYPE"), "is not `postgres`, which replicas share",
             "leave it out");
}

/// The control plane of a zone finds Global by its name, whose certificate nobody has signed.
void Reader::read_zone(const json& value, const std::string& path) {
  Zone zone{.name = value["name"].get<std::string>(), .region = value.value("region", "")};
  if (scenario_.find_zone(zone.name) != nullptr)
    complain(child_path(path, "name"), fmt::format("a zone `{}` stands above already", zone.name));
  if (zone.region == zone.name) complain(child_path(path, "region"), "is the zone's name");
  read_control_plane(value.value("controlPlane", json::object()), "kuma-cp-" + zone.name,
                     child_path(path, "controlPlane"), zone.control_plane);
  auto& settings = zone.control_plane.settings;
  settings.try_emplace("KUMA_MODE", "zone");
  settings.try_emplace("KUMA_MULTIZONE_ZONE_NAME", zone.name);
  settings.try_emplace("KUMA_MULTIZONE_ZONE_GLOBAL_ADDRESS",
                       fmt::format("grpcs://{}:5685", scenario_.control_plane.name));
  settings.try_emplace("KUMA_MULTIZONE_ZONE_KDS_TLS_SKIP_VERIFY", "true");
  std::string at = child_path(child_path(path, "controlPlane"), "settings");
  if (settings["KUMA_MODE"] != "zone") complain(child_path(at, "KUMA_MODE"), "is not `zone`");
  if (settings["KUMA_MULTIZONE_ZONE_NAME"] != zone.name)
    complain(child_path(at, "KUMA_MULTIZONE_ZONE_NAME"), fmt::format("is not the zone's name, `{}`", zone.name));
  for (int i = 0; i < value.value("ingresses", 1); ++i)
    zone.ingresses.push_back(fmt::format("ingress-{}-{}", zone.name, i));
  for (int i = 0; i < value.value("egresses", 0); ++i)
    zone.egresses.push_back(fmt::format("egress-{}-{}", zone.name, i));
  scenario_.zones.push_back(std::move(zone));
}

std::vector<std::string> Reader::zone_names() const {
  std::vector<std::string> out;
  for (const Zone& zone : scenario_.zones) out.push_back(zone.name);
  return out;
}

void Reader::known_zone(const std::string& name, const std::string& path) {
  if (scenario_.find_zone(name) != nullptr) return;
  if (scenario_.zones.empty()) return complain(path, "there are no zones", "add them to topology.zones");
  std::string near = nearest(name, zone_names());
  complain(path, fmt::format("there is no zone `{}`; expected one of {}", name, fmt::join(zone_names(), ", ")),
           near.empty() ? "" : fmt::format("did you mean `{}`?", near));
}

/// Whose control plane a resource or a change is for.
std::string Reader::zone_at(const json& value, const std::string& path) {
  if (!value.contains("zone")) return {};
  if (!value["zone"].is_string()) {
    complain(child_path(path, "zone"), "expected the name of a zone");
    return {};
  }
  auto zone = value["zone"].get<std::string>();
  known_zone(zone, child_path(path, "zone"));
  return zone;
}

/// Where the instances of a service, or of one of its versions, are. Without `topology.zones` a zone is a tag.
std::vector<std::string> Reader::zones_at(const json& value, const std::string& path) {
  std::vector<std::string> out;
  if (value.contains("zone")) out.push_back(value["zone"].get<std::string>());
  if (value.contains("zones")) {
    if (!out.empty()) complain(child_path(path, "zones"), "stands beside `zone`");
    out = value["zones"].get<std::vector<std::string>>();
    if (scenario_.zones.empty()) complain(child_path(path, "zones"), "needs `topology.zones`");
  }
  if (scenario_.zones.empty()) return out;
  for (std::size_t i = 0; i < out.size(); ++i)
    known_zone(out[i], value.contains("zones") ? child_path(child_path(path, "zones"), i) : child_path(path, "zone"));
  return out;
}

}  // namespace kumasim::scenario
