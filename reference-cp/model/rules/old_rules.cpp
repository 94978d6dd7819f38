/// Rules shared by the old policies, with Kuma's words.
#include "reference-cp/model/rules/old_rules.hpp"

#include <algorithm>
#include <array>

#include "reference-cp/model/rules/network.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {

using nlohmann::json;

const TagRules any_tags{.tag_needed = true};
const TagRules service_tags{.tag_needed = true, .service_needed = true};
const TagRules only_service_tag{.service_needed = true, .only_service = true};

void validate_sides(const json& spec, const TagRules& sources, const TagRules& destinations, Violations& out) {
  validate_selectors(at(spec, "sources"), sources, Path("sources"), out);
  validate_selectors(at(spec, "destinations"), destinations, Path("destinations"), out);
}

bool is_zero_duration(const json& object, std::string_view field) {
  // The specification is canonical, so zero has one text.
  return text_at(object, field) == "0s";
}

void positive_when_defined(const json& object, std::string_view field, const Path& path, Violations& out) {
  if (is_zero_duration(object, field) || at(object, field) == 0) {
    out.add(path.at(field), "has to be greater than 0 when defined");
  }
}

void validate_range_100(const json& number, const Path& path, const char* message, Violations& out) {
  if (number.is_number() && (number < 0 || number > 100)) out.add(path, message);
}

void validate_needed_percentage(const json& object, const Path& path, Violations& out) {
  if (!has(object, "percentage")) return out.add(path.at("percentage"), "cannot be empty");
  validate_range_100(at(object, "percentage"), path.at("percentage"), "has to be in [0.0 - 100.0] range", out);
}

void validate_data_source(const json& source, const Path& path, Violations& out) {
  if (source.is_null()) return;
  for (const char* field : {"inline", "inlineString", "secret", "file"}) {
    if (!text_at(source, field).empty()) return;
  }
  out.add(path, "data source cannot be empty");
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

bool is_protocol(std::string_view text) {
  constexpr std::array<std::string_view, 7> known = {"http", "http2", "tcp", "tls", "grpc", "kafka", "mysql"};
  return std::ranges::find(known, lower_case(text)) != known.end();
}

void validate_proxy_address(const std::string& address, const Path& path, Violations& out) {
  if (address.empty()) return out.add(path, "address can't be empty");
  if (address == "0.0.0.0" || address == "::") out.add(path, "must not be 0.0.0.0 or ::");
  if (!is_ip(address) && !is_dns_name(address)) out.add(path, "address has to be valid IP address or domain name");
}

bool takes_loopback(std::string_view address) {
  return address == "127.0.0.1" || address == "0.0.0.0" || address == "::";
}

}  // namespace kumasim::cp
