/// The one list of kinds.
#include "reference-cp/model/kinds.hpp"

#include <array>

namespace kumasim::cp {

std::span<const Kind* const> kinds() {
  static const std::array list = {
      &kind::circuit_breaker(),
      &kind::config(),
      &kind::dataplane(),
      &kind::dataplane_insight(),
      &kind::external_service(),
      &kind::fault_injection(),
      &kind::global_secret(),
      &kind::health_check(),
      &kind::hostname_generator(),
      &kind::mesh(),
      &kind::mesh_access_log(),
      &kind::mesh_circuit_breaker(),
      &kind::mesh_external_service(),
      &kind::mesh_fault_injection(),
      &kind::mesh_gateway(),
      &kind::mesh_gateway_route(),
      &kind::mesh_http_route(),
      &kind::mesh_health_check(),
      &kind::mesh_identity(),
      &kind::mesh_insight(),
      &kind::mesh_load_balancing_strategy(),
      &kind::mesh_metric(),
      &kind::mesh_multi_zone_service(),
      &kind::mesh_passthrough(),
      &kind::mesh_proxy_patch(),
      &kind::mesh_rate_limit(),
      &kind::mesh_retry(),
      &kind::mesh_service(),
      &kind::mesh_tcp_route(),
      &kind::mesh_tls(),
      &kind::mesh_timeout(),
      &kind::mesh_trace(),
      &kind::mesh_traffic_permission(),
      &kind::mesh_trust(),
      &kind::proxy_template(),
      &kind::rate_limit(),
      &kind::retry(),
      &kind::secret(),
      &kind::service_insight(),
      &kind::timeout(),
      &kind::traffic_log(),
      &kind::traffic_permission(),
      &kind::traffic_route(),
      &kind::traffic_trace(),
      &kind::virtual_outbound(),
      &kind::zone(),
      &kind::zone_egress(),
      &kind::zone_egress_insight(),
      &kind::zone_ingress(),
      &kind::zone_ingress_insight(),
      &kind::zone_insight(),
  };
  return list;
}

const Kind* find_kind(std::string_view type) {
  for (const Kind* kind : kinds()) {
    if (kind->type() == type) return kind;
  }
  return nullptr;
}

const Kind* find_kind_by_path(std::string_view path) {
  if (path.empty()) return nullptr;
  for (const Kind* kind : kinds()) {
    if (kind->path() == path || kind->table().path_old == path) return kind;
  }
  return nullptr;
}

}  // namespace kumasim::cp
