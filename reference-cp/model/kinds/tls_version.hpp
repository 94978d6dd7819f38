/// Versions of TLS that a policy or a destination allows.
#pragma once

#include "reference-cp/model/schema.hpp"
#include "reference-cp/model/violation.hpp"

namespace kumasim::cp {

/// `{min, max}`, each TLSAuto by default.
SchemaPtr tls_version_schema();

/// The least must not be above the greatest.
void validate_tls_version(const nlohmann::json& version, const Path& path, Violations& out);

}  // namespace kumasim::cp
