#include "tests/real_envoy/generated_filters.hpp"

#include <fmt/format.h>

#include "tests/real_envoy/generated_matches.hpp"

namespace kumasim::test {
namespace {

using nlohmann::json;
using Kind = GeneratedFilters::Kind;

constexpr auto rbac_type = "extensions.filters.http.rbac.v3.RBAC";
constexpr auto fault_type = "extensions.filters.http.fault.v3.HTTPFault";
constexpr auto limit_type = "extensions.filters.http.local_ratelimit.v3.LocalRateLimit";

json all_or_none(Draw& draw, unsigned chance_of_all) { return {{"numerator", draw.percent(chance_of_all) ? 100 : 0}}; }

json address_range(Draw& draw) {
  return {{"address_prefix", draw.one_of({"127.0.0.0", "10.0.0.0"})}, {"prefix_len", 8}};
}

json permission(Draw& draw, bool http, int depth = 0) {
  switch (draw.between(depth > 1 ? 3 : 0, http ? 8 : 6)) {
    case 0: return {{"not_rule", permission(draw, http, depth + 1)}};
    case 1: {
      json first = permission(draw, http, depth + 1);
      return {{"and_rules", {{"rules", {std::move(first), permission(draw, http, depth + 1)}}}}};
    }
    case 2: {
      json first = permission(draw, http, depth + 1);
      return {{"or_rules", {{"rules", {std::move(first), permission(draw, http, depth + 1)}}}}};
    }
    case 3: return {{"any", true}};
    case 4: return {{"destination_port", draw.one_of(std::vector<int>{10001, 10002, 80})}};
    case 5:
      return {
          {"destination_port_range", {{"start", 10000}, {"end", draw.one_of(std::vector<int>{10001, 10002, 10010})}}}};
    case 6: return {{"destination_ip", address_range(draw)}};
    case 7: return {{"url_path", {{"path", drawn_path_matcher(draw)}}}};
    default: return {{"header", drawn_header_matcher(draw)}};
  }
}

json principal(Draw& draw, bool http, int depth = 0) {
  switch (draw.between(depth > 1 ? 2 : 0, http ? 6 : 4)) {
    case 0: return {{"not_id", principal(draw, http, depth + 1)}};
    case 1: {
      json first = principal(draw, http, depth + 1);
      return {{"or_ids", {{"ids", {std::move(first), principal(draw, http, depth + 1)}}}}};
    }
    case 2: return {{"any", true}};
    case 3: return {{"direct_remote_ip", address_range(draw)}};
    case 4: return {{"authenticated", json::object()}};
    case 5: return {{"url_path", {{"path", drawn_path_matcher(draw)}}}};
    default: return {{"header", drawn_header_matcher(draw)}};
  }
}

json rules(Draw& draw, bool http) {
  json out{{"action", draw.one_of({"ALLOW", "ALLOW", "DENY", "DENY", "LOG"})}, {"policies", json::object()}};
  const auto count = draw.between(draw.percent(10) ? 0 : 1, 2);
  for (std::uint64_t i = 0; i < count; ++i) {
    json& policy = out["policies"][fmt::format("policy-{}", i)];
    policy["permissions"].push_back(permission(draw, http));
    if (draw.percent(30)) policy["permissions"].push_back(permission(draw, http));
    policy["principals"].push_back(principal(draw, http));
    if (draw.percent(30)) policy["principals"].push_back(principal(draw, http));
  }
  return out;
}

json rbac(Draw& draw, bool http) {
  json out = json::object();
  if (draw.percent(85)) out["rules"] = rules(draw, http);
  if (draw.percent(30)) out["shadow_rules"] = rules(draw, http);
  return out;
}

json fault(Draw& draw) {
  json out = json::object();
  if (draw.percent(75))
    out["abort"] = {{"http_status", draw.one_of(std::vector<int>{400, 418, 503})},
                    {"percentage", all_or_none(draw, 50)}};
  if (draw.percent(30)) out["delay"] = {{"fixed_delay", "0.02s"}, {"percentage", all_or_none(draw, 70)}};
  if (draw.percent(90)) out["headers"].push_back(drawn_header_matcher(draw));
  return out;
}

json rate_limit(Draw& draw) {
  json out{{"stat_prefix", "limit"}};
  // It is not filled while calls are made: which call finds it empty depends on their number alone.
  out["token_bucket"] = {{"max_tokens", draw.between(1, 8)}, {"fill_interval", "3600s"}};
  if (draw.percent(85)) out["filter_enabled"] = {{"default_value", all_or_none(draw, 85)}};
  if (draw.percent(85)) out["filter_enforced"] = {{"default_value", all_or_none(draw, 85)}};
  if (draw.percent(30)) out["status"] = {{"code", draw.one_of(std::vector<int>{429, 503, 403})}};
  if (draw.percent(50))
    out["response_headers_to_add"].push_back({{"header", {{"key", "x-limited"}, {"value", "yes"}}}});
  return out;
}

json http_filter(Draw& draw, Kind kind) {
  switch (kind) {
    case Kind::rbac: return typed_config(rbac_type, rbac(draw, true));
    case Kind::fault: return typed_config(fault_type, fault(draw));
    case Kind::rate_limit: return typed_config(limit_type, rate_limit(draw));
  }
  return {};
}

}  // namespace

json typed_config(const std::string& type, json fields) {
  fields["@type"] = "type.googleapis.com/envoy." + type;
  return fields;
}

GeneratedFilters generate_http_filters(Draw& draw) {
  GeneratedFilters out;
  std::vector<std::pair<std::string, Kind>> all{{"envoy.filters.http.rbac", Kind::rbac},
                                                {"envoy.filters.http.fault", Kind::fault},
                                                {"envoy.filters.http.local_ratelimit", Kind::rate_limit}};
  draw.shuffle(all);
  for (const auto& [name, kind] : all) {
    if (!draw.percent(18)) continue;
    json filter{{"name", name}, {"typed_config", http_filter(draw, kind)}};
    if (draw.percent(10)) filter["disabled"] = true;
    out.chain.push_back(std::move(filter));
    out.named.emplace_back(name, kind);
  }
  out.chain.push_back({{"name", "envoy.filters.http.router"},
                       {"typed_config", typed_config("extensions.filters.http.router.v3.Router")}});
  return out;
}

json generate_overrides(Draw& draw, const GeneratedFilters& filters) {
  json out = json::object();
  for (const auto& [name, kind] : filters.named) {
    if (!draw.percent(20)) continue;
    if (draw.percent(25))
      out[name] = typed_config("config.route.v3.FilterConfig", {{"disabled", true}});
    else if (kind == Kind::rbac && draw.percent(20))
      out[name] = typed_config("extensions.filters.http.rbac.v3.RBACPerRoute");
    else if (kind == Kind::rbac)
      out[name] = typed_config("extensions.filters.http.rbac.v3.RBACPerRoute", {{"rbac", rbac(draw, true)}});
    else
      out[name] = http_filter(draw, kind);
  }
  return out;
}

json generate_network_rbac(Draw& draw) {
  json config = rbac(draw, false);
  config["stat_prefix"] = "network";
  return {{"name", "envoy.filters.network.rbac"},
          {"typed_config", typed_config("extensions.filters.network.rbac.v3.RBAC", std::move(config))}};
}

}  // namespace kumasim::test
