/// The rules of the other targetRef policies and of destinations and identities, as Kuma words them.
#include <gtest/gtest.h>

#include "reference-cp/model/kinds.hpp"
#include "tests/model/violations.hpp"

namespace kumasim::cp::testing {
namespace {

class PolicyRules : public ::testing::TestWithParam<Row> {};

TEST_P(PolicyRules, SayWhatIsWrong) { EXPECT_EQ(violations_of(GetParam().yaml), GetParam().wrong); }

const Row rows[] = {
    {"AccessLogBackends",
     R"({type: MeshAccessLog, name: a, spec: {to: [{targetRef: {kind: Mesh}, default: {backends: [{type: Tcp, tcp: {address: nowhere}}, {type: File, file: {path: x}}, {type: OpenTelemetry}]}}]}})",
     {"spec.to[0].default.backends[0].tcp.address: tcp backend requires valid address",
      "spec.to[0].default.backends[1].file.path: file backend requires a valid path",
      "spec.to[0].default.backends[2].openTelemetry: must be defined"}},
    {"AccessLogRulesAreLookedAtBesideFromOnly",
     R"({type: MeshAccessLog, name: a, spec: {rules: [{default: {}}]}})",
     {}},
    {"AccessLogDefaultIsNeeded",
     R"({type: MeshAccessLog, name: a, spec: {to: [{targetRef: {kind: Mesh}}]}})",
     {"spec.to[0].default: in body is required"}},
    {"FaultIndexIsBehindTheFault",
     R"({type: MeshFaultInjection, name: f, spec: {targetRef: {kind: Dataplane}, from: [{targetRef: {kind: Mesh}, default: {http: [{abort: {httpStatus: 600, percentage: "100.5"}}, {responseBandwidth: {limit: 5 MB, percentage: 0}}]}}]}})",
     {"spec.from[0].default.http.abort[0].httpStatus: must be in inclusive range [100, 599]",
      "spec.from[0].default.http.abort[0].percentage: must be in inclusive range [0.0, 100.0]",
      "spec.from[0].default.http.responseBandwidth[1].responseBandwidth: must be in kbps/Mbps/Gbps units"}},
    {"FaultsOfGateways",
     R"({type: MeshFaultInjection, name: f, spec: {from: [{targetRef: {kind: Mesh}, default: {}}]}})",
     {"spec.from: must not be defined when the scope includes a Gateway, select only proxyType Sidecar or select only "
      "gateways and use spec.to"}},
    {"FaultsOfSidecars",
     R"({type: MeshFaultInjection, name: f, spec: {targetRef: {kind: Mesh, proxyTypes: [Sidecar]}, to: [{targetRef: {kind: Mesh}, default: {}}]}})",
     {"spec.to: must not be defined"}},
    {"HealthCheck",
     R"({type: MeshHealthCheck, name: h, spec: {to: [{targetRef: {kind: Mesh}, default: {interval: 0s, healthyThreshold: 0, intervalJitterPercent: 101}}]}})",
     {"spec.to[0].default.healthyThreshold: must be greater than zero when defined",
      "spec.to[0].default.interval: must be greater than zero when defined",
      "spec.to[0].default.intervalJitterPercent: must be in inclusive range [0, 100]",
      "spec.to[0].default: must have at least one defined: http, tcp, grpc"}},
    {"LeastRequestChoices",
     R"({type: MeshLoadBalancingStrategy, name: l, spec: {to: [{targetRef: {kind: Mesh}, default: {loadBalancer: {type: LeastRequest, leastRequest: {choiceCount: 1}}}}]}})",
     {"spec.to[0].default.loadBalancer.leastRequest.choiceCount: in body should be greater than or equal to 2"}},
    {"BalancersOfGateways",
     R"({type: MeshLoadBalancingStrategy, name: l, spec: {targetRef: {kind: MeshGateway, name: g}, to: [{targetRef: {kind: MeshService, name: b}, default: {loadBalancer: {type: Random}}}]}})",
     {"spec.to[0].targetRef.kind: value is not supported, only Mesh is allowed if loadBalancer is set"}},
    {"FailoverThreshold",
     R"({type: MeshLoadBalancingStrategy, name: l, spec: {to: [{targetRef: {kind: Mesh}, default: {localityAwareness: {crossZone: {failoverThreshold: {percentage: "0.0"}}}}}]}})",
     {"spec.to[0].default.localityAwareness.crossZone.failoverThreshold.percentage: must be greater than 0"}},
    {"MetricPathsNameElementsTwice",
     R"({type: MeshMetric, name: m, spec: {default: {applications: [{port: 0}], backends: [{type: Prometheus}], sidecar: {profiles: {include: [{type: Regex, match: "a("}]}}}}})",
     {"spec.default.applications.application[0]: port must be a valid (1-65535)",
      "spec.default.backends.backend[0].prometheus: must be defined",
      "spec.default.sidecar.profiles.include[0].match: invalid regex"}},
    {"Passthrough",
     R"({type: MeshPassthrough, name: p, spec: {default: {appendMatch: [{type: Domain, value: "*w.x", port: 1, protocol: http}, {type: Domain, value: a.b, port: 1, protocol: grpc}, {type: CIDR, value: 10.0.0.0/33}, {type: Domain, value: c.d}]}}})",
     {"spec.default.appendMatch[0].value: provided DNS has incorrect value, partial wildcard is currently not "
      "supported",
      "spec.default.appendMatch[1].port: using the same port in multiple matches requires the same protocol for the "
      "following protocols: [grpc http http2]",
      "spec.default.appendMatch[2].value: provided CIDR has incorrect value",
      "spec.default.appendMatch[3].protocol: protocol tcp is not supported for a domain"}},
    {"ProxyPatch",
     R"({type: MeshProxyPatch, name: p, spec: {default: {appendModifications: [{cluster: {operation: Patch}}, {httpFilter: {operation: AddBefore, value: "name: x"}}, {listener: {operation: Patch, jsonPatches: [{op: remove, path: /}, {op: add, path: /a}]}}]}}})",
     {"spec.default.appendModifications[0].cluster: cluster must have exactly one defined: value, jsonPatches",
      "spec.default.appendModifications[1].httpFilter.match.name: must be defined. You need to pick a filter before "
      "which this one will be added",
      "spec.default.appendModifications[2].listener.jsonPatches[0].path: root path cannot be removed",
      "spec.default.appendModifications[2].listener.jsonPatches[1].value: \"value\" must not be empty when \"op\" is "
      "one of [\"add\", \"replace\"]"}},
    {"RateLimit",
     R"({type: MeshRateLimit, name: r, spec: {targetRef: {kind: Dataplane}, rules: [{default: {local: {tcp: {connectionRate: {num: 0, interval: 50ms}}}}}, {}]}})",
     {"spec.rules[0].default.local.tcp.connectionRate.interval: must be greater than: 50ms",
      "spec.rules[0].default.local.tcp.connectionRate.num: must be greater than 0",
      "spec.rules[1].default.local: must be defined"}},
    {"TlsOfPartOfTheMesh",
     R"({type: MeshTLS, name: t, spec: {targetRef: {kind: Dataplane}, rules: [{default: {tlsVersion: {min: TLS12}, tlsCiphers: [ECDHE-RSA-AES128-GCM-SHA256]}}]}})",
     {"spec.rules[0].default.tlsCiphers: tlsCiphers can only be defined with top level targetRef kind: Mesh",
      "spec.rules[0].default.tlsVersion: tlsVersion can only be defined with top level targetRef kind: Mesh"}},
    {"TlsVersions",
     R"({type: MeshTLS, name: t, spec: {rules: [{default: {tlsVersion: {min: TLS13, max: TLS12}}}]}})",
     {"spec.rules[0].default.tlsVersion.min: min version must be lower than max"}},
    {"TraceUrl",
     R"({type: MeshTrace, name: t, spec: {default: {backends: [{type: Datadog, datadog: {url: "https://u:p@a/b?c"}}], tags: [{name: x, literal: a, header: {name: b}}], sampling: {client: "100.1"}}}})",
     {"spec.default.backends[0].datadog.url: path must not be defined",
      "spec.default.backends[0].datadog.url: port must be defined",
      "spec.default.backends[0].datadog.url: query must not be defined",
      "spec.default.backends[0].datadog.url: scheme must be http",
      "spec.default.backends[0].datadog.url: user must not be defined",
      "spec.default.sampling.client: must be between 0 and 100",
      "spec.default.tags[0]: tag must have only one type defined: header, literal"}},
    {"IdentityOfNoOne",
     R"({type: MeshIdentity, name: i, spec: {provider: {type: Bundled, bundled: {ca: {certificate: {type: File, file: {path: a/../b}}}}}}})",
     {"spec.provider.bundled.ca.certificate.file.path: file path contains directory traversal sequence: a/../b",
      "spec.provider.bundled.ca.privateKey: must be defined"}},
    {"IdentityTwice",
     R"({type: MeshIdentity, name: i, spec: {spiffeID: {trustDomain: "{{ .Mesh", path: /x}, provider: {type: Bundled, bundled: {autogenerate: {enabled: true}, ca: {}}}}})",
     {"spec.provider.bundled.ca: shouldn't be defined once using autogenerated",
      "spec.spiffeID.path: couldn't parse template: template: :1: unclosed action",
      "spec.spiffeID.trustDomain: couldn't parse template: template: :1: unclosed action"}},
    {"TrustInKeys",
     R"({type: MeshTrust, name: t, spec: {trustDomain: "", caBundles: [{type: Pem}, {type: Pem, pem: {value: "-----BEGIN PRIVATE KEY-----\nZm9v\n-----END PRIVATE KEY-----\n"}}]}})",
     {"spec.caBundles[0].pem: must be defined",
      "spec.caBundles[1].pem.value: provided certificate has incorrect format",
      "spec.trustDomain: trustDomain needs to be defined"}},
    {"ExternalService",
     R"({type: MeshExternalService, name: e, spec: {match: {port: 80}, endpoints: [{address: "a b", port: 1}], tls: {verification: {serverName: "a b", clientCert: {secret: s}}}}})",
     {"spec.endpoints[0].address: address has to be a valid IP or hostname",
      "spec.tls.verification.clientKey: must be defined when clientCert is defined",
      "spec.tls.verification.serverName: must be a valid DNS name"}},
    {"TypesOfNumbers",
     R"({type: MeshRateLimit, name: r, spec: {targetRef: {kind: Dataplane}, rules: [{default: {local: {tcp: {connectionRate: {num: 1.5, interval: 1s}}, http: {requestRate: {num: true, interval: 1s}}}}}]}})",
     {"spec.rules[0].default.local.http.requestRate.num: in body must be of type int32: \"\"",
      "spec.rules[0].default.local.tcp.connectionRate.num: in body must be of type int32: \"float64\""}},
    {"NeitherNumberNorText",
     R"({type: MeshTrace, name: t, spec: {default: {backends: [], sampling: {client: true, random: null}}}})",
     {": \"spec.default.sampling.client\" must validate at least one schema (anyOf)",
      "spec.default.sampling.client: in body must be of type integer: \"boolean\""}},
    {"MultiZoneService",
     R"({type: MeshMultiZoneService, name: m, spec: {selector: {meshService: {}}, ports: [{port: 1, name: "", appProtocol: udp}]}})",
     {"spec.ports[0].appProtocol: appProtocol must be one of: grpc, http, http2, kafka, tcp",
      "spec.ports[0].name: must not be empty", "spec.selector.meshService.matchLabels: cannot be empty"}},
};

INSTANTIATE_TEST_SUITE_P(Rules, PolicyRules, ::testing::ValuesIn(rows),
                         [](const auto& info) { return info.param.name; });

TEST(PolicyDefaults, AreFilledInWhereTheParentIs) {
  auto resource = resource_from_yaml(R"(
type: MeshExternalService
name: e
spec: {match: {port: 80}, tls: {verification: {subjectAltNames: [{value: a}]}, version: {}}}
)");
  ASSERT_TRUE(resource.has_value()) << resource.error().message;
  EXPECT_EQ(resource->spec["match"],
            (nlohmann::json{{"type", "HostnameGenerator"}, {"port", 80}, {"protocol", "tcp"}}));
  EXPECT_EQ(resource->spec["tls"]["enabled"], false);
  EXPECT_EQ(resource->spec["tls"]["version"], (nlohmann::json{{"min", "TLSAuto"}, {"max", "TLSAuto"}}));
  EXPECT_EQ(resource->spec["tls"]["verification"]["mode"], "Secured");
  EXPECT_EQ(resource->spec["tls"]["verification"]["subjectAltNames"][0]["type"], "Exact");
}

TEST(PolicyDefaults, NullIsAbsence) {
  auto documents = parse_yaml(
      R"({type: MeshPassthrough, name: p, spec: {default: {appendMatch: [{type: IP, value: 10.0.0.1, protocol: null}]}}})",
      "row");
  ASSERT_TRUE(documents.has_value());
  auto resource = decode(kind::mesh_passthrough(), documents->front().value, UnknownFields::drop);
  ASSERT_TRUE(resource.has_value());
  EXPECT_EQ(resource->spec["default"]["appendMatch"][0]["protocol"], "tcp");
}

TEST(PolicyWarnings, StatusOfARateLimitAndSourceAddresses) {
  auto limit = resource_from_yaml(R"(
type: MeshRateLimit
name: r
spec:
  targetRef: {kind: Dataplane}
  rules: [{default: {local: {http: {onRateLimit: {status: 399}}}}}]
)");
  ASSERT_TRUE(limit.has_value()) << limit.error().message;
  EXPECT_EQ(limit->kind->warnings(*limit),
            (std::vector<std::string>{"'spec.rules[0].default.local.http.requestRate.status' must be 400 or higher. "
                                      "Please update your configuration."}));
  auto ring = resource_from_yaml(R"(
type: MeshLoadBalancingStrategy
name: l
spec:
  to:
  - targetRef: {kind: Mesh}
    default: {loadBalancer: {type: Maglev, maglev: {hashPolicies: [{type: SourceIP, connection: {sourceIP: true}}]}}}
)");
  ASSERT_TRUE(ring.has_value()) << ring.error().message;
  EXPECT_EQ(ring->kind->warnings(*ring),
            (std::vector<std::string>{"SourceIP type for 'spec.to[0].default.loadBalancer.maglev.hashPolicies[0].type' "
                                      "is deprecated, use Connection instead"}));
}

}  // namespace
}  // namespace kumasim::cp::testing
