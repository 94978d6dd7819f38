/// What changed between two JSON documents, as a JSON Patch (RFC 6902).
#pragma once

#include <nlohmann/json.hpp>

namespace kumasim::cp::inspect {

/// Applied to `before` it gives `after`. Each removal or replacement is preceded by a `test` of the value that goes, so
/// that the patch shows both; members come in the order of their names.
nlohmann::json json_diff(const nlohmann::json& before, const nlohmann::json& after);

}  // namespace kumasim::cp::inspect
