/// The shape of a kind's specification: a tree of types, fields and constraints, from which all else is read off.
///
/// Codec (codec.hpp), OpenAPI fragments (json_schema.hpp), generators (draw.hpp) and documentation walk this tree, so
/// that a kind is declared once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace kumasim::cp {

class Schema;
using SchemaPtr = std::shared_ptr<const Schema>;

enum class Type {
  string,
  boolean,
  integer,  // within [min, max]; 64-bit ones travel as strings in protobuf's JSON
  number,
  duration,        // Go's text: "1h30m", "10s", "500ms"; kept as Go prints it
  proto_duration,  // protobuf's JSON: "10s", "0.500s"
  timestamp,       // RFC 3339
  bytes,           // base64
  enumeration,
  list,
  map,  // string to element
  object,
  int_or_string,  // a port or a percentage
  any,            // JSON that is kept as it is
};

/// One field of an object.
struct Field {
  std::string name;
  SchemaPtr schema;
  std::string text;           // one line for people
  bool required = false;      // absent is a violation ("in body is required")
  bool always = false;        // an object that is written even when empty (Go structs that are no pointers)
  bool drop_empty = false;    // left out when empty (Go's omitempty on what is no pointer)
  nlohmann::json fallback{};  // filled in when absent; null for none
  std::string oneof{};        // fields of one name here exclude one another (protobuf's oneof)
};

class Schema {
 public:
  Type type = Type::any;
  bool proto = false;                    // protobuf's JSON rules: zero values are left out, names in either case
  bool nullable = false;                 // a protobuf wrapper: its zero value is told from absence
  std::vector<Field> fields;             // object
  SchemaPtr element;                     // list, map
  std::vector<std::string> values;       // enumeration, in order; the first is protobuf's zero
  std::string type_name;                 // protobuf's full name, for messages
  std::optional<std::int64_t> min, max;  // integer: its value; string: its length; list: the number of its items
  bool range_said = false;               // a value out of range is a violation; else the decoder gives up on it
  bool wide = false;                     // integer of 64 bits
  std::string go_type;                   // integer: Go's name of it, for messages
  std::vector<std::int64_t> choices;     // integer: only these
  std::string pattern;                   // string: ECMAScript regular expression

  const Field* field(std::string_view name) const;
};

/// Builders, so that a table reads as a list of lines.
namespace schema {

SchemaPtr string();
/// Lengths in characters; an empty regex matches all.
SchemaPtr text(std::int64_t length_min, std::int64_t length_max, std::string regex = {});
SchemaPtr boolean();
/// A value out of range is a violation.
SchemaPtr integer(std::int64_t min, std::int64_t max);
SchemaPtr choice(std::vector<std::int64_t> values);
SchemaPtr uint32();
SchemaPtr uint64();
SchemaPtr int32();
SchemaPtr int64();
SchemaPtr number();
SchemaPtr duration();
SchemaPtr proto_duration();
SchemaPtr timestamp();
SchemaPtr bytes();
SchemaPtr enumeration(std::vector<std::string> values, std::string type_name = {});
SchemaPtr list(SchemaPtr element);
SchemaPtr list(SchemaPtr element, std::int64_t items_min, std::int64_t items_max);
SchemaPtr map(SchemaPtr element);
SchemaPtr object(std::vector<Field> fields);
SchemaPtr int_or_string();
SchemaPtr any();
/// An object with protobuf's JSON rules.
SchemaPtr message(std::string type_name, std::vector<Field> fields);
/// A protobuf wrapper (google.protobuf.BoolValue and the like).
SchemaPtr wrapper(SchemaPtr inner);

/// Marks of a field.
Field required(Field field);
Field always(Field field);
Field drop_empty(Field field);
Field fallback(Field field, nlohmann::json value);
Field oneof(std::string group, Field field);

}  // namespace schema
}  // namespace kumasim::cp
