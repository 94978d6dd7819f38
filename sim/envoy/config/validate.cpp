#include "sim/envoy/config/validate.hpp"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/message.h>

#include <re2/re2.h>

#include <algorithm>
#include <set>
#include <vector>

#include "validate/validate.pb.h"

namespace kumasim::sim::proxy {
namespace {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::Reflection;

Checked<> check_message(const Message& message);

/// `virtual_hosts` is VirtualHosts in the messages of protoc-gen-validate.
std::string camel(const std::string& name) {
  std::string out;
  bool up = true;
  for (char c : name) {
    if (c == '_') {
      up = true;
      continue;
    }
    out += up && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    up = false;
  }
  return out;
}

template <class Rules, class Value>
Checked<> check_number(const Rules& rules, Value value) {
  if (rules.ignore_empty() && value == Value{}) return {};
  auto text = [](auto n) { return std::to_string(n); };
  if (rules.has_const_() && value != rules.const_()) return refuse("value must equal " + text(rules.const_()));
  bool low = (!rules.has_gt() || value > rules.gt()) && (!rules.has_gte() || value >= rules.gte());
  bool high = (!rules.has_lt() || value < rules.lt()) && (!rules.has_lte() || value <= rules.lte());
  if (!low || !high) {
    if (rules.has_gte() && rules.has_lte())
      return refuse("value must be inside range [" + text(rules.gte()) + ", " + text(rules.lte()) + "]");
    if (!low && rules.has_gt()) return refuse("value must be greater than " + text(rules.gt()));
    if (!low) return refuse("value must be greater than or equal to " + text(rules.gte()));
    if (rules.has_lt()) return refuse("value must be less than " + text(rules.lt()));
    return refuse("value must be less than or equal to " + text(rules.lte()));
  }
  if (rules.in_size() > 0 && std::find(rules.in().begin(), rules.in().end(), value) == rules.in().end())
    return refuse("value must be in list");
  if (std::find(rules.not_in().begin(), rules.not_in().end(), value) != rules.not_in().end())
    return refuse("value must not be in list");
  return {};
}

bool header_name_valid(const std::string& text, bool strict) {
  static const std::string extra = "!#$%&'*+-.^_|~`";
  // Where it is not strict, protoc-gen-validate asks for "^[^\\u0000\\u000A\\u000D]*$" only, which an empty name
  // passes.
  if (!strict) return std::all_of(text.begin(), text.end(), [](char c) { return c != '\0' && c != '\n' && c != '\r'; });
  std::size_t start = text.starts_with(":") ? 1 : 0;
  if (text.size() == start) return false;
  return std::all_of(text.begin() + static_cast<std::ptrdiff_t>(start), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           extra.find(c) != std::string::npos;
  });
}

bool header_value_valid(const std::string& text, bool strict) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    auto u = static_cast<unsigned char>(c);
    return strict ? (u >= 0x20 && u != 0x7f) || u == '\t' : c != '\0' && c != '\n' && c != '\r';
  });
}

std::size_t code_points(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

Checked<> check_string(const validate::StringRules& r, const std::string& value) {
  if (r.ignore_empty() && value.empty()) return {};
  if (r.has_const_() && value != r.const_()) return refuse("value must equal " + r.const_());
  auto count = code_points(value);
  if (r.has_len() && count != r.len()) return refuse("value length must be " + std::to_string(r.len()) + " characters");
  if (r.has_min_len() && count < r.min_len())
    return refuse("value length must be at least " + std::to_string(r.min_len()) + " characters");
  if (r.has_max_len() && count > r.max_len())
    return refuse("value length must be at most " + std::to_string(r.max_len()) + " characters");
  if (r.has_min_bytes() && value.size() < r.min_bytes())
    return refuse("value length must be at least " + std::to_string(r.min_bytes()) + " bytes");
  if (r.has_max_bytes() && value.size() > r.max_bytes())
    return refuse("value length must be at most " + std::to_string(r.max_bytes()) + " bytes");
  if (r.has_prefix() && !value.starts_with(r.prefix()))
    return refuse("value does not have prefix \"" + r.prefix() + "\"");
  if (r.has_suffix() && !value.ends_with(r.suffix()))
    return refuse("value does not have suffix \"" + r.suffix() + "\"");
  if (r.has_contains() && value.find(r.contains()) == std::string::npos)
    return refuse("value does not contain substring \"" + r.contains() + "\"");
  if (r.in_size() > 0 && std::find(r.in().begin(), r.in().end(), value) == r.in().end())
    return refuse("value must be in list");
  if (std::find(r.not_in().begin(), r.not_in().end(), value) != r.not_in().end())
    return refuse("value must not be in list");
  if (r.has_pattern()) {
    // The whole value, as protoc-gen-validate's C++ checks do.
    if (!re2::RE2::FullMatch(value, re2::RE2(r.pattern(), re2::RE2::Quiet)))
      return refuse("value does not match regex pattern \"" + r.pattern() + "\"");
  }
  if (r.well_known_regex() == validate::HTTP_HEADER_NAME && !header_name_valid(value, !r.has_strict() || r.strict()))
    return refuse("value does not match regex pattern \"^:?[0-9a-zA-Z!#$%&'*+-.^_|~`]+$\"");
  if (r.well_known_regex() == validate::HTTP_HEADER_VALUE && !header_value_valid(value, !r.has_strict() || r.strict()))
    return refuse("value does not match regex pattern \"^[^\\u0000-\\u0008\\u000A-\\u001F\\u007F]*$\"");
  return {};
}

Checked<> check_duration(const validate::DurationRules& r, const ::google::protobuf::Duration& value) {
  using Pair = std::pair<std::int64_t, std::int32_t>;
  auto pair = [](const ::google::protobuf::Duration& d) { return Pair(d.seconds(), d.nanos()); };
  auto text = [](const ::google::protobuf::Duration& d) { return d.ShortDebugString(); };
  auto v = pair(value);
  if (r.has_gt() && v <= pair(r.gt())) return refuse("value must be greater than " + text(r.gt()));
  if (r.has_gte() && v < pair(r.gte())) return refuse("value must be greater than or equal to " + text(r.gte()));
  if (r.has_lt() && v >= pair(r.lt())) return refuse("value must be less than " + text(r.lt()));
  if (r.has_lte() && v > pair(r.lte())) return refuse("value must be less than or equal to " + text(r.lte()));
  return {};
}

/// The value of a field, or of element `index` of a repeated one (-1: not repeated).
Checked<> check_value(const Message& message, const FieldDescriptor& field, int index,
                      const validate::FieldRules& rules) {
  const Reflection& r = *message.GetReflection();
  auto get = [&](auto single, auto element) { return index < 0 ? single() : element(); };
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      auto value = get([&] { return r.GetString(message, &field); },
                       [&] { return r.GetRepeatedString(message, &field, index); });
      if (rules.has_string()) return check_string(rules.string(), value);
      if (rules.has_bytes()) {
        if (rules.bytes().has_min_len() && value.size() < rules.bytes().min_len())
          return refuse("value length must be at least " + std::to_string(rules.bytes().min_len()) + " bytes");
        if (rules.bytes().has_max_len() && value.size() > rules.bytes().max_len())
          return refuse("value length must be at most " + std::to_string(rules.bytes().max_len()) + " bytes");
      }
      return {};
    }
    case FieldDescriptor::CPPTYPE_UINT32:
      if (!rules.has_uint32()) return {};
      return check_number(rules.uint32(), get([&] { return r.GetUInt32(message, &field); },
                                              [&] { return r.GetRepeatedUInt32(message, &field, index); }));
    case FieldDescriptor::CPPTYPE_UINT64:
      if (!rules.has_uint64()) return {};
      return check_number(rules.uint64(), get([&] { return r.GetUInt64(message, &field); },
                                              [&] { return r.GetRepeatedUInt64(message, &field, index); }));
    case FieldDescriptor::CPPTYPE_INT32:
      if (!rules.has_int32()) return {};
      return check_number(rules.int32(), get([&] { return r.GetInt32(message, &field); },
                                             [&] { return r.GetRepeatedInt32(message, &field, index); }));
    case FieldDescriptor::CPPTYPE_INT64:
      if (!rules.has_int64()) return {};
      return check_number(rules.int64(), get([&] { return r.GetInt64(message, &field); },
                                             [&] { return r.GetRepeatedInt64(message, &field, index); }));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      if (!rules.has_double_()) return {};
      return check_number(rules.double_(), get([&] { return r.GetDouble(message, &field); },
                                               [&] { return r.GetRepeatedDouble(message, &field, index); }));
    case FieldDescriptor::CPPTYPE_FLOAT:
      if (!rules.has_float_()) return {};
      return check_number(rules.float_(), get([&] { return r.GetFloat(message, &field); },
                                              [&] { return r.GetRepeatedFloat(message, &field, index); }));
    case FieldDescriptor::CPPTYPE_BOOL:
      if (rules.has_bool_() && rules.bool_().has_const_() && r.GetBool(message, &field) != rules.bool_().const_())
        return refuse(std::string("value must equal ") + (rules.bool_().const_() ? "true" : "false"));
      return {};
    case FieldDescriptor::CPPTYPE_ENUM: {
      if (!rules.has_enum_()) return {};
      int value = get([&] { return r.GetEnumValue(message, &field); },
                      [&] { return r.GetRepeatedEnumValue(message, &field, index); });
      const auto& e = rules.enum_();
      if (e.defined_only() && !field.enum_type()->FindValueByNumber(value))
        return refuse("value must be one of the defined enum values");
      if (std::find(e.not_in().begin(), e.not_in().end(), value) != e.not_in().end())
        return refuse("value must not be in list");
      if (e.in_size() > 0 && std::find(e.in().begin(), e.in().end(), value) == e.in().end())
        return refuse("value must be in list");
      return {};
    }
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      const Message& inner = index < 0 ? r.GetMessage(message, &field) : r.GetRepeatedMessage(message, &field, index);
      const auto& type = inner.GetDescriptor()->full_name();
      if (type == "google.protobuf.Duration" && rules.has_duration())
        return check_duration(rules.duration(), static_cast<const ::google::protobuf::Duration&>(inner));
      // Wrappers carry the rules of the value that they wrap.
      if (type.starts_with("google.protobuf.") && type.ends_with("Value") && type != "google.protobuf.Value" &&
          type != "google.protobuf.ListValue")
        return check_value(inner, *inner.GetDescriptor()->FindFieldByName("value"), -1, rules);
      if (type.starts_with("google.protobuf.") || (rules.has_message() && rules.message().skip())) return {};
      if (auto ok = check_message(inner); !ok)
        return refuse("embedded message failed validation | caused by " + ok.error());
      return {};
    }
  }
  return {};
}

/// Keys of Envoy's maps are texts but for a few numbers.
std::string key_text(const Message& entry, const FieldDescriptor& key) {
  const Reflection& r = *entry.GetReflection();
  switch (key.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: return r.GetString(entry, &key);
    case FieldDescriptor::CPPTYPE_UINT32: return std::to_string(r.GetUInt32(entry, &key));
    case FieldDescriptor::CPPTYPE_UINT64: return std::to_string(r.GetUInt64(entry, &key));
    case FieldDescriptor::CPPTYPE_INT32: return std::to_string(r.GetInt32(entry, &key));
    case FieldDescriptor::CPPTYPE_INT64: return std::to_string(r.GetInt64(entry, &key));
    case FieldDescriptor::CPPTYPE_BOOL: return r.GetBool(entry, &key) ? "true" : "false";
    default: return {};
  }
}

Checked<> check_repeated(const Message& message, const FieldDescriptor& field, const validate::FieldRules& rules,
                         std::string& where) {
  const Reflection& r = *message.GetReflection();
  int size = r.FieldSize(message, &field);
  if (field.is_map()) {
    const auto& m = rules.map();
    if (m.has_min_pairs() && static_cast<std::uint64_t>(size) < m.min_pairs())
      return refuse("value must contain at least " + std::to_string(m.min_pairs()) + " pair(s)");
    const auto* key = field.message_type()->FindFieldByNumber(1);
    const auto* value = field.message_type()->FindFieldByNumber(2);
    // By key: the map's own order differs between processes, and the first error is the one that is told.
    std::vector<std::pair<std::string, const Message*>> entries;
    for (int i = 0; i < size; ++i) {
      const Message& entry = r.GetRepeatedMessage(message, &field, i);
      entries.emplace_back(key_text(entry, *key), &entry);
    }
    std::sort(entries.begin(), entries.end());
    for (const auto& [name, entry] : entries) {
      where = "[" + name + "]";
      if (auto ok = check_value(*entry, *key, -1, m.keys()); !ok) return ok;
      if (auto ok = check_value(*entry, *value, -1, m.values()); !ok) return ok;
    }
    where.clear();
    return {};
  }
  const auto& rep = rules.repeated();
  if (rep.ignore_empty() && size == 0) return {};
  if (rep.has_min_items() && static_cast<std::uint64_t>(size) < rep.min_items())
    return refuse("value must contain at least " + std::to_string(rep.min_items()) + " item(s)");
  if (rep.has_max_items() && static_cast<std::uint64_t>(size) > rep.max_items())
    return refuse("value must contain no more than " + std::to_string(rep.max_items()) + " item(s)");
  if (rep.unique() && field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    std::set<std::string> seen;
    for (int i = 0; i < size; ++i)
      if (!seen.insert(r.GetRepeatedString(message, &field, i)).second)
        return refuse("repeated value must contain unique items");
  }
  for (int i = 0; i < size; ++i) {
    where = "[" + std::to_string(i) + "]";
    if (auto ok = check_value(message, field, i, rep.items()); !ok) return ok;
  }
  where.clear();
  return {};
}

Checked<> check_field(const Message& message, const FieldDescriptor& field, std::string& where) {
  const auto& rules = field.options().GetExtension(validate::rules);
  if (field.is_repeated()) return check_repeated(message, field, rules, where);
  const Reflection& r = *message.GetReflection();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    if (!r.HasField(message, &field)) {
      if (field.real_containing_oneof())
        return {};  // another member may be set; the oneof's own rule says whether one must
      bool required = (rules.has_message() && rules.message().required()) ||
                      (rules.has_duration() && rules.duration().required()) ||
                      (rules.has_any() && rules.any().required()) ||
                      (rules.has_timestamp() && rules.timestamp().required());
      return required ? Checked<>(refuse("value is required")) : Checked<>();
    }
  } else if (field.real_containing_oneof() && !r.HasField(message, &field)) {
    return {};
  }
  return check_value(message, field, -1, rules);
}

Checked<> check_message(const Message& message) {
  const Descriptor& type = *message.GetDescriptor();
  auto error = [&](const std::string& field, const std::string& why) {
    return refuse(type.name() + "ValidationError." + camel(field) + ": " + why);
  };
  if (type.options().GetExtension(validate::disabled)) return {};
  for (int i = 0; i < type.field_count(); ++i) {
    std::string where;
    const FieldDescriptor& field = *type.field(i);
    if (auto ok = check_field(message, field, where); !ok) return error(field.name() + where, ok.error());
  }
  for (int i = 0; i < type.real_oneof_decl_count(); ++i) {
    const auto& oneof = *type.oneof_decl(i);
    if (oneof.options().GetExtension(validate::required) && !message.GetReflection()->HasOneof(message, &oneof))
      return error(oneof.name(), "value is required");
  }
  return {};
}

}  // namespace

Checked<> validate(const Message& message) {
  auto ok = check_message(message);
  if (ok) return {};
  return refuse("Proto constraint validation failed (" + ok.error() + ")");
}

std::string type_name(const std::string& type_url) {
  auto slash = type_url.rfind('/');
  return slash == std::string::npos ? type_url : type_url.substr(slash + 1);
}

Checked<> unpack(const ::google::protobuf::Any& any, Message& out) {
  const auto& want = out.GetDescriptor()->full_name();
  if (type_name(any.type_url()) != want || !out.ParseFromString(any.value()))
    return refuse("Unable to unpack as " + want + ": [" + any.type_url() + "] (" + std::to_string(any.value().size()) +
                  " bytes)");
  return validate(out);
}

}  // namespace kumasim::sim::proxy
