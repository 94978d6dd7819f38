/// Host names, virtual addresses and conditions, as statuses of destinations hold them.
#include "reference-cp/model/kinds/destination_status.hpp"

namespace kumasim::cp {

using namespace schema;

SchemaPtr conditions_schema() {
  return list(object({
      required({"type", string(), "what is said"}),
      required({"status", enumeration({"True", "False", "Unknown"}), "whether it holds"}),
      required({"reason", string(), "why, for programs"}),
      required({"message", string(), "why, for people"}),
  }));
}

Field addresses_field() {
  SchemaPtr generator = object({required({"coreName", string(), "its name"})});
  return drop_empty({"addresses",
                     list(object({
                         drop_empty({"hostname", string(), "the host name"}),
                         drop_empty({"origin", string(), "HostnameGenerator or Kubernetes"}),
                         always({"hostnameGeneratorRef", generator, "the generator that made it"}),
                     })),
                     "host names"});
}

Field generators_field() {
  SchemaPtr generator = object({required({"coreName", string(), "its name"})});
  return drop_empty({"hostnameGenerators",
                     list(object({
                         required({"hostnameGeneratorRef", generator, "the generator"}),
                         drop_empty({"conditions", conditions_schema(), "what became of it"}),
                     })),
                     "results of the generators"});
}

SchemaPtr vips_schema() { return list(object({drop_empty({"ip", string(), "the address"})})); }

SchemaPtr label_selector_schema() { return object({{"matchLabels", map(string()), "labels that it carries"}}); }

std::string display_name(const Resource& resource) {
  std::string label = resource.meta.label("kuma.io/display-name");
  return label.empty() ? resource.meta.name : label;
}

}  // namespace kumasim::cp
