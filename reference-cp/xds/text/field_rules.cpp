/// Walks a message in the order of protoc-gen-validate's Go code: fields outside of oneofs, then oneofs.
#include "reference-cp/xds/text/field_rules.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>
#include <vector>

#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/message.h>

#include "reference-cp/xds/text/value_rules.hpp"
#include "validate/validate.pb.h"

namespace kumasim::cp {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using validate::FieldRules;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

/// A name in Go's form: `http2_protocol_options` is Http2ProtocolOptions, `x_1` is X_1.
std::string go_name(std::string_view name) {
  std::string out;
  bool word_begins = true;
  // tools/envoy_api/descriptors.py ends names that are words of C++ with an underscore.
  if (name.ends_with('_')) name.remove_suffix(1);
  for (std::size_t i = 0; i < name.size(); ++i) {
    char c = name[i];
    if (c == '_' && i + 1 < name.size() && is_lower(name[i + 1])) {
      word_begins = true;
      continue;
    }
    out += word_begins && is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c;
    word_begins = !is_lower(c) && (c < 'A' || c > 'Z');
  }
  // Methods of every message.
  constexpr std::array methods = {"Reset", "String", "ProtoMessage", "Marshal", "Unmarshal", "Descriptor"};
  return std::ranges::find(methods, out) == methods.end() ? out : out + "_";
}

std::string go_name(const Descriptor& type) {
  return type.containing_type() ? go_name(*type.containing_type()) + "_" + go_name(type.name()) : go_name(type.name());
}

/// One value: a field, or item `index` of a repeated one (-1: a field that is not).
struct Value {
  const Message& message;
  const FieldDescriptor& field;
  int index = -1;

  template <class Single, class Item>
  auto get(Single single, Item item) const {
    const Reflection& reflection = *message.GetReflection();
    return index < 0 ? (reflection.*single)(message, &field) : (reflection.*item)(message, &field, index);
  }
};

std::string text_of(const Value& v) { return v.get(&Reflection::GetString, &Reflection::GetRepeatedString); }

std::string message_reason(const Value& v, const FieldRules& rules);

/// A value that is there.
std::string reason(const Value& v, const FieldRules& rules) {
  using R = Reflection;
  switch (v.field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE: return message_reason(v, rules);
    case FieldDescriptor::CPPTYPE_STRING:
      if (rules.has_string()) return text_reason(rules.string(), text_of(v));
      return rules.has_bytes() ? bytes_reason(rules.bytes(), text_of(v)) : "";
    case FieldDescriptor::CPPTYPE_UINT32:
      return rules.has_uint32() ? number_reason(rules.uint32(), v.get(&R::GetUInt32, &R::GetRepeatedUInt32)) : "";
    case FieldDescriptor::CPPTYPE_UINT64:
      return rules.has_uint64() ? number_reason(rules.uint64(), v.get(&R::GetUInt64, &R::GetRepeatedUInt64)) : "";
    case FieldDescriptor::CPPTYPE_INT32:
      return rules.has_int32() ? number_reason(rules.int32(), v.get(&R::GetInt32, &R::GetRepeatedInt32)) : "";
    case FieldDescriptor::CPPTYPE_INT64:
      return rules.has_int64() ? number_reason(rules.int64(), v.get(&R::GetInt64, &R::GetRepeatedInt64)) : "";
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return rules.has_double_() ? number_reason(rules.double_(), v.get(&R::GetDouble, &R::GetRepeatedDouble)) : "";
    case FieldDescriptor::CPPTYPE_FLOAT:
      return rules.has_float_() ? number_reason(rules.float_(), v.get(&R::GetFloat, &R::GetRepeatedFloat)) : "";
    case FieldDescriptor::CPPTYPE_BOOL:
      if (!rules.has_bool_() || !rules.bool_().has_const_()) return {};
      if (v.get(&R::GetBool, &R::GetRepeatedBool) == rules.bool_().const_()) return {};
      return fmt::format("value must equal {}", rules.bool_().const_());
    case FieldDescriptor::CPPTYPE_ENUM:
      if (!rules.has_enum_()) return {};
      return enum_reason(rules.enum_(), v.get(&R::GetEnumValue, &R::GetRepeatedEnumValue), *v.field.enum_type(),
                         v.index < 0);
  }
  return {};
}

std::string message_reason(const Value& v, const FieldRules& rules) {
  const Reflection& r = *v.message.GetReflection();
  const Message& held =
      v.index < 0 ? r.GetMessage(v.message, &v.field) : r.GetRepeatedMessage(v.message, &v.field, v.index);
  switch (rules.type_case()) {
    case FieldRules::kDuration:
      return duration_reason(rules.duration(), dynamic_cast<const google::protobuf::Duration&>(held));
    case FieldRules::kAny: return any_reason(rules.any(), dynamic_cast<const google::protobuf::Any&>(held));
    case FieldRules::kTimestamp: return {};
    case FieldRules::TYPE_NOT_SET: break;
    default: return reason({held, *held.GetDescriptor()->FindFieldByNumber(1)}, rules);  // a wrapper's value
  }
  if (rules.message().skip()) return {};
  const std::string why = broken_rule(held);
  return why.empty() ? why : "embedded message failed validation | caused by: " + why;
}

/// Of a message that is not there.
std::string absence_reason(const FieldRules& rules) {
  switch (rules.type_case()) {
    case FieldRules::TYPE_NOT_SET: return rules.message().required() ? "value is required" : "";
    case FieldRules::kDuration: return rules.duration().required() ? "value is required" : "";
    case FieldRules::kAny: return rules.any().required() ? "value is required" : "";
    case FieldRules::kTimestamp: return rules.timestamp().required() ? "value is required" : "";
    default: return rules.message().required() ? "value is required and must not be nil." : "";
  }
}

/// By number, then by text, as Go's code sorts keys of either kind.
using Key = std::pair<std::int64_t, std::string>;

Key key_of(const Message& entry, const FieldDescriptor& field) {
  const Reflection& r = *entry.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: return {0, r.GetString(entry, &field)};
    case FieldDescriptor::CPPTYPE_UINT32: return {r.GetUInt32(entry, &field), ""};
    case FieldDescriptor::CPPTYPE_UINT64: return {static_cast<std::int64_t>(r.GetUInt64(entry, &field)), ""};
    case FieldDescriptor::CPPTYPE_INT32: return {r.GetInt32(entry, &field), ""};
    case FieldDescriptor::CPPTYPE_INT64: return {r.GetInt64(entry, &field), ""};
    default: return {};
  }
}

std::string map_reason(const Message& message, const FieldDescriptor& field, const validate::MapRules& rules,
                       std::string& index) {
  const Reflection& r = *message.GetReflection();
  const int size = r.FieldSize(message, &field);
  if (rules.ignore_empty() && size == 0) return {};
  auto most = rules.has_max_pairs() ? std::optional(rules.max_pairs()) : std::nullopt;
  if (auto why = count_reason(rules.min_pairs(), most, static_cast<std::uint64_t>(size), "pair"); !why.empty())
    return why;
  const FieldDescriptor& key = *field.message_type()->map_key();
  std::vector<std::pair<Key, const Message*>> entries;
  for (int i = 0; i < size; ++i) {
    const Message& entry = r.GetRepeatedMessage(message, &field, i);
    entries.emplace_back(key_of(entry, key), &entry);
  }
  std::ranges::sort(entries, {}, &std::pair<Key, const Message*>::first);
  for (const auto& [at, entry] : entries) {
    const bool text = key.cpp_type() == FieldDescriptor::CPPTYPE_STRING;
    index = "[" + (text ? at.second : std::to_string(at.first)) + "]";
    if (auto why = reason({*entry, key}, rules.keys()); !why.empty()) return why;
    if (auto why = reason({*entry, *field.message_type()->map_value()}, rules.values()); !why.empty()) return why;
  }
  index.clear();
  return {};
}

std::string repeated_reason(const Message& message, const FieldDescriptor& field, const validate::RepeatedRules& rules,
                            std::string& index) {
  const int size = message.GetReflection()->FieldSize(message, &field);
  if (rules.ignore_empty() && size == 0) return {};
  auto most = rules.has_max_items() ? std::optional(rules.max_items()) : std::nullopt;
  if (auto why = count_reason(rules.min_items(), most, static_cast<std::uint64_t>(size), "item"); !why.empty())
    return why;
  // Only of texts and of enums: two messages are never the same one in Go.
  const bool text = field.cpp_type() == FieldDescriptor::CPPTYPE_STRING;
  const bool of_enum = field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM;
  std::set<std::string> seen;
  for (int i = 0; i < size; ++i) {
    index = fmt::format("[{}]", i);
    const Value item{message, field, i};
    if (rules.unique() && (text || of_enum)) {
      std::string shown =
          text ? text_of(item) : std::to_string(item.get(&Reflection::GetEnumValue, &Reflection::GetRepeatedEnumValue));
      if (!seen.insert(std::move(shown)).second) return "repeated value must contain unique items";
    }
    if (auto why = reason(item, rules.items()); !why.empty()) return why;
  }
  index.clear();
  return {};
}

/// `index` says which item or key of the field is wrong: "[3]", "" for the field itself.
std::string field_reason(const Message& message, const FieldDescriptor& field, std::string& index) {
  const FieldRules& rules = field.options().GetExtension(validate::rules);
  if (field.is_map()) return map_reason(message, field, rules.map(), index);
  if (field.is_repeated()) return repeated_reason(message, field, rules.repeated(), index);
  if (field.has_presence() && !message.GetReflection()->HasField(message, &field))
    return field.containing_oneof() ? "" : absence_reason(rules);
  return reason({message, field}, rules);
}

}  // namespace

std::string broken_rule(const Message& message) {
  const Descriptor& type = *message.GetDescriptor();
  // The well-known ones have no rules.
  if (type.file()->package() == "google.protobuf") return {};
  const auto& options = type.options();
  if (options.GetExtension(validate::disabled) || options.GetExtension(validate::ignored)) return {};
  auto invalid = [&](const std::string& field, const std::string& index, const std::string& why) {
    return fmt::format("invalid {}.{}{}: {}", go_name(type), go_name(field), index, why);
  };
  auto check = [&](const FieldDescriptor& field) {
    std::string index;
    const std::string why = field_reason(message, field, index);
    return why.empty() ? why : invalid(field.name(), index, why);
  };
  for (int i = 0; i < type.field_count(); ++i) {
    if (type.field(i)->containing_oneof()) continue;
    if (auto why = check(*type.field(i)); !why.empty()) return why;
  }
  for (int i = 0; i < type.real_oneof_decl_count(); ++i) {
    const auto& oneof = *type.oneof_decl(i);
    for (int member = 0; member < oneof.field_count(); ++member) {
      if (auto why = check(*oneof.field(member)); !why.empty()) return why;
    }
    if (oneof.options().GetExtension(validate::required) && !message.GetReflection()->HasOneof(message, &oneof))
      return invalid(oneof.name(), "", "value is required");
  }
  for (int i = 0; i < type.field_count(); ++i) {
    if (!type.field(i)->containing_oneof() || type.field(i)->real_containing_oneof()) continue;
    if (auto why = check(*type.field(i)); !why.empty()) return why;
  }
  return {};
}

}  // namespace kumasim::cp
