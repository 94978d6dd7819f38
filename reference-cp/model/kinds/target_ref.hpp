/// The parts of a schema that all targetRef policies share.
#pragma once

#include <string>
#include <vector>

#include "reference-cp/model/kind.hpp"

namespace kumasim::cp {

/// A reference to proxies or destinations (Kuma: common_api.TargetRef).
SchemaPtr target_ref_schema();

/// A targetRef with weight and port.
SchemaPtr backend_ref_schema();

/// How a header is matched.
SchemaPtr header_match_schema();

/// A header's name as Envoy takes it: lower case.
SchemaPtr header_name_schema();

/// `[{targetRef, default}]`, what `to` and `from` are in most policies.
SchemaPtr target_list_schema(SchemaPtr conf, std::string text);

/// `[{default}]`.
SchemaPtr rule_list_schema(SchemaPtr conf);

/// The table of a targetRef policy with the marks that all have in common.
KindTable policy_table(std::string type, std::string singular, std::string plural, std::string short_name);

}  // namespace kumasim::cp
