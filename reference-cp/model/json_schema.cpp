/// Schemas as JSON Schema.
#include "reference-cp/model/json_schema.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

/// Bounds of a number of things, where they bound: not from 0, not to what no body can hold.
void add_bounds(const Schema& schema, const char* lower, const char* upper, json& out) {
  if (schema.min && *schema.min > 0) out[lower] = *schema.min;
  if (schema.max && *schema.max < INT32_MAX) out[upper] = *schema.max;
}

json text_schema(const Schema& schema) {
  json out = {{"type", "string"}};
  add_bounds(schema, "minLength", "maxLength", out);
  if (!schema.pattern.empty()) out["pattern"] = schema.pattern;
  return out;
}

/// protobuf's JSON writes 64 bits as text.
json integer_schema(const Schema& schema, bool proto) {
  json out = {{"type", "integer"}};
  if (!schema.choices.empty()) out["enum"] = schema.choices;
  if (schema.min) out["minimum"] = *schema.min;
  if (schema.max && *schema.max != INT64_MAX) out["maximum"] = *schema.max;
  if (!schema.wide) return out;
  out["format"] = "int64";
  if (!proto) return out;
  const json text = {{"type", "string"}, {"pattern", "^-?[0-9]+$"}};
  return {{"anyOf", json::array({std::move(out), text})}};
}

json of(const Schema& schema, bool proto);

json object_schema(const Schema& schema, bool proto) {
  json out = {{"type", "object"}};
  json required = json::array();
  for (const auto& field : schema.fields) {
    json inner = of(*field.schema, proto);
    if (!field.text.empty()) inner["description"] = field.text;
    if (!field.fallback.is_null()) inner["default"] = field.fallback;
    if (field.required) required.push_back(field.name);
    out["properties"][field.name] = std::move(inner);
  }
  if (!required.empty()) out["required"] = std::move(required);
  return out;
}

json int_or_string_schema(const Schema& schema) {
  json out = {{"anyOf", json::array({json{{"type", "integer"}}, json{{"type", "string"}}})}};
  if (!schema.pattern.empty()) out["pattern"] = schema.pattern;
  return out;
}

json list_schema(const Schema& schema, bool proto) {
  json out = {{"type", "array"}, {"items", of(*schema.element, proto)}};
  add_bounds(schema, "minItems", "maxItems", out);
  return out;
}

json of_type(const Schema& schema, bool proto) {
  switch (schema.type) {
    case Type::string: return text_schema(schema);
    case Type::boolean: return {{"type", "boolean"}};
    case Type::integer: return integer_schema(schema, proto);
    case Type::number: return {{"type", "number"}};
    // No format: the one of that name is ISO 8601's "PT10S".
    case Type::duration:
    case Type::proto_duration: return {{"type", "string"}, {"example", "10s"}};
    case Type::timestamp: return {{"type", "string"}, {"format", "date-time"}};
    case Type::bytes: return {{"type", "string"}, {"format", "byte"}};
    case Type::enumeration: return {{"type", "string"}, {"enum", schema.values}};
    case Type::list: return list_schema(schema, proto);
    case Type::map: return {{"type", "object"}, {"additionalProperties", of(*schema.element, proto)}};
    case Type::object: return object_schema(schema, proto);
    case Type::int_or_string: return int_or_string_schema(schema);
    case Type::any: return json::object();
  }
  return json::object();
}

json of(const Schema& schema, bool proto) {
  json out = of_type(schema, proto || schema.proto);
  if (schema.nullable && out.contains("type")) out["type"] = json::array({out["type"], "null"});
  return out;
}

}  // namespace

json schema_to_json_schema(const Schema& schema) { return of(schema, false); }

json kind_to_json_schema(const Kind& kind) {
  json out = kind.wire() == Wire::flat ? schema_to_json_schema(kind.schema()) : json{{"type", "object"}};
  if (!out.contains("required")) out["required"] = json::array();
  json& properties = out["properties"];
  properties["type"] = {{"type", "string"}, {"enum", {kind.type()}}, {"description", "the kind of the resource"}};
  properties["name"] = {{"type", "string"}, {"description", "its name"}};
  out["required"].push_back("type");
  out["required"].push_back("name");
  if (!kind.is_global()) properties["mesh"] = {{"type", "string"}, {"default", "default"}, {"description", "its mesh"}};
  properties["labels"] = {
      {"type", "object"}, {"additionalProperties", {{"type", "string"}}}, {"description", "its labels"}};
  if (kind.wire() == Wire::spec) {
    properties["spec"] = schema_to_json_schema(kind.schema());
    out["required"].push_back("spec");
    if (kind.table().has_status) {
      properties["status"] = schema_to_json_schema(*kind.table().status_schema);
      properties["status"]["readOnly"] = true;
    }
  }
  for (const char* time : {"creationTime", "modificationTime"}) {
    properties[time] = {{"type", "string"}, {"format", "date-time"}, {"readOnly", true}};
  }
  out["description"] = kind.table().text;
  return out;
}

}  // namespace kumasim::cp
