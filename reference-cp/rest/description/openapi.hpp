/// The REST API as an OpenAPI document, version 3.1.
#pragma once

#include <nlohmann/json.hpp>

namespace kumasim::cp {

/// Made from rest_operations(), the tables of kinds and answer_schemas(); the same every time.
nlohmann::json openapi_document();

}  // namespace kumasim::cp
