/// Tags, selectors, names and labels: Kuma's and Kubernetes' character sets and messages.
#include "reference-cp/model/rules/tags.hpp"

#include <algorithm>
#include <string_view>

#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z'); }
bool is_one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

bool all_of_set(std::string_view text, std::string_view set) {
  return std::ranges::all_of(text, [set](char c) { return is_alnum(c) || is_one_of(c, set); });
}

/// [a-z0-9]([-a-z0-9]*[a-z0-9])?
bool is_dns_label(std::string_view text) {
  auto good = [](char c) { return is_lower(c) || is_digit(c); };
  if (text.empty() || !good(text.front()) || !good(text.back())) return false;
  return std::ranges::all_of(text, [good](char c) { return good(c) || c == '-'; });
}

bool is_subdomain(std::string_view text) {
  while (true) {
    auto dot = text.find('.');
    if (!is_dns_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

/// ([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]
bool is_qualified_part(std::string_view text) {
  return !text.empty() && is_alnum(text.front()) && is_alnum(text.back()) && all_of_set(text, "-_.");
}

using ValueRule = bool (*)(std::string_view);

void validate_pairs(const json& tags, const TagRules& rules, ValueRule value_good, const char* value_message,
                    const Path& path, Violations& out) {
  if (rules.tag_needed && tags.empty()) out.add(path, "must have at least one tag");
  if (rules.only_service && (tags.size() != 1 || !has(tags, "kuma.io/service"))) {
    out.add(path, "must consist of exactly one tag \"kuma.io/service\"");
  }
  if (rules.extra) rules.extra(tags, path, out);
  for (const auto& [key, value] : tags.items()) {
    if (key.empty()) out.add(path, "tag name must be non-empty");
    if (!is_tag_name(key)) {
      out.add(path.key(key), "tag name must consist of alphanumeric characters, dots, dashes, slashes and underscores");
    }
    if (std::ranges::find(rules.forbidden, key) != rules.forbidden.end()) {
      out.add(path.key(key), "tag name must not be \"" + key + "\"");
    }
    if (rules.only_service && key != "kuma.io/service") out.add(path.key(key), "tag \"" + key + "\" is not allowed");
    std::string text = value.is_string() ? value.get<std::string>() : std::string();
    if (text.empty()) out.add(path.key(key), "tag value must be non-empty");
    if (!value_good(text)) out.add(path.key(key), value_message);
  }
  if (rules.service_needed && !has(tags, "kuma.io/service"))
    out.add(path, "mandatory tag \"kuma.io/service\" is missing");
}

}  // namespace

void validate_tags(const json& tags, const TagRules& rules, const Path& path, Violations& out) {
  validate_pairs(
      tags, rules, [](std::string_view value) { return all_of_set(value, ".-_:"); },
      "tag value must consist of alphanumeric characters, dots, dashes and underscores", path, out);
}

void validate_selector(const json& tags, const TagRules& rules, const Path& path, Violations& out) {
  validate_pairs(
      tags, rules, [](std::string_view value) { return value == "*" || all_of_set(value, ".-_:/"); },
      "tag value must consist of alphanumeric characters, dots, dashes, slashes and underscores or be \"*\"", path,
      out);
}

void validate_selectors(const json& selectors, const TagRules& rules, const Path& path, Violations& out) {
  if (selectors.empty() && !rules.elements_optional) out.add(path, "must have at least one element");
  for (std::size_t i = 0; i < selectors.size(); ++i) {
    validate_selector(at(selectors[i], "match"), rules, path.at(i).at("match"), out);
  }
}

bool is_tag_name(std::string_view text) { return all_of_set(text, ".-_:/"); }

bool is_domain(std::string_view text) { return is_subdomain(text); }

bool is_name(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return is_lower(c) || is_digit(c) || is_one_of(c, "-._"); });
}

std::vector<std::string> label_key_errors(std::string_view key) {
  std::vector<std::string> out;
  std::string_view name = key;
  auto slash = key.find('/');
  if (slash != std::string_view::npos && key.find('/', slash + 1) == std::string_view::npos) {
    std::string_view prefix = key.substr(0, slash);
    name = key.substr(slash + 1);
    if (prefix.empty()) {
      out.push_back("prefix part must be non-empty");
    } else {
      for (const auto& message : dns_1123_subdomain_errors(prefix)) out.push_back("prefix part " + message);
    }
  } else if (slash != std::string_view::npos) {
    return {
        "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
        "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
        "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. "
        "'example.com/MyName')"};
  }
  if (name.empty()) out.push_back("name part must be non-empty");
  if (name.size() > 63) out.push_back("name part must be no more than 63 bytes");
  if (!is_qualified_part(name)) {
    out.push_back(
        "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
        "alphanumeric "
        "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
        "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')");
  }
  return out;
}

std::vector<std::string> label_value_errors(std::string_view value) {
  std::vector<std::string> out;
  if (value.size() > 63) out.push_back("must be no more than 63 bytes");
  if (!value.empty() && !is_qualified_part(value)) {
    out.push_back(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "
        "and end "
        "with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
        "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')");
  }
  return out;
}

std::vector<std::string> dns_1035_label_errors(std::string_view name) {
  std::vector<std::string> out;
  if (name.size() > 63) out.push_back("must be no more than 63 bytes");
  if (!is_dns_label(name) || !is_lower(name.front())) {
    out.push_back(
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
        "character, and "
        "end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
        "'[a-z]([-a-z0-9]*[a-z0-9])?')");
  }
  return out;
}

std::vector<std::string> dns_1123_subdomain_errors(std::string_view name) {
  std::vector<std::string> out;
  if (name.size() > 253) out.push_back("must be no more than 253 bytes");
  if (!is_subdomain(name)) {
    out.push_back(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
        "and end "
        "with an alphanumeric character (e.g. 'example.com', regex used for validation is "
        "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')");
  }
  return out;
}

void validate_resource_name(std::string_view name, const Path& path, Violations& out) {
  if (name.empty()) {
    out.add(path, "cannot be empty");
  } else if (name.size() > 253) {
    out.add(path, "value length must less or equal 253");
  } else if (!is_subdomain(name)) {
    out.add(path,
            "invalid characters. A lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
            "'-' or '.', "
            "and must start and end with an alphanumeric character");
  }
}

void validate_mesh_name(std::string_view name, const Path& path, Violations& out) {
  if (name.empty()) {
    out.add(path, "cannot be empty");
  } else if (name.size() > 253) {
    out.add(path, "value length must less or equal 253");
  } else if (!is_name(name)) {
    out.add(path,
            "invalid characters. Valid characters are numbers, lowercase latin letters and '-', '_', '.' symbols.");
  }
}

void warn_name(const std::string& type, const std::string& name, std::vector<std::string>& out) {
  auto errors = dns_1035_label_errors(name);
  if (errors.empty()) return;
  std::string joined;
  for (const auto& error : errors) joined += (joined.empty() ? "" : "; ") + error;
  out.push_back("Invalid " + type + " resource name: '" + name +
                "'. It does not conform to the DNS format (RFC 1035). This is deprecated. Errors: " + joined);
}

}  // namespace kumasim::cp
