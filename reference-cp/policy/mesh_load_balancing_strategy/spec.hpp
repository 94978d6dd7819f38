/// MeshLoadBalancingStrategy's conf (Kuma docs, "MeshLoadBalancingStrategy").
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/time.hpp"

namespace kumasim::cp::policy::mesh_load_balancing_strategy {

/// Endpoints of the own zone that share this tag's value with the proxy get this share of the requests.
struct AffinityTag {
  std::string key;
  std::uint32_t weight = 0;
};

/// Where requests may go once the zones before have too few endpoints.
struct Failover {
  std::optional<std::set<std::string>> from;  ///< zones whose proxies it is for; absent: all
  std::string to;                             ///< None, Only, Any, AnyExcept
  std::set<std::string> zones;
};

struct LocalityAwareness {
  bool disabled = false;
  std::optional<std::vector<AffinityTag>> local_zone;
  std::optional<std::vector<Failover>> cross_zone;
  std::optional<double> failover_threshold;  ///< percent

  /// Endpoints are grouped anew, by what follows.
  bool has_groups() const { return local_zone || cross_zone; }
};

struct LoadBalancer {
  std::string type;  ///< RoundRobin, LeastRequest, RingHash, Random, Maglev
  bool configured = false;
  std::optional<std::uint32_t> choice_count, ring_min, ring_max, table_size;
  std::optional<double> active_request_bias;
  std::optional<std::string> hash_function;
};

struct HashPolicy {
  std::string type;  ///< Header, Cookie, Connection, SourceIP, QueryParameter, FilterState
  std::optional<bool> terminal;
  std::string name;  ///< of the header, cookie or parameter; the key of the filter state
  std::string cookie_path;
  std::optional<Duration> cookie_ttl;
  bool source_ip = false;
  bool given = false;  ///< the part that its type asks for is there
};

struct Conf {
  std::optional<LocalityAwareness> locality;
  std::optional<LoadBalancer> balancer;
  std::vector<HashPolicy> hash_policies;

  static Conf from_json(const nlohmann::json& json);
};

}  // namespace kumasim::cp::policy::mesh_load_balancing_strategy
