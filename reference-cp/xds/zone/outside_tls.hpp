/// TLS from a zone egress to a MeshExternalService.
#pragma once

#include <string>

#include "reference-cp/xds/envoy/cluster.hpp"
#include "reference-cp/xds/mesh_view.hpp"

namespace kumasim::cp::zone {

/// As the service's `spec.tls` asks for; nothing where that is off. False where certificates cannot be read: without
/// them the service must not be reached. REQUIRES: the service has endpoints.
bool outside_tls(const MeshView& mesh, const Resource& service, const std::string& system_ca_path,
                 envoy::Cluster& cluster);

}  // namespace kumasim::cp::zone
