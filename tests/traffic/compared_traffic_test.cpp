/// Behaviour of the simulated Envoy that generated calls beside a real one (tests/real_envoy) have settled.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/traffic/bed.hpp"

namespace kumasim::test {
namespace {

using namespace std::chrono_literals;
using sim::proxy::Type;
using ::testing::Contains;
using ::testing::Not;
using ::testing::Pair;

void ok(const sim::proxy::Checked<>& outcome) { ASSERT_TRUE(outcome) << outcome.error(); }

/// One call, and the whole of its answer.
class Caller : public sim::proxy::End {
 public:
  using End::End;

  void call(const sim::Call& call) {
    exchange_ = std::make_shared<sim::proxy::Exchange>();
    exchange_->id = fabric().next_id();
    exchange_->record = std::make_shared<sim::proxy::CallRecord>();
    exchange_->request = {call.protocol, call.method, call.authority, call.path, call.headers, call.body};
    sim::proxy::ConnectOptions options;
    options.host = call.address;
    options.port = call.port;
    options.plain_protocol = "http/1.1";
    fabric().connect(*this, options);
  }
  void on_connected(const sim::proxy::WirePtr& wire) override {
    exchange_->wire = wire;
    fabric().request(exchange_);
  }
  void on_response(const sim::proxy::ExchangePtr& exchange) override { answer = exchange->response; }

  sim::proxy::Response answer;

 private:
  sim::proxy::ExchangePtr exchange_;
};

/// web calls applications without proxies at 10.0.0.11:80 and 10.0.0.12:80.
class ComparedTraffic : public ::testing::Test {
 protected:
  void SetUp() override {
    bed.machine("web", "10.0.0.1", "-");
    for (int i : {1, 2}) {
      auto& p = bed.world.add_process("app-" + std::to_string(i), "10.0.0.1" + std::to_string(i));
      p.start([](Runtime&) {});
      bed.world.run_for(Duration(1));
      p.keep(std::make_shared<sim::Instance>(
          bed.fabric, p, sim::InstanceOptions{.name = "app-" + std::to_string(i), .host = p.address(), .port = 80}));
    }
  }

  void serve(const std::string& virtual_hosts, const std::string& filter = "", const std::string& cluster = "") {
    ok(apply(web(), Type::cluster, {eds_cluster("backend", cluster)}));
    ok(apply(web(), Type::endpoints, {endpoints("backend", {"10.0.0.11:80", "10.0.0.12:80"})}));
    auto yaml = outbound(10001, virtual_hosts);
    if (!filter.empty())
      yaml.insert(yaml.find("http_filters: [") + 15,
                  "{name: filter, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters.http." +
                      filter + "}}, ");
    ok(apply(web(), Type::listener, {yaml}));
  }

  sim::proxy::Response answer(const std::string& authority, const std::string& path) {
    Caller caller(bed.fabric, *bed["web"].process);
    caller.call(to_port(10001, authority, path));
    bed.world.run_for(1s);
    return caller.answer;
  }

  sim::proxy::ConfigState& web() { return bed["web"].proxy->config(); }
  Bed bed;
};

constexpr auto by_method = "headers: [{name: ':method', string_match: {exact: POST}}]";

TEST_F(ComparedTraffic, faults_match_the_method_as_a_header) {
  serve(route_all("cluster: backend"),
        std::string("fault.v3.HTTPFault, abort: {http_status: 418, percentage: {numerator: 100}}, ") + by_method);
  auto call = to_port(10001);
  EXPECT_EQ(bed.call("web", call).status, 200);
  call.method = "POST";
  EXPECT_EQ(bed.call("web", call).status, 418);
}

TEST_F(ComparedTraffic, rbac_matches_the_method_as_a_header) {
  serve(route_all("cluster: backend"),
        "rbac.v3.RBAC, rules: {action: DENY, policies: {p: {principals: [{any: true}], permissions: [{header: {name: "
        "':method', string_match: {exact: POST}}}]}}}");
  auto call = to_port(10001);
  EXPECT_EQ(bed.call("web", call).status, 200);
  call.method = "POST";
  EXPECT_EQ(bed.call("web", call).status, 403);
}

TEST_F(ComparedTraffic, a_rate_limit_adds_its_headers_to_its_answer) {
  serve(route_all("cluster: backend"),
        "local_ratelimit.v3.LocalRateLimit, stat_prefix: l, token_bucket: {max_tokens: 1, fill_interval: 100s}, "
        "filter_enabled: {default_value: {numerator: 100}}, filter_enforced: {default_value: {numerator: 100}}, "
        "response_headers_to_add: [{header: {key: X-Limited, value: 'yes'}}]");
  EXPECT_EQ(answer("a", "/").status, 200);
  auto limited = answer("a", "/");
  EXPECT_EQ(limited.status, 429);
  EXPECT_THAT(limited.headers, Contains(Pair("x-limited", "yes")));
}

TEST_F(ComparedTraffic, a_redirect_to_another_scheme_leaves_the_port_of_the_old_one) {
  serve(
      "- name: all\n  domains: ['*']\n  routes:\n"
      "  - {match: {safe_regex: {regex: '/old/.*'}}, redirect: {prefix_rewrite: /new}}\n"
      "  - {match: {prefix: /}, redirect: {https_redirect: true}}\n");
  EXPECT_THAT(answer("a.test:80", "/").headers, Contains(Pair("location", "https://a.test/")));
  EXPECT_THAT(answer("a.test:8080", "/").headers, Contains(Pair("location", "https://a.test:8080/")));
  EXPECT_THAT(answer("a.test", "/old/x?q").headers, Contains(Pair("location", "http://a.test/new?q")));
}

TEST_F(ComparedTraffic, a_retry_picks_once_more_than_its_attempts_to_avoid_a_host) {
  serve(route_all("cluster: backend, hash_policy: [{header: {header_name: x-key}}], retry_policy: {retry_on: "
                  "connect-failure, host_selection_retry_max_attempts: 1, retry_host_predicate: [{name: "
                  "envoy.retry_host_predicates.previous_hosts, typed_config: {\"@type\": "
                  "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate}}]}"),
        "", "lb_policy: MAGLEV\nmaglev_lb_config: {table_size: 101}\n");
  bed.world.find_process("app-1")->kill();
  int recovered = 0;
  for (int i = 0; i < 40; ++i) {
    auto call = to_port(10001);
    call.headers = {{"x-key", std::to_string(i)}};
    auto result = bed.call("web", call);
    recovered += result.status == 200 && result.attempts == 2;
  }
  EXPECT_GT(recovered, 0);
}

TEST_F(ComparedTraffic, headers_are_set_by_what_was_there_and_then_added) {
  serve(
      "- name: all\n  domains: ['*']\n  response_headers_to_add: [{header: {key: x-host, value: 'yes'}}]\n  routes:\n"
      "  - match: {prefix: /a}\n    direct_response: {status: 299}\n    response_headers_to_add:\n"
      "    - {header: {key: x-new, value: 100%%}}\n"
      "    - {header: {key: x-new, value: set}, append_action: OVERWRITE_IF_EXISTS}\n");
  auto found = answer("a", "/a");
  EXPECT_THAT(found.headers, Contains(Pair("x-new", "100%")));
  EXPECT_THAT(found.headers, Contains(Pair("x-host", "yes")));
  EXPECT_THAT(found.headers, Not(Contains(Pair("x-new", "set"))));
  auto none = answer("a", "/b");
  EXPECT_EQ(none.status, 404);
  EXPECT_THAT(none.headers, Not(Contains(Pair("x-host", "yes")))) << "no route, nothing of its virtual host";
}

TEST_F(ComparedTraffic, a_connection_that_has_had_its_requests_makes_room_for_another) {
  serve(route_all("cluster: backend, timeout: 1s"), "",
        "circuit_breakers: {thresholds: [{max_connections: 1}]}\n"
        "typed_extension_protocol_options:\n  envoy.extensions.upstreams.http.v3.HttpProtocolOptions:\n"
        "    \"@type\": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions\n"
        "    explicit_http_config: {http2_protocol_options: {}}\n"
        "    common_http_protocol_options: {max_requests_per_connection: 1}\n");
  for (int i = 0; i < 6; ++i) EXPECT_EQ(bed.call("web", to_port(10001)).status, 200) << i;
}

TEST_F(ComparedTraffic, no_requests_allowed_is_an_overflow_at_a_chosen_host) {
  serve(route_all("cluster: backend"), "", "circuit_breakers: {thresholds: [{max_requests: 0}]}\n");
  auto result = bed.call("web", to_port(10001));
  EXPECT_EQ(result.response_flags, "UO");
  EXPECT_NE(result.endpoint, "");
}

TEST_F(ComparedTraffic, degraded_hosts_take_what_healthy_ones_cannot) {
  serve(route_all("cluster: backend"));
  auto calls = [&](const std::string& first, const std::string& second) {
    auto yaml = std::string("cluster_name: backend\nendpoints:\n- lb_endpoints:\n");
    for (const auto& [address, status] : {std::pair("10.0.0.11", first), std::pair("10.0.0.12", second)})
      yaml += std::string("  - {health_status: ") + status +
              ", endpoint: {address: {socket_address: {address: " + address + ", port_value: 80}}}}\n";
    ok(apply(web(), Type::endpoints, {yaml}, first + second));
    std::map<std::string, int> out;
    for (int i = 0; i < 1000; ++i) ++out[bed.call("web", to_port(10001)).instance];
    return out;
  };
  // Of two hosts one is healthy: 1.4 times one half.
  EXPECT_NEAR(calls("HEALTHY", "DEGRADED")["app-1"], 700, 70);
  EXPECT_EQ(calls("DEGRADED", "UNHEALTHY")["app-1"], 1000);
  EXPECT_EQ(calls("DEGRADED", "DEGRADED").size(), 2u);
}

}  // namespace
}  // namespace kumasim::test
