/// JSON patches (RFC 6902) as Kuma applies them to Envoy's messages.
#pragma once

#include <nlohmann/json.hpp>

#include "kumasim/runtime/error.hpp"

namespace kumasim::cp::policy::mesh_proxy_patch {

/// One operation `{op, path, value, from}`. More lenient than the RFC, as Kuma is: `add` makes the objects and lists
/// that lead to its path, `remove` of what is not there changes nothing, a negative index counts from the end of a
/// list.
Result<> apply_json_patch(nlohmann::json& document, const nlohmann::json& operation);

}  // namespace kumasim::cp::policy::mesh_proxy_patch
