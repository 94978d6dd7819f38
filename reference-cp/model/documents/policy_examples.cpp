/// Examples of targetRef policies.
#include "reference-cp/model/documents/example_lists.hpp"

namespace kumasim::cp::examples {

const List& policies() {
  static const List out = {
      {"MeshAccessLog", R"(type: MeshAccessLog
mesh: default
name: to-file
spec:
  targetRef:
    kind: Mesh
  rules:
  - default:
      backends:
      - type: File
        file:
          path: /dev/stdout
)"},
      {"MeshCircuitBreaker", R"(type: MeshCircuitBreaker
mesh: default
name: limits
spec:
  to:
  - targetRef:
      kind: MeshService
      name: backend
    default:
      connectionLimits:
        maxConnections: 100
      outlierDetection:
        interval: 5s
        baseEjectionTime: 30s
        detectors:
          totalFailures:
            consecutive: 10
)"},
      {"MeshFaultInjection", R"(type: MeshFaultInjection
mesh: default
name: slow-backend
spec:
  targetRef:
    kind: Dataplane
    labels:
      app: backend
  from:
  - targetRef:
      kind: Mesh
    default:
      http:
      - delay:
          value: 2s
          percentage: "50.5"
)"},
      {"MeshHealthCheck", R"(type: MeshHealthCheck
mesh: default
name: backend
spec:
  to:
  - targetRef:
      kind: MeshService
      name: backend
    default:
      interval: 10s
      timeout: 2s
      unhealthyThreshold: 3
      healthyThreshold: 1
      http:
        path: /health
        expectedStatuses: [200]
)"},
      {"MeshHTTPRoute", R"(type: MeshHTTPRoute
mesh: default
name: split
spec:
  to:
  - targetRef:
      kind: MeshService
      name: backend
    rules:
    - matches:
      - path:
          type: PathPrefix
          value: /api
      default:
        backendRefs:
        - kind: MeshService
          name: backend-v1
          port: 3000
          weight: 90
        - kind: MeshService
          name: backend-v2
          port: 3000
          weight: 10
)"},
      {"MeshLoadBalancingStrategy", R"(type: MeshLoadBalancingStrategy
mesh: default
name: sticky
spec:
  to:
  - targetRef:
      kind: MeshService
      name: backend
    default:
      loadBalancer:
        type: RingHash
      hashPolicies:
      - type: Header
        header:
          name: x-user
)"},
      {"MeshMetric", R"(type: MeshMetric
mesh: default
name: prometheus
spec:
  default:
    backends:
    - type: Prometheus
      prometheus:
        port: 5670
        path: /metrics
)"},
      {"MeshPassthrough", R"(type: MeshPassthrough
mesh: default
name: some-hosts
spec:
  targetRef:
    kind: Mesh
    proxyTypes: [Sidecar]
  default:
    passthroughMode: Matched
    appendMatch:
    - type: Domain
      value: example.com
      protocol: tls
      port: 443
)"},
      {"MeshProxyPatch", R"(type: MeshProxyPatch
mesh: default
name: connect-timeout
spec:
  targetRef:
    kind: Dataplane
    labels:
      app: web
  default:
    appendModifications:
    - cluster:
        operation: Patch
        match:
          name: backend
        value: |
          connectTimeout: 2s
)"},
      {"MeshRateLimit", R"(type: MeshRateLimit
mesh: default
name: backend
spec:
  targetRef:
    kind: Dataplane
    labels:
      app: backend
  rules:
  - default:
      local:
        http:
          requestRate:
            num: 100
            interval: 10s
)"},
      {"MeshRetry", R"(type: MeshRetry
mesh: default
name: backend
spec:
  to:
  - targetRef:
      kind: MeshService
      name: backend
    default:
      http:
        numRetries: 3
        perTryTimeout: 500ms
        retryOn: [5xx, ConnectFailure]
)"},
      {"MeshTCPRoute", R"(type: MeshTCPRoute
mesh: default
name: database
spec:
  to:
  - targetRef:
      kind: MeshService
      name: database
    rules:
    - default:
        backendRefs:
        - kind: MeshService
          name: database-v2
          port: 5432
)"},
      {"MeshTimeout", R"(type: MeshTimeout
mesh: default
name: backend
spec:
  targetRef:
    kind: Mesh
  to:
  - targetRef:
      kind: MeshService
      name: backend
    default:
      connectionTimeout: 2s
      http:
        requestTimeout: 5s
)"},
      {"MeshTLS", R"(type: MeshTLS
mesh: default
name: strict
spec:
  targetRef:
    kind: Mesh
  rules:
  - default:
      mode: Strict
      tlsVersion:
        min: TLS12
)"},
      {"MeshTrace", R"(type: MeshTrace
mesh: default
name: zipkin
spec:
  targetRef:
    kind: Mesh
  default:
    backends:
    - type: Zipkin
      zipkin:
        url: http://zipkin.example:9411/api/v2/spans
    sampling:
      overall: 10
)"},
      {"MeshTrafficPermission", R"(type: MeshTrafficPermission
mesh: default
name: web-to-backend
spec:
  targetRef:
    kind: Dataplane
    labels:
      app: backend
  from:
  - targetRef:
      kind: MeshSubset
      tags:
        kuma.io/service: web
    default:
      action: Allow
)"},
  };
  return out;
}

}  // namespace kumasim::cp::examples
