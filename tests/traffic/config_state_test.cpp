/// What Envoy refuses, what waits, what comes into use: the configuration state by itself.
#include <gtest/gtest.h>

#include "sim/envoy/config/unread.hpp"
#include "tests/traffic/bed.hpp"

namespace kumasim::test {
namespace {

using sim::proxy::ConfigObserver;
using sim::proxy::ConfigState;
using sim::proxy::ResourceCache;
using sim::proxy::Type;

class ConfigStateTest : public ::testing::Test {
 protected:
  void refused(Type type, const std::vector<Yaml>& resources, const std::string& part) {
    auto outcome = apply(state, type, resources, "bad");
    ASSERT_FALSE(outcome) << part;
    EXPECT_NE(outcome.error().find(part), std::string::npos) << outcome.error();
    EXPECT_NE(state.version(type), "bad");
  }
  void ok(const sim::proxy::Checked<>& outcome) { ASSERT_TRUE(outcome) << outcome.error(); }

  ConfigObserver observer;
  ConfigState state{std::make_shared<ResourceCache>(), observer};
};

TEST_F(ConfigStateTest, constraints_of_the_api_refuse_the_whole_response) {
  refused(
      Type::cluster, {local_cluster(), "type: STATIC"},
      "Proto constraint validation failed (ClusterValidationError.Name: value length must be at least 1 characters)");
  EXPECT_TRUE(state.clusters().empty());
  refused(Type::cluster, {"name: x\ntype: EDS\nconnect_timeout: 0s\neds_cluster_config: {eds_config: {ads: {}}}"},
          "ClusterValidationError.ConnectTimeout: value must be greater than");
  refused(Type::listener, {outbound(1, "- {name: v, routes: [{match: {prefix: /}, route: {cluster: c}}]}\n")},
          "VirtualHostValidationError.Domains: value must contain at least 1 item(s)");
  refused(Type::listener, {outbound(1, "- {name: v, domains: ['*'], routes: [{match: {}, route: {cluster: c}}]}\n")},
          "RouteMatchValidationError.PathSpecifier: value is required");
  EXPECT_EQ(state.stats().get("cluster_manager.cds.update_rejected"), 2u);
  EXPECT_EQ(state.stats().get("listener_manager.lds.update_rejected"), 2u);
}

TEST_F(ConfigStateTest, one_bad_cluster_does_not_keep_the_good_ones_out) {
  refused(Type::cluster, {local_cluster(), local_cluster()}, "duplicate cluster localhost:80 found");
  EXPECT_EQ(state.clusters().size(), 1u);
  refused(Type::cluster, {local_cluster(), "name: od\ntype: ORIGINAL_DST"},
          "LB policy ROUND_ROBIN is not valid for Cluster type ORIGINAL_DST");
  EXPECT_EQ(state.clusters().size(), 1u);
}

/// The endpoints come from elsewhere, so that each cluster is in use at once.
TEST_F(ConfigStateTest, removals_that_are_held_come_when_they_are_held_no_more) {
  auto cluster = [](const std::string& name) { return "name: " + name + "\ntype: STATIC\nconnect_timeout: 1s\n"; };
  auto names = [&] {
    std::string out;
    for (const auto& [name, in_use] : state.clusters()) out += name;
    return out;
  };
  ok(apply(state, Type::cluster, {cluster("a"), cluster("b"), cluster("c")}));
  state.hold_removals({Type::cluster});
  ok(apply(state, Type::cluster, {cluster("a")}));
  EXPECT_EQ(names(), "abc");
  ok(apply(state, Type::cluster, {cluster("a"), cluster("b")}));
  EXPECT_EQ(names(), "abc");
  state.hold_removals({Type::listener});
  EXPECT_EQ(names(), "ab") << "what was sent again stays";
  ok(apply(state, Type::cluster, {cluster("a")}));
  EXPECT_EQ(names(), "a") << "of this type nothing is held any more";
  EXPECT_EQ(state.stats().get("cluster_manager.cluster_removed"), 2u);
}

/// Before the first response there is nothing to be let go.
TEST_F(ConfigStateTest, who_holds_no_removal_is_not_live_by_letting_go) {
  state.hold_removals({Type::cluster, Type::listener});
  state.hold_removals({});
  EXPECT_FALSE(state.clusters_initialized());
  EXPECT_FALSE(state.live());
}

TEST_F(ConfigStateTest, health_checks_that_envoy_refuses) {
  auto with = [](const std::string& checks) { return eds_cluster("c", "health_checks: [" + checks + "]\n"); };
  auto check = [](const std::string& kind, const std::string& more = "") {
    return "{timeout: 1s, interval: 1s, unhealthy_threshold: 1, healthy_threshold: 1, " + more + kind + "}";
  };
  const auto tcp = check("tcp_health_check: {}");
  refused(Type::cluster, {with("{timeout: 1s, interval: 1s, tcp_health_check: {}}")},
          "HealthCheckValidationError.UnhealthyThreshold: value is required");
  refused(Type::cluster, {with(tcp + ", " + tcp)},
          "all health checks must have a name when multiple health checks are configured");
  refused(Type::cluster, {with(check("grpc_health_check: {}"))},
          "c cluster must support HTTP/2 for gRPC healthchecking");
  refused(Type::cluster, {with(check("tcp_health_check: {send: {text: abc}}"))}, "invalid hex string 'abc'");
  refused(Type::cluster, {with(check("http_health_check: {path: /, expected_statuses: [{start: 201, end: 201}]}"))},
          "Invalid http expected status range: expecting start < end, but found start=201 and end=201");
  refused(Type::cluster, {with(check("http_health_check: {path: /, retriable_statuses: [{start: 99, end: 201}]}"))},
          "Invalid http retriable status range: expecting start >= 100, but found start=99");
  refused(Type::cluster, {with(check("http_health_check: {path: /, send: {text: ab}}"))},
          "HTTP health check cannot specify a request payload with method 'GET'");
  ok(apply(state, Type::cluster,
           {with(check("tcp_health_check: {}", "name: a, ") + ", " + check("tcp_health_check: {}", "name: b, "))}));
  EXPECT_EQ(state.unread().count("envoy.config.core.v3.HealthCheck.name"), 1u);
}

TEST_F(ConfigStateTest, listeners_that_envoy_refuses) {
  ok(apply(state, Type::cluster, {local_cluster()}));
  refused(Type::listener, {"name: x\naddress: {socket_address: {address: 127.0.0.1, port_value: 1}}"},
          "no filter chains specified");
  refused(Type::listener,
          {"name: x\naddress: {socket_address: {address: backend, port_value: 1}}\nfilter_chains: [{}]"},
          "malformed IP address: backend");
  refused(Type::listener,
          {"name: x\naddress: {socket_address: {address: 127.0.0.1, port_value: 1}}\nfilter_chains: [{filters: [{name: "
           "lost, typed_config: {'@type': type.googleapis.com/envoy.no.Such}}]}]"},
          "Didn't find a registered implementation for 'lost' with type URL: 'envoy.no.Such'");
  auto two = outbound(10001, route_all("cluster: c"));
  auto same_address = two;
  same_address.replace(same_address.find("outbound:127"), 8, "another_");
  refused(Type::listener, {two, same_address}, "has duplicate address '127.0.0.1:10001' as existing listener");
  refused(Type::listener, {two + two.substr(two.find("- filters:"))}, "has the same matching rules defined as");
  auto strict = outbound(10003, route_all("cluster: missing"));
  strict.replace(strict.find("validate_clusters: false"), 24, "validate_clusters: true");
  refused(Type::listener, {strict}, "route: unknown cluster 'missing'");
  auto no_router = outbound(10004, route_all("cluster: c"));
  no_router.replace(no_router.find("router.v3.Router"), 16, "cors.v3.Cors");
  refused(Type::listener, {no_router}, "is the last filter in a http filter chain");
}

TEST_F(ConfigStateTest, clusters_warm_and_the_old_one_stays) {
  ok(apply(state, Type::cluster, {eds_cluster("backend")}));
  EXPECT_TRUE(state.clusters().empty());
  EXPECT_FALSE(state.clusters_initialized());
  EXPECT_EQ(state.wanted(Type::endpoints), (std::set<std::string>{"backend"}));
  ok(apply(state, Type::endpoints, {endpoints("backend", {"10.0.0.1:80"})}));
  EXPECT_EQ(state.clusters().size(), 1u);
  EXPECT_TRUE(state.clusters_initialized());
  auto old = state.clusters().at("backend").config;

  ok(apply(state, Type::cluster, {eds_cluster("backend", upstream_tls("spiffe://x/y"))}, "2"));
  EXPECT_EQ(state.clusters().at("backend").config, old);
  EXPECT_TRUE(state.take_resubscribe(Type::endpoints));
  ok(apply(state, Type::endpoints, {endpoints("backend", {"10.0.0.1:80"})}, "2"));
  EXPECT_EQ(state.clusters().at("backend").config, old);  // secrets are missing
  EXPECT_EQ(state.wanted(Type::secret), (std::set<std::string>{"ca", "identity"}));
  Authority root("mesh");
  ok(apply(state, Type::secret, {identity(root.issue("spiffe://x/y"))}));
  EXPECT_EQ(state.clusters().at("backend").config, old);
  ok(apply(state, Type::secret, {ca(root.bundle())}, "2"));
  EXPECT_NE(state.clusters().at("backend").config, old);
  EXPECT_EQ(state.stats().get("cluster_manager.warming_clusters"), 0u);
  ok(apply(state, Type::cluster, {}, "3"));
  EXPECT_TRUE(state.clusters().empty());
  EXPECT_TRUE(state.wanted(Type::secret).empty());
}

TEST_F(ConfigStateTest, listeners_of_the_first_response_come_into_use_together) {
  ok(apply(state, Type::cluster, {local_cluster()}));
  auto tls = inbound("10.0.0.1", 80, downstream_tls("spiffe://x/"), "");
  ok(apply(state, Type::listener, {outbound(10001, route_all("cluster: c")), tls}));
  EXPECT_TRUE(state.listeners().empty());
  EXPECT_FALSE(state.live());
  Authority root("mesh");
  ok(apply(state, Type::secret, {identity(root.issue("spiffe://x/y")), ca(root.bundle())}));
  EXPECT_TRUE(state.live());
  EXPECT_EQ(state.listeners().size(), 2u);
}

TEST_F(ConfigStateTest, secrets_that_do_not_fit_are_refused) {
  ok(apply(state, Type::cluster, {eds_cluster("backend", upstream_tls("spiffe://x/y"))}));
  Authority root("mesh");
  auto a = root.issue("spiffe://x/a");
  auto b = root.issue("spiffe://x/b");
  refused(Type::secret, {identity({a.certificate, b.key})}, "KEY_VALUES_MISMATCH");
  refused(Type::secret, {identity({"nonsense", b.key})}, "Failed to load certificate chain");
  refused(Type::secret, {ca("nonsense")}, "Failed to load trusted CA certificates");
}

TEST_F(ConfigStateTest, routes_by_discovery_keep_a_listener_warm) {
  ok(apply(state, Type::cluster, {local_cluster()}));
  auto yaml = outbound(10001, route_all("cluster: c"));
  yaml = yaml.substr(0, yaml.find("      route_config:")) +
         "      rds: {route_config_name: r1, config_source: {ads: {}}}\n";
  ok(apply(state, Type::listener, {yaml}));
  EXPECT_TRUE(state.listeners().empty());
  EXPECT_EQ(state.wanted(Type::routes), (std::set<std::string>{"r1"}));
  auto rds = [](const std::string& domains) {
    return "name: r1\nvirtual_hosts: [{name: v, domains: [" + domains +
           "], routes: [{match: {prefix: /}, route: {cluster: c}}]}]";
  };
  refused(Type::routes, {rds("'*', '*'")}, "Only a single wildcard domain is permitted");
  EXPECT_TRUE(state.listeners().empty());
  ok(apply(state, Type::routes, {rds("'*'")}));
  EXPECT_EQ(state.listeners().size(), 1u);
}

TEST_F(ConfigStateTest, regular_expressions_are_re2s) {
  ok(apply(state, Type::cluster, {local_cluster()}));
  auto with = [](const std::string& regex) {
    return outbound(10001, "- {name: v, domains: ['*'], routes: [{match: {safe_regex: {regex: '" + regex +
                               "'}}, route: {cluster: c}}]}\n");
  };
  // Texts of Envoy 1.40 (`--mode validate`).
  refused(Type::listener, {with("/a(?=b)")}, "invalid perl operator: (?=");
  refused(Type::listener, {with("/a(")}, "missing ): /a(");
  refused(Type::listener, {with("/(a)\\1")}, "invalid escape sequence: \\1");
  for (const char* good : {"/\\pL+\\z", "(?s)/.*", "/(?P<id>[[:word:]]+)"})
    ok(apply(state, Type::listener, {with(good)}, good));
}

TEST_F(ConfigStateTest, the_first_error_goes_by_the_key_of_a_map) {
  std::string broken, unmatched;
  for (char c = 'z'; c >= 'b'; --c) {
    broken += std::string(1, c) + ": {permissions: [], principals: [{any: true}]}, ";
    unmatched += std::string(1, c) +
                 ": {permissions: [{any: true}], principals: [{header: {name: x, safe_regex_match: "
                 "{regex: '" +
                 std::string(1, c) + "('}}}]}, ";
  }
  auto listener = [](const std::string& policies) {
    auto yaml = inbound("10.0.0.1", 80, "", "");
    return yaml.insert(yaml.find("policies: {") + 11, policies);
  };
  refused(Type::listener, {listener(broken)}, "RBACValidationError.Policies[b]: embedded message failed validation");
  refused(Type::listener, {listener(unmatched)}, "missing ): b(");
}

TEST_F(ConfigStateTest, fields_that_are_not_interpreted_are_named) {
  EXPECT_EQ(sim::proxy::unknown_entries(), std::set<std::string>{});
  ok(apply(state, Type::cluster, {local_cluster(), eds_cluster("backend", upstream_tls("spiffe://x/y"))}));
  ok(apply(state, Type::endpoints, {endpoints("backend", {"10.0.0.1:80"})}));
  auto listener = inbound("10.0.0.1", 80, downstream_tls("spiffe://x/"), "spiffe://x/z");
  ok(apply(state, Type::listener, {listener, outbound(10001, route_all("cluster: c"))}));
  EXPECT_EQ(state.unread(), (std::map<std::string, std::string>{}));

  ok(apply(state, Type::cluster,
           {eds_cluster("odd", "dns_jitter: 1s\ndns_lookup_family: V4_ONLY\nalt_stat_name: no_matter\n")}, "2"));
  auto cors = outbound(10002, route_all("cluster: c, max_stream_duration: {max_stream_duration: 1s}"));
  cors.insert(
      cors.find("http_filters: [") + 15,
      "{name: cors, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors}}, ");
  cors.insert(cors.find("      http_filters"),
              "      common_http_protocol_options: {max_stream_duration: 2s, idle_timeout: 0s}\n");
  ok(apply(state, Type::listener, {cors}, "2"));
  EXPECT_EQ(state.unread(),
            (std::map<std::string, std::string>{
                {"envoy.config.cluster.v3.Cluster.dns_jitter", "odd"},
                {"envoy.config.core.v3.HttpProtocolOptions.max_stream_duration", "outbound:127.0.0.1:10002"},
                {"envoy.config.route.v3.RouteAction.max_stream_duration", "outbound:127.0.0.1:10002"},
                {"envoy.extensions.filters.http.cors.v3.Cors", "outbound:127.0.0.1:10002"}}));
}

TEST_F(ConfigStateTest, equal_content_is_compiled_once) {
  auto cache = std::make_shared<ResourceCache>();
  ConfigState a(cache, observer), b(cache, observer);
  ok(apply(a, Type::cluster, {local_cluster()}));
  auto compiled = cache->compiled();
  ok(apply(b, Type::cluster, {local_cluster()}));
  EXPECT_EQ(cache->compiled(), compiled);
  EXPECT_EQ(a.clusters().at("localhost:80").config, b.clusters().at("localhost:80").config);
}

}  // namespace
}  // namespace kumasim::test
