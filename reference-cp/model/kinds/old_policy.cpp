/// What the kinds that Kuma keeps in protobuf have in common.
#include "reference-cp/model/kinds/old_policy.hpp"

namespace kumasim::cp {

using namespace schema;

SchemaPtr selectors_schema() {
  return list(message("kuma.mesh.v1alpha1.Selector", {{"match", map(string()), "tags that a proxy carries"}}));
}

SchemaPtr struct_schema() {
  auto out = std::make_shared<Schema>(*any());
  out->type_name = "google.protobuf.Struct";
  return out;
}

SchemaPtr data_source_schema() {
  return message("kuma.system.v1alpha1.DataSource",
                 {oneof("type", {"secret", string(), "name of a Secret"}), oneof("type", {"file", string(), "a path"}),
                  oneof("type", {"inline", wrapper(bytes()), "the bytes, in base64"}),
                  oneof("type", {"inlineString", string(), "the text"})});
}

SchemaPtr envoy_admin_schema() {
  return message("kuma.mesh.v1alpha1.EnvoyAdmin", {{"port", uint32(), "port of Envoy's admin API"}});
}

SchemaPtr http_method_schema() {
  return enumeration({"NONE", "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"},
                     "kuma.mesh.v1alpha1.HttpMethod");
}

KindTable flat_table(std::string type, std::string singular, std::string plural, std::string short_name) {
  KindTable out;
  out.type = std::move(type);
  out.singular = std::move(singular);
  out.path = out.plural = std::move(plural);
  out.short_name = std::move(short_name);
  out.wire = Wire::flat;
  // "TrafficRoute" becomes "Traffic Route".
  for (char c : out.type) {
    if (!out.singular_text.empty() && c >= 'A' && c <= 'Z') out.singular_text += ' ';
    out.singular_text += c;
  }
  out.plural_text = out.singular_text + (out.singular_text.ends_with("sh") ? "es" : "s");
  return out;
}

KindTable old_policy_table(std::string type, std::string singular, std::string plural, SchemaPtr conf) {
  KindTable out = flat_table(std::move(type), std::move(singular), std::move(plural), "");
  out.policy = true;
  out.kds = {.global_to_zones = true};
  std::vector<Field> fields = {{"sources", selectors_schema(), "clients"},
                               {"destinations", selectors_schema(), "servers"}};
  if (conf != nullptr) fields.push_back({"conf", std::move(conf), "what is set"});
  out.schema = message("kuma.mesh.v1alpha1." + out.type, std::move(fields));
  return out;
}

}  // namespace kumasim::cp
