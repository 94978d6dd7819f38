/// Schemas as JSON Schema.
#include "reference-cp/model/json_schema.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

json text_schema(const Schema& schema) {
  json out = {{"type", "string"}};
  if (schema.min) out["minLength"] = *schema.min;
  if (schema.max) out["maxLength"] = *schema.max;
  if (!schema.pattern.empty()) out["pattern"] = schema.pattern;
  return out;
}

json integer_schema(const Schema& schema) {
  json out = {{"type", "integer"}};
  if (!schema.choices.empty()) out["enum"] = schema.choices;
  if (schema.min) out["minimum"] = *schema.min;
  if (schema.max) out["maximum"] = *schema.max;
  if (schema.wide) out["format"] = "int64";
  return out;
}

json object_schema(const Schema& schema) {
  json out = {{"type", "object"}};
  json required = json::array();
  for (const auto& field : schema.fields) {
    json inner = schema_to_json_schema(*field.schema);
    if (!field.text.empty()) inner["description"] = field.text;
    if (!field.fallback.is_null()) inner["default"] = field.fallback;
    if (field.required) required.push_back(field.name);
    out["properties"][field.name] = std::move(inner);
  }
  if (!required.empty()) out["required"] = std::move(required);
  return out;
}

}  // namespace

json schema_to_json_schema(const Schema& schema) {
  switch (schema.type) {
    case Type::string: return text_schema(schema);
    case Type::boolean: return {{"type", "boolean"}};
    case Type::integer: return integer_schema(schema);
    case Type::number: return {{"type", "number"}};
    case Type::duration:
    case Type::proto_duration: return {{"type", "string"}, {"format", "duration"}};
    case Type::timestamp: return {{"type", "string"}, {"format", "date-time"}};
    case Type::bytes: return {{"type", "string"}, {"format", "byte"}};
    case Type::enumeration: return {{"type", "string"}, {"enum", schema.values}};
    case Type::list: {
      json out = {{"type", "array"}, {"items", schema_to_json_schema(*schema.element)}};
      if (schema.min) out["minItems"] = *schema.min;
      if (schema.max) out["maxItems"] = *schema.max;
      return out;
    }
    case Type::map: return {{"type", "object"}, {"additionalProperties", schema_to_json_schema(*schema.element)}};
    case Type::object: return object_schema(schema);
    case Type::int_or_string: return {{"anyOf", {{{"type", "integer"}}, {{"type", "string"}}}}};
    case Type::any: return json::object();
  }
  return json::object();
}

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
