/// The legacy HealthCheck (Kuma docs, "Health Check").
#pragma once

#include <string_view>

namespace envoy::config::cluster::v3 {
class Cluster;
}

namespace kumasim::cp {
struct Resource;

namespace policy::legacy::health_check {

/// An active health check of a cluster whose service speaks `protocol`, and what happens while few hosts are healthy. A
/// policy that names no probe tries to connect.
void configure(const Resource& policy, std::string_view protocol, ::envoy::config::cluster::v3::Cluster& cluster);

}  // namespace policy::legacy::health_check
}  // namespace kumasim::cp
