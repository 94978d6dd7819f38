/// The legacy FaultInjection (Kuma docs, "Fault Injection").
#pragma once

#include <span>

#include "reference-cp/model/resource.hpp"

namespace envoy::extensions::filters::network::http_connection_manager::v3 {
class HttpConnectionManager;
}

namespace kumasim::cp {
class MeshView;
struct Inbound;

namespace policy::legacy::fault_injection {

/// A fault filter for each policy that has the inbound as destination, behind the filters that are there. Clients are
/// known by the header in which their proxies name their tags.
void add(::envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager& manager,
         const Inbound& inbound, const MeshView& mesh);
/// The same for these policies.
void add(::envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager& manager,
         std::span<const ResourcePtr> policies);

}  // namespace policy::legacy::fault_injection
}  // namespace kumasim::cp
