/// Regrouping of endpoints.
#include "reference-cp/policy/mesh_load_balancing_strategy/locality.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <envoy/config/endpoint/v3/endpoint.pb.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reference-cp/xds/envoy/cluster.hpp"

namespace kumasim::cp::policy::mesh_load_balancing_strategy {
namespace {

using ::envoy::config::endpoint::v3::LbEndpoint;

constexpr std::uint32_t overprovisioning_default = 200;

std::uint32_t nonlocal_priority(const Conf& conf) { return conf.locality && conf.locality->disabled ? 0 : 1; }

Endpoint read(const LbEndpoint& from) {
  Endpoint endpoint;
  endpoint.weight = from.load_balancing_weight().value();
  const auto& address = from.endpoint().address();
  endpoint.unix_path = address.pipe().path();
  endpoint.address = address.socket_address().address();
  endpoint.port = address.socket_address().port_value();
  const auto& metadata = from.metadata().filter_metadata();
  if (auto tags = metadata.find("envoy.lb"); tags != metadata.end())
    for (const auto& [key, value] : tags->second.fields()) endpoint.tags[key] = value.string_value();
  return endpoint;
}

/// A rule of `failover` that is for the client's zone, with its priority: its place in the list.
struct Group {
  const Failover* rule;
  std::uint32_t priority;

  bool takes(const std::string& zone) const {
    if (rule->to == "Any") return true;
    if (rule->to == "Only") return rule->zones.contains(zone);
    return rule->to == "AnyExcept" && !rule->zones.contains(zone);
  }
};

std::vector<Group> groups(const LocalityAwareness& locality, const std::string& zone) {
  std::vector<Group> list;
  std::uint32_t priority = 0;
  if (!locality.cross_zone) return list;
  for (const Failover& rule : *locality.cross_zone) {
    ++priority;
    if (!rule.from || rule.from->contains(zone)) list.push_back({&rule, priority});
  }
  return list;
}

/// The first affinity tag whose value endpoint and client share makes a sub-zone.
Locality local(const Endpoint& endpoint, const LocalityAwareness& locality, const Client& client) {
  if (locality.local_zone)
    for (const AffinityTag& tag : *locality.local_zone) {
      auto wanted = client.tags.find(tag.key), found = endpoint.tags.find(tag.key);
      if (wanted == client.tags.end() || found == endpoint.tags.end() || wanted->second != found->second) continue;
      return {client.zone, tag.key + "=" + found->second, 0, tag.weight};
    }
  return {client.zone, {}, 0, 1};
}

/// The name of the locality tells the egress's endpoints of different confs apart.
Locality behind_egress(const std::vector<Group>& groups) {
  std::string text;
  for (const auto& [rule, priority] : groups) {
    std::string zones = fmt::format("{}", fmt::join(rule->zones, ","));
    if (rule->to == "Only") text += fmt::format("{}:{};", priority, zones);
    if (rule->to == "Any") text += fmt::format("{}:Any;", priority);
    if (rule->to == "AnyExcept") text += fmt::format("{}:AnyExcept:{};", priority, zones);
  }
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  unsigned char base64[4 * (SHA256_DIGEST_LENGTH / 3 + 1) + 1];
  EVP_EncodeBlock(base64, digest, SHA256_DIGEST_LENGTH);
  return {"egress_" + std::string(reinterpret_cast<const char*>(base64), 8), {}, 1, 0};
}

/// Endpoints of zones that no rule names are left out.
std::vector<Endpoint> regroup(const LoadAssignment& assignment, const LocalityAwareness& locality,
                              const Client& client) {
  std::vector<Group> failover = groups(locality, client.zone);
  std::vector<Endpoint> list;
  for (const auto& group : assignment.endpoints())
    for (const LbEndpoint& each : group.lb_endpoints()) {
      Endpoint endpoint = read(each);
      auto tag = endpoint.tags.find("kuma.io/zone");
      std::string zone = tag == endpoint.tags.end() ? std::string() : tag->second;
      if (zone == client.zone) {
        endpoint.locality = local(endpoint, locality, client);
      } else if (client.egress) {
        endpoint.locality = behind_egress(failover);
      } else {
        for (const Group& rule : failover)
          if (!endpoint.locality && rule.takes(zone)) endpoint.locality = Locality{zone, {}, rule.priority, 0};
        if (!endpoint.locality) continue;
      }
      list.push_back(std::move(endpoint));
    }
  return list;
}

/// Below which share of healthy endpoints the next priority gets requests, as Envoy counts it: in hundredths, rounded
/// up, so that a share of just the threshold keeps them all; the next begins up to one point lower than asked.
/// Kuma 2.12 keeps whole times, by which each threshold of more than 50 % acts as 100 % (scenarios/museum).
std::uint32_t overprovisioning(const LocalityAwareness& locality) {
  const double percentage = locality.failover_threshold.value_or(0);
  if (percentage == 0) return overprovisioning_default;
  constexpr double most = std::numeric_limits<std::uint32_t>::max();
  return std::uint32_t(std::min(std::ceil(10'000 / percentage - 1e-9), most));
}

}  // namespace

bool changes_priority(const Conf& conf, const Client& client, const Locality& locality) {
  return locality.zone != client.zone && locality.priority != nonlocal_priority(conf);
}

void set_localities(LoadAssignment& assignment, const Conf& conf, const Client& client) {
  for (auto& group : *assignment.mutable_endpoints())
    if (group.has_locality() && group.locality().zone() != client.zone) group.set_priority(nonlocal_priority(conf));
  if (!conf.locality || !conf.locality->has_groups()) return;
  auto regrouped = envoy::load_assignment(assignment.cluster_name(), regroup(assignment, *conf.locality, client));
  *assignment.mutable_endpoints() = std::move(*regrouped->mutable_endpoints());
  assignment.mutable_policy()->mutable_overprovisioning_factor()->set_value(overprovisioning(*conf.locality));
}

}  // namespace kumasim::cp::policy::mesh_load_balancing_strategy
