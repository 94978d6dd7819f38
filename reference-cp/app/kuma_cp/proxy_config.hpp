/// What a proxy would be sent, for people to read: GET /meshes/MESH/dataplanes/NAME/_config.
#pragma once

#include <nlohmann/json.hpp>

#include "kumasim/runtime/error.hpp"
#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/mesh_view.hpp"

namespace kumasim::cp {

/// `{type URL: {name: resource}}`, with stand-ins for certificates and keys. `metadata` is what the proxy's Envoy said
/// of itself. With `shadow`, policies marked `kuma.io/effect: shadow` count too. A part of a resource whose message
/// this program does not know is named by its type and left out.
nlohmann::json proxy_config(const MeshView& mesh, ResourcePtr dataplane, const nlohmann::json& metadata, bool shadow);

}  // namespace kumasim::cp
