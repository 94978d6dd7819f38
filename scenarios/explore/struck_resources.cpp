/// One resource after the other.
#include "scenarios/explore/struck_resources.hpp"

#include <algorithm>
#include <array>
#include <string_view>


namespace kumasim::scenario {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 12> tuning{"CircuitBreaker",     "HealthCheck",     "MeshAccessLog",
                                                  "MeshCircuitBreaker", "MeshHealthCheck", "MeshLoadBalancingStrategy",
                                                  "MeshMetric",         "MeshRetry",       "MeshTimeout",
                                                  "MeshTrace",          "Retry",           "Timeout"};

chaos::Resource named(const json& body) {
  ResourceName is = resource_name(body);
  return {.kind = is.type, .mesh = is.type == "Mesh" ? "" : is.mesh, .name = is.name};
}

/// Whoever it is about is let in by it, and not kept out.
bool only_allows(const json& body) {
  json spec = body.value("spec", json::object());
  auto allows = [](const json& item) {
    json value = item.value("default", json::object());
    return !value.contains("deny") && value.value("action", "Allow") == "Allow";
  };
  return std::ranges::all_of(spec.value("from", json::array()), allows) &&
         std::ranges::all_of(spec.value("rules", json::array()), allows);
}

bool spare(const json& body, const std::string& kind) {
  return std::ranges::find(tuning, kind) != tuning.end() || (kind == "MeshTrafficPermission" && only_allows(body));
}

/// Who may call whom hangs on it: with one change taken back and another not, there would be a state that the scenario
/// never has.
bool judges(const std::string& kind) {
  return kind == "Mesh" || kind == "MeshTrafficPermission" || kind == "TrafficPermission" || kind == "MeshTLS";
}

}  // namespace

void add_resources(const Scenario& scenario, chaos::Surface& surface) {
  std::vector<chaos::Resource> deleted;
  for (const Change& change : scenario.changes) {
    bool deletes = change.apply.is_null();
    chaos::Resource is =
        deletes ? chaos::Resource{change.delete_type, change.delete_mesh, change.delete_name} : named(change.apply);
    if (is.kind == "Mesh") is.mesh.clear();
    if (deletes) deleted.push_back(is);
    bool known = std::ranges::find(surface.changed, is) != surface.changed.end();
    if (!judges(is.kind) && !known) surface.changed.push_back(std::move(is));
  }
  for (const ResourceText& text : scenario.resources) {
    chaos::Resource is = named(text.body);
    if (is.kind == "Mesh") surface.meshes.push_back(is.name);
    if (std::ranges::find(deleted, is) != deleted.end()) continue;
    if (spare(text.body, is.kind)) surface.spare.push_back(is);
    surface.resources.push_back(std::move(is));
  }
}

}  // namespace kumasim::scenario
