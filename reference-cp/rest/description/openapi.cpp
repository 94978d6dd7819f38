#include "reference-cp/rest/description/openapi.hpp"

#include <algorithm>
#include <set>

#include "reference-cp/model/json_schema.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/rest/description/answer_schemas.hpp"
#include "reference-cp/rest/description/operations.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

json schema_ref(const std::string& name) { return {{"$ref", "#/components/schemas/" + name}}; }

json content(const std::string& type, json schema) { return {{type, {{"schema", std::move(schema)}}}}; }

const char* problem_text(int status) {
  switch (status) {
    case 400: return "what was sent breaks rules";
    case 403: return "the user may not";
    case 404: return "it is not there";
    case 405: return "it cannot be written here";
    case 409: return "it was written by another meanwhile";
    default: return "the control plane failed";
  }
}

std::string problem_name(int status) { return "Problem" + std::to_string(status); }

json parameters(const RestOperation& operation) {
  json out = json::array();
  for (const std::string& name : path_variables(operation.path)) {
    json schema = {{"type", "string"}};
    if (auto found = operation.choices.find(name); found != operation.choices.end()) schema["enum"] = found->second;
    out.push_back({{"in", "path"}, {"name", name}, {"required", true}, {"schema", std::move(schema)}});
  }
  for (const RestVariable& each : operation.query) {
    json one = {{"in", "query"}, {"name", each.name}, {"description", each.text}, {"schema", each.schema}};
    if (each.is_map) one.update({{"style", "deepObject"}, {"explode", true}});
    out.push_back(std::move(one));
  }
  return out;
}

json responses(const RestOperation& operation) {
  json body = operation.answer.empty() ? content("text/plain", {{"type", "string"}})
                                       : content("application/json", schema_ref(operation.answer));
  json out = {{"200", {{"description", operation.creates ? "replaced" : "done"}, {"content", body}}}};
  if (operation.creates) out["201"] = {{"description", "created"}, {"content", std::move(body)}};
  for (int status : operation.problems)
    out[std::to_string(status)] = {{"$ref", "#/components/responses/" + problem_name(status)}};
  return out;
}

json operation_json(const RestOperation& operation) {
  json out = {{"operationId", operation.id},
              {"summary", operation.text},
              {"tags", json::array({operation.tag})},
              {"responses", responses(operation)}};
  if (json all = parameters(operation); !all.empty()) out["parameters"] = std::move(all);
  if (operation.deprecated) out["deprecated"] = true;
  if (!operation.request.empty())
    out["requestBody"] = {{"required", true}, {"content", content("application/json", schema_ref(operation.request))}};
  return out;
}

json page_of(const std::string& item) {
  return {{"type", "object"},
          {"required", json::array({"total", "items", "next"})},
          {"properties",
           {{"total", {{"type", "integer"}, {"minimum", 0}, {"description", "number of all items"}}},
            {"items", {{"type", "array"}, {"items", schema_ref(item)}}},
            {"next", {{"type", json::array({"string", "null"})}, {"description", "address of the next page"}}}}}};
}

/// "ZoneIngress" is in the field `zoneIngress`.
std::string field_of(std::string type) {
  type[0] = static_cast<char>(type[0] + 32);
  return type;
}

json overview(const Kind& kind, const Kind& insight) {
  json out = kind_to_json_schema(kind);
  json properties = json::object();
  for (const char* meta : {"mesh", "name", "labels", "creationTime", "modificationTime"})
    if (out["properties"].contains(meta)) properties[meta] = out["properties"][meta];
  properties["type"] = {{"type", "string"}, {"enum", json::array({kind.type() + "Overview"})}};
  properties[field_of(kind.type())] = schema_to_json_schema(kind.schema());
  properties[field_of(insight.type())] = schema_to_json_schema(insight.schema());
  const json needed = json::array({"type", "name", field_of(kind.type())});
  return {{"type", "object"},
          {"description", "A " + kind.type() + " and what is known of its state."},
          {"required", needed},
          {"properties", std::move(properties)}};
}

/// ServiceInsight is shown one service at a time.
json service_insight() {
  const Schema* services = kind::service_insight().schema().fields.at(0).schema.get();
  json out = schema_to_json_schema(*services->element);
  json whole = kind_to_json_schema(kind::service_insight());
  for (const char* meta : {"type", "mesh", "name", "creationTime", "modificationTime"})
    out["properties"][meta] = whole["properties"][meta];
  out["required"] = json::array({"type", "mesh", "name"});
  out["description"] = "A service of a mesh and the state of its proxies.";
  return out;
}

json schemas() {
  json out;
  for (const Kind* kind : kinds()) {
    if (kind->path().empty()) continue;
    out[kind->type() + "Item"] = kind == &kind::service_insight() ? service_insight() : kind_to_json_schema(*kind);
    out[kind->type() + "List"] = page_of(kind->type() + "Item");
  }
  for (auto [kind, insight] :
       {std::pair{&kind::dataplane(), &kind::dataplane_insight()}, std::pair{&kind::zone(), &kind::zone_insight()},
        std::pair{&kind::zone_ingress(), &kind::zone_ingress_insight()},
        std::pair{&kind::zone_egress(), &kind::zone_egress_insight()}}) {
    out[kind->type() + "Overview"] = overview(*kind, *insight);
    out[kind->type() + "OverviewList"] = page_of(kind->type() + "Overview");
  }
  for (const auto& [name, schema] : answer_schemas()) out[name] = schema_to_json_schema(*schema);
  return out;
}

}  // namespace

json openapi_document() {
  json paths = json::object(), problems = json::object();
  std::set<std::string> tags;
  for (const RestOperation& operation : rest_operations()) {
    paths[operation.path][operation.method] = operation_json(operation);
    tags.insert(operation.tag);
    for (int status : operation.problems)
      problems[problem_name(status)] = {{"description", problem_text(status)},
                                        {"content", content("application/json", schema_ref("Error"))}};
  }
  json named = json::array();
  for (const std::string& tag : tags) {
    const Kind* kind = find_kind(tag);
    json entry = {{"name", tag}};
    if (kind != nullptr) entry["description"] = kind->table().text;
    named.push_back(std::move(entry));
  }
  const json token = {{"type", "http"}, {"scheme", "bearer"}, {"description", "token of a user"}};
  const json certificate = {{"type", "mutualTLS"}, {"description", "certificate of the administrator"}};
  const json security =
      json::array({json{{"UserToken", json::array()}}, json{{"ClientCertificate", json::array()}}, json::object()});
  return {{"openapi", "3.1.0"},
          {"info",
           {{"title", "Kuma's REST API"},
            {"description", "Resources of meshes, and what the control plane makes of them."},
            {"version", "v1alpha1"}}},
          {"servers", json::array({json{{"url", "http://localhost:5681"}}})},
          {"security", security},
          {"tags", std::move(named)},
          {"paths", std::move(paths)},
          {"components",
           {{"schemas", schemas()},
            {"responses", std::move(problems)},
            {"securitySchemes", {{"UserToken", token}, {"ClientCertificate", certificate}}}}}};
}

}  // namespace kumasim::cp
