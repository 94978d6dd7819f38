/// Whether a proxy is connected and takes traffic, as its Dataplane and its insight tell.
#pragma once

#include <cstdint>

#include <nlohmann/json_fwd.hpp>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/model/subscriptions.hpp"

namespace kumasim::cp {

enum class ProxyStatus : std::uint8_t { offline, partially_degraded, online };

/// Connected, and whether all, some or none of its inbounds take traffic; of a gateway only whether it is connected.
ProxyStatus proxy_status(const Resource& dataplane, const Resource* insight);

/// Numbers of proxies; protobuf's JSON leaves zeros out.
struct ProxyCounts {
  std::int64_t total = 0, online = 0, offline = 0, partially_degraded = 0;

  /// `times` -1 takes one away.
  void add(ProxyStatus status, int times = 1);
  void add(const ProxyCounts& other);
  nlohmann::json sparse() const;
};

}  // namespace kumasim::cp
