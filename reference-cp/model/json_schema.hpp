/// A schema as JSON Schema (the dialect of OpenAPI 3.1; Kubernetes' dialect is made from it).
#pragma once

#include <nlohmann/json.hpp>

#include "reference-cp/model/kind.hpp"

namespace kumasim::cp {

/// One fragment; `required`, `default`, `enum`, `pattern` and ranges are those of the table, the text is `description`.
nlohmann::json schema_to_json_schema(const Schema& schema);

/// The whole resource of a kind in the Universal form.
nlohmann::json kind_to_json_schema(const Kind& kind);

}  // namespace kumasim::cp
