/// Envoy's tracing of one proxy, as MeshTrace has it.
#pragma once

#include <string>

#include "reference-cp/policy/collector.hpp"
#include "reference-cp/policy/mesh_trace/spec.hpp"

namespace envoy::config::listener::v3 {
class Listener;
}

namespace kumasim::cp::policy::mesh_trace {

class Tracing {
 public:
  /// REQUIRES: the conf is on.
  Tracing(Conf conf, const ProxyView& proxy);

  /// Every HTTP connection manager of the listener. `destination` is the service behind it, empty where there is no
  /// one.
  void configure(::envoy::config::listener::v3::Listener& listener, const std::string& destination) const;

  const std::string& cluster_name() const { return cluster_name_; }
  std::unique_ptr<::envoy::config::cluster::v3::Cluster> cluster(const ProxyView& proxy) const;

 private:
  Conf conf_;
  std::string service_;
  bool is_gateway_ = false;
  std::string cluster_name_;
  CollectorAddress address_;
  CollectorOptions options_;
  std::string path_, authority_;  ///< of a Zipkin collector's URL
};

}  // namespace kumasim::cp::policy::mesh_trace
