/// Rules of MeshProxyPatch: which fields go with which operation, and Envoy resources that are written as text.
#pragma once

#include "reference-cp/model/kind.hpp"

namespace kumasim::cp {

void validate_proxy_patch(const Resource& resource, Violations& out);

/// Changes by JSON patch (RFC 6902).
void validate_json_patches(const nlohmann::json& patches, const Path& path, Violations& out);

}  // namespace kumasim::cp
