/// The legacy TrafficLog (Kuma docs, "Traffic Log").
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "reference-cp/xds/mesh_view.hpp"

namespace envoy::config::accesslog::v3 {
class AccessLog;
}
namespace envoy::config::listener::v3 {
class FilterChain;
}
namespace envoy::extensions::filters::network::http_connection_manager::v3 {
class HttpConnectionManager;
}

namespace kumasim::cp {
struct ProxyView;

namespace policy::legacy {

/// Logs of a proxy's outbound traffic: each service's where a policy has it as destination and the mesh has the backend
/// that it names.
class TrafficLogs {
 public:
  TrafficLogs(const ProxyView& proxy, const MeshView& mesh);

  /// Requests to a service.
  void add(const std::string& service,
           ::envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager& manager) const;
  /// Connections of the chain's TCP proxy to a service.
  void add(const std::string& service, ::envoy::config::listener::v3::FilterChain& chain) const;
  /// Connections that pass through to where no other listener is for; policies call that service `pass_through`.
  void add_pass_through(::envoy::config::listener::v3::FilterChain& chain) const;
  /// Connections to an instance by its address, under the listener's name; policies call that `pass_through` too.
  void add_direct_access(const std::string& listener, ::envoy::config::listener::v3::FilterChain& chain) const;
  /// What a builtin gateway's clients send, wherever it goes; policies call that service `pass_through` too.
  void add_gateway(
      ::envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager& manager) const;
  void add_gateway(::envoy::config::listener::v3::FilterChain& chain) const;

 private:
  using AccessLog = ::envoy::config::accesslog::v3::AccessLog;
  /// nullptr where the service's traffic is not logged.
  const nlohmann::json* backend(const std::string& service) const;
  AccessLog log(const nlohmann::json& backend, std::string format, const std::string& destination,
                const char* direction) const;
  /// Of connections, if the service's traffic is logged.
  void add_to_tcp(const std::string& service, const std::string& destination, const char* direction,
                  ::envoy::config::listener::v3::FilterChain& chain) const;

  const ProxyView& proxy_;
  const MeshView& mesh_;
  std::map<std::string, ResourcePtr> policies_;  ///< by service
};

}  // namespace policy::legacy
}  // namespace kumasim::cp
