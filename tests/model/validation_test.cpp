/// The rules of each kind, as Kuma words them: a resource, and what is wrong with it.
#include <gtest/gtest.h>

#include "tests/model/violations.hpp"

namespace kumasim::cp::testing {
namespace {

class Validation : public ::testing::TestWithParam<Row> {};

TEST_P(Validation, SaysWhatIsWrong) { EXPECT_EQ(violations_of(GetParam().yaml), GetParam().wrong); }

const Row rows[] = {
    {"MeshWithTwoBackends",
     R"({type: Mesh, name: m, mtls: {enabledBackend: c, backends: [{name: a, type: builtin}, {name: a, type: builtin}]}})",
     {"mtls.backends: cannot have more than 1 backends",
      "mtls.backends[1].name: \"a\" name is already used for another backend",
      "mtls.enabledBackend: has to be set to one of the backends in the mesh"}},
    {"MeshExpiration",
     R"({type: Mesh, name: m, mtls: {backends: [{name: a, type: builtin, dpCert: {rotation: {expiration: 1 day}}}]}})",
     {"mtls.dpcert.rotation.expiration: has to be a valid format"}},
    {"MeshEgressWithoutMtls",
     R"({type: Mesh, name: m, routing: {zoneEgress: true}})",
     {"mtls: has to be set when zoneEgress enabled"}},
    {"MeshLogging",
     R"({type: Mesh, name: m, logging: {defaultBackend: x, backends: [{name: a, type: tcp, conf: {address: nowhere}}, {type: foo}]}})",
     {"logging.backends[0].config.address: has to be in format of HOST:PORT",
      "logging.backends[1].name: cannot be empty",
      "logging.backends[1].type: unknown backend type. Available backends: \"tcp\", \"file\"",
      "logging.defaultBackend: has to be set to one of the logging backend in mesh"}},
    {"MeshConfsOfAnotherForm",
     R"({type: Mesh, name: m, logging: {backends: [{name: a, type: tcp, conf: {address: 5}}]}, tracing: {backends: [{name: a, type: datadog, conf: {address: d, port: "x"}}]}, metrics: {backends: [{name: a, type: prometheus, conf: {tls: {mode: x}}}]}})",
     {"logging.backends[0].config: could not parse config: json: cannot unmarshal number into Go value of type string",
      "metrics.backends[0].conf: could not parse config: unknown value \"\\\"x\\\"\" for enum "
      "kuma.mesh.v1alpha1.PrometheusTlsConfig.Mode",
      "tracing.backends[0].config: could not parse config: invalid character 'x' looking for beginning of value"}},
    {"MeshConfNoObject",
     R"({type: Mesh, name: m, metrics: {backends: [{name: a, type: prometheus, conf: text}]}})",
     {"invalid Mesh object: \"bad StructValue: json: cannot unmarshal string into Go value of type "
      "map[string]json.RawMessage\""}},
    {"MeshFilterRegex",
     R"({type: Mesh, name: m, metrics: {backends: [{name: a, type: prometheus, conf: {envoy: {filterRegex: "("}}}]}})",
     {"metrics.backends[0].conf.envoy.filterRegex: provided regexp isn't correct: error parsing regexp: missing "
      "closing ): `(`"}},
    {"MeshConstraints",
     R"({type: Mesh, name: m, constraints: {dataplaneProxy: {requirements: [{tags: {}}]}}})",
     {"constraints.dataplaneProxy.requirements[0].tags: must have at least one tag"}},
    {"DataplaneWithoutNetworking", R"({type: Dataplane, name: d})", {"networking: must be defined"}},
    {"DataplaneWithoutInbound",
     R"({type: Dataplane, name: d, networking: {address: 10.0.0.1}})",
     {"networking: has to contain at least one inbound interface or gateway"}},
    {"DataplaneAddress",
     R"({type: Dataplane, name: d, networking: {address: "0.0.0.0", inbound: [{port: 80, tags: {kuma.io/service: a}}]}})",
     {"networking.address: must not be 0.0.0.0 or ::"}},
    {"DataplanePortAndProtocol",
     R"({type: Dataplane, name: d, networking: {address: 10.0.0.1, inbound: [{port: 70000, tags: {kuma.io/service: a, kuma.io/protocol: foo}}]}})",
     {"networking.inbound[0].port: port must be in the range [1, 65535]",
      "networking.inbound[0].tags[\"kuma.io/protocol\"]: tag \"kuma.io/protocol\" has an invalid value \"foo\". "
      "Allowed values: grpc, "
      "http, http2, kafka, tcp"}},
    {"DataplaneOutbound",
     R"({type: Dataplane, name: d, networking: {address: 10.0.0.1, inbound: [{port: 80, tags: {kuma.io/service: a}}], outbound: [{port: 0}, {port: 1, backendRef: {kind: Foo}}]}})",
     {"networking.outbound[0].port: port must be in the range [1, 65535]",
      "networking.outbound[0].tags: mandatory tag \"kuma.io/service\" is missing",
      "networking.outbound[1].backendRef.kind: invalid value. Available values are: "
      "MeshExternalService,MeshMultiZoneService,MeshService",
      "networking.outbound[1].backendRef.port: port must be in the range [1, 65535]",
      "networking.outbound[1].backendRef: either 'name' or 'labels' should be specified"}},
    {"DataplaneAdminPort",
     R"({type: Dataplane, name: d, networking: {address: 10.0.0.1, admin: {port: 80}, inbound: [{port: 80, tags: {kuma.io/service: a}}]}})",
     {"networking.admin.port: must differ from inbound"}},
    {"BuiltinGatewayWithInbound",
     R"({type: Dataplane, name: d, networking: {address: 10.0.0.1, gateway: {type: BUILTIN, tags: {kuma.io/service: g}}, inbound: [{port: 80, tags: {kuma.io/service: a}}]}})",
     {"networking.inbound: inbound cannot be defined for builtin gateways"}},
    {"TrafficRouteWeights",
     R"({type: TrafficRoute, name: r, sources: [{match: {kuma.io/service: a}}], destinations: [{match: {kuma.io/service: b}}], conf: {split: [{weight: 0, destination: {kuma.io/service: b}}, {destination: {version: v1}}]}})",
     {"conf.split: there must be at least one split entry with weight above 0",
      "conf.split[1].destination: mandatory tag \"kuma.io/service\" is missing",
      "conf.split[1].weight: needs to be defined"}},
    {"TrafficRouteEmptyHeaders",
     R"({type: TrafficRoute, name: r, sources: [{match: {kuma.io/service: a}}], destinations: [{match: {kuma.io/service: b}}], conf: {http: [{match: {headers: {}}, destination: {kuma.io/service: b}}], destination: {kuma.io/service: b}}})",
     {"conf.http[0].match.headers: must contain at least one element"}},
    {"TrafficRouteSelectors",
     R"({type: TrafficRoute, name: r, destinations: [{match: {kuma.io/service: b, version: v1}}], conf: {destination: {kuma.io/service: b}}})",
     {"destinations[0].match: must consist of exactly one tag \"kuma.io/service\"",
      "destinations[0].match[\"version\"]: tag \"version\" is not allowed", "sources: must have at least one element"}},
    {"TrafficPermissionEmpty",
     R"({type: TrafficPermission, name: p})",
     {"destinations: must have at least one element", "sources: must have at least one element"}},
    {"TimeoutEmpty",
     R"({type: MeshTimeout, name: t, spec: {}})",
     {"spec: at least one of 'from', 'to' or 'rules' has to be defined"}},
    {"TimeoutRulesBesideTo",
     R"({type: MeshTimeout, name: t, spec: {rules: [{default: {idleTimeout: 1s}}], to: [{targetRef: {kind: Mesh}, default: {connectionTimeout: 0s}}]}})",
     {"spec.to[0].default.connectionTimeout: must be greater than zero when defined",
      "spec: fields 'to' and 'from' must be empty when 'rules' is defined"}},
    {"TimeoutKinds",
     R"({type: MeshTimeout, name: t, spec: {from: [{targetRef: {kind: MeshService, name: a}, default: {http: {}}}]}})",
     {"spec.from[0].default.http: at least one timeout in this section should be configured",
      "spec.from[0].targetRef.kind: value is not supported"}},
    {"TimeoutNegative",
     R"({type: MeshTimeout, name: t, spec: {to: [{targetRef: {kind: Mesh, name: x}, default: {idleTimeout: -1s}}]}})",
     {"spec.to[0].default.idleTimeout: must not be negative when defined",
      "spec.to[0].targetRef.name: using name with kind Mesh is not yet supported"}},
    {"TimeoutDuration",
     R"({type: MeshTimeout, name: t, spec: {to: [{targetRef: {kind: Mesh}, default: {idleTimeout: soon}}]}})",
     {"invalid MeshTimeout object: \"time: invalid duration \\\"soon\\\"\""}},
    {"PermissionAction",
     R"({type: MeshTrafficPermission, name: p, spec: {from: [{targetRef: {kind: Mesh}, default: {}}]}})",
     {"spec.from[0].default.action: must be defined"}},
    {"PermissionUnknownAction",
     R"({type: MeshTrafficPermission, name: p, spec: {from: [{targetRef: {kind: Mesh}, default: {action: allow}}]}})",
     {"spec.from[0].default.action: in body should be one of [Allow Deny AllowWithShadowDeny]"}},
    {"PermissionSpiffe",
     R"({type: MeshTrafficPermission, name: p, spec: {rules: [{default: {allow: [{spiffeID: {type: Exact, value: web}}]}}]}})",
     {"spec.rules[0].allow[0].spiffeID: must be a valid Spiffe ID"}},
    {"RoutePath",
     R"({type: MeshHTTPRoute, name: r, spec: {to: [{targetRef: {kind: MeshService, name: b}, rules: [{matches: [{path: {type: PathPrefix, value: api/}}], default: {}}]}]}})",
     {"spec.to[0].rules[0].matches[0].path.value: does not need a trailing slash because only a `/`-separated prefix "
      "or an entire path "
      "is matched",
      "spec.to[0].rules[0].matches[0].path.value: must be an absolute path"}},
    {"RouteWithoutMatches",
     R"({type: MeshHTTPRoute, name: r, spec: {to: [{targetRef: {kind: MeshService, name: b}, rules: [{matches: [], default: {}}]}]}})",
     {"spec.to[0].rules[0].matches: in body should have at least 1 items"}},
    {"RouteToMesh",
     R"({type: MeshHTTPRoute, name: r, spec: {to: [{targetRef: {kind: Mesh}, rules: []}]}})",
     {"spec.to[0].targetRef.kind: value is not supported"}},
    {"RetryEmpty",
     R"({type: MeshRetry, name: r, spec: {to: [{targetRef: {kind: Mesh}, default: {}}]}})",
     {"spec.to[0].default.conf: at least one of the 'tcp', 'http', 'grpc' must be specified"}},
    {"RetryUnknownCondition",
     R"({type: MeshRetry, name: r, spec: {to: [{targetRef: {kind: Mesh}, default: {http: {retryOn: ["5xx", "503", "999"]}}}]}})",
     {"spec.to[0].default.conf.http.retryOn[2]: unknown item '999'"}},
    {"BreakerZero",
     R"({type: MeshCircuitBreaker, name: b, spec: {to: [{targetRef: {kind: Mesh}, default: {connectionLimits: {maxRetries: 0}}}]}})",
     {"spec.to[0].default.connectionLimits.maxRetries: must be greater than 0"}},
    {"BreakerWithoutDetectors",
     R"({type: MeshCircuitBreaker, name: b, spec: {to: [{targetRef: {kind: Mesh}, default: {outlierDetection: {healthyPanicThreshold: "101"}}}]}})",
     {"spec.to[0].default.outlierDetection.detectors: must be defined",
      "spec.to[0].default.outlierDetection.healthyPanicThreshold: must be in inclusive range [0.0, 100.0]"}},
    {"ServiceName",
     R"({type: MeshService, name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, spec: {}})",
     {"name: must not be longer than 63 characters"}},
    {"GeneratorSelector",
     R"({type: HostnameGenerator, name: g, spec: {template: "{{ .Name"}})",
     {"spec.selector: exact one selector (meshService, meshExternalService) must be defined",
      "spec.template: couldn't parse template: template: :1: unclosed action"}},
    {"SubsetTags",
     R"({type: MeshTimeout, name: t, spec: {targetRef: {kind: MeshSubset, name: a, tags: {"a b": c/d}}, to: [{targetRef: {kind: Mesh}, default: {idleTimeout: 1s}}]}})",
     {"spec.targetRef.name: must not be set with kind MeshSubset",
      "spec.targetRef.tags[\"a b\"]: tag name must consist of alphanumeric characters, dots, dashes, slashes and "
      "underscores",
      "spec.targetRef.tags[\"a b\"]: tag value must consist of alphanumeric characters, dots, dashes and underscores"}},
    {"GoodZone", R"({type: Zone, name: z, enabled: true})", {}},
    {"GoodSecret", R"({type: Secret, name: s, data: Zm9v})", {}},
    {"SecretNotBase64", R"({type: Secret, name: s, data: "?"})", {"invalid Secret object: \"illegal base64 data at input byte 0\""}},
};

INSTANTIATE_TEST_SUITE_P(Rules, Validation, ::testing::ValuesIn(rows),
                         [](const auto& info) { return info.param.name; });

TEST(Warnings, DeprecatedFieldsAndKindsAreNamed) {
  auto resource = resource_from_yaml(R"(
type: MeshTimeout
name: t
spec:
  targetRef: {kind: MeshSubset, tags: {a: b}}
  from: [{targetRef: {kind: Mesh}, default: {idleTimeout: 1s}}]
)");
  ASSERT_TRUE(resource.has_value());
  EXPECT_EQ(resource->kind->warnings(*resource),
            (std::vector<std::string>{
                "'from' field is deprecated, use 'rules' instead",
                "MeshSubset value for 'targetRef.kind' is deprecated, use Dataplane with labels instead"}));
}

}  // namespace
}  // namespace kumasim::cp::testing
