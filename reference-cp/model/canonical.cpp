/// Checks a JSON value against a schema and brings it into the form that Kuma would print.
///
/// Two dialects: Go's encoding/json behind an OpenAPI validation (violations, defaults), and protobuf's JSON mapping
/// (https://protobuf.dev/programming-guides/json/): zero values left out, names in either case, numbers in quotes.
#include <algorithm>
#include <charconv>
#include <optional>
#include <regex>

#include <fmt/format.h>

#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/duration.hpp"
#include "reference-cp/model/go_scalar.hpp"
#include "reference-cp/model/json_text.hpp"
#include "reference-cp/model/timestamp.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

/// Go names an unmarshalling error's value so.
const char* go_type(const json& value) { return value.is_boolean() ? "bool" : json_type(value); }

const char* open_api_type(Type type) {
  switch (type) {
    case Type::boolean: return "boolean";
    case Type::integer: return "integer";
    case Type::number: return "number";
    case Type::list: return "array";
    case Type::map:
    case Type::object: return "object";
    case Type::int_or_string: return "integer,string";
    default: return "string";
  }
}

/// OpenAPI's format of an integer; none where it is wider than its Go type says (a weight).
std::string_view format_of(const Schema& schema) {
  if (schema.go_type == "int64" || schema.go_type == "uint64") return "int64";
  bool narrow = schema.go_type == "int32" || schema.go_type == "uint32";
  return narrow && schema.max.value_or(0) <= UINT32_MAX ? "int32" : "";
}

std::string camel(std::string_view name) {
  std::string out;
  bool upper = false;
  for (char c : name) {
    if (c == '_') {
      upper = true;
    } else {
      out += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
      upper = false;
    }
  }
  return out;
}

bool is_zero(const json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>().empty();
  if (value.is_boolean()) return !value.get<bool>();
  if (value.is_number()) return value == 0;
  return value.is_null() || (value.is_array() && value.empty());
}

std::string joined(const std::vector<std::string>& values) {
  std::string out;
  for (const auto& value : values) out += (out.empty() ? "" : " ") + value;
  return out;
}

std::int64_t characters(const std::string& text) {
  return std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
}

/// A floating-point number without a fraction, as the integer that it is; anything else as it came.
json whole(const json& value) {
  if (!value.is_number_float()) return value;
  auto number = value.get<double>();
  constexpr double limit = 9.0e18;  // a bit less than what 64 bits hold
  if (!(number > -limit && number < limit)) return value;
  auto integer = static_cast<std::int64_t>(number);
  return static_cast<double>(integer) == number ? json(integer) : value;
}

/// More than 64 bits with a sign hold: nlohmann/json compares such a number with others as if it were negative.
bool is_beyond(const json& value) {
  return value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX);
}

/// A value of an enumeration; nullptr for a number that has none. Kuma's numbers go up from 0, but for one gap: of a
/// listener's protocols 2 is kept for UDP.
const std::string* by_number(const Schema& schema, std::int64_t number) {
  if (schema.type_name == "kuma.mesh.v1alpha1.MeshGateway.Listener.Protocol" && number >= 2) {
    if (number == 2) return nullptr;
    --number;
  }
  const bool known = number >= 0 && number < static_cast<std::int64_t>(schema.values.size());
  return known ? &schema.values[static_cast<std::size_t>(number)] : nullptr;
}

class Canonicaliser {
 public:
  explicit Canonicaliser(UnknownFields unknown) : unknown_(unknown) {}

  json visit(const Schema& schema, const json& value, const Path& path, bool proto) {
    proto = proto || schema.proto;
    switch (schema.type) {
      case Type::any: return any(schema, value, path, proto);
      case Type::object: return object(schema, value, path, proto);
      case Type::map: return map(schema, value, path, proto);
      case Type::list: return list(schema, value, path, proto);
      case Type::integer: return integer(schema, value, path, proto);
      case Type::enumeration: return enumeration(schema, value, path, proto);
      case Type::boolean: return value.is_boolean() ? value : mismatch(schema, value, path, proto);
      case Type::number: return number(schema, value, path, proto);
      case Type::int_or_string: return int_or_string(schema, value, path, proto);
      case Type::string: return string(schema, value, path, proto);
      case Type::duration:
      case Type::proto_duration: return duration(schema, value, path, proto);
      case Type::timestamp: return timestamp(schema, value, path, proto);
      case Type::bytes: return bytes(schema, value, path, proto);
    }
    return value;
  }

  Violations violations;
  std::string reason;

 private:
  void give_up(std::string why) {
    if (reason.empty()) reason = std::move(why);
  }

  json mismatch(const Schema& schema, const json& value, const Path& path, bool proto) {
    if (proto && unknown_ == UnknownFields::drop) {
      const char* wanted = !schema.go_type.empty()                                   ? schema.go_type.c_str()
                           : schema.type == Type::boolean                            ? "bool"
                           : schema.type == Type::number                             ? "float64"
                           : schema.type == Type::bytes                              ? "[]uint8"
                           : schema.type == Type::list                               ? "[]json.RawMessage"
                           : schema.type == Type::map || schema.type == Type::object ? "map[string]json.RawMessage"
                                                                                     : "string";
      give_up(fmt::format("json: cannot unmarshal {} into Go value of type {}", go_type(value), wanted));
    } else {
      violations.add(path, type_violation(schema, value));
    }
    return value;
  }

  /// An integer with a format is named by it, where the value is neither a text nor a list nor null.
  std::string type_violation(const Schema& schema, const json& value) const {
    bool by_format = unknown_ == UnknownFields::drop && schema.type == Type::integer && !format_of(schema).empty();
    if (by_format && value.is_number())
      return fmt::format("in body must be of type {}: \"float64\"", format_of(schema));
    if (by_format && (value.is_boolean() || value.is_object()))
      return fmt::format("in body must be of type {}: \"\"", format_of(schema));
    return fmt::format("in body must be of type {}: \"{}\"", open_api_type(schema.type), json_type(value));
  }

  /// A Struct is an object, whatever is in it.
  json any(const Schema& schema, const json& value, const Path& path, bool proto) {
    if (!proto || schema.type_name != "google.protobuf.Struct" || value.is_object()) return value;
    if (unknown_ == UnknownFields::refuse) {
      violations.add(path, fmt::format("in body must be of type object: \"{}\"", json_type(value)));
    } else {
      give_up(fmt::format("bad StructValue: json: cannot unmarshal {} into Go value of type map[string]json.RawMessage",
                          go_type(value)));
    }
    return value;
  }

  json int_or_string(const Schema& schema, const json& value, const Path& path, bool proto) {
    json number = whole(value);
    if (number.is_string()) return number;
    if (number.is_number_integer()) {
      bool fits = !is_beyond(number) && number >= INT32_MIN && number <= INT32_MAX;
      if (!fits && unknown_ == UnknownFields::refuse) violations.add(path, "must be a number of type int32");
      if (!fits) give_up(fmt::format("json: cannot unmarshal number {} into Go value of type int32", number.dump()));
      return number;
    }
    if (unknown_ == UnknownFields::refuse) return mismatch(schema, value, path, proto);
    violations.add({}, fmt::format("\"{}\" must validate at least one schema (anyOf)", path.text()));
    violations.add(path, fmt::format("in body must be of type integer: \"{}\"", json_type(value)));
    return value;
  }

  const Field* find(const Schema& schema, const std::string& key, bool proto) const {
    const Field* field = schema.field(key);
    if (field == nullptr && proto && key.find('_') != std::string::npos) field = schema.field(camel(key));
    return field;
  }

  json object(const Schema& schema, const json& value, const Path& path, bool proto) {
    if (!value.is_object()) return mismatch(schema, value, path, proto);
    json out = json::object();
    std::map<std::string, const Field*> chosen;  // of each oneof
    for (const auto& [key, item] : value.items()) {
      const Field* field = find(schema, key, proto);
      if (field == nullptr) {
        if (unknown_ == UnknownFields::refuse) violations.add(path.at(key), unknown_field(schema));
        continue;
      }
      if (proto && item.is_null()) continue;
      // Kubernetes' defaulting takes null for absent; an int-or-string may be null.
      if (!proto && item.is_null() && !field->fallback.is_null()) {
        out[field->name] = field->fallback;
        continue;
      }
      if (!proto && item.is_null() && field->schema->type == Type::int_or_string) {
        if (field->required) out[field->name] = 0;
        continue;
      }
      json inner = visit(*field->schema, item, path.at(field->name), proto);
      if (!field->oneof.empty() && !choose(*field, chosen, out)) continue;
      if (!keeps(*field, inner, proto)) continue;
      out[field->name] = std::move(inner);
    }
    for (const auto& field : schema.fields) {
      if (out.contains(field.name)) continue;
      if (!field.fallback.is_null()) {
        if (!value.contains(field.name)) out[field.name] = field.fallback;
      } else if (field.required && !value.contains(field.name)) {
        violations.add(path.at(field.name), "in body is required");
      } else if (field.always && !value.contains(field.name)) {
        out[field.name] = visit(*field.schema, json::object(), path.at(field.name), proto);
      }
    }
    return out;
  }

  /// Whether a field of a oneof stays: jsonpb sets fields in the order of the .proto, so that the last one does.
  bool choose(const Field& field, std::map<std::string, const Field*>& chosen, json& out) {
    auto [other, alone] = chosen.emplace(field.oneof, &field);
    if (alone) return true;
    if (unknown_ == UnknownFields::refuse)
      give_up(fmt::format("{} and {} exclude one another", other->second->name, field.name));
    if (other->second > &field) return false;  // both are of one list
    out.erase(other->second->name);
    other->second = &field;
    return true;
  }

  static std::string unknown_field(const Schema& schema) {
    std::string known;
    for (const auto& field : schema.fields) known += (known.empty() ? "" : ", ") + field.name;
    return "unknown field; expected one of: " + (known.empty() ? "(none)" : known);
  }

  static bool keeps(const Field& field, const json& value, bool proto) {
    bool empty_map = value.is_object() && value.empty() && field.schema->type == Type::map;
    if (proto) {
      if (field.schema->nullable || !field.oneof.empty()) return true;
      bool first =
          field.schema->type == Type::enumeration && value.is_string() && value == field.schema->values.front();
      return !is_zero(value) && !empty_map && !first;
    }
    return !field.drop_empty || !(is_zero(value) || empty_map);
  }

  json map(const Schema& schema, const json& value, const Path& path, bool proto) {
    if (!value.is_object()) return mismatch(schema, value, path, proto);
    json out = json::object();
    for (const auto& [key, item] : value.items()) {
      out[key] = visit(*schema.element, element_of(schema, item, proto), path.at(key), proto);
    }
    return out;
  }

  json list(const Schema& schema, const json& value, const Path& path, bool proto) {
    if (!value.is_array()) return mismatch(schema, value, path, proto);
    auto size = static_cast<std::int64_t>(value.size());
    if (schema.min && size < *schema.min)
      violations.add(path, fmt::format("in body should have at least {} items", *schema.min));
    if (schema.max && size > *schema.max)
      violations.add(path, fmt::format("in body should have at most {} items", *schema.max));
    json out = json::array();
    for (std::size_t i = 0; i < value.size(); ++i)
      out.push_back(visit(*schema.element, element_of(schema, value[i], proto), path.at(i), proto));
    return out;
  }

  /// protobuf takes null for an element's zero value.
  static json element_of(const Schema& schema, const json& item, bool proto) {
    if (!proto || !item.is_null()) return item;
    switch (schema.element->type) {
      case Type::string: return "";
      case Type::integer: return 0;
      case Type::object: return json::object();
      default: return item;
    }
  }

  json integer(const Schema& schema, const json& given, const Path& path, bool proto) {
    json value = given;
    if (proto && unknown_ == UnknownFields::drop) {
      auto read = go_number(given);
      if (!read) return given;
      value = *std::move(read);
      if (value.is_number_float()) {
        const std::string literal = given.is_string() ? given.get<std::string>() : given.dump();
        give_up(fmt::format("json: cannot unmarshal number {} into Go value of type {}", literal, schema.go_type));
        return given;
      }
      if (!value.is_number()) return mismatch(schema, value, path, proto);
    } else {
      if (proto && given.is_string()) value = quoted_integer(given.get_ref<const std::string&>());
      value = whole(value);
      if (!value.is_number_integer()) return mismatch(schema, given, path, proto);
    }
    if (!schema.choices.empty()) {
      std::string known;
      for (auto choice : schema.choices) known += (known.empty() ? "" : " ") + std::to_string(choice);
      if (std::ranges::none_of(schema.choices, [&](auto choice) { return value == choice; })) {
        violations.add(path, "in body should be one of [" + known + "]");
      }
    }
    bool low = schema.min && !is_beyond(value) && value < *schema.min;
    bool high = is_beyond(value) ? schema.max || schema.go_type == "int64" : schema.max && value > *schema.max;
    if (schema.range_said && low)
      violations.add(path, fmt::format("in body should be greater than or equal to {}", *schema.min));
    if (schema.range_said && high)
      violations.add(path, fmt::format("in body should be less than or equal to {}", *schema.max));
    if (!schema.range_said && (low || high)) {
      if (unknown_ == UnknownFields::refuse) {
        violations.add(path, fmt::format("must be a number of type {}", schema.go_type));
      } else {
        give_up(fmt::format("json: cannot unmarshal number {} into Go value of type {}", value.dump(), schema.go_type));
      }
    }
    if (proto && schema.wide) return value.is_number_integer() && value == 0 ? value : json(value.dump());
    return value;
  }

  /// What jsonpb decodes of a number, which may be in quotes; nullopt where it gives up.
  std::optional<json> go_number(const json& given) {
    if (!given.is_string()) return given;
    auto inner = unquoted(given);
    if (!inner) {
      give_up(inner.error().message);
      return std::nullopt;
    }
    if (inner->is_null()) return json(0);
    return *std::move(inner);
  }

  static json quoted_integer(const std::string& text) {
    std::int64_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return text;
    return number;
  }

  json enumeration(const Schema& schema, const json& value, const Path& path, bool proto) {
    if (proto && value.is_number_integer() && !is_beyond(value))
      if (const std::string* named = by_number(schema, value.get<std::int64_t>())) return *named;
    bool known = value.is_string() &&
                 std::ranges::find(schema.values, value.get_ref<const std::string&>()) != schema.values.end();
    if (known) return value;
    if (proto && unknown_ == UnknownFields::drop) {
      constexpr const char* number = "protoreflect.EnumNumber";
      if (value.is_string() || value.is_number_integer())
        give_up(fmt::format("unknown value {} for enum {}", json(value.dump()).dump(), schema.type_name));
      else if (value.is_number())
        give_up(fmt::format("json: cannot unmarshal number {} into Go value of type {}", value.dump(), number));
      else
        give_up(fmt::format("json: cannot unmarshal {} into Go value of type {}", go_type(value), number));
    } else {
      if (!value.is_string()) mismatch(schema, value, path, proto);
      violations.add(path, "in body should be one of [" + joined(schema.values) + "]");
    }
    return value;
  }

  json number(const Schema& schema, const json& given, const Path& path, bool proto) {
    json value = given;
    if (proto && unknown_ == UnknownFields::drop) {
      auto read = go_number(given);
      if (!read) return given;
      value = *std::move(read);
    }
    if (!value.is_number()) return mismatch(schema, value, path, proto);
    return whole(value);
  }

  json string(const Schema& schema, const json& value, const Path& path, bool proto) {
    if (!value.is_string()) return mismatch(schema, value, path, proto);
    const auto& text = value.get_ref<const std::string&>();
    auto length = characters(text);
    if (schema.max && length > *schema.max) {
      violations.add(path, fmt::format("in body should be at most {} chars long", *schema.max));
    } else if (schema.min && length < *schema.min) {
      violations.add(path, fmt::format("in body should be at least {} chars long", *schema.min));
    } else if (!schema.pattern.empty() && !std::regex_match(text, std::regex(schema.pattern))) {
      violations.add(path, "in body should match '" + schema.pattern + "'");
    }
    return value;
  }

  json duration(const Schema& schema, const json& value, const Path& path, bool proto) {
    if (!value.is_string()) return mismatch(schema, value, path, proto);
    const auto& text = value.get_ref<const std::string&>();
    auto parsed = parse_duration(text);
    if (!parsed) {
      std::string why = duration_error(text);
      if (unknown_ == UnknownFields::refuse) {
        violations.add(path, why);
      } else {
        give_up(schema.type == Type::proto_duration ? "bad Duration: " + why : why);
      }
      return value;
    }
    return schema.type == Type::proto_duration ? print_proto_duration(*parsed) : print_duration(*parsed);
  }

  json timestamp(const Schema& schema, const json& value, const Path& path, bool proto) {
    if (!value.is_string()) return mismatch(schema, value, path, proto);
    auto parsed = parse_timestamp(value.get_ref<const std::string&>());
    if (!parsed) {
      violations.add(path, "must be a time as in RFC 3339");
      return value;
    }
    return print_timestamp(*parsed);
  }

  json bytes(const Schema& schema, const json& value, const Path& path, bool proto) {
    if (!value.is_string()) return mismatch(schema, value, path, proto);
    const auto& text = value.get_ref<const std::string&>();
    if (auto at = base64_error(text)) {
      if (unknown_ == UnknownFields::refuse) {
        violations.add(path, "must be in base64");
      } else {
        give_up(fmt::format("illegal base64 data at input byte {}", *at));
      }
    }
    return without_blanks(text);
  }

  UnknownFields unknown_;
};

}  // namespace

Canonical canonicalise(const Schema& schema, const json& value, const Path& path, UnknownFields unknown) {
  Canonicaliser work(unknown);
  Canonical out;
  out.value = work.visit(schema, value, path, false);
  out.violations = std::move(work.violations);
  out.reason = std::move(work.reason);
  return out;
}

}  // namespace kumasim::cp
