#include "reference-cp/xds/generate/traffic_route.hpp"

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/route/v3/route.pb.h>

#include "reference-cp/xds/json_read.hpp"

namespace kumasim::cp::generators {
namespace {

using ::envoy::config::cluster::v3::Cluster;
using ::envoy::config::core::v3::HeaderValueOption;

Tags resolve(const nlohmann::json& destination, const Tags& outbound) {
  Tags result;
  for (const auto& [tag, value] : tags_of(destination))
    if (value != "*") result.emplace(tag, value);
  result.insert(outbound.begin(), outbound.end());
  return result;
}

void header(const std::string& name, const nlohmann::json& matcher, envoy::Route& route) {
  auto& out = *route.mutable_match()->add_headers();
  out.set_name(name);
  if (matcher.contains("prefix")) out.set_prefix_match(text_at(matcher, "prefix"));
  if (matcher.contains("exact")) out.mutable_string_match()->set_exact(text_at(matcher, "exact"));
  if (matcher.contains("regex")) out.mutable_safe_regex_match()->set_regex(text_at(matcher, "regex"));
}

template <class Headers>
void add_headers(const nlohmann::json& add, Headers& out) {
  for (const nlohmann::json& from : add) {
    HeaderValueOption& option = *out.Add();
    option.mutable_header()->set_key(text_at(from, "name"));
    option.mutable_header()->set_value(text_at(from, "value"));
    option.set_append_action(flag_at(from, "append") ? HeaderValueOption::APPEND_IF_EXISTS_OR_ADD
                                                     : HeaderValueOption::OVERWRITE_IF_EXISTS_OR_ADD);
  }
}

template <class Rewrite>
void rewrite(const nlohmann::json& from, Rewrite& out) {
  out.mutable_pattern()->set_regex(text_at(from, "pattern"));
  out.set_substitution(text_at(from, "substitution"));
}

}  // namespace

std::vector<Share> shares(const nlohmann::json& conf, const Tags& outbound) {
  std::vector<Share> result;
  if (const nlohmann::json& one = at(conf, "destination"); one.is_object() && !one.empty()) {
    result.push_back({1, resolve(one, outbound)});
    return result;
  }
  for (const nlohmann::json& entry : at(conf, "split"))
    if (std::uint32_t weight = number_at(entry, "weight"))
      result.push_back({weight, resolve(at(entry, "destination"), outbound)});
  return result;
}

void traffic_route_match(const nlohmann::json& match, envoy::Route& route) {
  const nlohmann::json& path = at(match, "path");
  auto& out = *route.mutable_match();
  if (path.contains("exact"))
    out.set_path(text_at(path, "exact"));
  else if (path.contains("regex"))
    out.mutable_safe_regex()->set_regex(text_at(path, "regex"));
  else
    out.set_prefix(path.contains("prefix") ? text_at(path, "prefix") : "/");
  if (const nlohmann::json& headers = at(match, "headers"); headers.is_object())
    for (const auto& [name, matcher] : headers.items()) header(name, matcher, route);
  if (const nlohmann::json& method = at(match, "method"); method.is_object()) header(":method", method, route);
}

void traffic_route_modify(const nlohmann::json& modify, envoy::Route& route) {
  auto& action = *route.mutable_route();
  const nlohmann::json& path = at(modify, "path");
  if (path.contains("rewritePrefix")) action.set_prefix_rewrite(text_at(path, "rewritePrefix"));
  if (path.contains("regex")) rewrite(at(path, "regex"), *action.mutable_regex_rewrite());
  const nlohmann::json& host = at(modify, "host");
  if (host.contains("value")) action.set_host_rewrite_literal(text_at(host, "value"));
  if (host.contains("fromPath")) rewrite(at(host, "fromPath"), *action.mutable_host_rewrite_path_regex());
  add_headers(at(modify, "requestHeaders", "add"), *route.mutable_request_headers_to_add());
  for (const nlohmann::json& name : at(modify, "requestHeaders", "remove"))
    route.add_request_headers_to_remove(text_at(name, "name"));
  add_headers(at(modify, "responseHeaders", "add"), *route.mutable_response_headers_to_add());
  for (const nlohmann::json& name : at(modify, "responseHeaders", "remove"))
    route.add_response_headers_to_remove(text_at(name, "name"));
}

void traffic_route_balancer(const nlohmann::json& balancer, Cluster& cluster) {
  if (const nlohmann::json& least = at(balancer, "leastRequest"); least.is_object()) {
    cluster.set_lb_policy(Cluster::LEAST_REQUEST);
    std::uint32_t choices = number_at(least, "choiceCount");
    cluster.mutable_least_request_lb_config()->mutable_choice_count()->set_value(choices ? choices : 2);
  } else if (const nlohmann::json& ring = at(balancer, "ringHash"); ring.is_object()) {
    cluster.set_lb_policy(Cluster::RING_HASH);
    auto& config = *cluster.mutable_ring_hash_lb_config();
    if (text_at(ring, "hashFunction") == "MURMUR_HASH_2")
      config.set_hash_function(Cluster::RingHashLbConfig::MURMUR_HASH_2);
    config.mutable_minimum_ring_size()->set_value(number_at(ring, "minRingSize"));
    config.mutable_maximum_ring_size()->set_value(number_at(ring, "maxRingSize"));
  } else if (at(balancer, "random").is_object()) {
    cluster.set_lb_policy(Cluster::RANDOM);
  } else if (at(balancer, "maglev").is_object()) {
    cluster.set_lb_policy(Cluster::MAGLEV);
  }
}

}  // namespace kumasim::cp::generators
