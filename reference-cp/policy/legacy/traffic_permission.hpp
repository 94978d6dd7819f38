/// The legacy TrafficPermission (Kuma docs, "Traffic Permissions").
#pragma once

#include <string>

namespace envoy::config::rbac::v3 {
class RBAC;
}

namespace kumasim::cp {
class ResourceSet;
class MeshView;
struct ProxyView;
struct Resource;

namespace policy::legacy::traffic_permission {

/// Whom one permission lets in.
::envoy::config::rbac::v3::RBAC rules_of(const Resource& permission, const std::string& mesh);

/// Some inbound of the proxy is a destination of a TrafficPermission.
bool is_used(const ProxyView& proxy, const MeshView& mesh);

/// With mutual TLS on, puts the network RBAC filter of the best permission in front of every TLS chain of an inbound;
/// one that lets nobody in where there is none. MeshTrafficPermission takes these out again where it speaks.
void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh);

}  // namespace policy::legacy::traffic_permission
}  // namespace kumasim::cp
