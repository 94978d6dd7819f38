/// Where bytes come from: a secret, a file, the environment or the resource itself.
#pragma once

#include "reference-cp/model/schema.hpp"
#include "reference-cp/model/violation.hpp"

namespace kumasim::cp {

/// `{secret, inline, inlineString}` (Kuma: common_api.DataSource).
SchemaPtr plain_data_source_schema();

/// `{type, file, envVar, insecureInline, secretRef}` (Kuma: datasource_api.SecureDataSource).
SchemaPtr secure_data_source_schema();

/// The field that `type` names must be there and not empty.
void validate_secure_data_source(const nlohmann::json& source, const Path& path, Violations& out);

}  // namespace kumasim::cp
