/// Shapes of what the REST API answers and takes beyond resources.
#pragma once

#include <map>
#include <string>

#include "reference-cp/model/schema.hpp"

namespace kumasim::cp {

/// By the names that rest_operations() uses.
std::map<std::string, SchemaPtr> answer_schemas();

}  // namespace kumasim::cp
