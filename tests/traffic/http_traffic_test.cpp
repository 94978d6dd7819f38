/// Calls and what they come to, over hand-written xDS without TLS: routes, flags, timeouts, retries, limits, death.
#include <gtest/gtest.h>

#include "tests/traffic/bed.hpp"

namespace kumasim::test {
namespace {

using namespace std::chrono_literals;
using sim::Call;
using sim::CallResult;
using sim::proxy::Type;

/// web (proxy only) -> backend-1, backend-2: applications behind proxies with an inbound listener on port 7000.
class HttpTraffic : public ::testing::Test {
 protected:
  void SetUp() override {
    bed.machine("web", "10.0.0.1", "-");
    for (int i : {1, 2}) {
      auto address = "10.0.0.1" + std::to_string(i);
      auto& m = bed.machine("backend-" + std::to_string(i), address, "v" + std::to_string(i));
      serve(m, address);
    }
  }

  void serve(Machine& m, const std::string& address) {
    ok(apply(m.proxy->config(), Type::cluster, {local_cluster()}));
    ok(apply(m.proxy->config(), Type::listener, {inbound(address, 7000, "", "")}));
  }

  void ok(const sim::proxy::Checked<>& outcome) { ASSERT_TRUE(outcome) << outcome.error(); }

  sim::proxy::ConfigState& web() { return bed["web"].proxy->config(); }

  void route(const std::string& virtual_hosts, const std::string& cluster_extra = "",
             const std::vector<std::string>& hosts = {"10.0.0.11:7000", "10.0.0.12:7000"}) {
    ok(apply(web(), Type::cluster, {eds_cluster("backend", cluster_extra), eds_cluster("one"), eds_cluster("two")}));
    ok(apply(
        web(), Type::endpoints,
        {endpoints("backend", hosts), endpoints("one", {"10.0.0.11:7000"}), endpoints("two", {"10.0.0.12:7000"})}));
    ok(apply(web(), Type::listener, {outbound(10001, virtual_hosts)}));
  }

  Bed bed;
};

TEST_F(HttpTraffic, a_call_says_why_it_went_where) {
  route(route_all("cluster: backend"));
  auto result = bed.call("web", to_port(10001));
  EXPECT_EQ(result.status, 200) << explain(result);
  EXPECT_EQ(result.response_flags, "");
  EXPECT_EQ(result.details, "via_upstream");
  EXPECT_EQ(result.cluster, "backend");
  EXPECT_EQ(result.listener, "outbound:127.0.0.1:10001");
  EXPECT_EQ(result.attempts, 1);
  EXPECT_TRUE(result.plaintext);
  EXPECT_TRUE(result.instance.starts_with("backend-"));
  auto why = explain(result);
  for (const char* part : {"web listener outbound:127.0.0.1:10001 @1", "web cluster backend @1",
                           "listener inbound:10.0.0.1", "rbac envoy.filters.http.rbac: allowed by mtp", "app backend-"})
    EXPECT_NE(why.find(part), std::string::npos) << why;
}

TEST_F(HttpTraffic, a_normalized_path_has_no_needless_escapes) {
  auto listener = outbound(10001, R"(- name: all
  domains: ['*']
  routes:
  - {match: {path: '/~user'}, direct_response: {status: 201}}
  - {match: {path: /b}, direct_response: {status: 202}}
  - {match: {path: '/a%2Fb'}, direct_response: {status: 203}}
  - {match: {path: '/100%'}, direct_response: {status: 204}}
)");
  const std::string filters = "      http_filters: [";
  listener.insert(listener.find(filters), "      normalize_path: true\n");
  ok(apply(web(), Type::listener, {listener}));
  for (auto [path, status] : std::initializer_list<std::pair<const char*, int>>{
           {"/%7Euser", 201}, {"/%7euser?x=%7E", 201}, {"/a/%2e%2E/b", 202}, {"/a%2Fb", 203}, {"/100%", 204}})
    EXPECT_EQ(bed.call("web", to_port(10001, "backend", path)).status, status) << path;
}

/// 200, the status of gRPC that goes with HTTP's, and the body as its message; a filter counts it.
TEST_F(HttpTraffic, an_own_answer_to_grpc_is_a_status_of_grpc) {
  const std::string stats =
      "[{name: envoy.filters.http.grpc_stats, typed_config: {\"@type\": "
      "type.googleapis.com/envoy.extensions.filters.http.grpc_stats.v3.FilterConfig}}, ";
  auto listener = outbound(10001, route_all("cluster: backend"));
  const std::string filters = "http_filters: [";
  listener.replace(listener.find(filters), filters.size(), "http_filters: " + stats);
  ok(apply(web(), Type::cluster, {eds_cluster("backend")}));
  ok(apply(web(), Type::endpoints, {endpoints("backend", {})}));
  ok(apply(web(), Type::listener, {listener}));
  auto call = to_port(10001, "backend", "/shop.Cart/Add?x=/");
  EXPECT_EQ(bed.call("web", call).status, 503);
  call.headers = {{"content-type", "application/grpc"}};
  auto unnamed = to_port(10001);  // it names no method: it is answered alike, and not counted
  unnamed.headers = call.headers;
  EXPECT_EQ(bed.call("web", unnamed).grpc_status, 14);
  auto result = bed.call("web", call);
  EXPECT_EQ(result.status, 200);
  EXPECT_EQ(result.grpc_status, 14);
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.response_flags, "UH");
  EXPECT_NE(explain(result).find("web reply 200 grpc-status 14 no_healthy_upstream UH"), std::string::npos)
      << explain(result);
  const auto& counted = bed["web"].proxy->stats();
  for (const char* name : {"14", "failure", "total"})
    EXPECT_EQ(counted.get("cluster.backend.grpc." + std::string(name)), 1) << name;
  EXPECT_EQ(counted.get("http.out.downstream_rq_2xx"), 2);
}

/// What the route puts into the answer comes first: what makes it one of gRPC is put over it.
TEST_F(HttpTraffic, headers_of_a_route_do_not_spoil_an_answer_to_grpc) {
  route(R"(- name: all
  domains: ['*']
  response_headers_to_add: [{header: {key: content-type, value: text/plain}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}]
  response_headers_to_remove: [grpc-status]
  routes: [{match: {prefix: /}, route: {cluster: none}}]
)");
  auto call = to_port(10001);
  call.headers = {{"content-type", "application/grpc"}};
  auto result = bed.call("web", call);
  EXPECT_EQ(result.grpc_status, 14) << explain(result);
  EXPECT_FALSE(result.ok());
}

/// What is limited says when to come again; half as long again at most. What is too long is not heeded.
TEST_F(HttpTraffic, a_retry_waits_as_long_as_the_response_asks_for) {
  route(
      route_all("cluster: one, timeout: 0s, retry_policy: {retry_on: retriable-status-codes, retriable_status_codes: "
                "[429], num_retries: 1, retry_back_off: {base_interval: 0.001s}, rate_limited_retry_back_off: "
                "{reset_headers: [{name: Retry-After, format: SECONDS}], max_interval: 60s}}"));
  const std::vector<std::string> texts{"4", "61", "-4", "soon", "1767225600000"};
  auto listener = inbound("10.0.0.11", 7000, "", "");
  listener.erase(listener.find("          - match:"));
  for (const std::string& text : texts)
    listener += "          - match: {path: '/" + text +
                "'}\n            direct_response: {status: 429}\n            response_headers_to_add: [{header: {key: "
                "retry-after, value: '" +
                text + "'}}]\n";
  ok(apply(bed["backend-1"].proxy->config(), Type::listener, {listener}, "2"));
  for (const std::string& text : texts) {
    auto result = bed.call("web", to_port(10001, "backend", "/" + text));
    EXPECT_EQ(result.status, 429) << explain(result);
    EXPECT_EQ(result.attempts, 2) << text;
    EXPECT_GE(result.latency, text == "4" ? 4s : 0s) << text;
    EXPECT_LE(result.latency, text == "4" ? 6100ms : 100ms) << text;
  }
}

TEST_F(HttpTraffic, routes_by_domain_path_header_and_query) {
  route(R"(- name: exact
  domains: [backend.mesh]
  routes:
  - {match: {path: /exact}, direct_response: {status: 201}}
  - {match: {path_separated_prefix: /sep}, direct_response: {status: 202}}
  - {match: {safe_regex: {regex: '/re/[0-9]+'}}, direct_response: {status: 203}}
  - {match: {prefix: /h, headers: [{name: X-Version, string_match: {prefix: v}}]}, direct_response: {status: 204}}
  - {match: {prefix: /q, query_parameters: [{name: a, string_match: {exact: b}}]}, direct_response: {status: 205}}
  - {match: {prefix: /m, headers: [{name: ':method', string_match: {exact: POST}}]}, direct_response: {status: 206}}
  - {match: {prefix: /old}, redirect: {prefix_rewrite: /new, response_code: FOUND}}
- {name: suffix, domains: ['*.mesh'], routes: [{match: {prefix: /}, direct_response: {status: 210}}]}
- {name: longer, domains: ['*.b.mesh'], routes: [{match: {prefix: /}, direct_response: {status: 211}}]}
- {name: prefix, domains: ['backend.*'], routes: [{match: {prefix: /}, direct_response: {status: 212}}]}
- {name: all, domains: ['*'], routes: [{match: {prefix: /}, direct_response: {status: 213}}]}
)");
  struct Row {
    const char* authority;
    const char* path;
    int status;
    const char* flags;
    sim::Headers headers = {};
    const char* method = "GET";
  };
  for (const auto& row : std::initializer_list<Row>{
           {"backend.mesh", "/exact", 201, ""},
           {"BACKEND.mesh", "/exact?x=1", 201, ""},
           {"backend.mesh", "/exact/", 404, "NR"},
           {"backend.mesh", "/sep/x", 202, ""},
           {"backend.mesh", "/sep", 202, ""},
           {"backend.mesh", "/separate", 404, "NR"},
           {"backend.mesh", "/re/42", 203, ""},
           {"backend.mesh", "/re/x", 404, "NR"},
           {"backend.mesh", "/h", 404, "NR"},
           {"backend.mesh", "/h", 204, "", {{"x-version", "v2"}}},
           {"backend.mesh", "/q?a=b&c", 205, ""},
           {"backend.mesh", "/q?a=c", 404, "NR"},
           {"backend.mesh", "/m", 206, "", {}, "POST"},
           {"backend.mesh", "/old/x", 302, ""},
           {"x.mesh", "/", 210, ""},
           {"a.b.mesh", "/", 211, ""},
           {"backend.other", "/", 212, ""},
           {"else", "/", 213, ""},
       }) {
    auto call = to_port(10001, row.authority, row.path);
    call.headers = row.headers;
    call.method = row.method;
    auto result = bed.call("web", call);
    EXPECT_EQ(result.status, row.status) << row.authority << row.path << " " << explain(result);
    EXPECT_EQ(result.response_flags, row.flags) << row.authority << row.path;
  }
}

TEST_F(HttpTraffic, failures_carry_envoys_flags_and_details) {
  route(route_all("cluster: nowhere"));
  auto result = bed.call("web", to_port(10001));
  EXPECT_EQ(result.status, 503);
  EXPECT_EQ(result.response_flags, "NC");
  EXPECT_EQ(result.details, "cluster_not_found");

  route(route_all("cluster: backend"), "", {});
  result = bed.call("web", to_port(10001));
  EXPECT_EQ(result.status, 503);
  EXPECT_EQ(result.response_flags, "UH");
  EXPECT_EQ(result.details, "no_healthy_upstream");

  route(route_all("cluster: backend"), "", {"10.0.0.11:9999"});
  result = bed.call("web", to_port(10001));
  EXPECT_EQ(result.status, 503);
  EXPECT_EQ(result.response_flags, "UF");
  EXPECT_EQ(
      result.details,
      "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}");

  route(route_all("cluster: backend"), "", {"10.9.9.9:80"});
  auto before = bed.world.now();
  result = bed.call("web", to_port(10001));
  EXPECT_EQ(result.response_flags, "UF");
  EXPECT_EQ(result.details, "upstream_reset_before_response_started{connection_timeout}");
  EXPECT_GE(bed.world.now() - before, 5s);

  auto refused = bed.call("web", to_port(4444));
  EXPECT_EQ(refused.status, 0);
  EXPECT_EQ(refused.details, "connection refused");
}

TEST_F(HttpTraffic, timeouts_and_retries) {
  bed["backend-1"].app->set_latency({.mean = 2s});
  route(route_all("cluster: one, timeout: 1s"));
  auto result = bed.call("web", to_port(10001));
  EXPECT_EQ(result.status, 504);
  EXPECT_EQ(result.response_flags, "UT");
  EXPECT_EQ(result.details, "response_timeout");

  route(route_all("cluster: one, timeout: 10s, retry_policy: {retry_on: 5xx, num_retries: 2, per_try_timeout: 0.5s}"));
  result = bed.call("web", to_port(10001));
  EXPECT_EQ(result.status, 504);
  EXPECT_EQ(result.attempts, 3);
  EXPECT_EQ(result.response_flags, "URX,UT");
  EXPECT_EQ(result.details, "upstream_per_try_timeout");

  bed["backend-1"].app->set_latency({.mean = 1ms});
  bed["backend-1"].app->set_errors_ppm(1'000'000);
  route(route_all("cluster: backend, retry_policy: {retry_on: 'gateway-error,connect-failure', num_retries: 3}"));
  for (int i = 0; i < 10; ++i) {
    result = bed.call("web", to_port(10001));
    EXPECT_EQ(result.status, 200) << explain(result);  // round robin: the retry meets the other one
    EXPECT_EQ(result.instance, "backend-2");
  }
  route(route_all("cluster: one, retry_policy: {retry_on: 5xx, num_retries: 1}"));
  result = bed.call("web", to_port(10001));
  EXPECT_EQ(result.status, 503);
  EXPECT_EQ(result.response_flags, "URX");
  EXPECT_EQ(result.attempts, 2);
}

TEST_F(HttpTraffic, circuit_breakers_overflow) {
  bed["backend-1"].app->set_latency({.mean = 1s});
  ok(apply(
      web(), Type::cluster,
      {eds_cluster("backend", "circuit_breakers: {thresholds: [{max_connections: 1, max_pending_requests: 1}]}\n")}));
  ok(apply(web(), Type::endpoints, {endpoints("backend", {"10.0.0.11:7000"})}));
  ok(apply(web(), Type::listener, {outbound(10001, route_all("cluster: backend"))}));
  std::vector<CallResult> out;
  for (int i = 0; i < 4; ++i) {
    bed.start_call("web", to_port(10001), out);
    bed.world.run_for(10ms);
  }
  bed.world.run_for(10s);
  ASSERT_EQ(out.size(), 4u);
  int overflowed = 0;
  for (const auto& r : out) {
    if (r.status == 200) continue;
    ++overflowed;
    EXPECT_EQ(r.status, 503);
    EXPECT_EQ(r.response_flags, "UO");
    EXPECT_EQ(r.details, "upstream_reset_before_response_started{overflow}");
  }
  EXPECT_EQ(overflowed, 2);  // one under way, one waits
}

TEST_F(HttpTraffic, a_killed_backend_breaks_its_connections_and_refuses_new_ones) {
  route(route_all("cluster: one"));
  EXPECT_EQ(bed.call("web", to_port(10001)).status, 200);
  bed["backend-1"].app->set_latency({.mean = 1s});
  std::vector<CallResult> out;
  bed.start_call("web", to_port(10001), out);
  bed.world.run_for(500ms);
  bed["backend-1"].process->kill();
  bed.world.run_for(100ms);
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].status, 503);
  EXPECT_EQ(out[0].response_flags, "UC");
  EXPECT_EQ(out[0].details, "upstream_reset_before_response_started{connection_termination}");
  auto result = bed.call("web", to_port(10001));
  EXPECT_EQ(result.response_flags, "UF") << explain(result);
  serve(bed.machine("backend-1", "10.0.0.11"), "10.0.0.11");
  EXPECT_EQ(bed.call("web", to_port(10001)).status, 200);
}

TEST_F(HttpTraffic, a_partition_is_silence_until_a_timeout) {
  route(route_all("cluster: one, timeout: 3s"));
  EXPECT_EQ(bed.call("web", to_port(10001)).status, 200);
  bed.world.network().partition(*bed["web"].process, *bed["backend-1"].process);
  auto result = bed.call("web", to_port(10001));
  EXPECT_EQ(result.status, 504);
  EXPECT_EQ(result.response_flags, "UT") << explain(result);
  bed.world.network().heal(*bed["web"].process, *bed["backend-1"].process);
  bed.world.run_for(10s);
  EXPECT_EQ(bed.call("web", to_port(10001)).status, 200);
}

TEST_F(HttpTraffic, outlier_detection_ejects_and_takes_back) {
  bed["backend-1"].app->set_errors_ppm(1'000'000);
  route(route_all("cluster: backend"),
        "outlier_detection: {consecutive_5xx: 3, base_ejection_time: 10s, max_ejection_percent: 50}\ncommon_lb_config: "
        "{healthy_panic_threshold: {value: 0}}\n");
  int failed = 0;
  for (int i = 0; i < 40; ++i) failed += bed.call("web", to_port(10001)).status != 200;
  EXPECT_EQ(failed, 3);
  bed["backend-1"].app->set_errors_ppm(0);
  bed.world.run_for(20s);  // hosts come back at the end of an interval of 10 s
  int first = 0;
  for (int i = 0; i < 10; ++i) first += bed.call("web", to_port(10001)).instance == "backend-1";
  EXPECT_EQ(first, 5);
}

TEST_F(HttpTraffic, a_removed_listener_refuses_and_a_changed_one_serves_at_once) {
  route(route_all("cluster: one"));
  auto kept = to_port(10001);
  kept.new_connection = false;
  EXPECT_EQ(bed.call("web", kept).instance, "backend-1");
  ok(apply(web(), Type::listener, {outbound(10001, route_all("cluster: two"))}, "2"));
  EXPECT_EQ(bed.call("web", to_port(10001)).instance, "backend-2");
  EXPECT_EQ(bed.call("web", kept).instance, "backend-1");  // its connection stays on the old chain while that drains
  bed.world.run_for(601s);
  auto result = bed.call("web", kept);
  EXPECT_EQ(result.instance, "backend-2") << explain(result);
  ok(apply(web(), Type::listener, {}, "3"));
  EXPECT_EQ(bed.call("web", to_port(10001)).details, "connection refused");
}

TEST_F(HttpTraffic, an_update_in_place_keeps_connections_for_the_next_update_to_drain) {
  auto one = outbound(10001, route_all("cluster: one"));
  auto two = outbound(10001, route_all("cluster: two"));
  auto with_chain = [](const Yaml& yaml) {
    return yaml + "- filter_chain_match: {destination_port: 1}\n  " + yaml.substr(yaml.find("- filters:") + 2);
  };
  route(route_all("cluster: one"));
  auto kept = to_port(10001);
  kept.new_connection = false;
  auto connections = [&] {
    auto result = bed.call("web", kept);
    EXPECT_EQ(result.status, 200) << explain(result);
    return bed["web"].proxy->stats().get("listener.outbound:127.0.0.1:10001.downstream_cx_total");
  };
  EXPECT_EQ(connections(), 1u);
  ok(apply(web(), Type::listener, {with_chain(one)}, "2"));
  bed.world.run_for(601s);
  EXPECT_EQ(connections(), 1u);
  EXPECT_NE(explain(bed.call("web", kept)).find("outbound:127.0.0.1:10001 @2"), std::string::npos);
  ok(apply(web(), Type::listener, {with_chain(two)}, "3"));
  bed.world.run_for(601s);
  EXPECT_EQ(connections(), 2u);
  // More than chains changes: every connection drains, though its chain is the same.
  ok(apply(web(), Type::listener, {with_chain(two) + "per_connection_buffer_limit_bytes: 4096\n"}, "4"));
  bed.world.run_for(601s);
  EXPECT_EQ(connections(), 3u);
}

TEST_F(HttpTraffic, http2_shares_one_connection) {
  auto h2 =
      std::string("typed_extension_protocol_options:\n  envoy.extensions.upstreams.http.v3.HttpProtocolOptions:\n") +
      "    \"@type\": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions\n    "
      "explicit_http_config: {http2_protocol_options: {}}\n";
  route(route_all("cluster: backend"), h2, {"10.0.0.11:7000"});
  std::vector<CallResult> out;
  for (int i = 0; i < 20; ++i) bed.start_call("web", to_port(10001), out);
  bed.world.run_for(1s);
  ASSERT_EQ(out.size(), 20u);
  for (const auto& r : out) EXPECT_EQ(r.status, 200);
  EXPECT_EQ(bed["web"].proxy->stats().get("cluster.backend.upstream_cx_total"), 1u);
}

TEST_F(HttpTraffic, bytes_that_are_no_http_end_the_connection) {
  route(route_all("cluster: backend"));
  auto call = raw_to_port(10001);
  auto result = bed.call("web", call);
  EXPECT_EQ(result.status, 0) << explain(result);
  EXPECT_EQ(result.response_flags, "DPE");
  EXPECT_EQ(result.cluster, "");
}

TEST_F(HttpTraffic, tcp_proxy_and_network_rbac) {
  auto tcp = [](const std::string& address, const std::string& port, const std::string& filters) {
    return "name: tcp\naddress: {socket_address: {address: " + address + ", port_value: " + port +
           "}}\nfilter_chains:\n- filters:\n" + filters;
  };
  auto proxy = [](const std::string& cluster) {
    return "  - name: tcp\n    typed_config: {\"@type\": "
           "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: t, cluster: '" +
           cluster + "'}\n";
  };
  auto rbac = [](const std::string& principal) {
    return "  - name: rbac\n    typed_config: {\"@type\": "
           "type.googleapis.com/envoy.extensions.filters.network.rbac.v3.RBAC, stat_prefix: 'r.', rules: {policies: "
           "{p: {permissions: [{any: true}], principals: [" +
           principal + "]}}}}\n";
  };
  ok(apply(bed["backend-1"].proxy->config(), Type::listener,
           {tcp("10.0.0.11", "7001", rbac("{any: true}") + proxy("localhost:80"))}));
  ok(apply(bed["backend-2"].proxy->config(), Type::listener,
           {tcp("10.0.0.12", "7001",
                rbac("{direct_remote_ip: {address_prefix: 192.168.0.0, prefix_len: 16}}") + proxy("localhost:80"))}));
  ok(apply(web(), Type::cluster, {eds_cluster("one"), eds_cluster("two"), eds_cluster("none")}));
  ok(apply(web(), Type::endpoints,
           {endpoints("one", {"10.0.0.11:7001"}), endpoints("two", {"10.0.0.12:7001"}), endpoints("none", {})}));
  auto expect = [&](const std::string& cluster, int status, const std::string& flags) {
    auto listener = tcp("127.0.0.1", "10002", proxy(cluster));
    ok(apply(web(), Type::listener, {listener}, cluster));
    auto call = raw_to_port(10002);
    auto result = bed.call("web", call);
    EXPECT_EQ(result.status, status) << explain(result);
    EXPECT_EQ(result.response_flags, flags) << explain(result);
    EXPECT_EQ(result.cluster, flags == "NC" ? "" : cluster) << explain(result);
  };
  expect("one", 200, "");
  expect("two", 0, "");
  expect("none", 0, "UH");
  expect("absent", 0, "NC");
  EXPECT_EQ(bed["backend-2"].proxy->stats().get("r.rbac.denied"), 1u);
}

}  // namespace
}  // namespace kumasim::test
