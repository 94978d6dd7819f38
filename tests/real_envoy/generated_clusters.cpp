#include "tests/real_envoy/generated_clusters.hpp"

#include <fmt/format.h>

namespace kumasim::test {
namespace {

using nlohmann::json;

constexpr std::uint16_t application_port = 8080, closed_port = 8081;
constexpr int machines = 6;
constexpr auto http_options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

std::string address_of(int machine) { return fmt::format("10.1.0.{}", machine); }

json endpoint_at(Draw& draw, int machine) {
  const auto port = draw.percent(8) ? closed_port : application_port;
  json out{{"endpoint", {{"address", {{"socket_address", {{"address", address_of(machine)}, {"port_value", port}}}}}}}};
  if (draw.percent(25)) out["health_status"] = draw.one_of({"UNHEALTHY", "DRAINING", "TIMEOUT", "HEALTHY", "DEGRADED"});
  if (draw.percent(20)) out["load_balancing_weight"] = draw.between(1, 2);
  if (draw.percent(70)) out["metadata"]["filter_metadata"]["envoy.lb"] = {{"version", draw.one_of({"v1", "v2"})}};
  return out;
}

json assignment_of(Draw& draw, const std::string& name, bool by_locality) {
  std::vector<int> free;
  for (int i = 1; i <= machines; ++i) free.push_back(i);
  draw.shuffle(free);
  json out{{"cluster_name", name}, {"endpoints", json::array()}};
  if (draw.percent(6)) return out;
  if (draw.percent(10)) out["policy"]["overprovisioning_factor"] = draw.between(100, 200);
  const auto priorities = draw.percent(30) ? draw.between(2, 3) : 1;
  for (std::uint64_t priority = 0; priority < priorities; ++priority) {
    const auto localities = by_locality ? draw.between(1, 2) : 1;
    for (std::uint64_t i = 0; i < localities; ++i) {
      json locality{{"priority", priority}, {"lb_endpoints", json::array()}};
      locality["locality"] = {{"region", "r"}, {"zone", fmt::format("z{}", i)}};
      if (by_locality && draw.percent(90)) locality["load_balancing_weight"] = draw.between(1, 3);
      const auto count = priorities == 1 && localities == 1 ? draw.between(1, 3) : draw.between(0, 2);
      for (std::uint64_t e = 0; e < count && !free.empty(); ++e) {
        locality["lb_endpoints"].push_back(endpoint_at(draw, free.back()));
        free.pop_back();
      }
      out["endpoints"].push_back(std::move(locality));
    }
  }
  return out;
}

void draw_balancer(Draw& draw, json& cluster) {
  const auto policy = draw.one_of({"ROUND_ROBIN", "ROUND_ROBIN", "LEAST_REQUEST", "RANDOM", "RING_HASH", "MAGLEV"});
  cluster["lb_policy"] = policy;
  if (policy == "RING_HASH") {
    cluster["ring_hash_lb_config"] = {{"minimum_ring_size", draw.between(8, 64)}};
    if (draw.percent(30)) cluster["ring_hash_lb_config"]["hash_function"] = "MURMUR_HASH_2";
  }
  if (policy == "MAGLEV") cluster["maglev_lb_config"] = {{"table_size", 101}};
  if (policy == "LEAST_REQUEST" && draw.percent(50)) cluster["least_request_lb_config"] = {{"choice_count", 3}};
  if (policy == "LEAST_REQUEST" && draw.percent(30))
    cluster["least_request_lb_config"]["active_request_bias"] = {{"default_value", draw.between(0, 2)},
                                                                 {"runtime_key", "bias"}};
  if (draw.percent(30))
    cluster["common_lb_config"]["healthy_panic_threshold"] = {{"value", draw.one_of(std::vector<int>{0, 30, 60, 100})}};
}

void draw_limits(Draw& draw, json& cluster) {
  if (draw.percent(12)) {
    json thresholds = json::object();
    for (const char* name :
         {"max_connections", "max_pending_requests", "max_requests", "max_retries", "max_connection_pools"})
      if (draw.percent(35)) thresholds[name] = draw.between(0, 3);
    cluster["circuit_breakers"]["thresholds"] = json::array({thresholds});
  }
  if (draw.percent(12)) {
    // Else its threads hear of a second ejection up to a second after the first.
    cluster["common_lb_config"]["update_merge_window"] = "0s";
    json& outlier = cluster["outlier_detection"];
    outlier = {{"interval", "3600s"}, {"base_ejection_time", "3600s"}, {"max_ejection_time", "7200s"}};
    outlier["consecutive_5xx"] = draw.between(1, 3);
    if (draw.percent(50)) outlier["consecutive_gateway_failure"] = draw.between(1, 2);
    if (draw.percent(50)) outlier["enforcing_consecutive_gateway_failure"] = 100;
    if (draw.percent(30)) outlier["enforcing_consecutive_5xx"] = 0;
    if (draw.percent(70)) outlier["max_ejection_percent"] = draw.one_of(std::vector<int>{34, 50, 100});
    if (draw.percent(30)) outlier["always_eject_one_host"] = true;
    if (draw.percent(30)) {
      outlier["split_external_local_origin_errors"] = true;
      outlier["consecutive_local_origin_failure"] = draw.between(1, 2);
    }
  }
}

void draw_subsets(Draw& draw, json& cluster) {
  if (!draw.percent(20)) return;
  json selector{{"keys", {"version"}}};
  if (draw.percent(50)) selector["fallback_policy"] = draw.one_of({"NO_FALLBACK", "ANY_ENDPOINT", "DEFAULT_SUBSET"});
  cluster["lb_subset_config"] = {{"fallback_policy", draw.one_of({"NO_FALLBACK", "ANY_ENDPOINT", "DEFAULT_SUBSET"})},
                                 {"default_subset", {{"version", draw.one_of({"v1", "v2", "v3"})}}},
                                 {"subset_selectors", json::array({selector})}};
}

void draw_protocol(Draw& draw, json& cluster) {
  const bool http2 = draw.percent(25);
  if (!http2 && draw.percent(75)) return;
  json& options = cluster["typed_extension_protocol_options"][http_options];
  options = {{"@type", std::string("type.googleapis.com/") + http_options}};
  options["explicit_http_config"][http2 ? "http2_protocol_options" : "http_protocol_options"] = json::object();
  if (draw.percent(30)) options["common_http_protocol_options"]["max_requests_per_connection"] = draw.between(1, 2);
}

}  // namespace

std::set<Application> generated_applications() {
  std::set<Application> out;
  for (int i = 1; i <= machines; ++i) out.insert({address_of(i), application_port});
  return out;
}

GeneratedClusters generate_clusters(Draw& draw) {
  GeneratedClusters out;
  const auto count = draw.between(3, 6);
  for (std::uint64_t i = 0; i < count; ++i) {
    json cluster{{"name", fmt::format("c{}", i)}, {"connect_timeout", "1s"}};
    const std::string name = cluster["name"];
    draw_balancer(draw, cluster);
    const bool by_locality = draw.percent(15) && cluster["lb_policy"] != "RANDOM";
    if (by_locality) cluster["common_lb_config"]["locality_weighted_lb_config"] = json::object();
    draw_limits(draw, cluster);
    draw_subsets(draw, cluster);
    draw_protocol(draw, cluster);
    json assignment = assignment_of(draw, name, by_locality);
    if (draw.percent(50)) {
      cluster["type"] = "STATIC";
      cluster["load_assignment"] = std::move(assignment);
    } else {
      cluster["type"] = "EDS";
      cluster["eds_cluster_config"]["eds_config"] = {{"ads", json::object()}, {"resource_api_version", "V3"}};
      out.assignments.push_back(std::move(assignment));
    }
    out.clusters.push_back(std::move(cluster));
    out.names.push_back(name);
  }
  return out;
}

}  // namespace kumasim::test
