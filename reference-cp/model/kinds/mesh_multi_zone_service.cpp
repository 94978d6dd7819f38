/// MeshMultiZoneService: MeshServices of several zones under one name.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/destination_status.hpp"
#include "reference-cp/model/rules/tags.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

bool is_protocol(const std::string& text) {
  return text == "grpc" || text == "http" || text == "http2" || text == "kafka" || text == "tcp";
}

void validate(const Resource& resource, Violations& out) {
  const Path path("spec");
  if (at(at(at(resource.spec, "selector"), "meshService"), "matchLabels").empty()) {
    out.add(path.at("selector").at("meshService").at("matchLabels"), "cannot be empty");
  }
  const json& ports = at(resource.spec, "ports");
  for (std::size_t i = 0; i < ports.size(); ++i) {
    Path item = path.at("ports").at(i);
    if (has(ports[i], "name") && text_at(ports[i], "name").empty()) out.add(item.at("name"), "must not be empty");
    if (!is_protocol(text_at(ports[i], "appProtocol")))
      out.add(item.at("appProtocol"), "appProtocol must be one of: grpc, http, http2, kafka, tcp");
  }
}

void warn(const Resource& resource, std::vector<std::string>& out) {
  warn_name("MeshMultiZoneService", display_name(resource), out);
}

SchemaPtr status() {
  SchemaPtr service = object({
      required({"name", string(), "its name"}),
      required({"namespace", string(), "its namespace"}),
      required({"zone", string(), "its zone"}),
      required({"mesh", string(), "its mesh"}),
  });
  return object({
      addresses_field(),
      drop_empty({"vips", vips_schema(), "virtual addresses"}),
      drop_empty({"meshServices", list(service), "the services that it stands for"}),
      generators_field(),
  });
}

}  // namespace

const Kind& kind::mesh_multi_zone_service() {
  static const Kind out = [] {
    KindTable table;
    table.type = "MeshMultiZoneService";
    table.path = table.plural = "meshmultizoneservices";
    table.singular = "meshmultizoneservice";
    table.singular_text = "Mesh Multi Zone Service";
    table.plural_text = "Mesh Multi Zone Services";
    table.short_name = "mzsvc";
    table.text = "MeshServices of several zones under one name.";
    table.has_status = table.is_destination = table.referenceable_in_to = true;
    table.kds = {.global_to_zones = true};
    table.schema = object({
        required({"selector", object({required({"meshService", label_selector_schema(), "labels of MeshServices"})}),
                  "the services"}),
        required({"ports",
                  list(object({
                           {"name", string(), "name of the port"},
                           required({"port", int32(), "port that clients use"}),
                           fallback({"appProtocol", string(), "protocol spoken on it"}, "tcp"),
                       }),
                       1, INT32_MAX),
                  "its ports"}),
    });
    table.status_schema = status();
    table.validate = validate;
    table.warn = warn;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
