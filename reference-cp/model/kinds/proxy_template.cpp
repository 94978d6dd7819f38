/// ProxyTemplate (old policy): raw Envoy resources and changes to those that the control plane makes.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/old_policy.hpp"
#include "reference-cp/model/rules/proxy_template.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;

const std::string package = "kuma.mesh.v1alpha1.ProxyTemplate";

/// One kind of modification: what it matches by (beside origin and name), and what it does.
SchemaPtr modification(const std::string& type, std::vector<Field> more) {
  std::string name = package + ".Modifications." + type;
  std::vector<Field> match = {{"origin", string(), "who made the resource: inbound, outbound, ..."},
                              {"name", string(), "its name"}};
  for (auto& field : more) match.push_back(std::move(field));
  return message(name, {{"match", message(name + ".Match", std::move(match)), "what is changed"},
                        {"operation", string(), "add, patch, remove, ..."},
                        {"value", string(), "an Envoy resource in YAML"}});
}

SchemaPtr spec() {
  Field listener_name{"listenerName", string(), "name of its listener"};
  Field listener_tags{"listenerTags", map(string()), "tags of its listener"};
  SchemaPtr raw = message("kuma.mesh.v1alpha1.ProxyTemplateRawResource",
                          {{"name", string(), "its name"},
                           {"version", string(), "its version"},
                           {"resource", string(), "an Envoy resource in YAML, with @type"}});
  SchemaPtr change = message(
      package + ".Modifications",
      {oneof("type", {"cluster", modification("Cluster", {}), "clusters"}),
       oneof("type", {"listener", modification("Listener", {{"tags", map(string()), "its tags"}}), "listeners"}),
       oneof("type",
             {"networkFilter", modification("NetworkFilter", {listener_name, listener_tags}), "network filters"}),
       oneof("type", {"httpFilter", modification("HttpFilter", {listener_name, listener_tags}), "HTTP filters"}),
       oneof("type",
             {"virtualHost",
              modification("VirtualHost", {{"routeConfigurationName", string(), "name of its route configuration"}}),
              "virtual hosts"})});
  SchemaPtr conf = message(package + ".Conf", {{"imports", list(string()), "profiles: default-proxy, ..."},
                                               {"resources", list(raw), "resources that are added"},
                                               {"modifications", list(change), "changes, in this order"}});
  return message(package, {{"selectors", selectors_schema(), "the proxies"}, {"conf", conf, "what is set"}});
}

void validate(const Resource& resource, Violations& out) {
  EnvoyTexts unchecked;
  validate_proxy_template(resource, out, unchecked);
}

}  // namespace

const Kind& kind::proxy_template() {
  static const Kind out = [] {
    KindTable table = flat_table("ProxyTemplate", "proxytemplate", "proxytemplates", "");
    table.text = "Raw Envoy resources and changes to those of proxies (old: use MeshProxyPatch).";
    table.policy = true;
    table.kds = {.global_to_zones = true};
    table.schema = spec();
    table.validate = validate;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
