/// Health checks, limits, faults, traces and logs: what Envoy is told, beyond what the recordings show.
///
/// Sources: Kuma docs "Mesh Health Check", "Mesh Rate Limit", "Mesh Fault Injection", "Mesh Trace", "Mesh Access Log";
/// the recordings of the areas of the same names.
#include <optional>

#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>
#include <google/protobuf/any.pb.h>
#include <gtest/gtest.h>

#include "reference-cp/policy/collector.hpp"
#include "reference-cp/policy/header_values.hpp"
#include "reference-cp/policy/mesh_access_log/format.hpp"
#include "reference-cp/policy/mesh_access_log/route_logs.hpp"
#include "reference-cp/policy/mesh_fault_injection/spec.hpp"
#include "tests/policy/xds_json.hpp"

namespace kumasim::cp::policy::testing {
namespace {

using Json = nlohmann::json;

constexpr const char* inbound = "inbound:10.0.0.1:80";

/// The whole conf of one policy on all of the mesh; `indented` is what follows its `spec:`.
Generated web(const std::string& kind, const std::string& indented) {
  return {World(std::string(calling_mesh) + "---\ntype: " + kind + "\nmesh: default\nname: p\nspec:\n" + indented),
          "web"};
}

Json http_filters(const Generated& proxy) { return proxy.filter(inbound).at("httpFilters"); }

TEST(MeshHealthCheck, ProbesInTheProtocolOfTheClusterOrElseOverTcp) {
  Generated proxy = web("MeshHealthCheck", R"(
  to:
  - targetRef: {kind: Mesh}
    default: {interval: 3s, tcp: {send: ab, receive: [c]}, http: {disabled: true}, failTrafficOnPanic: true}
)");
  Json check = proxy.cluster("backend")["healthChecks"][0];
  EXPECT_EQ(check["interval"], "3s");
  EXPECT_EQ(check["timeout"], "15s");
  EXPECT_EQ(check["unhealthyThreshold"], 5);
  EXPECT_EQ(check["tcpHealthCheck"], Json::parse(R"({"send":{"text":"6162"},"receive":[{"text":"63"}]})"));
  EXPECT_EQ(proxy.cluster("redis")["healthChecks"][0]["tcpHealthCheck"], check["tcpHealthCheck"]);
  EXPECT_EQ(proxy.cluster("backend")["commonLbConfig"]["zoneAwareLbConfig"]["failTrafficOnPanic"], true);
  EXPECT_FALSE(proxy.cluster("localhost:8080").contains("healthChecks"));
}

TEST(MeshHealthCheck, HasNoProbeForAnotherProtocol) {
  Generated proxy = web("MeshHealthCheck", R"(
  to: [{targetRef: {kind: Mesh}, default: {http: {path: /up, expectedStatuses: [201]}}}]
)");
  Json check = proxy.cluster("backend")["healthChecks"][0]["httpHealthCheck"];
  EXPECT_EQ(check["path"], "/up");
  EXPECT_EQ(check["expectedStatuses"], Json::parse(R"([{"start":"201","end":"202"}])"));
  EXPECT_EQ(check["requestHeadersToAdd"][0]["header"]["value"], "&kuma.io/protocol=http&&kuma.io/service=web&");
  EXPECT_FALSE(proxy.cluster("redis").contains("healthChecks"));
}

/// A builtin gateway `edge` with two listeners on one port, and a route to `backend` of prefix `path` on both.
Generated edge(const std::string& path, const std::string& policies) {
  std::string yaml = std::string(calling_mesh) + edge_gateway(two_hosts) + R"(
---
type: MeshHTTPRoute
mesh: default
name: all
spec:
  targetRef: {kind: MeshGateway, name: edge}
  to:
  - targetRef: {kind: Mesh}
    rules:
    - matches: [{path: {type: PathPrefix, value: )" +
          path + R"(}}]
      default: {backendRefs: [{kind: MeshService, name: backend}]}
)" + policies;
  return {World(yaml), "edge"};
}

/// Of the first route of the host with this number, "a.example.com" being 0.
Json edge_route(const Generated& proxy, std::size_t host) {
  return proxy.get(type_url::route, "edge:HTTP:8080:*").at("virtualHosts").at(host).at("routes").at(0);
}

/// Intervals of the checks of the cluster that the host's route leads to.
std::vector<std::string> edge_checks(const Generated& proxy, std::size_t host) {
  std::string name = edge_route(proxy, host)["route"]["weightedClusters"]["clusters"][0]["name"];
  std::vector<std::string> intervals;
  Json cluster = proxy.cluster(name);
  if (cluster.contains("healthChecks"))
    for (const Json& check : cluster["healthChecks"]) intervals.push_back(check["interval"].get<std::string>());
  return intervals;
}

std::string edge_check(const std::string& name, const std::string& target, const std::string& interval) {
  return "---\ntype: MeshHealthCheck\nmesh: default\nname: " + name + "\nspec:\n  targetRef: " + target +
         "\n  to: [{targetRef: {kind: Mesh}, default: {interval: " + interval + ", http: {path: /up}}}]\n";
}

TEST(MeshHealthCheck, OnAGatewayIsThereForEachEntryThatLeadsToTheCluster) {
  using Intervals = std::vector<std::string>;
  const std::string check = edge_check("a", "{kind: MeshGateway, name: edge}", "1s");
  EXPECT_EQ(edge_checks(edge("/", check), 0), Intervals{"1s"});
  EXPECT_EQ(edge_checks(edge("/api", check), 0), (Intervals{"1s", "1s"}));  // the path itself, and what is below it
}

TEST(MeshHealthCheck, OnAGatewayIsThatOfTheListenerTheLastNameWinning) {
  using Intervals = std::vector<std::string>;
  Generated one = edge("/", edge_check("a", "{kind: MeshGateway, name: edge, tags: {n: a}}", "1s"));
  EXPECT_EQ(edge_checks(one, 0), Intervals{"1s"});
  EXPECT_EQ(edge_checks(one, 1), Intervals{});
  Generated two = edge("/", edge_check("a", "{kind: MeshGateway, name: edge}", "1s") +
                                edge_check("b", "{kind: Mesh}", "2s"));
  EXPECT_EQ(edge_checks(two, 0), Intervals{"2s"});
}

TEST(MeshRateLimit, PutsABucketIntoTheRouteAndOneFilterBeforeTheRouter) {
  Generated proxy = web("MeshRateLimit", R"(
  targetRef: {kind: Mesh, proxyTypes: [Sidecar]}
  rules:
  - default:
      local:
        http:
          requestRate: {num: 5, interval: 10s}
          onRateLimit: {status: 503, headers: {add: [{name: a, value: 'b,c'}], set: [{name: d, value: 'e,f'}]}}
)");
  Json filters = http_filters(proxy);
  ASSERT_EQ(filters.size(), 2u);
  EXPECT_EQ(filters[0]["name"], "envoy.filters.http.local_ratelimit");
  EXPECT_EQ(filters[1]["name"], "envoy.filters.http.router");
  Json limit = proxy.routes(inbound)[0]["typedPerFilterConfig"]["envoy.filters.http.local_ratelimit"];
  EXPECT_EQ(limit["tokenBucket"], Json::parse(R"({"maxTokens":5,"tokensPerFill":5,"fillInterval":"10s"})"));
  EXPECT_EQ(limit["status"]["code"], "ServiceUnavailable");
  ASSERT_EQ(limit["responseHeadersToAdd"].size(), 3u);
  EXPECT_EQ(limit["responseHeadersToAdd"][0]["header"]["value"], "b,c");
  EXPECT_EQ(limit["responseHeadersToAdd"][2]["header"]["value"], "f");
}

TEST(MeshRateLimit, LeavesWhatIsSwitchedOffAndWhatTheOldPolicyHas) {
  const std::string limit = "local: {http: {requestRate: {num: 5, interval: 10s}";
  const std::string head = "  targetRef: {kind: Mesh, proxyTypes: [Sidecar]}\n  rules: [{default: {" + limit;
  EXPECT_EQ(http_filters(web("MeshRateLimit", head + ", disabled: true}}}}]\n")).size(), 1u);
  const std::string old = R"(
---
type: RateLimit
mesh: default
name: old
sources: [{match: {kuma.io/service: '*'}}]
destinations: [{match: {kuma.io/service: web}}]
conf: {http: {requests: 1, interval: 1s}}
)";
  Json route = web("MeshRateLimit", head + "}}}}]\n" + old).routes(inbound).back();
  std::string number = route.contains("typedPerFilterConfig")
                           ? route["typedPerFilterConfig"].dump()
                           : std::string();  // of the old policy, where it takes effect
  EXPECT_EQ(number.find(R"("maxTokens":5)"), std::string::npos);
}

TEST(MeshRateLimit, OnAGatewayIsTheCommonOneWhereTheRoutesOwnIsSwitchedOff) {
  auto limit = [](const std::string& name, const std::string& target, const std::string& conf) {
    return "---\ntype: MeshRateLimit\nmesh: default\nname: " + name + "\nspec:\n  targetRef: " + target +
           "\n  to: [{targetRef: {kind: Mesh}, default: {local: " + conf + "}}]\n";
  };
  const std::string all = limit("a", "{kind: MeshGateway, name: edge}",
                                "{http: {requestRate: {num: 5, interval: 1s}}, "
                                "tcp: {connectionRate: {num: 7, interval: 1s}}}");
  auto own = [&](const std::string& http) { return limit("b", "{kind: MeshHTTPRoute, name: all}", http); };
  auto tokens = [&](const std::string& policies) {
    Json configs = edge_route(edge("/", policies), 0)["typedPerFilterConfig"];
    return configs["envoy.filters.http.local_ratelimit"]["tokenBucket"]["maxTokens"];
  };
  EXPECT_EQ(tokens(all), 5);
  EXPECT_EQ(tokens(all + own("{http: {requestRate: {num: 6, interval: 1s}}}")), 6);
  EXPECT_EQ(tokens(all + own("{http: {disabled: true}}")), 5);
  // One for each of the two names of the port's listeners, before the manager.
  google::protobuf::Any any;
  envoy::config::listener::v3::Listener listener;
  ASSERT_TRUE(any.ParseFromString(edge("/", all).bytes(type_url::listener, "edge:HTTP:8080")) &&
              any.UnpackTo(&listener));
  const auto& filters = listener.filter_chains(0).filters();
  ASSERT_EQ(filters.size(), 3);
  EXPECT_EQ(filters[0].typed_config().type_url(),
            "type.googleapis.com/envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit");
  EXPECT_EQ(filters[0].SerializeAsString(), filters[1].SerializeAsString());
  EXPECT_EQ(filters[2].name(), "envoy.filters.network.http_connection_manager");
}

TEST(MeshFaultInjection, KnowsClientsByTheirTags) {
  Generated proxy = web("MeshFaultInjection", R"(
  targetRef: {kind: Mesh, proxyTypes: [Sidecar]}
  from:
  - targetRef: {kind: MeshSubset, tags: {version: v1.2}}
    default: {http: [{abort: {httpStatus: 500, percentage: '2.5'}}, {delay: {value: 5s, percentage: '0.125'}}]}
)");
  Json filters = http_filters(proxy);
  ASSERT_EQ(filters.size(), 3u);
  Json abort = filters[0]["typedConfig"], delay = filters[1]["typedConfig"];
  EXPECT_EQ(abort["abort"]["httpStatus"], 500);
  EXPECT_EQ(abort["abort"]["percentage"], Json::parse(R"({"numerator":250,"denominator":"TEN_THOUSAND"})"));
  EXPECT_EQ(delay["delay"]["percentage"], Json::parse(R"({"numerator":1250,"denominator":"MILLION"})"));
  EXPECT_EQ(abort["headers"][0]["name"], "x-kuma-tags");
  EXPECT_EQ(abort["headers"][0]["stringMatch"]["safeRegex"]["regex"], R"(.*&version=[^&]*v1\.2[,&].*)");
  EXPECT_EQ(filters[2]["name"], "envoy.filters.http.router");
}

TEST(MeshFaultInjection, ReadsBandwidths) {
  using mesh_fault_injection::kbps;
  EXPECT_EQ(kbps("10kbps"), 10u);
  EXPECT_EQ(kbps("2 Mbps"), 2'000u);
  EXPECT_EQ(kbps("3Gbps"), 3'000'000u);
  EXPECT_EQ(kbps("4bps"), 0u);
}

TEST(MeshTrace, TellsDatadogTheDirectionAndThePeer) {
  Generated proxy = web("MeshTrace", R"(
  default:
    backends: [{type: Datadog, datadog: {url: 'http://agent:8126', splitService: true}}]
    sampling: {random: '12.5'}
    tags: [{name: a, literal: b}, {name: c, header: {name: d, default: e}}]
)");
  auto service = [&](const char* listener) {
    return proxy.filter(listener)["tracing"]["provider"]["typedConfig"]["serviceName"];
  };
  EXPECT_EQ(service(inbound), "web_INBOUND");
  EXPECT_EQ(service(to_backend), "web_OUTBOUND_backend");
  Json tracing = proxy.filter(to_backend)["tracing"];
  EXPECT_EQ(tracing["randomSampling"]["value"], 12.5);
  EXPECT_EQ(tracing["customTags"][0]["literal"]["value"], "b");
  EXPECT_EQ(tracing["customTags"][1]["requestHeader"]["defaultValue"], "e");
  EXPECT_EQ(proxy.cluster("meshtrace:datadog")["type"], "STRICT_DNS");
  EXPECT_FALSE(proxy.filter(to_redis).contains("tracing"));
}

TEST(MeshAccessLog, WritesALineForRequestsAndOneForConnections) {
  Generated proxy = web("MeshAccessLog", R"(
  to:
  - targetRef: {kind: Mesh}
    default: {backends: [{type: File, file: {path: /a}}, {type: OpenTelemetry, openTelemetry: {endpoint: otel}}]}
  from:
  - targetRef: {kind: Mesh}
    default:
      backends:
      - type: Tcp
        tcp: {address: 'log:1', format: {type: Json, json: [{key: k, value: '%KUMA_TRAFFIC_DIRECTION%'}]}}
)");
  auto log = [&](const char* listener, int index) { return proxy.filter(listener)["accessLog"][index]["typedConfig"]; };
  std::string request = log(to_backend, 0)["logFormat"]["textFormatSource"]["inlineString"];
  EXPECT_TRUE(request.ends_with("\"web\" \"backend\" \"10.0.0.1\" \"%UPSTREAM_HOST%\"\n")) << request;
  std::string connection = log(to_redis, 0)["logFormat"]["textFormatSource"]["inlineString"];
  EXPECT_NE(connection.find("default 10.0.0.1(web)->%UPSTREAM_HOST%(redis) took"), std::string::npos) << connection;
  EXPECT_EQ(log(to_redis, 1)["commonConfig"]["grpcService"]["envoyGrpc"]["clusterName"],
            "meshaccesslog:opentelemetry:0");
  Json collector = proxy.cluster("meshaccesslog:opentelemetry:0");
  EXPECT_EQ(collector["loadAssignment"]["endpoints"][0]["lbEndpoints"][0]["endpoint"]["address"]["socketAddress"],
            Json::parse(R"({"address":"otel","portValue":4317})"));
  EXPECT_EQ(log(inbound, 0)["logFormat"]["jsonFormat"],
            Json::parse(R"({"address":"log:1","message":{"k":"INBOUND"}})"));
}

/// What is no OTLP value is its JSON text, as Go writes it.
TEST(MeshAccessLog, LogsAPlainBodyAsGoWritesIt) {
  Generated proxy = web("MeshAccessLog", R"(
  to:
  - targetRef: {kind: Mesh}
    default: {backends: [{type: OpenTelemetry, openTelemetry: {endpoint: otel, body: 'a <b> & %KUMA_MESH%'}}]}
)");
  EXPECT_EQ(proxy.filter(to_backend)["accessLog"][0]["typedConfig"]["body"]["stringValue"],
            R"("a \u003cb\u003e \u0026 default")");
}

/// In one pass: moving the rest for each character takes minutes.
TEST(MeshAccessLog, LogsALongBody) {
  auto policy = resource_from_yaml(R"(
type: MeshAccessLog
mesh: default
name: p
spec: {to: [{targetRef: {kind: Mesh}, default: {backends: [{type: OpenTelemetry, openTelemetry: {endpoint: otel}}]}}]}
)");
  ASSERT_TRUE(policy);
  constexpr std::size_t length = 1'000'000;
  policy->spec["to"][0]["default"]["backends"][0]["openTelemetry"]["body"] = std::string(length, '<');
  World world(calling_mesh);
  world.add(std::move(*policy));
  std::string expected = "\"";
  for (std::size_t i = 0; i < length; ++i) expected += "\\u003c";
  expected += '"';
  EXPECT_TRUE(Generated(world, "web").bytes(type_url::listener, to_backend).contains(expected));
}

/// As Kuma writes what it reads in a name that tells rules apart.
TEST(MeshAccessLog, MarksARouteByItsIdentity) {
  using Manager = ::envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager;
  Manager manager;
  manager.mutable_route_config()->add_virtual_hosts()->add_routes()->set_name("kri_mhttpr_default___r_rule_0");
  ::envoy::config::listener::v3::Listener listener;
  auto& filter = *listener.add_filter_chains()->add_filters();
  filter.set_name("envoy.filters.network.http_connection_manager");
  filter.mutable_typed_config()->PackFrom(manager);
  auto none = [](const Kri&) { return std::optional(std::vector<mesh_access_log::Backend>()); };
  mesh_access_log::RouteBackends routes = mesh_access_log::route_backends(listener, none);
  ASSERT_EQ(routes.size(), 1u);
  EXPECT_EQ(routes.begin()->first, "kri_mhttpr_default___r_rule0");
  mesh_access_log::mark_routes(listener, routes);
  ASSERT_TRUE(listener.filter_chains(0).filters(0).typed_config().UnpackTo(&manager));
  const auto& metadata = manager.route_config().virtual_hosts(0).routes(0).metadata().filter_metadata();
  EXPECT_EQ(metadata.at("envoy.filters.http.lua").fields().at("route_kri").string_value(),
            "kri_mhttpr_default___r_rule0");
}

TEST(MeshAccessLog, ReplacesKumasPlaceholdersOnly) {
  mesh_access_log::Subject subject{"a", "::1", "b", "m", "UNSPECIFIED"};
  EXPECT_EQ(mesh_access_log::interpolate(
                "%KUMA_SOURCE_ADDRESS% %KUMA_SOURCE_ADDRESS_WITHOUT_PORT% %KUMA_MESH%%START_TIME%", subject),
            "[::1]:0 ::1 m%START_TIME%");
  EXPECT_EQ(mesh_access_log::interpolate("%KUMA_TRAFFIC_DIRECTION%", subject), "UNSPECIFIED");
  EXPECT_EQ(mesh_access_log::interpolate("%KUMA_OTHER%", subject), "%KUMA_OTHER%");
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += "%KUMA_MESH%-";
  std::string replaced = mesh_access_log::interpolate(many + "%END%", subject);
  EXPECT_EQ(replaced.size(), 200'005u);
  EXPECT_TRUE(replaced.starts_with("m-m-m-") && replaced.ends_with("m-m-%END%"));
}

/// The old policy; to it an instance reached by its address is what passes through.
TEST(TrafficLog, WritesALineForConnectionsToInstances) {
  Generated proxy(World(R"(
type: Mesh
name: default
meshServices: {mode: Disabled}
logging:
  backends: [{name: file, type: file, format: '%KUMA_TRAFFIC_DIRECTION% %KUMA_DESTINATION_SERVICE%', conf: {path: /a}}]
---
type: Dataplane
mesh: default
name: web
networking:
  address: 10.0.0.1
  inbound: [{port: 80, tags: {kuma.io/service: web, kuma.io/protocol: http}}]
  transparentProxying: {redirectPortInbound: 15006, redirectPortOutbound: 15001, directAccessServices: ['*']}
---
type: Dataplane
mesh: default
name: backend
networking:
  address: 10.0.0.2
  inbound: [{port: 8080, tags: {kuma.io/service: backend, kuma.io/protocol: http}}]
---
type: TrafficLog
mesh: default
name: log
sources: [{match: {kuma.io/service: '*'}}]
destinations: [{match: {kuma.io/service: pass_through}}]
conf: {backend: file}
)"),
                  "web");
  const char* name = "direct_access_10.0.0.2:8080";
  Json logs = proxy.filter(name)["accessLog"];
  ASSERT_EQ(logs.size(), 1u);
  EXPECT_EQ(logs[0]["typedConfig"]["path"], "/a");
  EXPECT_EQ(logs[0]["typedConfig"]["logFormat"]["textFormatSource"]["inlineString"],
            std::string("OUTBOUND ") + name + "\n");
}

/// Where another Dataplane serves its metrics is an instance, too.
TEST(DirectAccess, LeadsToMetrics) {
  auto proxy = [](const std::string& services) {
    return Generated(World(R"(
type: Mesh
name: default
meshServices: {mode: Disabled}
metrics:
  enabledBackend: p
  backends: [{name: p, type: prometheus, conf: {port: 1234, tags: {kuma.io/service: metrics}}}]
---
type: Dataplane
mesh: default
name: backend
networking:
  address: 10.0.0.2
  inbound: [{port: 8080, tags: {kuma.io/service: backend, kuma.io/protocol: http}}]
---
type: Dataplane
mesh: default
name: other
networking:
  address: 10.0.0.3
  inbound: [{port: 8080, tags: {kuma.io/service: other, kuma.io/protocol: http}}]
metrics: {type: prometheus, conf: {port: 4321}}
---
type: Dataplane
mesh: default
name: odd
networking:
  address: 10.0.0.4
  inbound: [{port: 8080, tags: {kuma.io/service: odd, kuma.io/protocol: http}}]
metrics: {type: prometheus, conf: {port: 70000}}
---
type: Dataplane
mesh: default
name: web
networking:
  address: 10.0.0.1
  inbound: [{port: 80, tags: {kuma.io/service: web, kuma.io/protocol: http}}]
  transparentProxying:
    redirectPortInbound: 15006
    redirectPortOutbound: 15001
    directAccessServices: [)" + services + "]\n"),
                     "web");
  };
  for (const char* services : {"'*'", "metrics"}) {
    Generated made = proxy(services);
    EXPECT_FALSE(made.listener("direct_access_10.0.0.2:1234").is_null()) << services;
    EXPECT_FALSE(made.listener("direct_access_10.0.0.3:4321").is_null()) << services;
    EXPECT_TRUE(made.listener("direct_access_10.0.0.4:70000").is_null()) << "Envoy would take none of the listeners";
    EXPECT_TRUE(made.listener("direct_access_10.0.0.1:1234").is_null()) << services;
  }
  EXPECT_TRUE(proxy("backend").listener("direct_access_10.0.0.2:1234").is_null());
}

TEST(Collectors, HaveTheirAddressesAndNames) {
  EXPECT_EQ(otlp_address("otel"), (CollectorAddress{"otel", 4317}));
  EXPECT_EQ(otlp_address("otel:12"), (CollectorAddress{"otel", 12}));
  EXPECT_EQ(otlp_address("otel:x"), (CollectorAddress{"otel", 0}));
  EXPECT_EQ(clean_name("http://Otel.a_b:1"), "http----tel-a_b-1");
}

TEST(HeaderValues, AreSplitAtCommas) {
  EXPECT_EQ(header_values(""), std::vector<std::string>{""});
  EXPECT_EQ(header_values("a,,b"), (std::vector<std::string>{"a", "", "b"}));
}

}  // namespace
}  // namespace kumasim::cp::policy::testing
