/// Examples of the older policies, by sources and destinations.
#include "reference-cp/model/documents/example_lists.hpp"

namespace kumasim::cp::examples {

const List& old_policies() {
  static const List out = {
      {"CircuitBreaker", R"(type: CircuitBreaker
mesh: default
name: backend
sources:
- match:
    kuma.io/service: '*'
destinations:
- match:
    kuma.io/service: backend
conf:
  interval: 1s
  baseEjectionTime: 30s
  detectors:
    totalErrors:
      consecutive: 20
)"},
      {"ExternalService", R"(type: ExternalService
mesh: default
name: httpbin
tags:
  kuma.io/service: httpbin
  kuma.io/protocol: http
networking:
  address: httpbin.example:443
  tls:
    enabled: true
)"},
      {"FaultInjection", R"(type: FaultInjection
mesh: default
name: slow-backend
sources:
- match:
    kuma.io/service: web
destinations:
- match:
    kuma.io/service: backend
    kuma.io/protocol: http
conf:
  delay:
    percentage: 50.5
    value: 5s
)"},
      {"HealthCheck", R"(type: HealthCheck
mesh: default
name: backend
sources:
- match:
    kuma.io/service: web
destinations:
- match:
    kuma.io/service: backend
conf:
  interval: 10s
  timeout: 2s
  unhealthyThreshold: 3
  healthyThreshold: 1
)"},
      {"ProxyTemplate", R"(type: ProxyTemplate
mesh: default
name: connect-timeout
selectors:
- match:
    kuma.io/service: web
conf:
  imports:
  - default-proxy
  modifications:
  - cluster:
      operation: patch
      match:
        name: backend
      value: |
        connectTimeout: 2s
)"},
      {"RateLimit", R"(type: RateLimit
mesh: default
name: backend
sources:
- match:
    kuma.io/service: '*'
destinations:
- match:
    kuma.io/service: backend
conf:
  http:
    requests: 100
    interval: 10s
)"},
      {"Retry", R"(type: Retry
mesh: default
name: backend
sources:
- match:
    kuma.io/service: web
destinations:
- match:
    kuma.io/service: backend
conf:
  http:
    numRetries: 3
    perTryTimeout: 0.5s
)"},
      {"Timeout", R"(type: Timeout
mesh: default
name: backend
sources:
- match:
    kuma.io/service: '*'
destinations:
- match:
    kuma.io/service: backend
conf:
  connectTimeout: 2s
  http:
    requestTimeout: 5s
)"},
      {"TrafficLog", R"(type: TrafficLog
mesh: default
name: all
sources:
- match:
    kuma.io/service: '*'
destinations:
- match:
    kuma.io/service: '*'
conf:
  backend: file
)"},
      {"TrafficPermission", R"(type: TrafficPermission
mesh: default
name: web-to-backend
sources:
- match:
    kuma.io/service: web
destinations:
- match:
    kuma.io/service: backend
)"},
      {"TrafficRoute", R"(type: TrafficRoute
mesh: default
name: split
sources:
- match:
    kuma.io/service: web
destinations:
- match:
    kuma.io/service: backend
conf:
  split:
  - weight: 90
    destination:
      kuma.io/service: backend
      version: v1
  - weight: 10
    destination:
      kuma.io/service: backend
      version: v2
)"},
      {"TrafficTrace", R"(type: TrafficTrace
mesh: default
name: all
selectors:
- match:
    kuma.io/service: '*'
conf:
  backend: zipkin
)"},
      {"VirtualOutbound", R"(type: VirtualOutbound
mesh: default
name: by-instance
selectors:
- match:
    kuma.io/service: '*'
conf:
  host: "{{.service}}.mesh"
  port: "8080"
  parameters:
  - name: service
    tagKey: kuma.io/service
)"},
  };
  return out;
}

}  // namespace kumasim::cp::examples
