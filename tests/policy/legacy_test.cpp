/// Which source/destination policy counts for a connection, and how the confs of a mesh's backends are read.
///
/// Source: Kuma docs "How Kuma chooses the right policy to apply"; recordings trafficroute/most-specific,
/// trafficpermission/*.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "reference-cp/policy/legacy/connection_policy.hpp"
#include "reference-cp/policy/legacy/tag_selector.hpp"
#include "reference-cp/xds/metrics.hpp"
#include "tests/policy/xds_json.hpp"

namespace kumasim::cp::policy::testing {
namespace {

constexpr std::string_view caller = R"(
type: Mesh
name: default
---
type: Dataplane
mesh: default
name: web
networking:
  address: 10.0.0.1
  inbound: [{port: 80, tags: {kuma.io/service: web, version: v1, region: eu}}]
  outbound: [{port: 10001, tags: {kuma.io/service: backend}}]
)";

struct Route {
  std::string name, source, destination;
  int created = 0;  ///< seconds
};

/// The name of the TrafficRoute for web -> backend; empty for none.
std::string chosen(const std::vector<Route>& routes) {
  World world(caller);
  for (const Route& route : routes) {
    auto parsed = resource_from_yaml(
        fmt::format("type: TrafficRoute\nmesh: default\nname: {}\nsources: [{{match: {{{}}}}}]\n"
                    "destinations: [{{match: {{{}}}}}]\nconf: {{destination: {{kuma.io/service: backend}}}}\n",
                    route.name, route.source, route.destination));
    if (!parsed) throw std::runtime_error(parsed.error().message);
    parsed->meta.creation = WallTime(std::chrono::seconds(route.created));
    world.add(std::move(*parsed));
  }
  auto mesh = world.mesh();
  auto policies = legacy::outbound_policies("TrafficRoute", World::proxy(*mesh, "web"), *mesh);
  auto found = policies.find("backend");
  return found == policies.end() ? std::string() : found->second->meta.name;
}

constexpr const char* any = "kuma.io/service: '*'";
constexpr const char* web = "kuma.io/service: web";
constexpr const char* backend = "kuma.io/service: backend";

TEST(LegacyPolicies, NoneWhereNoSelectorMatches) {
  EXPECT_EQ(chosen({}), "");
  EXPECT_EQ(chosen({{"r", "kuma.io/service: other", any}}), "");
  EXPECT_EQ(chosen({{"r", any, "kuma.io/service: other"}}), "");
}

TEST(LegacyPolicies, AnExactValueIsMoreSpecificThanAny) {
  EXPECT_EQ(chosen({{"a", any, any}, {"b", any, backend}}), "b");
  EXPECT_EQ(chosen({{"a", any, any}, {"b", web, any}}), "b");
  EXPECT_EQ(chosen({{"a", web, any}, {"b", web, backend}}), "b");
}

TEST(LegacyPolicies, MoreTagsAreMoreSpecificEvenIfOfAnyValue) {
  EXPECT_EQ(chosen({{"a", web, backend}, {"b", "kuma.io/service: '*', version: '*'", any}}), "b");
  EXPECT_EQ(chosen({{"a", web, backend}, {"b", "kuma.io/service: web, version: v1", any}}), "b");
}

TEST(LegacyPolicies, OfEqualOnesTheYoungestAndThenTheFirstName) {
  EXPECT_EQ(chosen({{"a", web, backend, 1}, {"b", web, backend, 2}}), "b");
  EXPECT_EQ(chosen({{"a", web, backend, 2}, {"b", web, backend, 1}}), "a");
  EXPECT_EQ(chosen({{"b", web, backend, 1}, {"a", web, backend, 1}}), "a");
}

TEST(LegacyPolicies, AnInboundTakesTheMostSpecificDestination) {
  World world(std::string(caller) + R"(
---
type: TrafficPermission
mesh: default
name: all
sources: [{match: {kuma.io/service: '*'}}]
destinations: [{match: {kuma.io/service: '*'}}]
---
type: TrafficPermission
mesh: default
name: v1
sources: [{match: {kuma.io/service: shop}}]
destinations: [{match: {kuma.io/service: web, version: v1}}]
)");
  auto mesh = world.mesh();
  auto name = [&](const Tags& tags) {
    ResourcePtr policy = legacy::inbound_policy("TrafficPermission", tags, *mesh);
    return policy ? policy->meta.name : std::string();
  };
  EXPECT_EQ(name({{"kuma.io/service", "web"}, {"version", "v1"}}), "v1");
  EXPECT_EQ(name({{"kuma.io/service", "web"}, {"version", "v2"}}), "all");
  EXPECT_EQ(name({}), "");
}

TEST(TagSelectors, Rank) {
  using legacy::compare;
  using legacy::rank;
  EXPECT_GT(compare(rank({{"a", "b"}}), rank({})), 0);
  EXPECT_GT(compare(rank({{"a", "b"}}), rank({{"a", "*"}})), 0);
  EXPECT_GT(compare(rank({{"a", "*"}, {"b", "*"}}), rank({{"a", "b"}})), 0);
  EXPECT_EQ(compare(rank({{"a", "b"}}), rank({{"c", "d"}})), 0);
}

/// What is asked of a proxy whose Dataplane has such metrics. Confs are kept as they were written and read as the
/// messages that they are, by jsonpb: enumerations by number, numbers in quotes, null for what is not there.
nlohmann::json metrics_conf(const std::string& networking, const std::string& conf) {
  auto mesh = World(R"(
type: Mesh
name: default
metrics:
  enabledBackend: p
  backends: [{name: p, type: prometheus, conf: {port: 1234, tags: {a: b}, envoy: {usedOnly: true}}}]
---
type: Dataplane
mesh: default
name: web
networking: {address: 10.0.0.1, )" + networking +
                    "}\nmetrics: {type: prometheus, conf: " + conf + "}\n")
                  .mesh();
  const Resource& dataplane = **mesh->all("Dataplane").find("web");
  nlohmann::json out = prometheus_conf(mesh->mesh(), dataplane);
  const BackendConf of_mesh = mesh_prometheus_conf(mesh->mesh()->spec);
  EXPECT_EQ(prometheus_inbound(of_mesh, dataplane).has_value(), !out.is_null()) << conf;
  return out;
}

constexpr const char* sidecar = "inbound: [{port: 80, tags: {kuma.io/service: web}}]";
constexpr const char* gateway = "gateway: {tags: {kuma.io/service: web}}";

TEST(BackendConfs, OfMetricsAreMergedAsMessages) {
  for (const char* proxy : {sidecar, gateway}) {
    EXPECT_EQ(metrics_conf(proxy, "{tls: {mode: 2}}")["tls"]["mode"], "disabled");
    EXPECT_EQ(metrics_conf(proxy, "{port: null}")["port"], 1234);
    EXPECT_EQ(metrics_conf(proxy, "{port: '4321'}")["port"], 4321);
    EXPECT_EQ(metrics_conf(proxy, "{envoy: {usedOnly: false, filterRegex: x}}")["envoy"].dump(),
              R"({"filterRegex":"x","usedOnly":true})");
    EXPECT_EQ(metrics_conf(proxy, "{envoy: {filter_regex: x}}")["envoy"].dump(), R"({"usedOnly":true})")
        << "no name of a field, not even in the .proto file";
    EXPECT_EQ(metrics_conf(proxy, "{tags: {c: d}}")["tags"].dump(), R"({"a":"b","c":"d"})");
  }
}

/// Nobody judges them when they are written.
TEST(BackendConfs, OfAGatewaysMetricsThatCannotBeReadAreNone) {
  for (const char* conf : {"{port: 1e300}", "{port: -1}", "{path: 7}", "{tls: x}", "{aggregate: x}"})
    EXPECT_TRUE(metrics_conf(gateway, conf).is_null()) << conf;
}

/// A proxy that is traced to a backend, of which nobody asks whether it may be one: an earlier version kept others.
Generated traced(const char* to) {
  World world(R"(
type: Dataplane
mesh: default
name: web
networking:
  address: 10.0.0.1
  inbound: [{port: 80, tags: {kuma.io/service: web, kuma.io/protocol: http}}]
---
type: TrafficTrace
mesh: default
name: all
selectors: [{match: {kuma.io/service: '*'}}]
)");
  auto mesh = resource_from_yaml("type: Mesh\nname: default\n");
  mesh->spec["tracing"]["defaultBackend"] = "b";
  mesh->spec["tracing"]["backends"] = nlohmann::json::array({nlohmann::json::parse(to)});
  world.add(std::move(mesh.value()));
  return {world, "web"};
}

TEST(BackendConfs, OfTracingAreReadAsMessages) {
  auto provider = [](const Generated& proxy) {
    return proxy.filter("inbound:10.0.0.1:80").at("tracing").at("provider").at("typedConfig");
  };
  auto zipkin = provider(traced(R"({"name": "b", "type": "zipkin",
    "conf": {"url": "http://z:9411/spans", "traceId128bit": true, "api_version": "httpProto"}})"));
  EXPECT_EQ(zipkin["traceId128bit"], true) << zipkin;
  EXPECT_EQ(zipkin["collectorEndpointVersion"], "HTTP_JSON") << "no name of a field";
  Generated datadog = traced(R"({"name": "b", "type": "datadog",
    "conf": {"address": "d", "port": "8126", "splitService": true}})");
  EXPECT_EQ(provider(datadog)["serviceName"], "web_INBOUND");
  EXPECT_NE(datadog.cluster("tracing:b").dump().find("8126"), std::string::npos);
  EXPECT_TRUE(traced(R"({"name": "b", "type": "datadog", "conf": {"address": "d", "port": 1e300}})")
                  .cluster("tracing:b")
                  .is_null());
}

/// What Envoy sends is any JSON.
TEST(NodeMetadata, NumbersThatDoNotFitAreNone) {
  auto port = [](const char* value) {
    return NodeMetadata::from_json(fmt::format(R"({{"dataplane.admin.port": {}}})", value)).admin_port;
  };
  for (const char* good : {"9901", "9901.5", R"("9901")"}) EXPECT_EQ(port(good), 9901u) << good;
  for (const char* none : {"4294967301.5", "1e300", "-1.5", R"("x")"}) EXPECT_EQ(port(none), 0u) << none;
}

}  // namespace
}  // namespace kumasim::cp::policy::testing
