#include <charconv>
#include <type_traits>

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <nlohmann/json.hpp>

#include "reference-cp/identity/base64.hpp"
#include "reference-cp/kds/message_json.hpp"
#include "reference-cp/model/duration.hpp"
#include "reference-cp/model/timestamp.hpp"
#include "reference-cp/model/violation.hpp"

namespace kumasim::cp::kds {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using nlohmann::json;

/// Stops at the first value that does not fit.
class Writer {
 public:
  void message(Message& out, const json& value, const Path& path) {
    const Descriptor& type = *out.GetDescriptor();
    switch (type.well_known_type()) {
      case Descriptor::WELLKNOWNTYPE_DURATION: return duration(out, value, path);
      case Descriptor::WELLKNOWNTYPE_TIMESTAMP: return timestamp(out, value, path);
      case Descriptor::WELLKNOWNTYPE_STRUCT: return field(out, *type.FindFieldByNumber(1), value, path);
      case Descriptor::WELLKNOWNTYPE_LISTVALUE: return field(out, *type.FindFieldByNumber(1), value, path);
      case Descriptor::WELLKNOWNTYPE_VALUE: return any_value(out, value, path);
      case Descriptor::WELLKNOWNTYPE_UNSPECIFIED: return object(out, value, path);
      default: return field(out, *type.FindFieldByNumber(1), value, path);  // a wrapper
    }
  }

  Result<> result() const { return error_.message.empty() ? Result<>() : fail(error_); }

 private:
  void refuse(const Path& path, const std::string& why) {
    if (error_.message.empty())
      error_ = {Code::invalid_argument, path.text().empty() ? why : path.text() + ": " + why, path.text()};
  }

  void object(Message& out, const json& value, const Path& path) {
    if (!value.is_object()) return refuse(path, "must be an object");
    for (const auto& [key, item] : value.items()) {
      const FieldDescriptor* known = out.GetDescriptor()->FindFieldByCamelcaseName(key);
      if (known == nullptr) return refuse(path.at(key), "no such field");
      if (!item.is_null()) field(out, *known, item, path.at(key));
    }
  }

  void field(Message& out, const FieldDescriptor& field, const json& value, const Path& path) {
    if (field.is_map()) return map(out, field, value, path);
    if (!field.is_repeated()) return element(out, field, value, path);
    if (!value.is_array()) return refuse(path, "must be a list");
    for (std::size_t i = 0; i < value.size(); ++i) element(out, field, value[i], path.at(i));
  }

  void map(Message& out, const FieldDescriptor& field, const json& value, const Path& path) {
    if (!value.is_object()) return refuse(path, "must be an object");
    for (const auto& [key, item] : value.items()) {
      Message& entry = *out.GetReflection()->AddMessage(&out, &field);
      entry.GetReflection()->SetString(&entry, entry.GetDescriptor()->map_key(), key);
      element(entry, *entry.GetDescriptor()->map_value(), item, path.at(key));
    }
  }

  void any_value(Message& out, const json& value, const Path& path) {
    const int number = value.is_null()      ? 1
                       : value.is_number()  ? 2
                       : value.is_string()  ? 3
                       : value.is_boolean() ? 4
                       : value.is_object()  ? 5
                                            : 6;
    const FieldDescriptor& kind = *out.GetDescriptor()->FindFieldByNumber(number);
    if (number == 1) return out.GetReflection()->SetEnumValue(&out, &kind, 0);
    element(out, kind, value, path);
  }

  void duration(Message& out, const json& value, const Path& path) {
    auto parsed = value.is_string() ? parse_duration(value.get_ref<const std::string&>()) : std::nullopt;
    if (!parsed) return refuse(path, "must be a duration");
    set_time(out, parsed->count() / nanos_per_second, parsed->count() % nanos_per_second);
  }

  void timestamp(Message& out, const json& value, const Path& path) {
    auto parsed = value.is_string() ? parse_timestamp(value.get_ref<const std::string&>()) : std::nullopt;
    if (!parsed) return refuse(path, "must be a time");
    const std::int64_t count = parsed->time_since_epoch().count();
    std::int64_t nanos = count % nanos_per_second;
    if (nanos < 0) nanos += nanos_per_second;  // a timestamp's are counted forwards
    set_time(out, (count - nanos) / nanos_per_second, nanos);
  }

  /// Zeros are left out.
  static void set_time(Message& out, std::int64_t seconds, std::int64_t nanos) {
    const Descriptor& type = *out.GetDescriptor();
    if (seconds != 0) out.GetReflection()->SetInt64(&out, type.FindFieldByNumber(1), seconds);
    if (nanos != 0) out.GetReflection()->SetInt32(&out, type.FindFieldByNumber(2), static_cast<std::int32_t>(nanos));
  }

  /// One value: of a field, of a list or of a map.
  void element(Message& out, const FieldDescriptor& field, const json& value, const Path& path) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE: return inner(out, field, value, path);
      case FieldDescriptor::CPPTYPE_ENUM: return enumeration(out, field, value, path);
      case FieldDescriptor::CPPTYPE_STRING: return text(out, field, value, path);
      case FieldDescriptor::CPPTYPE_BOOL:
        if (!value.is_boolean()) return refuse(path, "must be true or false");
        return put(out, field, value.get<bool>());
      case FieldDescriptor::CPPTYPE_DOUBLE: return number<double>(out, field, value, path);
      case FieldDescriptor::CPPTYPE_FLOAT: return number<float>(out, field, value, path);
      case FieldDescriptor::CPPTYPE_INT32: return integer<std::int32_t>(out, field, value, path);
      case FieldDescriptor::CPPTYPE_INT64: return integer<std::int64_t>(out, field, value, path);
      case FieldDescriptor::CPPTYPE_UINT32: return integer<std::uint32_t>(out, field, value, path);
      case FieldDescriptor::CPPTYPE_UINT64: return integer<std::uint64_t>(out, field, value, path);
    }
  }

  void inner(Message& out, const FieldDescriptor& field, const json& value, const Path& path) {
    const auto& reflection = *out.GetReflection();
    message(field.is_repeated() ? *reflection.AddMessage(&out, &field) : *reflection.MutableMessage(&out, &field),
            value, path);
  }

  void enumeration(Message& out, const FieldDescriptor& field, const json& value, const Path& path) {
    const auto* known =
        value.is_string() ? field.enum_type()->FindValueByName(value.get_ref<const std::string&>()) : nullptr;
    if (known == nullptr) return refuse(path, fmt::format("must be a value of {}", field.enum_type()->full_name()));
    if (field.is_repeated()) return out.GetReflection()->AddEnum(&out, &field, known);
    out.GetReflection()->SetEnum(&out, &field, known);
  }

  void text(Message& out, const FieldDescriptor& field, const json& value, const Path& path) {
    if (!value.is_string()) return refuse(path, "must be a text");
    const auto& given = value.get_ref<const std::string&>();
    if (field.type() == FieldDescriptor::TYPE_STRING) return put(out, field, std::string(given));
    auto bytes = base64_decode(given);
    if (!bytes) return refuse(path, "must be in base64");
    put(out, field, std::string(*std::move(bytes)));
  }

  template <class Number>
  void number(Message& out, const FieldDescriptor& field, const json& value, const Path& path) {
    if (!value.is_number()) return refuse(path, "must be a number");
    put(out, field, value.get<Number>());
  }

  /// 64 bits travel in quotes.
  template <class Integer>
  void integer(Message& out, const FieldDescriptor& field, const json& value, const Path& path) {
    const std::string digits = value.is_string() ? value.get<std::string>() : value.dump();
    Integer out_value = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out_value);
    if (error != std::errc() || end != digits.data() + digits.size())
      return refuse(path, fmt::format("must be an integer of type {}", field.type_name()));
    put(out, field, out_value);
  }

  template <class Value>
  void put(Message& out, const FieldDescriptor& field, Value value) {
    const auto& to = *out.GetReflection();
    const bool listed = field.is_repeated();
    if constexpr (std::is_same_v<Value, std::string>)
      listed ? to.AddString(&out, &field, std::move(value)) : to.SetString(&out, &field, std::move(value));
    else if constexpr (std::is_same_v<Value, bool>)
      listed ? to.AddBool(&out, &field, value) : to.SetBool(&out, &field, value);
    else if constexpr (std::is_same_v<Value, double>)
      listed ? to.AddDouble(&out, &field, value) : to.SetDouble(&out, &field, value);
    else if constexpr (std::is_same_v<Value, float>)
      listed ? to.AddFloat(&out, &field, value) : to.SetFloat(&out, &field, value);
    else if constexpr (std::is_same_v<Value, std::int32_t>)
      listed ? to.AddInt32(&out, &field, value) : to.SetInt32(&out, &field, value);
    else if constexpr (std::is_same_v<Value, std::int64_t>)
      listed ? to.AddInt64(&out, &field, value) : to.SetInt64(&out, &field, value);
    else if constexpr (std::is_same_v<Value, std::uint32_t>)
      listed ? to.AddUInt32(&out, &field, value) : to.SetUInt32(&out, &field, value);
    else
      listed ? to.AddUInt64(&out, &field, value) : to.SetUInt64(&out, &field, value);
  }

  static constexpr std::int64_t nanos_per_second = 1'000'000'000;
  Error error_{Code::invalid_argument, {}, {}};
};

}  // namespace

Result<> message_from_json(const json& value, Message& message) {
  Writer writer;
  writer.message(message, value, {});
  return writer.result();
}

}  // namespace kumasim::cp::kds
