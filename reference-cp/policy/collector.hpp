/// Servers outside of the mesh that proxies report to: tracing and logging backends.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace envoy::config::cluster::v3 {
class Cluster;
}

namespace kumasim::cp {
struct ProxyView;

namespace policy {

struct CollectorAddress {
  std::string host;
  std::uint32_t port = 0;
  auto operator<=>(const CollectorAddress&) const = default;
};

/// "host:port" or "host", whose port is then OTLP's 4317.
CollectorAddress otlp_address(std::string_view endpoint);

struct CollectorOptions {
  bool http2 = false;
  bool tls = false;  ///< without verification, as Kuma has no setting for the CA
};

/// A cluster with the one fixed endpoint.
std::unique_ptr<::envoy::config::cluster::v3::Cluster> collector_cluster(const std::string& name,
                                                                         const CollectorAddress& address,
                                                                         const ProxyView& proxy,
                                                                         const CollectorOptions& options);

/// Where resources are named in the unified way: every character but lower case letters, digits, '-' and '_' becomes
/// '-'.
std::string clean_name(std::string_view name);

}  // namespace policy
}  // namespace kumasim::cp
