/// MeshLoadBalancingStrategy's conf from JSON.
#include "reference-cp/policy/mesh_load_balancing_strategy/spec.hpp"

#include "reference-cp/policy/conf_read.hpp"

namespace kumasim::cp::policy::mesh_load_balancing_strategy {
namespace {

using Json = nlohmann::json;

std::set<std::string> zones_at(const Json& json) {
  std::set<std::string> zones;
  for (const Json& zone : list_at(json, "zones")) zones.insert(zone.get<std::string>());
  return zones;
}

/// Without a weight each tag gets nine times as much as the next one.
std::vector<AffinityTag> affinity_tags(const Json& list) {
  std::vector<AffinityTag> tags;
  std::uint32_t weight = 9;
  for (std::size_t i = 1; i < list.size(); ++i) weight *= 10;
  for (const Json& tag : list) {
    tags.push_back({text_at(tag, "key"), optional_number_at(tag, "weight").value_or(weight)});
    weight /= 10;
  }
  return tags;
}

std::vector<Failover> failovers(const Json& list) {
  std::vector<Failover> rules;
  for (const Json& json : list) {
    Failover rule{{}, text_at(json, "to", "type"), zones_at(at(json, "to"))};
    if (at(json, "from").is_object()) rule.from = zones_at(at(json, "from"));
    rules.push_back(std::move(rule));
  }
  return rules;
}

LocalityAwareness read_locality(const Json& json) {
  LocalityAwareness locality;
  locality.disabled = flag_at(json, "disabled");
  if (const Json& local = at(json, "localZone"); local.is_object())
    locality.local_zone = affinity_tags(list_at(local, "affinityTags"));
  if (const Json& cross = at(json, "crossZone"); cross.is_object()) {
    locality.cross_zone = failovers(list_at(cross, "failover"));
    locality.failover_threshold = decimal_at(at(cross, "failoverThreshold"), "percentage");
  }
  return locality;
}

/// `ringHash` for RingHash, and so on.
const Json& part_of(const Json& balancer) {
  static const Json none;
  std::string type = text_at(balancer, "type");
  if (type == "LeastRequest") return at(balancer, "leastRequest");
  if (type == "RingHash") return at(balancer, "ringHash");
  if (type == "Maglev") return at(balancer, "maglev");
  return none;
}

LoadBalancer read_balancer(const Json& json) {
  const Json& part = part_of(json);
  return {.type = text_at(json, "type"),
          .configured = part.is_object(),
          .choice_count = optional_number_at(part, "choiceCount"),
          .ring_min = optional_number_at(part, "minRingSize"),
          .ring_max = optional_number_at(part, "maxRingSize"),
          .table_size = optional_number_at(part, "tableSize"),
          .active_request_bias = decimal_at(part, "activeRequestBias"),
          .hash_function = optional_text_at(part, "hashFunction")};
}

HashPolicy read_hash_policy(const Json& json) {
  HashPolicy policy;
  policy.type = text_at(json, "type");
  if (at(json, "terminal").is_boolean()) policy.terminal = flag_at(json, "terminal");
  const char* field = policy.type == "Header"           ? "header"
                      : policy.type == "Cookie"         ? "cookie"
                      : policy.type == "Connection"     ? "connection"
                      : policy.type == "QueryParameter" ? "queryParameter"
                                                        : "filterState";
  const Json& part = at(json, field);
  policy.given = part.is_object();
  policy.name = text_at(part, policy.type == "FilterState" ? "key" : "name");
  policy.cookie_path = text_at(part, "path");
  policy.cookie_ttl = duration_at(part, "ttl");
  policy.source_ip = flag_at(part, "sourceIP");
  return policy;
}

/// The conf's own ones go before those of its load balancer (which are the older place for them).
const Json& written_hash_policies(const Json& json) {
  if (at(json, "hashPolicies").is_array()) return at(json, "hashPolicies");
  std::string type = text_at(json, "loadBalancer", "type");
  if (type != "RingHash" && type != "Maglev") return list_at(Json(), "");
  return list_at(part_of(at(json, "loadBalancer")), "hashPolicies");
}

}  // namespace

Conf Conf::from_json(const Json& json) {
  Conf conf;
  if (const Json& locality = at(json, "localityAwareness"); locality.is_object())
    conf.locality = read_locality(locality);
  if (const Json& balancer = at(json, "loadBalancer"); balancer.is_object()) conf.balancer = read_balancer(balancer);
  for (const Json& policy : written_hash_policies(json)) conf.hash_policies.push_back(read_hash_policy(policy));
  return conf;
}

}  // namespace kumasim::cp::policy::mesh_load_balancing_strategy
