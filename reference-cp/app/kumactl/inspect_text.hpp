/// How kumactl lays out answers of the Inspect API for people; the layout is Kuma's.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace kumasim::cp {

/// The policies attached to a proxy, part by part; of a builtin gateway, route by route.
std::string attached_policies_text(const nlohmann::json& answer);

/// The proxies that a policy is attached to, and where.
std::string attached_dataplanes_text(const nlohmann::json& answer);

/// The proxies of a MeshGateway.
std::string gateway_dataplanes_text(const nlohmann::json& answer);

}  // namespace kumasim::cp
