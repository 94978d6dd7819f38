/// Changes that tests of both worlds apply, as they stand in a scenario file behind `- at: TIME`.
#pragma once

#include <string>

namespace kumasim::changes {

/// web's Envoy refuses the listener that has it: "missing ]".
inline const std::string refused_route = R"(    apply:
      type: MeshHTTPRoute
      mesh: default
      name: bad-pattern
      spec:
        targetRef: {kind: MeshService, name: web}
        to:
        - targetRef: {kind: MeshService, name: backend}
          rules: [{matches: [{path: {type: RegularExpression, value: "/api["}}], default: {}}]
)";

/// Changes the endpoints of web alone: their priorities.
inline const std::string endpoints_only = R"(    apply:
      type: MeshLoadBalancingStrategy
      mesh: default
      name: zones
      spec:
        targetRef: {kind: MeshService, name: web}
        to:
        - {targetRef: {kind: MeshService, name: backend}, default: {localityAwareness: {disabled: true}}}
)";

}  // namespace kumasim::changes
