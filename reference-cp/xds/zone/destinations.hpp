/// Which shares of legacy services clients of other proxies can ask for: every server name that a route can produce.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "reference-cp/xds/mesh_view.hpp"

namespace kumasim::cp::zone {

/// kuma.io/service -> tags of its shares, in Kuma's order; those under "*" are of every service. `available`: services
/// of the mesh as in a ZoneIngress' `availableServices`.
using Shares = std::map<std::string, std::vector<Tags>, std::less<>>;
Shares shares(const MeshView& mesh, const std::vector<nlohmann::json>& available);

/// The shares of one service: its own, then those of every service.
std::vector<Tags> shares_of(const Shares& all, const std::string& service);

}  // namespace kumasim::cp::zone
