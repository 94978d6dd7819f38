/// Examples of meshes, proxies, zones and destinations.
#include "reference-cp/model/documents/example_lists.hpp"

namespace kumasim::cp::examples {

const List& core() {
  static const List out = {
      {"Mesh", R"(type: Mesh
name: default
mtls:
  enabledBackend: ca-1
  backends:
  - name: ca-1
    type: builtin
    dpCert:
      rotation:
        expiration: 24h
meshServices:
  mode: Exclusive
routing:
  zoneEgress: true
)"},
      {"Dataplane", R"(type: Dataplane
mesh: default
name: web-1
labels:
  app: web
networking:
  address: 10.0.0.1
  inbound:
  - name: main
    port: 8080
    servicePort: 80
    tags:
      kuma.io/service: web
      kuma.io/protocol: http
  outbound:
  - port: 10001
    backendRef:
      kind: MeshService
      name: backend
      port: 3000
)"},
      {"DataplaneInsight", R"(type: DataplaneInsight
mesh: default
name: web-1
subscriptions:
- id: 7a4f2c1e
  controlPlaneInstanceId: cp-1
  connectTime: "2026-01-02T03:04:05Z"
  status:
    total:
      responsesSent: "4"
      responsesAcknowledged: "4"
mTLS:
  issuedBackend: ca-1
  supportedBackends:
  - ca-1
)"},
      {"Zone", R"(type: Zone
name: east
enabled: true
)"},
      {"ZoneInsight", R"(type: ZoneInsight
name: east
subscriptions:
- id: 5d0f33a2
  globalInstanceId: cp-1
  connectTime: "2026-01-02T03:04:05Z"
)"},
      {"ZoneIngress", R"(type: ZoneIngress
name: ingress-1
zone: east
networking:
  address: 10.0.0.2
  port: 10001
  advertisedAddress: 192.0.2.2
  advertisedPort: 10001
)"},
      {"ZoneIngressInsight", R"(type: ZoneIngressInsight
name: ingress-1
subscriptions:
- id: 0c9c1b0d
  controlPlaneInstanceId: cp-1
  connectTime: "2026-01-02T03:04:05Z"
)"},
      {"ZoneEgress", R"(type: ZoneEgress
name: egress-1
zone: east
networking:
  address: 10.0.0.3
  port: 10002
)"},
      {"ZoneEgressInsight", R"(type: ZoneEgressInsight
name: egress-1
subscriptions:
- id: 41b2f9d4
  controlPlaneInstanceId: cp-1
  connectTime: "2026-01-02T03:04:05Z"
)"},
      {"MeshInsight", R"(type: MeshInsight
name: default
dataplanes:
  total: 2
  online: 2
services:
  total: 1
  internal: 1
)"},
      {"ServiceInsight", R"(type: ServiceInsight
mesh: default
name: all-services-default
services:
  web:
    status: online
    dataplanes:
      total: 1
      online: 1
)"},
      {"Secret", R"(type: Secret
mesh: default
name: my-secret
data: c2VjcmV0
)"},
      {"GlobalSecret", R"(type: GlobalSecret
name: my-global-secret
data: c2VjcmV0
)"},
      {"Config", R"(type: Config
name: kuma-cluster-id
config: 5a0c9d2e-7d2f-4f0c-9d5e-6d1f2b3c4d5e
)"},
      {"MeshGateway", R"(type: MeshGateway
mesh: default
name: edge
selectors:
- match:
    kuma.io/service: edge
conf:
  listeners:
  - port: 8080
    protocol: HTTP
    hostname: example.com
    tags:
      port: http
)"},
      {"MeshGatewayRoute", R"(type: MeshGatewayRoute
mesh: default
name: edge-to-web
selectors:
- match:
    kuma.io/service: edge
conf:
  http:
    rules:
    - matches:
      - path:
          match: PREFIX
          value: /
      backends:
      - destination:
          kuma.io/service: web
)"},
  };
  return out;
}

const List& destinations() {
  static const List out = {
      {"MeshService", R"(type: MeshService
mesh: default
name: backend
labels:
  team: payments
spec:
  selector:
    dataplaneTags:
      kuma.io/service: backend
  ports:
  - name: http
    port: 3000
    targetPort: 8080
    appProtocol: http
)"},
      {"MeshExternalService", R"(type: MeshExternalService
mesh: default
name: httpbin
spec:
  match:
    type: HostnameGenerator
    port: 443
    protocol: http
  endpoints:
  - address: httpbin.example
    port: 443
  tls:
    enabled: true
)"},
      {"MeshMultiZoneService", R"(type: MeshMultiZoneService
mesh: default
name: backend
spec:
  selector:
    meshService:
      matchLabels:
        kuma.io/display-name: backend
  ports:
  - port: 3000
    appProtocol: http
)"},
      {"HostnameGenerator", R"(type: HostnameGenerator
name: all-mesh-services
spec:
  selector:
    meshService:
      matchLabels:
        kuma.io/origin: zone
  template: "{{ .DisplayName }}.mesh"
)"},
      {"MeshIdentity", R"(type: MeshIdentity
mesh: default
name: workloads
spec:
  selector:
    dataplane:
      matchLabels: {}
  spiffeID:
    trustDomain: "{{ .Mesh }}.{{ .Zone }}.example"
    path: "/ns/default/sa/{{ label \"app\" }}"
  provider:
    type: Bundled
    bundled:
      meshTrustCreation: Enabled
      insecureAllowSelfSigned: true
      certificateParameters:
        expiry: 24h
      autogenerate:
        enabled: true
)"},
      {"MeshTrust", R"(type: MeshTrust
mesh: default
name: other-domain
spec:
  trustDomain: other.example
  caBundles:
  - type: Pem
    pem:
      value: |
        -----BEGIN CERTIFICATE-----
        MIIBczCCARmgAwIBAgIUBRXCC+nWEdPjYs0D3jSB6mTf/K4wCgYIKoZIzj0EAwIw
        DzENMAsGA1UEAwwEcm9vdDAeFw0yNjAxMDEwMDAwMDBaFw0zNjAxMDEwMDAwMDBa
        -----END CERTIFICATE-----
)"},
  };
  return out;
}

}  // namespace kumasim::cp::examples
