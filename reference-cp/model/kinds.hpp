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

}  // namespace kind
}  // namespace kumasim::cp
