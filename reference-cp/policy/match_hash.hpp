/// Kuma's name for the matches of a MeshHTTPRoute rule.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace kumasim::cp::policy {

/// base64 of SHA-256 of the matches as Go's encoding/json writes Kuma's structs (fields in their order, HTML escaped).
std::string match_hash(const nlohmann::json& matches);

}  // namespace kumasim::cp::policy
