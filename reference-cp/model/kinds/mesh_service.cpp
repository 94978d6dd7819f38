/// MeshService: a destination inside the mesh: which proxies it stands for, its ports, and what the CP found of it.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/destination_status.hpp"
#include "reference-cp/model/rules/tags.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;

void validate(const Resource& resource, Violations& out) {
  if (display_name(resource).size() > 63) out.add(Path("name"), "must not be longer than 63 characters");
}

void warn(const Resource& resource, std::vector<std::string>& out) {
  warn_name("MeshService", display_name(resource), out);
}

SchemaPtr spec() {
  return object({
      fallback({"state", enumeration({"Available", "Unavailable"}), "whether a proxy stands behind it"}, "Unavailable"),
      always({"selector",
              object({
                  {"dataplaneTags", map(string()), "tags of the proxies"},
                  {"dataplaneRef", object({drop_empty({"name", string(), "its name"})}), "one proxy"},
              }),
              "the proxies that it stands for"}),
      drop_empty({"ports",
                  list(object({
                      {"name", string(), "name of the port"},
                      required({"port", int32(), "port that clients use"}),
                      {"targetPort", int_or_string(), "port or name of the inbound"},
                      fallback({"appProtocol", string(), "protocol spoken on it"}, "tcp"),
                  })),
                  "its ports"}),
      {"identities",
       list(object({
           required({"type", enumeration({"ServiceTag", "SpiffeID"}), "what the value is"}),
           required({"value", string(), "the identity"}),
       })),
       "identities that its proxies present"},
  });
}

SchemaPtr status() {
  return object({
      addresses_field(),
      drop_empty({"vips", vips_schema(), "virtual addresses"}),
      always({"tls",
              object({drop_empty({"status", enumeration({"Ready", "NotReady"}), "whether all proxies speak mTLS"})}),
              "mTLS"}),
      generators_field(),
      always({"dataplaneProxies",
              object({
                  drop_empty({"connected", int64(), "proxies with a connection to the CP"}),
                  drop_empty({"healthy", int64(), "proxies that are ready"}),
                  drop_empty({"total", int64(), "proxies"}),
              }),
              "numbers of proxies"}),
  });
}

}  // namespace

const Kind& kind::mesh_service() {
  static const Kind out = [] {
    KindTable table;
    table.type = "MeshService";
    table.path = table.plural = "meshservices";
    table.singular = "meshservice";
    table.singular_text = "Mesh Service";
    table.plural_text = "Mesh Services";
    table.short_name = "msvc";
    table.text = "A destination inside the mesh.";
    table.has_status = table.is_destination = table.referenceable_in_to = true;
    table.kds = {.zone_to_global = true, .synced_across_zones = true};
    table.schema = spec();
    table.status_schema = status();
    table.validate = validate;
    table.warn = warn;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
