/// The one list of kinds.
#include "reference-cp/model/kinds.hpp"

#include <array>

namespace kumasim::cp {

std::span<const Kind* const> kinds() {
  static const std::array<const Kind*, 16> list = {
      &kind::dataplane(),    &kind::dataplane_insight(),    &kind::global_secret(),   &kind::hostname_generator(),
      &kind::mesh(),         &kind::mesh_circuit_breaker(), &kind::mesh_http_route(), &kind::mesh_retry(),
      &kind::mesh_service(), &kind::mesh_tcp_route(),       &kind::mesh_timeout(),    &kind::mesh_traffic_permission(),
      &kind::secret(),       &kind::traffic_permission(),   &kind::traffic_route(),   &kind::zone(),
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
