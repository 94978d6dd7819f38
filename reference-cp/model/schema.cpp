/// Builders of schema trees.
#include "reference-cp/model/schema.hpp"

#include <limits>

namespace kumasim::cp {

const Field* Schema::field(std::string_view name) const {
  for (const auto& field : fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

namespace schema {
namespace {

std::shared_ptr<Schema> make(Type type) {
  auto out = std::make_shared<Schema>();
  out->type = type;
  return out;
}

}  // namespace

SchemaPtr string() { return make(Type::string); }

SchemaPtr text(std::int64_t length_min, std::int64_t length_max, std::string regex) {
  auto out = make(Type::string);
  out->min = length_min;
  out->max = length_max;
  out->pattern = std::move(regex);
  return out;
}

SchemaPtr boolean() { return make(Type::boolean); }

SchemaPtr integer(std::int64_t min, std::int64_t max) {
  auto out = make(Type::integer);
  out->min = min;
  out->max = max;
  out->range_said = true;
  out->go_type = "int32";
  return out;
}

SchemaPtr choice(std::vector<std::int64_t> values) {
  auto out = make(Type::integer);
  out->choices = std::move(values);
  out->go_type = "int";
  return out;
}

SchemaPtr uint32() {
  auto out = make(Type::integer);
  out->min = 0;
  out->max = std::numeric_limits<std::uint32_t>::max();
  out->go_type = "uint32";
  return out;
}

SchemaPtr uint64() {
  auto out = make(Type::integer);
  out->min = 0;
  out->wide = true;
  out->go_type = "uint64";
  return out;
}

SchemaPtr int32() {
  auto out = make(Type::integer);
  out->min = std::numeric_limits<std::int32_t>::min();
  out->max = std::numeric_limits<std::int32_t>::max();
  out->go_type = "int32";
  return out;
}

SchemaPtr int64() {
  auto out = make(Type::integer);
  out->wide = true;
  out->go_type = "int64";
  return out;
}

SchemaPtr number() { return make(Type::number); }
SchemaPtr duration() { return make(Type::duration); }
SchemaPtr proto_duration() { return make(Type::proto_duration); }
SchemaPtr timestamp() { return make(Type::timestamp); }
SchemaPtr bytes() { return make(Type::bytes); }

SchemaPtr enumeration(std::vector<std::string> values, std::string type_name) {
  auto out = make(Type::enumeration);
  out->values = std::move(values);
  out->type_name = std::move(type_name);
  return out;
}

SchemaPtr list(SchemaPtr element) {
  auto out = make(Type::list);
  out->element = std::move(element);
  return out;
}

SchemaPtr list(SchemaPtr element, std::int64_t items_min, std::int64_t items_max) {
  auto out = make(Type::list);
  out->element = std::move(element);
  out->min = items_min;
  out->max = items_max;
  return out;
}

SchemaPtr map(SchemaPtr element) {
  auto out = make(Type::map);
  out->element = std::move(element);
  return out;
}

SchemaPtr object(std::vector<Field> fields) {
  auto out = make(Type::object);
  out->fields = std::move(fields);
  return out;
}

SchemaPtr int_or_string() { return make(Type::int_or_string); }
SchemaPtr any() { return make(Type::any); }

SchemaPtr message(std::string type_name, std::vector<Field> fields) {
  auto out = make(Type::object);
  out->fields = std::move(fields);
  out->type_name = std::move(type_name);
  out->proto = true;
  return out;
}

SchemaPtr wrapper(SchemaPtr inner) {
  auto out = std::make_shared<Schema>(*inner);
  out->nullable = true;
  return out;
}

Field required(Field field) {
  field.required = true;
  return field;
}

Field always(Field field) {
  field.always = true;
  return field;
}

Field drop_empty(Field field) {
  field.drop_empty = true;
  return field;
}

Field fallback(Field field, nlohmann::json value) {
  field.fallback = std::move(value);
  return field;
}

Field oneof(std::string group, Field field) {
  field.oneof = std::move(group);
  return field;
}

}  // namespace schema
}  // namespace kumasim::cp
