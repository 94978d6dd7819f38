/// MeshHTTPRoute's rules from JSON, and their order.
#include "reference-cp/policy/mesh_http_route/spec.hpp"

#include "reference-cp/policy/conf_read.hpp"
#include "reference-cp/policy/match_hash.hpp"

namespace kumasim::cp::policy::mesh_http_route {
namespace {

using Json = nlohmann::json;

Match match(const Json& json) {
  Match match;
  if (const Json& path = at(json, "path"); path.is_object()) {
    std::string type = text_at(path, "type");
    match.path = {type == "Exact"               ? PathMatch::Type::exact
                  : type == "RegularExpression" ? PathMatch::Type::regular_expression
                                                : PathMatch::Type::prefix,
                  text_at(path, "value")};
  }
  match.method = optional_text_at(json, "method");
  for (const Json& query : list_at(json, "queryParams"))
    match.query.push_back(
        {text_at(query, "type") == "RegularExpression", text_at(query, "name"), text_at(query, "value")});
  match.headers = HeaderMatch::list_from_json(at(json, "headers"));
  return match;
}

Headers headers(const Json& list) {
  Headers headers;
  for (const Json& each : list) headers.emplace_back(text_at(each, "name"), text_at(each, "value"));
  return headers;
}

HeaderChange header_change(const Json& json, bool response) {
  HeaderChange change{response, headers(list_at(json, "set")), headers(list_at(json, "add")), {}};
  for (const Json& name : list_at(json, "remove")) change.remove.push_back(name.get<std::string>());
  return change;
}

std::optional<PathRewrite> path_rewrite(const Json& json) {
  const Json& path = at(json, "path");
  if (!path.is_object()) return std::nullopt;
  bool full = text_at(path, "type") == "ReplaceFullPath";
  return PathRewrite{full, text_at(path, full ? "replaceFullPath" : "replacePrefixMatch")};
}

std::optional<Filter> filter(const Json& json) {
  std::string type = text_at(json, "type");
  if (type == "RequestHeaderModifier") return header_change(at(json, "requestHeaderModifier"), false);
  if (type == "ResponseHeaderModifier") return header_change(at(json, "responseHeaderModifier"), true);
  if (type == "RequestRedirect") {
    const Json& redirect = at(json, "requestRedirect");
    return Redirect{optional_text_at(redirect, "scheme"), optional_text_at(redirect, "hostname"),
                    path_rewrite(redirect), optional_number_at(redirect, "port"),
                    optional_number_at(redirect, "statusCode").value_or(302)};
  }
  if (type == "URLRewrite") {
    const Json& rewrite = at(json, "urlRewrite");
    return Rewrite{optional_text_at(rewrite, "hostname"), path_rewrite(rewrite),
                   flag_at(rewrite, "hostToBackendHostname")};
  }
  if (type == "RequestMirror") {
    const Json& mirror = at(json, "requestMirror");
    return Mirror{decimal_at(mirror, "percentage"), BackendRef::from_json(at(mirror, "backendRef"))};
  }
  return std::nullopt;
}

int compare(const std::optional<PathMatch>& a, const std::optional<PathMatch>& b) {
  if (!a || !b) return int(!a) - int(!b);
  if (a->type != b->type) return int(a->type) - int(b->type);
  if (a->type == PathMatch::Type::exact) return 0;
  return int(b->value.size()) - int(a->value.size());
}

}  // namespace

int compare(const Match& a, const Match& b) {
  if (int order = compare(a.path, b.path); order != 0) return order;
  if (int order = int(!a.method) - int(!b.method); order != 0) return order;
  if (int order = int(b.headers.size()) - int(a.headers.size()); order != 0) return order;
  return int(b.query.size()) - int(a.query.size());
}

std::vector<RouteRuleConf> rules_from_json(const Json& conf) {
  std::vector<RouteRuleConf> rules;
  for (const Json& json : list_at(conf, "rules")) {
    RouteRuleConf rule;
    for (const Json& each : list_at(json, "matches")) rule.matches.push_back(match(each));
    rule.hash = match_hash(at(json, "matches"));
    const Json& what = at(json, "default");
    for (const Json& each : list_at(what, "filters"))
      if (std::optional<Filter> one = filter(each)) rule.filters.push_back(std::move(*one));
    for (const Json& each : list_at(what, "backendRefs")) rule.backends.push_back(BackendRef::from_json(each));
    rules.push_back(std::move(rule));
  }
  return rules;
}

const Match& catch_all() {
  static const Match match{.path = PathMatch{}};
  return match;
}

const std::string& catch_all_name() {
  static const std::string name = match_hash(Json::array({{{"path", {{"value", "/"}, {"type", "PathPrefix"}}}}}));
  return name;
}

}  // namespace kumasim::cp::policy::mesh_http_route
