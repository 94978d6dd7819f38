/// What changed between two JSON documents, as a JSON Patch (RFC 6902).
#pragma once

#include <nlohmann/json.hpp>

namespace kumasim::cp::inspect {

/// Applied to `before` it gives `after`. A `test` of the value that goes precedes each removal, and of the neighbours
/// each change of a list's length, as in the patches of Kuma; members come in the order of their names.
nlohmann::json json_diff(const nlohmann::json& before, const nlohmann::json& after);

}  // namespace kumasim::cp::inspect
