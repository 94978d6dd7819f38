/// What is counted of a mesh's proxies and services for MeshInsights and ServiceInsights: a function of what is stored.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "reference-cp/model/resource.hpp"

namespace kumasim::cp {

/// Numbers of proxies; protobuf's JSON leaves zeros out.
struct ProxyCounts {
  std::uint32_t total = 0, online = 0, offline = 0, partially_degraded = 0;

  void add(const ProxyCounts& other);
  nlohmann::json sparse() const;
  nlohmann::json full() const;
};

enum class ProxyStatus : std::uint8_t { offline, partially_degraded, online };

/// Some stream of the insight's proxy, or zone, has begun and not ended. False for nullptr.
bool is_connected(const Resource* insight);

/// Connected, and whether all, some or none of its inbounds take traffic; of a gateway only whether it is connected.
ProxyStatus proxy_status(const Resource& dataplane, const Resource* insight);

/// The proxies and services of one mesh as they are stored.
struct MeshInventory {
  std::vector<ResourcePtr> dataplanes, external_services;
  std::map<std::string, ResourcePtr> insights;  ///< DataplaneInsights by name

  const Resource* insight_of(const Resource& dataplane) const;
};

struct MeshCounts {
  ProxyCounts all, standard, gateway_builtin, gateway_delegated;
  std::map<std::string, ProxyCounts> kuma_dp, envoy;     ///< by version, "unknown" where it was not said
  std::map<std::string, ProxyCounts> issued, supported;  ///< by backend of the mesh's CA
  std::size_t internal = 0, external = 0;                ///< services

  nlohmann::json dp_versions() const;
  nlohmann::json mtls() const;
  nlohmann::json services() const;
};
MeshCounts count_mesh(const MeshInventory& inventory);

/// Service -> its entry in a ServiceInsight. `address_of_service` follows an internal service's name: ".mesh:80".
std::map<std::string, nlohmann::json> service_insights(const MeshInventory& inventory,
                                                       const std::string& address_of_service);

}  // namespace kumasim::cp
