/// Every kind that the control plane knows, in one list; nothing registers itself.
#pragma once

#include <span>
#include <string_view>

#include "reference-cp/model/kind.hpp"

namespace kumasim::cp {

/// In the order of their type names.
std::span<const Kind* const> kinds();

/// The kind of this type name ("MeshTimeout"), or nullptr.
const Kind* find_kind(std::string_view type);

/// The kind of this REST path ("meshtimeouts"), or nullptr.
const Kind* find_kind_by_path(std::string_view path);

/// One accessor a kind, for code that names one.
namespace kind {

const Kind& mesh();
const Kind& dataplane();
const Kind& dataplane_insight();
const Kind& zone();
const Kind& secret();
const Kind& global_secret();
const Kind& traffic_route();
const Kind& traffic_permission();
const Kind& mesh_traffic_permission();
const Kind& mesh_tcp_route();
const Kind& mesh_timeout();
const Kind& mesh_http_route();
const Kind& mesh_service();
const Kind& mesh_retry();
const Kind& mesh_circuit_breaker();
const Kind& hostname_generator();
const Kind& mesh_access_log();
const Kind& mesh_external_service();
const Kind& mesh_fault_injection();
const Kind& mesh_health_check();
const Kind& mesh_identity();
const Kind& mesh_load_balancing_strategy();
const Kind& mesh_metric();
const Kind& mesh_multi_zone_service();
const Kind& mesh_passthrough();
const Kind& mesh_proxy_patch();
const Kind& mesh_rate_limit();
const Kind& mesh_tls();
const Kind& mesh_trace();
const Kind& mesh_trust();
const Kind& circuit_breaker();
const Kind& config();
const Kind& external_service();
const Kind& fault_injection();
const Kind& health_check();
const Kind& mesh_gateway();
const Kind& mesh_gateway_route();
const Kind& mesh_insight();
const Kind& proxy_template();
const Kind& rate_limit();
const Kind& retry();
const Kind& service_insight();
const Kind& timeout();
const Kind& traffic_log();
const Kind& traffic_trace();
const Kind& virtual_outbound();
const Kind& zone_egress();
const Kind& zone_egress_insight();
const Kind& zone_ingress();
const Kind& zone_ingress_insight();
const Kind& zone_insight();

}  // namespace kind
}  // namespace kumasim::cp
