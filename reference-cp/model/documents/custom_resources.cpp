#include "reference-cp/model/documents/custom_resources.hpp"

#include "reference-cp/model/json_schema.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

constexpr const char* group = "kuma.io";
constexpr const char* version = "v1alpha1";

json kept_as_it_is(std::string text) {
  json out = {{"x-kubernetes-preserve-unknown-fields", true}};
  if (!text.empty()) out["description"] = std::move(text);
  return out;
}

/// Kubernetes wants a type everywhere, but where it is told that there is none ("Specifying a structural schema").
void make_structural(json& schema) {
  if (schema.contains("anyOf")) {
    schema["x-kubernetes-int-or-string"] = true;  // nothing else has alternatives here
  } else if (!schema.contains("type")) {
    schema["x-kubernetes-preserve-unknown-fields"] = true;
  }
  if (schema.contains("type") && schema["type"].is_array()) {  // a type, or null
    schema["type"] = json(schema["type"][0]);
    schema["nullable"] = true;
  }
  if (schema.contains("properties"))
    for (json& property : schema["properties"]) make_structural(property);
  for (const char* element : {"items", "additionalProperties"})
    if (schema.contains(element)) make_structural(schema[element]);
}

json structural(const Schema& schema, const char* text) {
  json out = schema_to_json_schema(schema);
  make_structural(out);
  out["description"] = text;
  return out;
}

json names(const KubernetesKind& kind) {
  const std::string plural = kubernetes_plural(kind.type);
  std::string singular;
  for (char c : kind.type) singular += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  json out = {{"categories", json::array({"kuma"})},
              {"kind", kind.type},
              {"listKind", kind.type + "List"},
              {"plural", plural},
              {"singular", singular}};
  if (!kind.short_name.empty()) out["shortNames"] = json::array({kind.short_name});
  return out;
}

json columns(const KubernetesKind& kind) {
  json out = json::array();
  for (const PrinterColumn& column : kind.columns) {
    json entry = {{"name", column.name}, {"type", "string"}, {"jsonPath", column.path}};
    if (column.priority != 0) entry["priority"] = column.priority;
    out.push_back(std::move(entry));
  }
  return out;
}

json schema_of(const KubernetesKind& kind) {
  json properties = {{"apiVersion", {{"type", "string"}, {"description", "group and version of the kind"}}},
                     {"kind", {{"type", "string"}, {"description", "the kind of the resource"}}},
                     {"metadata", {{"type", "object"}}}};
  if (kind.has_mesh) properties["mesh"] = {{"type", "string"}, {"description", "the mesh that it belongs to"}};
  properties[kind.spec_is_status ? "status" : "spec"] =
      kind.spec ? structural(*kind.spec, "what is wanted") : kept_as_it_is("judged by the control plane");
  if (kind.status) properties["status"] = structural(*kind.status, "what the control plane found");
  return {{"type", "object"}, {"description", kind.text}, {"properties", std::move(properties)}};
}

}  // namespace

json custom_resource_definition(const KubernetesKind& kind) {
  json one = {
      {"name", version}, {"served", true}, {"storage", true}, {"schema", {{"openAPIV3Schema", schema_of(kind)}}}};
  if (!kind.columns.empty()) one["additionalPrinterColumns"] = columns(kind);
  if (kind.status_apart) one["subresources"] = {{"status", json::object()}};
  return {{"apiVersion", "apiextensions.k8s.io/v1"},
          {"kind", "CustomResourceDefinition"},
          {"metadata", {{"name", kubernetes_plural(kind.type) + "." + group}}},
          {"spec",
           {{"group", group},
            {"names", names(kind)},
            {"scope", kind.namespaced ? "Namespaced" : "Cluster"},
            {"versions", json::array({std::move(one)})}}}};
}

}  // namespace kumasim::cp
