#include "scenarios/behaviour/multi_zone_service.hpp"

#include "reference-cp/xds/json_read.hpp"

namespace kumasim::scenario {
namespace {

using cp::text_at;
using nlohmann::json;

constexpr const char* kind = "MeshMultiZoneService";
constexpr const char* display_name = "kuma.io/display-name";

void find_by_label(json& value) {
  if (!value.is_structured()) return;
  if (value.is_object() && text_at(value, "kind") == kind)
    if (std::string name = text_at(value, "name"); !name.empty()) {
      value.erase("name");
      value["labels"] = {{display_name, name}};
    }
  for (json& each : value) find_by_label(each);
}

}  // namespace

std::string shown_name(const json& resource) {
  std::string shown = text_at(resource, "labels", display_name);
  return shown.empty() ? text_at(resource, "name") : shown;
}

json as_zones_have_it(json resource) {
  const std::string type = text_at(resource, "type");
  if (type == kind) {
    json& labels = resource["labels"];
    if (!labels.is_object()) labels = json::object();
    labels.emplace(display_name, text_at(resource, "name"));
    labels.emplace("kuma.io/origin", "global");
  } else if (type != "Dataplane" && resource.contains("spec")) {
    find_by_label(resource["spec"]);
  }
  return resource;
}

std::string name_of_call(const Outbound& call) {
  if (text_at(call.backend_ref, "kind") != kind) return call.to;
  std::string name = text_at(call.backend_ref, "name");
  return name.empty() ? text_at(call.backend_ref, "labels", display_name) : name;
}

}  // namespace kumasim::scenario
