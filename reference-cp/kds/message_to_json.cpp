#include <cmath>
#include <limits>

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

constexpr std::int64_t nanos_per_second = 1'000'000'000;
constexpr std::int64_t seconds_max = std::numeric_limits<std::int64_t>::max() / nanos_per_second - 1;

/// JSON has no numbers that are none; whole ones are integers, as far as a double tells them apart.
json number(double value) {
  constexpr double whole_max = 9007199254740992;
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  if (std::abs(value) <= whole_max && std::trunc(value) == value) return static_cast<std::int64_t>(value);
  return value;
}

/// Stops at the first value that JSON's types do not hold.
class Reader {
 public:
  json message(const Message& in, const Path& path) {
    const Descriptor& type = *in.GetDescriptor();
    switch (type.well_known_type()) {
      case Descriptor::WELLKNOWNTYPE_DURATION: return duration(in, path);
      case Descriptor::WELLKNOWNTYPE_TIMESTAMP: return timestamp(in, path);
      case Descriptor::WELLKNOWNTYPE_STRUCT:
      case Descriptor::WELLKNOWNTYPE_LISTVALUE: return field(in, *type.FindFieldByNumber(1), path);
      case Descriptor::WELLKNOWNTYPE_VALUE: return any_value(in, path);
      case Descriptor::WELLKNOWNTYPE_UNSPECIFIED: return object(in, path);
      default: return element(in, *type.FindFieldByNumber(1), one, path);  // a wrapper
    }
  }

  Result<json> result(json value) const {
    if (!error_.message.empty()) return fail(error_);
    return value;
  }

 private:
  static constexpr int one = -1;  // instead of the place in a list

  json object(const Message& in, const Path& path) {
    std::vector<const FieldDescriptor*> fields;
    in.GetReflection()->ListFields(in, &fields);
    json out = json::object();
    for (const FieldDescriptor* each : fields) out[each->json_name()] = field(in, *each, path.at(each->json_name()));
    return out;
  }

  json field(const Message& in, const FieldDescriptor& field, const Path& path) {
    if (!field.is_repeated()) return element(in, field, one, path);
    const int size = in.GetReflection()->FieldSize(in, &field);
    json out = field.is_map() ? json::object() : json::array();
    for (int i = 0; i < size; ++i) {
      if (!field.is_map()) {
        out.push_back(element(in, field, i, path.at(static_cast<std::size_t>(i))));
        continue;
      }
      const Message& entry = in.GetReflection()->GetRepeatedMessage(in, &field, i);
      std::string key = entry.GetReflection()->GetString(entry, entry.GetDescriptor()->map_key());
      json value = element(entry, *entry.GetDescriptor()->map_value(), one, path.at(key));
      out[std::move(key)] = std::move(value);
    }
    return out;
  }

  json any_value(const Message& in, const Path& path) {
    std::vector<const FieldDescriptor*> set;
    in.GetReflection()->ListFields(in, &set);
    const bool null = set.empty() || set.front()->number() == 1;
    return null ? json() : element(in, *set.front(), one, path);
  }

  json duration(const Message& in, const Path& path) {
    const auto [seconds, nanos] = parts(in);
    const bool fits = std::abs(seconds) <= seconds_max && std::abs(nanos) < nanos_per_second;
    if (!fits) return refuse(path, "the duration is too long");
    return print_proto_duration(Duration(seconds * nanos_per_second + nanos));
  }

  json timestamp(const Message& in, const Path& path) {
    const auto [seconds, nanos] = parts(in);
    const bool fits = std::abs(seconds) <= seconds_max && nanos >= 0 && nanos < nanos_per_second;
    if (!fits) return refuse(path, "the time is too far away");
    return print_timestamp(WallTime(Duration(seconds * nanos_per_second + nanos)));
  }

  struct Parts {
    std::int64_t seconds, nanos;
  };
  static Parts parts(const Message& in) {
    const Descriptor& type = *in.GetDescriptor();
    return {in.GetReflection()->GetInt64(in, type.FindFieldByNumber(1)),
            in.GetReflection()->GetInt32(in, type.FindFieldByNumber(2))};
  }

  json refuse(const Path& path, const char* why) {
    if (error_.message.empty()) error_ = {Code::invalid_argument, path.text() + ": " + why, path.text()};
    return {};
  }

  /// One value: of a field, or of a list at `index`.
  json element(const Message& in, const FieldDescriptor& field, int index, const Path& path) {
    const auto& from = *in.GetReflection();
    const bool listed = index != one;
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return message(listed ? from.GetRepeatedMessage(in, &field, index) : from.GetMessage(in, &field), path);
      case FieldDescriptor::CPPTYPE_ENUM:
        return enumeration(field,
                           listed ? from.GetRepeatedEnumValue(in, &field, index) : from.GetEnumValue(in, &field));
      case FieldDescriptor::CPPTYPE_STRING: {
        std::string text = listed ? from.GetRepeatedString(in, &field, index) : from.GetString(in, &field);
        return field.type() == FieldDescriptor::TYPE_STRING ? std::move(text) : base64_encode(text);
      }
      case FieldDescriptor::CPPTYPE_BOOL:
        return listed ? from.GetRepeatedBool(in, &field, index) : from.GetBool(in, &field);
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return number(listed ? from.GetRepeatedDouble(in, &field, index) : from.GetDouble(in, &field));
      case FieldDescriptor::CPPTYPE_FLOAT:
        return shortest(listed ? from.GetRepeatedFloat(in, &field, index) : from.GetFloat(in, &field));
      case FieldDescriptor::CPPTYPE_INT32:
        return listed ? from.GetRepeatedInt32(in, &field, index) : from.GetInt32(in, &field);
      case FieldDescriptor::CPPTYPE_UINT32:
        return listed ? from.GetRepeatedUInt32(in, &field, index) : from.GetUInt32(in, &field);
      case FieldDescriptor::CPPTYPE_INT64:
        return std::to_string(listed ? from.GetRepeatedInt64(in, &field, index) : from.GetInt64(in, &field));
      case FieldDescriptor::CPPTYPE_UINT64:
        return std::to_string(listed ? from.GetRepeatedUInt64(in, &field, index) : from.GetUInt64(in, &field));
    }
    return {};
  }

  /// A newer peer may have more values.
  static json enumeration(const FieldDescriptor& field, int value) {
    const auto* known = field.enum_type()->FindValueByNumber(value);
    return known == nullptr ? json(value) : json(known->name());
  }

  /// The fewest digits that are this float, not those of the double of its value.
  static json shortest(float value) {
    return std::isfinite(value) ? number(std::stod(fmt::format("{}", value))) : number(value);
  }

  Error error_{Code::invalid_argument, {}, {}};
};

}  // namespace

Result<json> message_to_json(const Message& message) {
  Reader reader;
  json out = reader.message(message, {});
  return reader.result(std::move(out));
}

}  // namespace kumasim::cp::kds
