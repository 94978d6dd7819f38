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
  integer,        // within [min, max]; 64-bit ones travel as strings in protobuf's JSON
  number,
  duration,       // Go's text: "1h30m", "10s", "500ms"; kept as Go prints it
  proto_duration, // protobuf's JSON: "10s", "0.500s"
  timestamp,      // RFC 3339
  bytes,          // base64
  enumeration,
  list,
  map,            // string to element
  object,
  one_of,         // an object of which at most one field is set (protobuf's oneof)
  int_or_string,  // a port or a percentage
  any,            // JSON that is kept as it is
};

/// One field of an object.
struct Field {
  std::string name;
  SchemaPtr schema;
  std::string text;            // one line for people
  bool required = false;       // absent is a violation ("in body is required")
  bool always = false;         // Go writes it even when empty
  nlohmann::json fallback;     // filled in when absent; null for none
  std::string oneof;           // fields of one name here exclude one another
};

class Schema {
 public:
  Type type = Type::any;
  bool proto = false;                       // protobuf's JSON rules: zero values are left out, names in either case
  bool nullable = false;                    // a protobuf wrapper: its zero value is told from absence
  std::vector<Field> fields;                // object, one_of
  SchemaPtr element;                        // list, map
  std::vector<std::string> values;          // enumeration, in order; the first is protobuf's zero
  std::string type_name;                    // protobuf's full name, for messages
  std::optional<std::int64_t> min, max;     // integer; number of items of a list
  bool wide = false;                        // integer of 64 bits
  std::string pattern;                      // string: ECMAScript regular expression

  const Field* field(std::string_view name) const;
};

/// Builders, so that a table reads as a list of lines.
namespace schema {

SchemaPtr string();
SchemaPtr pattern(std::string regex);
SchemaPtr boolean();
SchemaPtr integer(std::int64_t min, std::int64_t max);
SchemaPtr uint32();
SchemaPtr uint64();
SchemaPtr int32();
SchemaPtr number();
SchemaPtr duration();
SchemaPtr proto_duration();
SchemaPtr timestamp();
SchemaPtr bytes();
SchemaPtr enumeration(std::vector<std::string> values, std::string type_name = {});
SchemaPtr list(SchemaPtr element);
SchemaPtr map(SchemaPtr element);
SchemaPtr object(std::vector<Field> fields);
SchemaPtr one_of(std::vector<Field> fields);
SchemaPtr int_or_string();
SchemaPtr any();
/// The same tree with protobuf's JSON rules, all the way down.
SchemaPtr message(std::string type_name, std::vector<Field> fields);
/// A protobuf wrapper (google.protobuf.BoolValue and the like).
SchemaPtr wrapper(SchemaPtr inner);

}  // namespace schema
}  // namespace kumasim::cp
