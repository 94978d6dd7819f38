/// Outbounds: where the routes send requests, with which timeouts, retries and limits.
///
/// Sources: Kuma docs "MeshHTTPRoute", "MeshTCPRoute", "Mesh Timeout", "Mesh Retry", "Mesh Circuit Breaker"; the
/// recordings of the areas of the same names, from which the expected texts are.
#include <envoy/config/route/v3/route_components.pb.h>
#include <gtest/gtest.h>

#include "reference-cp/policy/mesh_retry/retry_policy.hpp"
#include "reference-cp/policy/mesh_retry/spec.hpp"
#include "tests/policy/xds_json.hpp"

namespace kumasim::cp::policy::testing {
namespace {

using Json = nlohmann::json;

Generated web(std::string_view policies) { return {World(std::string(calling_mesh) + std::string(policies)), "web"}; }

TEST(Outbounds, HaveDefaultRoutesWithoutAnyPolicy) {
  Generated proxy = web("");
  Json routes = proxy.routes(to_backend);
  ASSERT_EQ(routes.size(), 1u);
  EXPECT_EQ(routes[0]["match"], Json::parse(R"({"prefix":"/"})"));
  EXPECT_EQ(routes[0]["route"]["cluster"], "backend");
  EXPECT_EQ(proxy.filter(to_redis)["cluster"], "redis");
  EXPECT_EQ(proxy.cluster("backend")["type"], "EDS");
  EXPECT_EQ(proxy.get(type_url::endpoint, "backend")["endpoints"][0]["lbEndpoints"].size(), 2u);
}

constexpr std::string_view split = R"(
---
type: MeshHTTPRoute
mesh: default
name: split
spec:
  to:
  - targetRef: {kind: MeshService, name: backend}
    rules:
    - matches: [{path: {type: PathPrefix, value: /api}}]
      default:
        filters:
        - {type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}
        backendRefs:
        - {kind: MeshServiceSubset, name: backend, tags: {version: v1}, weight: 90}
        - {kind: MeshServiceSubset, name: backend, tags: {version: v2}, weight: 10}
)";

TEST(MeshHttpRoute, SplitsByWeightAndKeepsARouteForTheRest) {
  Generated proxy = web(split);
  Json routes = proxy.routes(to_backend);
  ASSERT_EQ(routes.size(), 3u);
  EXPECT_EQ(routes[0]["match"], Json::parse(R"({"path":"/api"})"));
  EXPECT_EQ(routes[0]["route"]["regexRewrite"]["substitution"], "/");
  EXPECT_EQ(routes[1]["match"], Json::parse(R"({"prefix":"/api/"})"));
  EXPECT_EQ(routes[1]["route"]["prefixRewrite"], "/");
  Json clusters = routes[1]["route"]["weightedClusters"]["clusters"];
  ASSERT_EQ(clusters.size(), 2u);
  EXPECT_EQ(clusters[0]["weight"], 90);
  EXPECT_EQ(clusters[1]["weight"], 10);
  std::string v1 = clusters[0]["name"];
  EXPECT_EQ(proxy.get(type_url::endpoint, v1)["endpoints"][0]["lbEndpoints"].size(), 1u);
  EXPECT_EQ(routes[2]["match"], Json::parse(R"({"prefix":"/"})"));
  EXPECT_EQ(routes[2]["route"]["cluster"], "backend");
}

TEST(MeshHttpRoute, RoutesComeInGatewayApisOrder) {  // recording meshhttproute/several-rules-order
  Json routes = web(R"(
---
type: MeshHTTPRoute
mesh: default
name: r
spec:
  to:
  - targetRef: {kind: MeshService, name: backend}
    rules:
    - {matches: [{path: {type: PathPrefix, value: /a}}], default: {}}
    - {matches: [{path: {type: RegularExpression, value: /r.*}}], default: {}}
    - {matches: [{path: {type: Exact, value: /a}}], default: {}}
    - {matches: [{path: {type: PathPrefix, value: /a}, headers: [{name: x, value: z}]}], default: {}}
    - {matches: [{path: {type: PathPrefix, value: /a/long}}], default: {}}
)")
                    .routes(to_backend);
  std::vector<std::string> order;
  for (const Json& route : routes) {
    Json match = route["match"];
    order.push_back(match.contains("safeRegex") ? "regex" : match.value("path", match.value("prefix", "")));
    if (match.contains("headers")) order.back() += " x";
  }
  EXPECT_EQ(order, (std::vector<std::string>{"/a", "/a/long", "/a/long/", "/a x", "/a/ x", "/a", "/a/", "regex", "/"}));
}

TEST(MeshHttpRoute, FiltersBecomeEnvoysFields) {
  Json route = web(R"(
---
type: MeshHTTPRoute
mesh: default
name: r
spec:
  to:
  - targetRef: {kind: MeshService, name: backend}
    rules:
    - matches: [{path: {type: Exact, value: /old}}]
      default:
        filters:
        - type: RequestHeaderModifier
          requestHeaderModifier: {set: [{name: a, value: one}], add: [{name: b, value: two}], remove: [c]}
        - type: RequestRedirect
          requestRedirect: {hostname: new.example.com, statusCode: 301}
)")
                   .routes(to_backend)[0];
  EXPECT_EQ(route["redirect"]["hostRedirect"], "new.example.com");
  EXPECT_FALSE(route.contains("route"));
  ASSERT_EQ(route["requestHeadersToAdd"].size(), 2u);
  EXPECT_EQ(route["requestHeadersToAdd"][0]["appendAction"], "OVERWRITE_IF_EXISTS_OR_ADD");
  EXPECT_EQ(route["requestHeadersToRemove"], Json::parse(R"(["c"])"));
}

TEST(MeshTcpRoute, SplitsConnectionsAndTakesHttpServicesWithoutHttpRoute) {
  constexpr std::string_view tcp = R"(
---
type: MeshTCPRoute
mesh: default
name: t
spec:
  to:
  - targetRef: {kind: MeshService, name: backend}
    rules: [{default: {backendRefs: [{kind: MeshService, name: redis, weight: 1}]}}]
)";
  EXPECT_EQ(web(tcp).filter(to_backend)["cluster"], "redis");
  Generated both = web(std::string(tcp) + std::string(split));
  EXPECT_TRUE(both.filter(to_backend).contains("routeConfig"));
}

constexpr std::string_view timeouts = R"(
---
type: MeshTimeout
mesh: default
name: t
spec:
  to:
  - targetRef: {kind: MeshService, name: backend}
    default:
      connectionTimeout: 3s
      idleTimeout: 40s
      http: {requestTimeout: 7s, streamIdleTimeout: 8s, maxStreamDuration: 9s}
  - targetRef: {kind: MeshService, name: redis}
    default: {idleTimeout: 41s}
---
type: MeshTimeout
mesh: default
name: inbound
spec:
  rules: [{default: {connectionTimeout: 2s, http: {requestTimeout: 1s, requestHeadersTimeout: 0.5s}}}]
)";

TEST(MeshTimeout, GoesToRoutesClustersAndTcpProxies) {
  Generated proxy = web(timeouts);
  Json route = proxy.routes(to_backend)[0]["route"];
  EXPECT_EQ(route["timeout"], "7s");
  EXPECT_EQ(route["idleTimeout"], "8s");
  Json cluster = proxy.cluster("backend");
  EXPECT_EQ(cluster["connectTimeout"], "3s");
  Json options = cluster["typedExtensionProtocolOptions"]["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"];
  EXPECT_EQ(options["commonHttpProtocolOptions"]["idleTimeout"], "40s");
  EXPECT_EQ(options["commonHttpProtocolOptions"]["maxStreamDuration"], "9s");
  EXPECT_EQ(proxy.filter(to_redis)["idleTimeout"], "41s");

  EXPECT_EQ(proxy.cluster("localhost:8080")["connectTimeout"], "2s");
  EXPECT_EQ(proxy.filter("inbound:10.0.0.1:80")["requestHeadersTimeout"], "0.500s");
  EXPECT_EQ(proxy.routes("inbound:10.0.0.1:80")[0]["route"]["timeout"], "1s");
}

TEST(MeshTimeout, HasDefaultsOfItsOwn) {  // recording meshtimeout/e2e-no-policies
  Generated proxy = web("");
  EXPECT_EQ(proxy.cluster("backend")["connectTimeout"], "5s");
  EXPECT_EQ(proxy.routes("inbound:10.0.0.1:80")[0]["route"]["timeout"], "15s");
  EXPECT_EQ(proxy.routes("inbound:10.0.0.1:80")[0]["route"]["idleTimeout"], "1800s");
  // A legacy outbound that no rule is for keeps its route's timeout: none.
  EXPECT_EQ(proxy.routes(to_backend)[0]["route"]["timeout"], "0s");
}

TEST(MeshTimeout, OnARouteIsForThatRouteOnly) {  // recording meshtimeout/e2e-outbound-route
  Json routes = web(std::string(split) + R"(
---
type: MeshTimeout
mesh: default
name: on-route
spec:
  targetRef: {kind: MeshHTTPRoute, name: split}
  to: [{targetRef: {kind: Mesh}, default: {http: {requestTimeout: 6s}}}]
)")
                    .routes(to_backend);
  EXPECT_EQ(routes[0]["route"]["timeout"], "6s");
  EXPECT_EQ(routes[1]["route"]["timeout"], "6s");
  EXPECT_EQ(routes[2]["route"]["timeout"], "0s");
}

TEST(MeshRetry, BecomesTheRoutesRetryPolicy) {
  Generated proxy = web(R"(
---
type: MeshRetry
mesh: default
name: r
spec:
  to:
  - targetRef: {kind: Mesh}
    default:
      tcp: {maxConnectAttempt: 4}
      http:
        numRetries: 3
        perTryTimeout: 2s
        retryOn: [GatewayError, '503', HttpMethodGet]
        backOff: {baseInterval: 0.1s, maxInterval: 1s}
        hostSelection: [{predicate: OmitPreviousHosts}]
)");
  Json retry = proxy.routes(to_backend)[0]["route"]["retryPolicy"];
  EXPECT_EQ(retry["retryOn"], "gateway-error,retriable-status-codes");
  EXPECT_EQ(retry["numRetries"], 3);
  EXPECT_EQ(retry["perTryTimeout"], "2s");
  EXPECT_EQ(retry["retriableStatusCodes"], Json::parse("[503]"));
  EXPECT_EQ(retry["retriableRequestHeaders"][0]["stringMatch"]["exact"], "GET");
  EXPECT_EQ(retry["retryBackOff"]["baseInterval"], "0.100s");
  EXPECT_EQ(retry["retryHostPredicate"][0]["name"], "envoy.retry_host_predicates.previous_hosts");
  EXPECT_EQ(proxy.filter(to_redis)["maxConnectAttempts"], 4);
}

TEST(MeshRetry, ChoosesOtherHostsByTagsAndPriorities) {
  auto conf = mesh_retry::Conf::from_json(Json::parse(R"({
    "http": {"numRetries": 2, "hostSelectionMaxAttempts": 5, "hostSelection": [
      {"predicate": "OmitHostsWithTags", "tags": {"kuma.io/service": "backend", "version": "v1"}},
      {"predicate": "OmitHostsWithTags", "tags": {"kuma.io/service": "backend"}},
      {"predicate": "OmitPreviousPriorities", "updateFrequency": 3}]},
    "grpc": {"numRetries": 2, "backOff": {"maxInterval": "1s"}}})"));
  auto policy = mesh_retry::retry_policy(conf, "http");
  ASSERT_TRUE(policy);
  EXPECT_EQ(policy->host_selection_retry_max_attempts(), 5);
  ASSERT_EQ(policy->retry_host_predicate_size(), 2);
  const auto& tagged = policy->retry_host_predicate(0).typed_config();
  EXPECT_TRUE(tagged.type_url().ends_with("/envoy.extensions.retry.host.omit_host_metadata.v3.OmitHostMetadataConfig"));
  // Its only field, the first: of what a host has to have to be left out. The service is no tag of an endpoint.
  ASSERT_GT(tagged.value().size(), 2u);
  EXPECT_EQ(tagged.value()[0], '\x0a');
  EXPECT_EQ(static_cast<std::size_t>(tagged.value()[1]), tagged.value().size() - 2);
  ::envoy::config::core::v3::Metadata metadata;
  ASSERT_TRUE(metadata.ParseFromString(tagged.value().substr(2)));
  const auto& fields = metadata.filter_metadata().at("envoy.lb").fields();
  EXPECT_EQ(fields.size(), 1u);
  EXPECT_EQ(fields.at("version").string_value(), "v1");
  EXPECT_EQ(policy->retry_host_predicate(1).typed_config().value(), "") << "no tag is left";
  EXPECT_EQ(policy->retry_priority().name(), "envoy.retry_priorities.previous_priorities");
  auto grpc = mesh_retry::retry_policy(conf, "grpc");
  ASSERT_TRUE(grpc);
  EXPECT_EQ(grpc->retry_back_off().base_interval().nanos(), 25'000'000) << "Envoy wants one beside a longest";
  EXPECT_EQ(grpc->retry_back_off().max_interval().seconds(), 1);
}

TEST(MeshRetry, NoRetriesIsNoPolicy) {
  EXPECT_FALSE(web(R"(
---
type: MeshRetry
mesh: default
name: r
spec:
  to: [{targetRef: {kind: Mesh}, default: {http: {numRetries: 0}}}]
)")
                   .routes(to_backend)[0]["route"]
                   .contains("retryPolicy"));
}

/// Kuma docs "Health Check" (the old policy, which goes with a TrafficRoute).
TEST(HealthCheck, ProbesOverHttpAndSaysWhenToGiveUp) {
  Json cluster = web(R"(
---
type: TrafficRoute
mesh: default
name: all
sources: [{match: {kuma.io/service: '*'}}]
destinations: [{match: {kuma.io/service: '*'}}]
conf: {destination: {kuma.io/service: '*'}}
---
type: HealthCheck
mesh: default
name: h
sources: [{match: {kuma.io/service: web}}]
destinations: [{match: {kuma.io/service: backend}}]
conf:
  interval: 10s
  timeout: 2s
  unhealthyThreshold: 3
  healthyThreshold: 1
  healthyPanicThreshold: 40
  failTrafficOnPanic: true
  http:
    path: /health
    requestHeadersToAdd:
    - {append: false, header: {key: a, value: one}}
    - {append: true, header: {key: b, value: two}}
    expectedStatuses: [200, 204]
)")
                     .cluster("backend");
  ASSERT_EQ(cluster["healthChecks"].size(), 1u) << cluster.dump(1);
  const Json& probe = cluster["healthChecks"][0]["httpHealthCheck"];
  EXPECT_EQ(probe["path"], "/health");
  EXPECT_EQ(probe["requestHeadersToAdd"][0]["appendAction"], "OVERWRITE_IF_EXISTS_OR_ADD");
  EXPECT_EQ(probe["requestHeadersToAdd"][1]["header"]["value"], "two");
  EXPECT_FALSE(probe["requestHeadersToAdd"][1].contains("appendAction"));
  EXPECT_EQ(probe["expectedStatuses"],
            Json::parse(R"([{"start": "200", "end": "201"}, {"start": "204", "end": "205"}])"));
  EXPECT_EQ(cluster["commonLbConfig"]["healthyPanicThreshold"]["value"], 40.0);
  EXPECT_EQ(cluster["commonLbConfig"]["zoneAwareLbConfig"]["failTrafficOnPanic"], true);
}

TEST(MeshCircuitBreaker, LimitsAndDetectsInBothDirections) {
  Generated proxy = web(R"(
---
type: MeshCircuitBreaker
mesh: default
name: c
spec:
  to:
  - targetRef: {kind: MeshService, name: backend}
    default:
      connectionLimits: {maxConnections: 5, maxRequests: 6}
      outlierDetection:
        interval: 4s
        maxEjectionPercent: 30
        healthyPanicThreshold: '62.9'
        detectors: {totalFailures: {consecutive: 7}, successRate: {standardDeviationFactor: '1.9'}}
---
type: MeshCircuitBreaker
mesh: default
name: inbound
spec:
  rules: [{default: {connectionLimits: {maxPendingRequests: 2}}}]
)");
  Json cluster = proxy.cluster("backend");
  EXPECT_EQ(cluster["circuitBreakers"]["thresholds"],
            Json::parse(R"([{"maxConnections":5,"maxRequests":6,"trackRemaining":true}])"));
  Json outliers = cluster["outlierDetection"];
  EXPECT_EQ(outliers["consecutive5xx"], 7);
  EXPECT_EQ(outliers["enforcingConsecutive5xx"], 100);
  EXPECT_EQ(outliers["enforcingConsecutiveGatewayFailure"], 0);
  EXPECT_EQ(outliers["successRateStdevFactor"], 1900);
  EXPECT_EQ(outliers["enforcingFailurePercentage"], 0);
  EXPECT_EQ(cluster["commonLbConfig"]["healthyPanicThreshold"]["value"], 62.9);
  EXPECT_EQ(proxy.cluster("localhost:8080")["circuitBreakers"]["thresholds"][0]["maxPendingRequests"], 2);
  EXPECT_FALSE(proxy.cluster("redis").contains("outlierDetection"));
}

/// Kuma takes the path of what it reads as a URL. Those with which Envoy would take no configuration are left out.
TEST(Probes, ArePathsOnly) {
  Generated proxy(World(R"(
type: Mesh
name: default
---
type: Dataplane
mesh: default
name: web
networking:
  address: 10.0.0.1
  inbound: [{port: 80, servicePort: 8080, tags: {kuma.io/service: web, kuma.io/protocol: http}}]
probes:
  port: 9000
  endpoints:
  - {inboundPort: 8080, inboundPath: '/up?full=1', path: '/8080/up?full=1'}
  - {inboundPort: 9090, inboundPath: '/a%20b?c', path: '/9090/a%20b'}
  - {inboundPort: 9090, inboundPath: '/nul%00', path: '/nul'}
  - {inboundPort: 9090, inboundPath: '/bytes', path: '/%FF'}
  - {inboundPort: 9090, inboundPath: '/line%0A', path: '/line'}
  - {inboundPort: 8080, inboundPath: '/up', path: '/%zz'}
  - {inboundPort: 8080, inboundPath: '/up%09%5C', path: '/%5C%09'}
  - {inboundPort: 9090, inboundPath: '/up%5C', path: '/9090/up'}
)"),
                  "web");
  Json routes = proxy.routes("probe:listener");
  ASSERT_EQ(routes.size(), 4u);
  EXPECT_EQ(routes[0]["match"]["path"], "/8080/up");
  EXPECT_EQ(routes[0]["route"]["regexRewrite"]["substitution"], "/up");
  EXPECT_EQ(routes[1]["match"]["path"], "/9090/a b");
  EXPECT_EQ(routes[1]["redirect"]["pathRedirect"], "/a b");
  EXPECT_EQ(routes[2]["match"]["path"], "/\\\t");
  EXPECT_EQ(routes[2]["route"]["regexRewrite"]["substitution"], "/up\t\\");
  EXPECT_EQ(routes[3]["redirect"]["pathRedirect"], "/up\\");
}

}  // namespace
}  // namespace kumasim::cp::policy::testing
