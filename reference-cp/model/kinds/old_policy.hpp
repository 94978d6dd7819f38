/// What the kinds that Kuma keeps in protobuf have in common.
#pragma once

#include <string>

#include "reference-cp/model/kind.hpp"

namespace kumasim::cp {

/// `[{match: tags}]`.
SchemaPtr selectors_schema();

/// google.protobuf.Struct.
SchemaPtr struct_schema();

/// The table of a kind whose specification is inlined at the top level.
KindTable flat_table(std::string type, std::string singular, std::string plural, std::string short_name);

}  // namespace kumasim::cp
