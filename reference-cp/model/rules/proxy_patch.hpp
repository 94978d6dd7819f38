/// Rules of MeshProxyPatch: which fields go with which operation.
#pragma once

#include "reference-cp/model/rules/envoy_text.hpp"

namespace kumasim::cp {

/// All of the kind's rules; `texts` gets Envoy's resources that are written in it.
void validate_proxy_patch(const Resource& resource, Violations& out, EnvoyTexts& texts);

/// Changes by JSON patch (RFC 6902).
void validate_json_patches(const nlohmann::json& patches, const Path& path, Violations& out);

}  // namespace kumasim::cp
