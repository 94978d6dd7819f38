/// Subsets, rewrites, faults, rate limits, virtual addresses and pass-through; and that a run repeats itself.
#include <gtest/gtest.h>

#include "sim/apps/load.hpp"
#include "sim/envoy/config/route.hpp"
#include "tests/traffic/bed.hpp"

namespace kumasim::test {
namespace {

using namespace std::chrono_literals;
using sim::proxy::Type;

void ok(const sim::proxy::Checked<>& outcome) { ASSERT_TRUE(outcome) << outcome.error(); }

/// web calls applications without proxies at 10.0.0.11:80 (v1) and 10.0.0.12:80 (v2).
class FeatureTraffic : public ::testing::Test {
 protected:
  void SetUp() override {
    bed.machine("web", "10.0.0.1", "-");
    for (int i : {1, 2}) {
      auto& p = bed.world.add_process("app-" + std::to_string(i), "10.0.0.1" + std::to_string(i));
      p.start([](Runtime&) {});
      bed.world.run_for(Duration(1));
      p.keep(std::make_shared<sim::Instance>(
          bed.fabric, p, sim::InstanceOptions{.version = "v" + std::to_string(i), .host = p.address(), .port = 80}));
    }
  }
  sim::proxy::ConfigState& web() { return bed["web"].proxy->config(); }
  Bed bed;
};

constexpr auto labelled = R"(cluster_name: backend
endpoints:
- lb_endpoints:
  - {endpoint: {address: {socket_address: {address: 10.0.0.11, port_value: 80}}}, metadata: {filter_metadata: {envoy.lb: {version: v1}}}}
  - {endpoint: {address: {socket_address: {address: 10.0.0.12, port_value: 80}}}, metadata: {filter_metadata: {envoy.lb: {version: v2}}}}
)";

TEST_F(FeatureTraffic, subsets_choose_by_label) {
  ok(apply(web(), Type::cluster,
           {eds_cluster("backend",
                        "lb_subset_config: {fallback_policy: ANY_ENDPOINT, subset_selectors: [{keys: [version], "
                        "fallback_policy: NO_FALLBACK}]}\n")}));
  ok(apply(web(), Type::endpoints, {labelled}));
  auto subset = [](const std::string& version) {
    return "cluster: backend, metadata_match: {filter_metadata: {envoy.lb: {version: " + version + "}}}";
  };
  for (const std::string version : {"v1", "v2"}) {
    ok(apply(web(), Type::listener, {outbound(10001, route_all(subset(version)))}, version));
    for (int i = 0; i < 4; ++i) EXPECT_EQ(bed.call("web", to_port(10001)).app_version, version);
  }
  ok(apply(web(), Type::listener, {outbound(10001, route_all(subset("v3")))}, "3"));
  EXPECT_EQ(bed.call("web", to_port(10001)).response_flags, "UH");
  ok(apply(web(), Type::listener, {outbound(10001, route_all("cluster: backend"))}, "4"));
  EXPECT_EQ(bed.call("web", to_port(10001)).status, 200);
}

TEST_F(FeatureTraffic, discovered_routes_may_go_while_a_fault_delays_the_call) {
  ok(apply(web(), Type::cluster, {eds_cluster("backend")}));
  ok(apply(web(), Type::endpoints, {labelled}));
  auto yaml = outbound(10001, "");
  yaml = yaml.substr(0, yaml.find("      route_config:")) +
         "      rds: {route_config_name: r1, config_source: {ads: {}}}\n";
  yaml.insert(yaml.find("http_filters: [") + 15,
              "{name: fault, typed_config: {\"@type\": "
              "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault, delay: {fixed_delay: 2s, "
              "percentage: {numerator: 100}}}}, ");
  ok(apply(web(), Type::listener, {yaml}));
  ok(apply(web(), Type::routes, {"name: r1\nvirtual_hosts:\n" + route_all("cluster: backend")}, "7"));
  std::vector<sim::CallResult> out;
  bed.start_call("web", to_port(10001), out);
  bed.world.run_for(1s);
  ok(apply(web(), Type::listener, {}, "2"));
  EXPECT_TRUE(web().routes().empty());
  bed.world.run_for(5s);
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].status, 200) << explain(out[0]);
  EXPECT_NE(explain(out[0]).find("route all / @7"), std::string::npos) << explain(out[0]);
}

TEST_F(FeatureTraffic, faults_and_rate_limits) {
  ok(apply(web(), Type::cluster, {eds_cluster("backend")}));
  ok(apply(web(), Type::endpoints, {labelled}));
  auto with = [](const std::string& filter) {
    auto yaml = outbound(10001, route_all("cluster: backend"));
    return yaml.insert(yaml.find("http_filters: [") + 15, filter + ", ");
  };
  auto type = [](const char* name) {
    return std::string("\"@type\": type.googleapis.com/envoy.extensions.filters.http.") + name;
  };
  ok(apply(web(), Type::listener,
           {with("{name: fault, typed_config: {" + type("fault.v3.HTTPFault") +
                 ", delay: {fixed_delay: 2s, percentage: {numerator: 100}}, abort: {http_status: 418, percentage: "
                 "{numerator: 100}}}}")},
           "1"));
  auto result = bed.call("web", to_port(10001));
  EXPECT_EQ(result.status, 418);
  EXPECT_EQ(result.response_flags, "DI,FI");
  EXPECT_EQ(result.details, "fault_filter_abort");
  EXPECT_GE(result.latency, 2s);
  ok(apply(
      web(), Type::listener,
      {with("{name: limit, typed_config: {" + type("local_ratelimit.v3.LocalRateLimit") +
            ", stat_prefix: l, token_bucket: {max_tokens: 3, tokens_per_fill: 3, fill_interval: 10s}, filter_enabled: "
            "{default_value: {numerator: 100}}, filter_enforced: {default_value: {numerator: 100}}}}")},
      "2"));
  int limited = 0;
  for (int i = 0; i < 10; ++i) {
    result = bed.call("web", to_port(10001));
    if (result.status != 429) continue;
    ++limited;
    EXPECT_EQ(result.response_flags, "RL");
    EXPECT_EQ(result.details, "local_rate_limited");
  }
  EXPECT_EQ(limited, 7);
  bed.world.run_for(10s);
  EXPECT_EQ(bed.call("web", to_port(10001)).status, 200);
}

TEST_F(FeatureTraffic, an_answer_of_a_filter_names_the_cluster_of_the_route) {
  ok(apply(web(), Type::cluster, {eds_cluster("backend")}));
  ok(apply(web(), Type::endpoints, {labelled}));
  auto yaml = outbound(10001, route_all("cluster: backend"));
  yaml.insert(yaml.find("http_filters: [") + 15,
              "{name: fault, typed_config: {\"@type\": "
              "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault, abort: {http_status: 418, "
              "percentage: {numerator: 100}}}}, ");
  ok(apply(web(), Type::listener, {yaml}));
  auto result = bed.call("web", to_port(10001));
  EXPECT_EQ(result.response_flags, "FI");
  EXPECT_EQ(result.cluster, "backend");
  EXPECT_EQ(result.route, "all /");
}

TEST_F(FeatureTraffic, escaped_slashes_are_refused_redirected_or_unescaped) {
  ok(apply(web(), Type::cluster, {eds_cluster("backend")}));
  ok(apply(web(), Type::endpoints, {labelled}));
  auto with = [](const std::string& action) {
    auto yaml =
        outbound(10001,
                 "- name: all\n  domains: ['*']\n  routes:\n  - {match: {path: /a/b}, direct_response: {status: "
                 "299}}\n");
    return yaml.insert(yaml.find("http_filters: ["), "path_with_escaped_slashes_action: " + action + "\n      ");
  };
  auto status = [&](const std::string& action, const std::string& path) {
    ok(apply(web(), Type::listener, {with(action)}, action));
    return bed.call("web", to_port(10001, "backend", path)).status;
  };
  EXPECT_EQ(status("KEEP_UNCHANGED", "/a%2Fb"), 404);
  EXPECT_EQ(status("REJECT_REQUEST", "/a%2fb"), 400);
  EXPECT_EQ(status("REJECT_REQUEST", "/a/b?c=%2F"), 299);
  EXPECT_EQ(status("UNESCAPE_AND_REDIRECT", "/a%2Fb"), 307);
  EXPECT_EQ(status("UNESCAPE_AND_FORWARD", "/a%2Fb"), 299);
  EXPECT_EQ(status("UNESCAPE_AND_FORWARD", "/a%25b"), 404);
}

TEST_F(FeatureTraffic, an_http_inspector_tells_http_from_other_bytes) {
  auto yaml = outbound(
      10001, "- name: all\n  domains: ['*']\n  routes: [{match: {prefix: /}, direct_response: {status: 299}}]\n");
  yaml.insert(yaml.find("- filters:") + 2, "filter_chain_match: {application_protocols: [http/1.1, h2c]}\n  ");
  yaml +=
      "- filters: [{name: tcp, typed_config: {\"@type\": "
      "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: t, cluster: none}}]\n";
  auto inspected = yaml +
                   "listener_filters: [{name: http, typed_config: {\"@type\": "
                   "type.googleapis.com/envoy.extensions.filters.listener.http_inspector.v3.HttpInspector}}]\n";
  auto raw = raw_to_port(10001);
  ok(apply(web(), Type::listener, {inspected}));
  EXPECT_EQ(bed.call("web", to_port(10001)).status, 299);
  EXPECT_EQ(bed.call("web", raw).response_flags, "NC");
  ok(apply(web(), Type::listener, {yaml}, "without"));
  EXPECT_EQ(bed.call("web", to_port(10001)).response_flags, "NC");
  auto off = inspected.substr(0, inspected.size() - 3) +
             ", filter_disabled: {or_match: {rules: [{destination_port_range: {start: 10001, end: 10002}}, {not_match: "
             "{any_match: true}}]}}}]\n";
  ok(apply(web(), Type::listener, {off}, "off"));
  EXPECT_EQ(bed.call("web", to_port(10001)).response_flags, "NC");
}

TEST_F(FeatureTraffic, a_weighted_cluster_without_a_name_is_refused) {
  auto outcome =
      apply(web(), Type::listener, {outbound(10001, route_all("weighted_clusters: {clusters: [{weight: 1}]}"))});
  ASSERT_FALSE(outcome);
  EXPECT_NE(outcome.error().find("At least one of name or cluster_header need to be specified"), std::string::npos);
}

TEST_F(FeatureTraffic, server_names_match_in_any_case) {
  auto yaml = outbound(10001, route_all("cluster: backend"));
  yaml.insert(yaml.find("- filters:") + 2, "filter_chain_match: {server_names: [a.example]}\n  ");
  ok(apply(web(), Type::listener, {yaml}));
  const auto& listener = *web().listeners().begin()->second.config;
  EXPECT_TRUE(listener.find(
      {.destination_ip = "127.0.0.1", .source_ip = "127.0.0.1", .tls = true, .server_name = "A.Example"}));
  EXPECT_FALSE(listener.find(
      {.destination_ip = "127.0.0.1", .source_ip = "127.0.0.1", .tls = true, .server_name = "b.example"}));
}

TEST_F(FeatureTraffic, virtual_addresses_and_pass_through) {
  ok(apply(web(), Type::cluster,
           {eds_cluster("backend"), "name: through\ntype: ORIGINAL_DST\nlb_policy: CLUSTER_PROVIDED"}));
  ok(apply(web(), Type::endpoints, {labelled}));
  auto vip = outbound(80, route_all("cluster: backend")) + "bind_to_port: false\n";
  vip.replace(vip.find("address: 127.0.0.1"), 18, "address: 240.0.0.1");
  auto through = std::string(
                     "name: passthrough\naddress: {socket_address: {address: 0.0.0.0, port_value: "
                     "15001}}\ntraffic_direction: OUTBOUND\nuse_original_dst: true\n") +
                 "filter_chains: [{filters: [{name: tcp, typed_config: {\"@type\": "
                 "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: t, cluster: "
                 "through}}]}]\n";
  ok(apply(web(), Type::listener, {vip, through}));
  auto call = to_port(80);
  call.address = "240.0.0.1";
  auto result = bed.call("web", call);
  EXPECT_EQ(result.status, 200) << explain(result);
  EXPECT_EQ(result.cluster, "backend");
  call.address = "10.0.0.12";
  result = bed.call("web", call);
  EXPECT_EQ(result.status, 200) << explain(result);
  EXPECT_EQ(result.cluster, "through");
  EXPECT_EQ(result.app_version, "v2");
}

/// With a route for the whole connection, half of the connections would fail.
TEST_F(FeatureTraffic, a_tcp_proxy_picks_its_route_for_each_attempt) {
  ok(apply(web(), Type::cluster, {eds_cluster("refuses"), eds_cluster("answers")}));
  ok(apply(web(), Type::endpoints, {endpoints("refuses", {"10.0.0.1:81"}), endpoints("answers", {"10.0.0.11:80"})}));
  ok(apply(web(), Type::listener,
           {tcp_outbound(10002,
                         "max_connect_attempts: 30, weighted_clusters: {clusters: [{name: refuses, weight: 1}, {name: "
                         "answers, weight: 1}]}")}));
  auto call = raw_to_port(10002);
  int again = 0;
  for (int i = 0; i < 40; ++i) {
    auto result = bed.call("web", call);
    EXPECT_EQ(result.status, 200) << explain(result);
    EXPECT_EQ(result.cluster, "answers");
    EXPECT_EQ(result.response_flags, result.attempts > 1 ? "UF" : "");
    again += result.attempts > 1;
  }
  EXPECT_GT(again, 5);
  EXPECT_LT(again, 35);
}

/// Flags of all attempts stay, in their order; what has no cluster or no host ends them, a full cluster does not.
TEST_F(FeatureTraffic, a_tcp_proxy_tells_of_all_attempts) {
  const std::string full = "circuit_breakers: {thresholds: [{max_pending_requests: 0}]}\n";
  ok(apply(web(), Type::cluster,
           {eds_cluster("refuses"), eds_cluster("full", full), eds_cluster("empty"), eds_cluster("answers")}));
  ok(apply(web(), Type::endpoints,
           {endpoints("refuses", {"10.0.0.1:81"}), endpoints("full", {"10.0.0.11:80"}), endpoints("empty", {}),
            endpoints("answers", {"10.0.0.11:80"})}));
  auto seen = [&](const std::string& one, const std::string& other, int attempts) {
    ok(apply(web(), Type::listener,
             {tcp_outbound(10002, "max_connect_attempts: " + std::to_string(attempts) +
                                      ", weighted_clusters: {clusters: [{name: " + one +
                                      ", weight: 1}, {name: " + other + ", weight: 1}]}")},
             one + other));
    auto call = raw_to_port(10002);
    std::set<std::string> out;
    for (int i = 0; i < 60; ++i) {
      auto result = bed.call("web", call);
      out.insert((result.status == 200 ? "answered " : "closed ") + result.response_flags);
    }
    return out;
  };
  using Set = std::set<std::string>;
  EXPECT_EQ(seen("refuses", "empty", 2), (Set{"closed UF,UH", "closed UF,URX", "closed UH"}));
  EXPECT_EQ(seen("refuses", "missing", 2), (Set{"closed UF,NC", "closed UF,URX", "closed NC"}));
  EXPECT_EQ(seen("full", "answers", 30), (Set{"answered "}));
  EXPECT_EQ(seen("full", "refuses", 2), (Set{"closed UF,URX", "closed URX"}));
}

/// A session that connects waits for a connection of the cluster, and one that stands is a request of it.
TEST_F(FeatureTraffic, a_tcp_session_counts_in_the_limits_of_its_cluster) {
  ok(apply(web(), Type::cluster,
           {eds_cluster("answers", "circuit_breakers: {thresholds: [{max_pending_requests: 1, max_requests: 1}]}\n")}));
  ok(apply(web(), Type::endpoints, {endpoints("answers", {"10.0.0.11:80"})}));
  ok(apply(web(), Type::listener, {tcp_outbound(10002, "cluster: answers")}));
  auto call = raw_to_port(10002);
  std::vector<sim::CallResult> results;
  for (int i = 0; i < 2; ++i) bed.start_call("web", call, results);
  bed.world.run_for(1s);
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].response_flags, "URX") << explain(results[0]);
  EXPECT_EQ(results[1].status, 200) << explain(results[1]);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bed.call("web", call).status, 200) << "one after another";
  auto stat = [&](const std::string& name) { return bed["web"].proxy->stats().get("cluster.answers." + name); };
  EXPECT_EQ(stat("upstream_rq_total"), 4u);
  EXPECT_EQ(stat("upstream_rq_pending_overflow"), 1u);
}

/// However many attempts there may be, at a full cluster they come to an end.
TEST_F(FeatureTraffic, attempts_at_a_full_cluster_end) {
  ok(apply(web(), Type::cluster,
           {eds_cluster("full", "circuit_breakers: {thresholds: [{max_pending_requests: 0}]}\n")}));
  ok(apply(web(), Type::endpoints, {endpoints("full", {"10.0.0.11:80"})}));
  ok(apply(web(), Type::listener, {tcp_outbound(10002, "max_connect_attempts: 4294967295, cluster: full")}));
  auto call = raw_to_port(10002);
  EXPECT_EQ(bed.call("web", call).response_flags, "URX");
}

TEST_F(FeatureTraffic, a_run_repeats_itself_and_another_seed_differs) {
  auto run = [](std::uint64_t seed) {
    Bed bed(seed);
    bed.machine("web", "10.0.0.1", "-");
    auto& backend = bed.machine("backend", "10.0.0.11");
    EXPECT_TRUE(apply(backend.proxy->config(), Type::cluster, {local_cluster()}));
    EXPECT_TRUE(apply(backend.proxy->config(), Type::listener, {inbound("10.0.0.11", 7000, "", "")}));
    auto& config = bed["web"].proxy->config();
    EXPECT_TRUE(apply(config, Type::cluster, {eds_cluster("backend")}));
    EXPECT_TRUE(apply(config, Type::endpoints, {endpoints("backend", {"10.0.0.11:7000"})}));
    EXPECT_TRUE(
        apply(config, Type::listener, {outbound(10001, route_all("cluster: backend, retry_policy: {retry_on: 5xx}"))}));
    int answered = 0;
    auto load = std::make_shared<sim::Load>(
        bed.fabric, *bed["web"].process,
        sim::LoadOptions{.call = to_port(10001), .per_second_milli = 200'000, .law = sim::LoadOptions::Law::poisson},
        [&](sim::CallResult r) { answered += r.status == 200; });
    bed["web"].process->keep(load);
    bed.world.run_for(2s);
    bed["backend"].process->kill();
    bed.world.run_for(1s);
    EXPECT_GT(answered, 300);
    return bed.world.fingerprint();
  };
  EXPECT_EQ(run(3), run(3));
  EXPECT_NE(run(3), run(4));
}

TEST(Rewrite, prefix_and_regex) {
  sim::proxy::Route route;
  sim::proxy::Forward forward;
  route.path = "/api";
  forward.prefix_rewrite = "/v2";
  route.action = forward;
  EXPECT_EQ(route.rewritten("/api/x?q=/api"), "/v2/x?q=/api");
  route.kind = sim::proxy::Route::Path::exact;
  EXPECT_EQ(route.rewritten("/api?q"), "/v2?q");
  forward.prefix_rewrite.clear();
  forward.regex_rewrite = *sim::proxy::Regex::compile("^/api/([^/]+)(/.*)$");
  forward.regex_substitution = "\\2/of/\\1";
  route.action = forward;
  EXPECT_EQ(route.rewritten("/api/cart/items?x=1"), "/items/of/cart?x=1");
}

}  // namespace
}  // namespace kumasim::test
