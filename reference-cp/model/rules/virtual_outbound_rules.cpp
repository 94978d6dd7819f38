/// Fills in the templates and checks what comes out.
#include "reference-cp/model/rules/virtual_outbound_rules.hpp"

#include <charconv>

#include <fmt/format.h>

#include "reference-cp/model/rules/go_template.hpp"
#include "reference-cp/model/rules/network.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;
using Tags = std::map<std::string, std::string>;

Result<std::string> evaluate(const json& conf, const char* field, const Tags& tags) {
  Tags entries;
  for (const auto& parameter : at(conf, "parameters")) {
    auto tag = tags.find(parameter_tag(parameter));
    if (tag != tags.end()) entries[text_at(parameter, "name")] = tag->second;
  }
  auto out = render_go_template(text_at(conf, field), entries);
  if (out) return out;
  return fail(Code::invalid_argument, "failed compiling gotemplate error=" + go_quoted(out.error().message));
}

}  // namespace

std::string parameter_tag(const json& parameter) {
  std::string key = text_at(parameter, "tagKey");
  return key.empty() ? text_at(parameter, "name") : key;
}

Result<std::string> virtual_outbound_host(const json& conf, const Tags& tags) {
  auto out = evaluate(conf, "host", tags);
  if (!out || is_dns_name(*out)) return out;
  return fail(Code::invalid_argument,
              "evaluation of template with parameters didn't return a valid dns name result=" + go_quoted(*out));
}

Result<std::uint32_t> virtual_outbound_port(const json& conf, const Tags& tags) {
  auto out = evaluate(conf, "port", tags);
  if (!out) return std::unexpected(out.error());
  std::string_view digits = *out;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  std::int64_t port = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return fail(
        Code::invalid_argument,
        "evaluation of template with parameters didn't evaluate to a parsable number result=" + go_quoted(*out));
  }
  if (port <= 0 || port > 65535) {
    return fail(Code::invalid_argument,
                fmt::format("evaluation of template returned a port outside of the range [1..65535] result={}", port));
  }
  return static_cast<std::uint32_t>(port);
}

}  // namespace kumasim::cp
