/// Headers that a policy sets or adds: pairs of a name and a value.
#pragma once

#include "reference-cp/model/schema.hpp"

namespace kumasim::cp {

/// `{set: [{name, value}], add: [{name, value}]}`, at most 16 of each.
SchemaPtr header_pairs_schema();

}  // namespace kumasim::cp
