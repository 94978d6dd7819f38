/// Tokens of a mesh's Dataplanes, as an operator revokes them.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace kumasim::scenario {

/// The Secret that revokes these tokens, and no others (Kuma's manual, "Token revocation"). What is no token is left
/// out.
nlohmann::json revocation_of(const std::string& mesh, const std::vector<std::string>& tokens);

}  // namespace kumasim::scenario
