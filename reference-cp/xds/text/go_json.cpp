/// By reflection, one JSON value a field. A message within an Any is read before it is packed.
#include "reference-cp/xds/text/go_json.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/message.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/field_mask_util.h>

#include "reference-cp/identity/base64.hpp"
#include "reference-cp/model/duration.hpp"
#include "reference-cp/model/json_text.hpp"
#include "reference-cp/model/rules/go_template.hpp"
#include "reference-cp/model/timestamp.hpp"
#include "reference-cp/xds/envoy_types.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp {
namespace {

using google::protobuf::Any;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using Json = nlohmann::json;

/// Of messages in messages, entries of maps counted: as deep as protobuf's reader of bytes goes.
constexpr int depth_max = 100;

std::unexpected<Error> bad(std::string message) { return fail(Code::invalid_argument, std::move(message)); }

/// Go's decoder about a value of another type.
std::unexpected<Error> mismatch(const Json& value, std::string_view go_type) {
  const char* what = value.is_string()    ? "string"
                     : value.is_array()   ? "array"
                     : value.is_object()  ? "object"
                     : value.is_boolean() ? "bool"
                                          : "number";
  return bad(fmt::format("json: cannot unmarshal {} into Go value of type {}", what, go_type));
}

std::unexpected<Error> out_of_range(std::string_view number, std::string_view go_type) {
  return bad(fmt::format("json: cannot unmarshal number {} into Go value of type {}", number, go_type));
}

/// jsonpb takes the quotes of a number away and reads what is left, here `quoted`; without quotes the number went
/// through YAML, where 1.0 is 1.
template <class Number>
Result<Number> read_number(const Json& value, std::string_view go_type, std::string_view quoted = {}) {
  if (value.is_null()) return Number{};
  if (value.is_string() && quoted.empty()) {
    const auto& text = value.get_ref<const std::string&>();
    auto inner = parse_json(text);
    return inner ? read_number<Number>(*inner, go_type, text) : Result<Number>(std::unexpected(inner.error()));
  }
  const auto refuse = [&] { return out_of_range(quoted.empty() ? value.dump() : std::string(quoted), go_type); };
  if (!value.is_number()) return mismatch(value, go_type);
  if constexpr (std::is_floating_point_v<Number>) {
    const double number = value.get<double>();
    const bool fits = std::abs(number) <= static_cast<double>(std::numeric_limits<Number>::max());
    return fits ? Result<Number>(static_cast<Number>(number)) : Result<Number>(refuse());
  } else {
    if (value.is_number_float()) {
      const double number = value.get<double>();
      if (!quoted.empty() || number != std::floor(number) || std::abs(number) >= 9e18) return refuse();
      return read_number<Number>(Json(static_cast<std::int64_t>(number)), go_type);
    }
    if (value.is_number_unsigned()) {
      const auto number = value.get<std::uint64_t>();
      if (!std::in_range<Number>(number)) return refuse();
      return static_cast<Number>(number);
    }
    const auto number = value.get<std::int64_t>();
    if (!std::in_range<Number>(number)) return refuse();
    return static_cast<Number>(number);
  }
}

template <class Number>
Result<Number> read_real(const Json& value, std::string_view go_type) {
  constexpr Number infinity = std::numeric_limits<Number>::infinity();
  if (value == "NaN") return std::numeric_limits<Number>::quiet_NaN();
  if (value == "Infinity") return infinity;
  if (value == "-Infinity") return -infinity;
  return read_number<Number>(value, go_type);
}

Result<bool> read_bool(const Json& value) {
  if (value.is_null()) return false;
  if (!value.is_boolean()) return mismatch(value, "bool");
  return value.get<bool>();
}

Result<std::string> read_text(const Json& value) {
  if (value.is_null()) return std::string();
  if (!value.is_string()) return mismatch(value, "string");
  return value.get<std::string>();
}

Result<std::string> read_bytes(const Json& value) {
  if (value.is_null()) return std::string();
  if (!value.is_string()) return mismatch(value, "[]uint8");
  const auto& text = value.get_ref<const std::string&>();
  if (auto bytes = base64_decode(text)) return *std::move(bytes);
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
  // Go names the group of four that a text without its padding ends with.
  const std::size_t at = std::min(text.find_first_not_of(alphabet), text.size() - text.size() % 4);
  return bad(fmt::format("illegal base64 data at input byte {}", at));
}

Result<int> read_enum(const Json& value, const google::protobuf::EnumDescriptor& type) {
  if (!value.is_string()) return read_number<std::int32_t>(value, "protoreflect.EnumNumber");
  if (const auto* named = type.FindValueByName(value.get_ref<const std::string&>())) return named->number();
  return bad(fmt::format("unknown value {} for enum {}", go_quoted(value.dump()), type.full_name()));
}

/// Sets a field, or adds to a repeated one; whoever it does not fit gets nothing.
class Slot {
 public:
  Slot(Message& message, const FieldDescriptor& field)
      : message_(message), field_(field), reflection_(*message.GetReflection()) {}

  template <class Value, class Set, class Add>
  Result<> put(Result<Value> value, Set set, Add add) {
    if (!value) return std::unexpected(value.error());
    if (field_.is_repeated()) {
      (reflection_.*add)(&message_, &field_, *std::move(value));
    } else {
      (reflection_.*set)(&message_, &field_, *std::move(value));
    }
    return {};
  }

  Message& message() {
    return field_.is_repeated() ? *reflection_.AddMessage(&message_, &field_)
                                : *reflection_.MutableMessage(&message_, &field_);
  }

 private:
  Message& message_;
  const FieldDescriptor& field_;
  const Reflection& reflection_;
};

Result<> read_message(const Json& value, Message& out, int depth);

Result<> read_value(const Json& value, Message& out, const FieldDescriptor& field, int depth) {
  using R = Reflection;
  Slot slot(out, field);
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL: return slot.put(read_bool(value), &R::SetBool, &R::AddBool);
    case FieldDescriptor::CPPTYPE_INT32:
      return slot.put(read_number<std::int32_t>(value, "int32"), &R::SetInt32, &R::AddInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return slot.put(read_number<std::int64_t>(value, "int64"), &R::SetInt64, &R::AddInt64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return slot.put(read_number<std::uint32_t>(value, "uint32"), &R::SetUInt32, &R::AddUInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return slot.put(read_number<std::uint64_t>(value, "uint64"), &R::SetUInt64, &R::AddUInt64);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return slot.put(read_real<float>(value, "float32"), &R::SetFloat, &R::AddFloat);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return slot.put(read_real<double>(value, "float64"), &R::SetDouble, &R::AddDouble);
    case FieldDescriptor::CPPTYPE_STRING: {
      const bool bytes = field.type() == FieldDescriptor::TYPE_BYTES;
      return slot.put(bytes ? read_bytes(value) : read_text(value), &R::SetString, &R::AddString);
    }
    case FieldDescriptor::CPPTYPE_ENUM:
      return slot.put(read_enum(value, *field.enum_type()), &R::SetEnumValue, &R::AddEnumValue);
    case FieldDescriptor::CPPTYPE_MESSAGE: return read_message(value, slot.message(), depth + 1);
  }
  return {};
}

Result<> read_list(const Json& value, Message& out, const FieldDescriptor& field, int depth) {
  if (!value.is_array()) return mismatch(value, "[]json.RawMessage");
  for (const Json& item : value)
    if (auto read = read_value(item, out, field, depth); !read) return read;
  return {};
}

Result<> read_map(const Json& value, Message& out, const FieldDescriptor& field, int depth) {
  if (!value.is_object()) return mismatch(value, "map[string]json.RawMessage");
  const FieldDescriptor& key_field = *field.message_type()->map_key();
  const bool of_texts = key_field.cpp_type() == FieldDescriptor::CPPTYPE_STRING;
  for (const auto& [key, item] : value.items()) {
    Message& entry = *out.GetReflection()->AddMessage(&out, &field);
    auto read_key = of_texts ? Result<Json>(Json(key)) : parse_json(key);
    if (!read_key) return std::unexpected(read_key.error());
    if (auto read = read_value(*read_key, entry, key_field, depth + 1); !read) return read;
    if (auto read = read_value(item, entry, *field.message_type()->map_value(), depth + 1); !read) return read;
  }
  return {};
}

Result<> read_fields(const Json& value, Message& out, int depth) {
  if (!value.is_object()) return mismatch(value, "map[string]json.RawMessage");
  const Descriptor& type = *out.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    auto found = value.find(field.json_name());
    if (found == value.end()) found = value.find(field.name());
    if (found == value.end()) continue;
    const bool takes_null = !field.is_repeated() && field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
                            field.message_type()->full_name() == "google.protobuf.Value";
    if (found->is_null() && !takes_null) continue;
    auto read = field.is_map()        ? read_map(*found, out, field, depth)
                : field.is_repeated() ? read_list(*found, out, field, depth)
                                      : read_value(*found, out, field, depth);
    if (!read) return read;
  }
  return {};
}

/// Those whose JSON is no object of their fields; within an Any they stand in the field `value`.
bool is_well_known(const Descriptor& type) {
  static constexpr std::string_view names[] = {"Any",        "BoolValue",  "BytesValue",  "DoubleValue", "Duration",
                                               "FloatValue", "Int32Value", "Int64Value",  "ListValue",   "StringValue",
                                               "Struct",     "Timestamp",  "UInt32Value", "UInt64Value", "Value"};
  return type.file()->package() == "google.protobuf" && std::ranges::find(names, type.name()) != std::end(names);
}

Result<> read_any(const Json& value, Any& out, int depth) {
  if (!value.is_object()) return mismatch(value, "map[string]json.RawMessage");
  auto type_url = value.find("@type");
  if (type_url == value.end()) return bad("Any JSON doesn't have '@type'");
  if (!type_url->is_string()) return bad("can't unmarshal Any's '@type': " + go_quoted(type_url->dump()));
  const auto& url = type_url->get_ref<const std::string&>();
  const Descriptor* type = envoy_types::find(url);
  if (!type) return bad("could not resolve Any message type: " + url);
  std::unique_ptr<Message> held = envoy_types::make(*type);
  const bool well_known = is_well_known(*type);
  if (well_known && !value.contains("value")) return bad("Any JSON doesn't have 'value'");
  if (auto read = read_message(well_known ? value["value"] : value, *held, depth + 1); !read)
    return bad(fmt::format("can't unmarshal Any nested proto {}: {}", url, read.error().message));
  out.set_type_url(url);
  out.set_value(deterministic_bytes(*held));
  return {};
}

Result<> read_duration(const Json& value, google::protobuf::Duration& out) {
  auto text = read_text(value);
  if (!text) return std::unexpected(text.error());
  auto duration = parse_duration(*text);
  if (!duration) return bad("bad Duration: " + duration_error(*text));
  out.set_seconds(duration->count() / 1'000'000'000);
  out.set_nanos(static_cast<std::int32_t>(duration->count() % 1'000'000'000));
  return {};
}

Result<> read_timestamp(const Json& value, google::protobuf::Timestamp& out) {
  auto text = read_text(value);
  if (!text) return std::unexpected(text.error());
  auto time = parse_timestamp(*text);
  if (!time)
    return bad(
        fmt::format("bad Timestamp: parsing time {0} as \"2006-01-02T15:04:05.999999999Z07:00\": cannot parse "
                    "{0} as \"2006\"",
                    go_quoted(*text)));
  const auto seconds = std::chrono::floor<std::chrono::seconds>(*time);
  out.set_seconds(seconds.time_since_epoch().count());
  out.set_nanos(static_cast<std::int32_t>((*time - seconds).count()));
  return {};
}

Result<> read_struct(const Json& value, google::protobuf::Struct& out, int depth) {
  if (!value.is_object())
    return bad("bad StructValue: " + mismatch(value, "map[string]json.RawMessage").error().message);
  for (const auto& [key, item] : value.items()) {
    if (auto read = read_message(item, (*out.mutable_fields())[key], depth + 2); !read)
      return bad(fmt::format("bad value in StructValue for key {}: {}", go_quoted(key), read.error().message));
  }
  return {};
}

Result<> read_list_value(const Json& value, google::protobuf::ListValue& out, int depth) {
  if (!value.is_array()) return bad("bad ListValue: " + mismatch(value, "[]json.RawMessage").error().message);
  for (const Json& item : value)
    if (auto read = read_message(item, *out.add_values(), depth + 1); !read) return read;
  return {};
}

Result<> read_any_value(const Json& value, google::protobuf::Value& out, int depth) {
  switch (value.type()) {
    case Json::value_t::null: out.set_null_value(google::protobuf::NULL_VALUE); break;
    case Json::value_t::boolean: out.set_bool_value(value.get<bool>()); break;
    case Json::value_t::string: out.set_string_value(value.get<std::string>()); break;
    case Json::value_t::array: return read_list_value(value, *out.mutable_list_value(), depth + 1);
    case Json::value_t::object: return read_struct(value, *out.mutable_struct_value(), depth + 1);
    default: out.set_number_value(value.get<double>()); break;
  }
  return {};
}

Result<> read_message(const Json& value, Message& out, int depth) {
  if (depth > depth_max) return bad("exceeded max depth");
  const Descriptor& type = *out.GetDescriptor();
  if (auto* any_value = dynamic_cast<google::protobuf::Value*>(&out)) return read_any_value(value, *any_value, depth);
  if (value.is_null()) return {};
  // Our own protobuf writes a FieldMask as a text, jsonpb as a message.
  if (auto* mask = dynamic_cast<google::protobuf::FieldMask*>(&out); mask && value.is_string()) {
    google::protobuf::util::FieldMaskUtil::FromJsonString(value.get_ref<const std::string&>(), mask);
    return {};
  }
  if (!is_well_known(type)) return read_fields(value, out, depth);
  if (auto* any = dynamic_cast<Any*>(&out)) return read_any(value, *any, depth);
  if (auto* duration = dynamic_cast<google::protobuf::Duration*>(&out)) return read_duration(value, *duration);
  if (auto* timestamp = dynamic_cast<google::protobuf::Timestamp*>(&out)) return read_timestamp(value, *timestamp);
  if (auto* structure = dynamic_cast<google::protobuf::Struct*>(&out)) return read_struct(value, *structure, depth);
  if (auto* list = dynamic_cast<google::protobuf::ListValue*>(&out)) return read_list_value(value, *list, depth);
  return read_value(value, out, *type.FindFieldByNumber(1), depth);
}

}  // namespace

Result<> read_go_json(const Json& value, Message& out) {
  return value.is_null() ? Result<>() : read_message(value, out, 0);
}

}  // namespace kumasim::cp
