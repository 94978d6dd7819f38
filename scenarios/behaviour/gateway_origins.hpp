/// Which resources decide what a builtin gateway does to calls at one of its doors.
#pragma once

#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "scenarios/behaviour/flow.hpp"

namespace kumasim::scenario {

/// Of one kind. Of a MeshHTTPRoute the one whose rule the call took, or where it took none all for the hostname; the
/// same of a MeshGatewayRoute without regard to its rules, which have no names.
/// REQUIRES: the way leads to a door.
std::vector<cp::ResourcePtr> gateway_origins(std::string_view type, const cp::MeshView& mesh, const WayIn& way,
                                             const CallFacts& flow);

/// What a MeshGateway says of the door's port, and its name: equal before and after where it is not the cause of a
/// change. Null where no MeshGateway is for the proxy.
nlohmann::json door_conf(const cp::MeshView& mesh, const WayIn& way);

}  // namespace kumasim::scenario
