/// Envoy's access logs for MeshAccessLog's backends.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reference-cp/policy/collector.hpp"
#include "reference-cp/policy/mesh_access_log/format.hpp"
#include "reference-cp/policy/mesh_access_log/spec.hpp"

namespace envoy::config::accesslog::v3 {
class AccessLog;
}
namespace envoy::config::listener::v3 {
class Listener;
}

namespace kumasim::cp {
class ResourceSet;

namespace policy::mesh_access_log {

using AccessLog = ::envoy::config::accesslog::v3::AccessLog;

/// Makes the logs of one proxy, and remembers the collectors that they need.
class Logs {
 public:
  explicit Logs(const ProxyView& proxy);

  /// One for each backend; `format` is for those that have none of their own.
  std::vector<AccessLog> make(std::span<const Backend> backends, std::string_view format, const Subject& subject);
  /// A cluster for each collector that has been asked for.
  void add_clusters(ResourceSet& resources) const;

 private:
  AccessLog make(const TcpBackend& backend, std::string_view format, const Subject& subject);
  AccessLog make(const FileBackend& backend, std::string_view format, const Subject& subject);
  AccessLog make(const OtlpBackend& backend, std::string_view format, const Subject& subject);
  const std::string& cluster_for(const CollectorAddress& address);

  const ProxyView& proxy_;
  std::string socket_;  ///< where kuma-dp takes lines for TCP backends
  std::map<CollectorAddress, std::string> clusters_;
};

/// To every HTTP connection manager and TCP proxy of the listener.
void add(::envoy::config::listener::v3::Listener& listener, std::span<const AccessLog> logs);

}  // namespace policy::mesh_access_log
}  // namespace kumasim::cp
