/// What the kinds that Kuma keeps in protobuf have in common.
#pragma once

#include <string>

#include "reference-cp/model/kind.hpp"

namespace kumasim::cp {

/// `[{match: tags}]`.
SchemaPtr selectors_schema();

/// google.protobuf.Struct.
SchemaPtr struct_schema();

/// kuma.system.v1alpha1.DataSource: a secret, a file or the bytes themselves.
SchemaPtr data_source_schema();

/// kuma.mesh.v1alpha1.EnvoyAdmin.
SchemaPtr envoy_admin_schema();

/// kuma.mesh.v1alpha1.HttpMethod.
SchemaPtr http_method_schema();

/// kuma.mesh.v1alpha1.DiscoverySubscription: one stream of a proxy to a control plane.
SchemaPtr subscription_schema();

/// The table of a kind whose specification is inlined at the top level.
KindTable flat_table(std::string type, std::string singular, std::string plural, std::string short_name);

/// The table of a policy with `sources` and `destinations`; `conf` may be null.
KindTable old_policy_table(std::string type, std::string singular, std::string plural, SchemaPtr conf);

}  // namespace kumasim::cp
