/// Drawing values along a schema.
#include "reference-cp/model/draw.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string>

namespace kumasim::cp {
namespace {

using nlohmann::json;

constexpr std::array<const char*, 8> durations = {"0s", "1s", "10s", "1m30s", "1h", "250ms", "1.5s", "90s"};
constexpr std::array<const char*, 6> words = {"a", "web", "backend-1", "x.y", "v1", "kuma"};

class Drawer {
 public:
  explicit Drawer(Draw& draw) : draw_(draw) {}

  json value(const Schema& schema, bool proto) {
    proto = proto || schema.proto;
    switch (schema.type) {
      case Type::string: return text(schema);
      case Type::boolean: return draw_.below(2) == 0;
      case Type::integer: return integer(schema);
      case Type::number: return static_cast<double>(draw_.below(200)) / 2;
      case Type::duration:
      case Type::proto_duration: return durations[draw_.below(durations.size())];
      case Type::timestamp: return "2026-01-02T03:04:05.5Z";
      case Type::bytes: return draw_.below(3) == 0 ? "" : "Zm9v";
      case Type::enumeration: return schema.values[draw_.below(schema.values.size())];
      case Type::list: return list(schema, proto);
      case Type::map: return map(schema, proto);
      case Type::object: return object(schema, proto);
      case Type::int_or_string: return draw_.below(2) == 0 ? json(draw_.below(100)) : json("12.5");
      case Type::any: return any();
    }
    return nullptr;
  }

 private:
  json text(const Schema& schema) {
    std::string out = words[draw_.below(words.size())];
    bool may_be_empty = !schema.min && schema.pattern.empty();
    return may_be_empty && draw_.below(5) == 0 ? "" : out;
  }

  json integer(const Schema& schema) {
    if (!schema.choices.empty()) return schema.choices[draw_.below(schema.choices.size())];
    std::int64_t low = schema.min.value_or(0);
    if (low < 0) low = 0;
    return low + static_cast<std::int64_t>(draw_.below(1000));
  }

  std::uint64_t items(const Schema& schema) {
    std::uint64_t low = schema.min ? static_cast<std::uint64_t>(*schema.min) : 0;
    std::uint64_t more = draw_.below(3);
    return schema.max ? std::min(low + more, static_cast<std::uint64_t>(*schema.max)) : low + more;
  }

  json list(const Schema& schema, bool proto) {
    json out = json::array();
    std::uint64_t count = items(schema);
    for (std::uint64_t i = 0; i < count; ++i) out.push_back(value(*schema.element, proto));
    return out;
  }

  json map(const Schema& schema, bool proto) {
    json out = json::object();
    std::uint64_t count = draw_.below(3);
    for (std::uint64_t i = 0; i < count; ++i) {
      std::string key = words[draw_.below(words.size())];
      out[key] = value(*schema.element, proto);
    }
    return out;
  }

  json object(const Schema& schema, bool proto) {
    json out = json::object();
    std::set<std::string> chosen;
    for (const auto& field : schema.fields) {
      bool taken = field.required || draw_.below(2) == 0;
      if (taken && !field.oneof.empty()) taken = chosen.insert(field.oneof).second;
      if (!taken) continue;
      bool old_name = proto && draw_.below(4) == 0;
      json inner = value(*field.schema, proto);
      out[old_name ? snake(field.name) : field.name] = std::move(inner);
    }
    return out;
  }

  json any() {
    json out = json::object();
    if (draw_.below(2) == 0) out["port"] = draw_.below(100);
    if (draw_.below(2) == 0) out["nested"] = {{"text", words[draw_.below(words.size())]}};
    return out;
  }

  /// "redirectPortInbound" as protobuf's own name; names that would not come back are left.
  static std::string snake(const std::string& name) {
    std::string out;
    for (std::size_t i = 0; i < name.size(); ++i) {
      char c = name[i];
      bool upper = c >= 'A' && c <= 'Z';
      bool lower_around = i > 0 && name[i - 1] >= 'a' && name[i - 1] <= 'z' && i + 1 < name.size() &&
                          name[i + 1] >= 'a' && name[i + 1] <= 'z';
      if (upper && !lower_around) return name;
      if (upper) out += '_';
      out += upper ? static_cast<char>(c + 32) : c;
    }
    return out;
  }

  Draw& draw_;
};

}  // namespace

json draw_value(const Schema& schema, Draw& draw) { return Drawer(draw).value(schema, false); }

json draw_body(const Kind& kind, Draw& draw) {
  json value = draw_value(kind.schema(), draw);
  json out = kind.wire() == Wire::flat ? std::move(value) : json{{"spec", std::move(value)}};
  out["type"] = kind.type();
  out["name"] = words[draw.below(3)];
  if (!kind.is_global()) out["mesh"] = "default";
  if (draw.below(2) == 0) out["labels"] = {{"team", words[draw.below(words.size())]}};
  return out;
}

}  // namespace kumasim::cp
