/// Checks of durations, numbers, percentages and ports, in Kuma's words.
#include "reference-cp/model/rules/values.hpp"

#include <cctype>
#include <set>

#include "reference-cp/model/duration.hpp"
#include "reference-cp/model/rules/backend_conf.hpp"
#include "reference-cp/model/rules/go_regex.hpp"

namespace kumasim::cp {

using nlohmann::json;

bool has(const json& object, std::string_view field) {
  if (!object.is_object()) return false;
  auto found = object.find(field);
  return found != object.end() && !found->is_null();
}

const json& at(const json& object, std::string_view field) {
  static const json nothing;
  if (!object.is_object()) return nothing;
  auto found = object.find(field);
  return found == object.end() ? nothing : *found;
}

std::string text_at(const json& object, std::string_view field) {
  const json& value = at(object, field);
  return value.is_string() ? value.get<std::string>() : std::string();
}

namespace {

/// -1, 0 or 1; 1 also where the text is no duration (the codec has refused that before).
int duration_sign(const json& value) {
  auto parsed = parse_duration(value.is_string() ? value.get<std::string>() : std::string());
  if (!parsed) return 1;
  return parsed->count() < 0 ? -1 : (parsed->count() > 0 ? 1 : 0);
}

}  // namespace

void duration_not_negative(const json& object, std::string_view field, const Path& path, Violations& out) {
  if (has(object, field) && duration_sign(at(object, field)) < 0)
    out.add(path.at(field), "must not be negative when defined");
}

void duration_greater_than_zero(const json& object, std::string_view field, const Path& path, Violations& out) {
  if (has(object, field) && duration_sign(at(object, field)) <= 0) {
    out.add(path.at(field), "must be greater than zero when defined");
  }
}

void integer_greater_than_zero(const json& object, std::string_view field, const Path& path, Violations& out) {
  if (has(object, field) && at(object, field) == 0) out.add(path.at(field), "must be greater than 0");
}

void integer_percentage(const json& object, std::string_view field, const Path& path, Violations& out) {
  if (has(object, field) && at(object, field) > 100) out.add(path.at(field), "must be in inclusive range [0, 100]");
}

Decimal decimal(const json& value) {
  if (value.is_number_integer()) {
    auto number = value.get<std::int64_t>();
    return {true, number < 0 ? -1 : (number > 0 ? 1 : 0), number > 100};
  }
  if (!value.is_string()) return {};
  std::string text = value.get<std::string>();
  std::size_t i = 0;
  bool negative = false;
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) negative = text[i++] == '-';
  std::string whole, part;
  while (i < text.size() && std::isdigit(static_cast<unsigned char>(text[i]))) whole += text[i++];
  if (i < text.size() && text[i] == '.') {
    ++i;
    while (i < text.size() && std::isdigit(static_cast<unsigned char>(text[i]))) part += text[i++];
  }
  if (i != text.size() || (whole.empty() && part.empty())) return {};
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
  bool fraction = part.find_first_not_of('0') != std::string::npos;
  bool zero = whole.empty() && !fraction;
  bool over = whole.size() > 3 || (whole.size() == 3 && (whole > "100" || (whole == "100" && fraction)));
  return {true, zero ? 0 : (negative ? -1 : 1), over && !negative};
}

void decimal_percentage(const json& object, std::string_view field, const Path& path, Violations& out) {
  if (!has(object, field)) return;
  Decimal value = decimal(at(object, field));
  if (!value.valid) {
    out.add(path.at(field), "string must be a valid number");
  } else if (value.sign < 0 || value.over_hundred) {
    out.add(path.at(field), "must be in inclusive range [0.0, 100.0]");
  }
}

void validate_port(const json& port, const Path& path, Violations& out) {
  if (!port.is_number_integer() || port < 1 || port > 65535) out.add(path, "port must be in the range [1, 65535]");
}

void status_code(const json& status, const Path& path, Violations& out) {
  if (status < 100 || status >= 600) out.add(path, "must be in inclusive range [100, 599]");
}

void validate_bandwidth(std::string_view text, const Path& path, Violations& out) {
  if (text.empty()) return out.add(path, "must be defined");
  // Digits, perhaps a blank, letters of units, "bps": Kuma's pattern takes several letters.
  std::size_t i = 0;
  while (i < text.size() && std::isdigit(static_cast<unsigned char>(text[i]))) ++i;
  if (i < text.size() && std::string_view(" \t\n\f\r").find(text[i]) != std::string_view::npos) ++i;
  std::string_view unit = text.substr(i);
  bool good = unit.size() > 3 && unit.ends_with("bps");
  for (char c : unit.substr(0, good ? unit.size() - 3 : 0)) good = good && (c == 'G' || c == 'M' || c == 'k');
  if (!good) out.add(path, "must be in kbps/Mbps/Gbps units");
}

void validate_prometheus(const json& given, const Path& path, Violations& out) {
  const BackendConf read = read_backend_conf("prometheus", given);
  if (!read.error.empty()) return out.add(path, "could not parse config: " + read.error);
  const json& conf = read.value;
  if (has(conf, "skipMTLS") && has(conf, "tls")) {
    std::string mode = text_at(at(conf, "tls"), "mode");
    bool skip = at(conf, "skipMTLS") == true;
    bool equal = skip ? mode == "disabled" : (mode.empty() || mode == "activeMTLSBackend");
    if (!equal) return out.add(path, "skipMTLS and tls configuration cannot be defined together");
  }
  const std::string regex = text_at(at(conf, "envoy"), "filterRegex");
  if (std::string why = go_regex_error(regex); !why.empty())
    return out.add(path.at("envoy").at("filterRegex"), "provided regexp isn't correct: error parsing regexp: " + why);
  std::set<std::string> names;
  const json& aggregate = at(conf, "aggregate");
  for (std::size_t i = 0; i < aggregate.size(); ++i) {
    std::string name = text_at(aggregate[i], "name");
    if (!names.insert(name).second) {
      out.add(path.at("aggregate").at(i).at("name"), "duplicate entry: " + name + ", values have to be unique");
    }
  }
}

}  // namespace kumasim::cp
