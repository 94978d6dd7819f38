/// The shared parts of targetRef policies: references, header matches, lists of configurations.
#include "reference-cp/model/kinds/target_ref.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;

std::vector<Field> reference_fields() {
  return {
      required({"kind",
                enumeration({"Mesh", "MeshSubset", "MeshGateway", "MeshService", "MeshExternalService",
                             "MeshMultiZoneService", "MeshServiceSubset", "MeshHTTPRoute", "Dataplane"}),
                "what is referenced"}),
      {"name", string(), "its name, for kinds of one resource"},
      {"tags", map(string()), "tags that proxies carry, for MeshSubset and MeshServiceSubset"},
      {"mesh", string(), "reserved for references across meshes"},
      {"proxyTypes", list(enumeration({"Sidecar", "Gateway"})), "which proxies; all when absent"},
      {"namespace", string(), "Kubernetes namespace of the resource"},
      {"labels", map(string()), "labels of the resources, instead of a name"},
      {"sectionName", string(), "one port or inbound of the resource"},
  };
}

/// "MeshHTTPRoute" as people write it: "Mesh HTTP Route".
std::string spaced(const std::string& type) {
  std::string out;
  for (std::size_t i = 0; i < type.size(); ++i) {
    bool upper = type[i] >= 'A' && type[i] <= 'Z';
    bool after_lower = i > 0 && type[i - 1] >= 'a' && type[i - 1] <= 'z';
    bool before_lower = i + 1 < type.size() && type[i + 1] >= 'a' && type[i + 1] <= 'z';
    if (i > 0 && upper && (after_lower || before_lower)) out += ' ';
    out += type[i];
  }
  return out;
}

}  // namespace

SchemaPtr target_ref_schema() {
  static const SchemaPtr out = object(reference_fields());
  return out;
}

SchemaPtr backend_ref_schema() {
  static const SchemaPtr out = [] {
    auto fields = reference_fields();
    fields.push_back(fallback({"weight", integer(0, INT64_MAX), "share of the traffic among the references"}, 1));
    fields.push_back({"port", uint32(), "one port of the destination"});
    return object(fields);
  }();
  return out;
}

SchemaPtr header_name_schema() { return text(1, 256, R"(^[a-z0-9!#$%&'*+\-.^_\x60|~]+$)"); }

SchemaPtr header_match_schema() {
  static const SchemaPtr out = object({
      fallback({"type", enumeration({"Exact", "Present", "RegularExpression", "Absent", "Prefix"}),
                "how the value is compared"},
               "Exact"),
      required({"name", header_name_schema(), "the header"}),
      drop_empty({"value", string(), "what it is compared with"}),
  });
  return out;
}

SchemaPtr target_list_schema(SchemaPtr conf, std::string text) {
  return list(object({
      required({"targetRef", target_ref_schema(), std::move(text)}),
      always({"default", std::move(conf), "the configuration for it"}),
  }));
}

SchemaPtr rule_list_schema(SchemaPtr conf) {
  return list(object({always({"default", std::move(conf), "the configuration of inbound traffic"})}));
}

KindTable policy_table(std::string type, std::string singular, std::string plural, std::string short_name) {
  KindTable out;
  out.path = plural;
  out.singular = std::move(singular);
  out.plural = plural;
  out.singular_text = spaced(type);
  // "Mesh Retry" becomes "Mesh Retries", "Mesh Timeout" "Mesh Timeouts".
  out.plural_text = out.singular_text.ends_with("y") ? out.singular_text.substr(0, out.singular_text.size() - 1) + "ies"
                                                     : out.singular_text + "s";
  out.type = std::move(type);
  out.short_name = std::move(short_name);
  out.scope = Scope::mesh;
  out.wire = Wire::spec;
  out.policy = true;
  out.target_ref = true;
  out.kds = {.global_to_zones = true, .zone_to_global = true, .synced_across_zones = true};
  return out;
}

}  // namespace kumasim::cp
