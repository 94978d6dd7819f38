/// What the kinds that Kuma keeps in protobuf have in common.
#include "reference-cp/model/kinds/old_policy.hpp"

namespace kumasim::cp {

using namespace schema;

SchemaPtr selectors_schema() {
  return list(message("kuma.mesh.v1alpha1.Selector", {{"match", map(string()), "tags that a proxy carries"}}));
}

SchemaPtr struct_schema() { return any(); }

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

}  // namespace kumasim::cp
