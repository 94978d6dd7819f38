/// The legacy TrafficTrace (Kuma docs, "Traffic Trace").
#pragma once

#include <string>

#include "reference-cp/policy/conf_read.hpp"

namespace envoy::extensions::filters::network::http_connection_manager::v3 {
class HttpConnectionManager;
}

namespace kumasim::cp {
class MeshView;
class ResourceSet;
struct ProxyView;

namespace policy::legacy {

/// Tracing of one proxy to a backend of its mesh; it does nothing where no policy selects the proxy or the mesh does
/// not have the backend that the policy names.
class TrafficTrace {
 public:
  using HttpManager = ::envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager;

  TrafficTrace(const ProxyView& proxy, const MeshView& mesh);

  /// Requests to the application behind an inbound of `service`.
  void trace_inbound(const std::string& service, HttpManager& manager) const;
  /// Requests of the proxy's application to a service.
  void trace_outbound(const std::string& destination, HttpManager& manager) const;
  /// Requests of a builtin gateway's clients; the gateway is a span of its own.
  void trace_gateway(HttpManager& manager) const;
  /// The cluster of the backend.
  void add_cluster(ResourceSet& resources) const;

 private:
  bool on() const { return backend_.is_object(); }
  void trace(const std::string& service, HttpManager& manager) const;
  std::string cluster_name() const;
  bool splits_services() const;  ///< Datadog tells directions and peers apart where that is wanted

  const ProxyView& proxy_;
  nlohmann::json backend_;
};

}  // namespace policy::legacy
}  // namespace kumasim::cp
