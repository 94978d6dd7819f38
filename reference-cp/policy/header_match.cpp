/// Header conditions from JSON and to Envoy.
#include "reference-cp/policy/header_match.hpp"

#include <envoy/config/route/v3/route_components.pb.h>

#include "reference-cp/xds/json_read.hpp"

namespace kumasim::cp::policy {

HeaderMatch HeaderMatch::from_json(const nlohmann::json& json) {
  HeaderMatch match{Type::exact, text_at(json, "name"), text_at(json, "value")};
  std::string type = text_at(json, "type");
  if (type == "Prefix") match.type = Type::prefix;
  if (type == "RegularExpression") match.type = Type::regular_expression;
  if (type == "Present") match.type = Type::present;
  if (type == "Absent") match.type = Type::absent;
  return match;
}

std::vector<HeaderMatch> HeaderMatch::list_from_json(const nlohmann::json& list) {
  std::vector<HeaderMatch> matches;
  if (list.is_array())
    for (const auto& each : list) matches.push_back(from_json(each));
  return matches;
}

void HeaderMatch::fill(::envoy::config::route::v3::HeaderMatcher& matcher) const {
  matcher.set_name(name);
  switch (type) {
    case Type::exact: matcher.mutable_string_match()->set_exact(value); break;
    case Type::prefix: matcher.mutable_string_match()->set_prefix(value); break;
    case Type::regular_expression: matcher.mutable_string_match()->mutable_safe_regex()->set_regex(value); break;
    case Type::present: matcher.set_present_match(true); break;
    case Type::absent: matcher.set_present_match(false); break;
  }
}

}  // namespace kumasim::cp::policy
