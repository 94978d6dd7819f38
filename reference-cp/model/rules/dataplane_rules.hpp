/// Rules of Dataplane resources.
#pragma once

#include "reference-cp/model/kind.hpp"

namespace kumasim::cp {

void validate_dataplane(const Resource& resource, Violations& out);

/// "gateway" for a builtin one, else "sidecar": what the CP writes into the label kuma.io/proxy-type.
const char* dataplane_proxy_type(const nlohmann::json& spec);

}  // namespace kumasim::cp
