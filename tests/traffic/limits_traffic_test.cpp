/// What proxies hold back: connections without a token, and bodies of responses that a fault slows down.
#include <gtest/gtest.h>

#include "sim/envoy/data/response_pace.hpp"
#include "tests/traffic/bed.hpp"

namespace kumasim::test {
namespace {

using namespace std::chrono_literals;
using sim::proxy::ResponsePace;
using sim::proxy::Type;

void ok(const sim::proxy::Checked<>& outcome) { ASSERT_TRUE(outcome) << outcome.error(); }

std::string network_filter(const std::string& type, const std::string& fields) {
  return "  - {name: f, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters.network." + type + ", " +
         fields + "}}\n";
}

std::string limit(const std::string& bucket, const std::string& more = "") {
  return network_filter("local_ratelimit.v3.LocalRateLimit", "stat_prefix: c, token_bucket: {" + bucket + "}" + more);
}

std::string denial() {
  return network_filter("rbac.v3.RBAC",
                        "stat_prefix: 'r.', rules: {action: DENY, policies: {p: {permissions: [{any: "
                        "true}], principals: [{any: true}]}}}");
}

std::string tcp_proxy(const std::string& cluster) {
  return network_filter("tcp_proxy.v3.TcpProxy", "stat_prefix: t, cluster: '" + cluster + "'");
}

/// A chain that takes what its match says, with these filters before a TCP proxy to the application.
std::string chain(const std::string& match, const std::string& filters) {
  return "- filter_chain_match: {" + match + "}\n  filters:\n" + filters + tcp_proxy("localhost:80");
}

Yaml listener(const std::string& name, const std::string& address, std::uint16_t port, const std::string& chains) {
  return "name: " + name + "\naddress: {socket_address: {address: " + address +
         ", port_value: " + std::to_string(port) + "}}\nfilter_chains:\n" + chains;
}

/// web, which passes TCP at port 1000x on to 10.0.0.11:700x -> backend.
class ConnectionLimits : public ::testing::Test {
 protected:
  void SetUp() override {
    bed.machine("web", "10.0.0.1", "-");
    bed.machine("backend", "10.0.0.11");
    ok(apply(backend(), Type::cluster, {local_cluster()}));
    ok(apply(web(), Type::cluster, {eds_cluster("one"), eds_cluster("two")}));
    ok(apply(web(), Type::endpoints, {endpoints("one", {"10.0.0.11:7001"}), endpoints("two", {"10.0.0.11:7002"})}));
    ok(apply(web(), Type::listener,
             {listener("one", "127.0.0.1", 10001, "- filters:\n" + tcp_proxy("one")),
              listener("two", "127.0.0.1", 10002, "- filters:\n" + tcp_proxy("two")),
              outbound(10003, route_all("cluster: one"))}));
  }

  void serve(const std::vector<std::string>& filters) {
    std::vector<Yaml> out;
    for (std::size_t i = 0; i < filters.size(); ++i)
      out.push_back(listener("in-" + std::to_string(i), "10.0.0.11", static_cast<std::uint16_t>(7001 + i),
                             chain("", filters[i])));
    serve_listeners(out);
  }
  void serve_listeners(const std::vector<Yaml>& listeners) {
    ok(apply(backend(), Type::listener, listeners, std::to_string(++version)));
  }

  sim::CallResult call(std::uint16_t port = 10001) {
    auto call = raw_to_port(port);
    return bed.call("web", call);
  }
  /// Of so many calls.
  int answered(int calls, std::uint16_t port = 10001) {
    int out = 0;
    for (int i = 0; i < calls; ++i) out += call(port).status == 200;
    return out;
  }
  std::uint64_t limited() { return bed["backend"].proxy->stats().get("local_rate_limit.c.rate_limited"); }

  sim::proxy::ConfigState& web() { return bed["web"].proxy->config(); }
  sim::proxy::ConfigState& backend() { return bed["backend"].proxy->config(); }
  Bed bed;
  int version = 0;
};

constexpr auto two_in_10s = "max_tokens: 2, tokens_per_fill: 2, fill_interval: 10s";

TEST_F(ConnectionLimits, a_connection_without_a_token_is_closed_without_an_answer) {
  serve({limit(two_in_10s)});
  EXPECT_EQ(answered(2), 2);
  auto result = call();
  EXPECT_EQ(result.status, 0) << explain(result);
  EXPECT_EQ(result.endpoint, "10.0.0.11:7001");
  EXPECT_EQ(answered(2), 0);
  EXPECT_EQ(limited(), 3u);
  bed.world.run_for(10s);
  EXPECT_EQ(answered(5), 2);
  EXPECT_EQ(limited(), 6u);
  bed.world.run_for(6s);
  EXPECT_EQ(answered(2), 1) << "it fills evenly";
}

TEST_F(ConnectionLimits, a_fill_brings_one_token_unless_it_says_more) {
  serve({limit("max_tokens: 3, fill_interval: 10s")});
  EXPECT_EQ(answered(5), 3);
  bed.world.run_for(10s);
  EXPECT_EQ(answered(5), 1);
}

TEST_F(ConnectionLimits, connections_count_and_not_what_goes_over_them) {
  auto yaml = inbound("10.0.0.11", 7001, "", "");
  serve_listeners({yaml.insert(yaml.find("- filters:\n") + 11, limit("max_tokens: 1, fill_interval: 100s"))});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(bed.call("web", to_port(10003)).status, 200);
  EXPECT_EQ(limited(), 0u);
  ok(apply(web(), Type::endpoints, {endpoints("one", {}), endpoints("two", {})}));
  ok(apply(web(), Type::endpoints, {endpoints("one", {"10.0.0.11:7001"}), endpoints("two", {})}));
  auto result = bed.call("web", to_port(10003));
  EXPECT_EQ(result.status, 503);
  EXPECT_EQ(result.response_flags, "UC") << explain(result);
  EXPECT_EQ(limited(), 1u);
}

TEST_F(ConnectionLimits, take_their_token_before_any_filter_reads_a_byte) {
  serve({denial() + limit("max_tokens: 1, fill_interval: 100s")});
  EXPECT_EQ(answered(3), 0);
  EXPECT_EQ(bed["backend"].proxy->stats().get("r.rbac.denied"), 1u);
  EXPECT_EQ(limited(), 2u);
}

TEST_F(ConnectionLimits, of_several_each_takes_a_token_until_one_has_none) {
  serve({limit("max_tokens: 3, fill_interval: 100s") + limit("max_tokens: 2, fill_interval: 100s")});
  EXPECT_EQ(answered(5), 2);
  EXPECT_EQ(limited(), 3u);
}

TEST_F(ConnectionLimits, buckets_are_the_filters_own_unless_they_share_a_key) {
  serve({limit(two_in_10s), limit(two_in_10s)});
  EXPECT_EQ(answered(3, 10001) + answered(3, 10002), 4);
  serve({limit(two_in_10s, ", share_key: k"), limit(two_in_10s, ", share_key: k")});
  EXPECT_EQ(answered(3, 10001), 2);
  EXPECT_EQ(answered(3, 10002), 0);
  serve({limit(two_in_10s, ", share_key: a"), limit(two_in_10s, ", share_key: b")});
  EXPECT_EQ(answered(3, 10001) + answered(3, 10002), 4);
  serve({limit("max_tokens: 1, fill_interval: 10s", ", share_key: c"), limit(two_in_10s, ", share_key: c")});
  EXPECT_EQ(answered(3, 10001) + answered(3, 10002), 3);
}

TEST_F(ConnectionLimits, a_chain_that_an_update_leaves_as_it_is_keeps_its_bucket) {
  auto limited_chain = chain("", limit("max_tokens: 1, fill_interval: 100s"));
  auto with = [&](const std::string& more) { return listener("in", "10.0.0.11", 7001, limited_chain) + more; };
  serve_listeners({with("")});
  EXPECT_EQ(answered(2), 1);
  serve_listeners({with(chain("destination_port: 9", ""))});
  EXPECT_EQ(answered(2), 0);
  serve_listeners({with(chain("destination_port: 9", "") + "traffic_direction: INBOUND\n")});
  EXPECT_EQ(answered(2), 1) << "a listener that is made anew has new buckets";
  serve_listeners({with("")});
  EXPECT_EQ(answered(2), 1) << "also where it has been before";
}

TEST_F(ConnectionLimits, one_that_is_not_enabled_limits_nothing) {
  serve({limit("max_tokens: 1, fill_interval: 100s", ", runtime_enabled: {default_value: false, runtime_key: k}")});
  EXPECT_EQ(answered(3), 3);
  serve({limit("max_tokens: 1, fill_interval: 100s", ", runtime_enabled: {default_value: true, runtime_key: k}")});
  EXPECT_EQ(answered(3), 1);
}

/// As Envoy 1.40 has it, whose API takes such a bucket.
TEST_F(ConnectionLimits, a_bucket_for_no_tokens_lets_nothing_through) {
  serve({limit("max_tokens: 0, fill_interval: 1s")});
  EXPECT_EQ(answered(2), 0);
  auto yaml = outbound(
      10003, "- name: all\n  domains: ['*']\n  routes: [{match: {prefix: /}, direct_response: {status: 299}}]\n");
  yaml.insert(yaml.find("http_filters: [") + 15,
              "{name: l, typed_config: {\"@type\": "
              "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit, stat_prefix: l, "
              "token_bucket: {max_tokens: 0, fill_interval: 1s}, filter_enabled: {default_value: {numerator: 100}}, "
              "filter_enforced: {default_value: {numerator: 100}}}}, ");
  ok(apply(web(), Type::listener, {yaml}));
  EXPECT_EQ(bed.call("web", to_port(10003)).status, 429);
}

TEST_F(ConnectionLimits, are_interpreted_and_checked) {
  serve({limit(two_in_10s, ", share_key: k, runtime_enabled: {default_value: true, runtime_key: k}")});
  EXPECT_EQ(backend().unread(), (std::map<std::string, std::string>{}));
  auto refused = [&](const std::string& filter, const std::string& why) {
    auto outcome = apply(backend(), Type::listener, {listener("in", "10.0.0.11", 7001, chain("", filter))}, "bad");
    ASSERT_FALSE(outcome) << why;
    EXPECT_NE(outcome.error().find(why), std::string::npos) << outcome.error();
  };
  auto of = [](const std::string& fields) { return network_filter("local_ratelimit.v3.LocalRateLimit", fields); };
  refused(of("stat_prefix: c"), "LocalRateLimitValidationError.TokenBucket: value is required");
  refused(of("token_bucket: {max_tokens: 1, fill_interval: 1s}"), "LocalRateLimitValidationError.StatPrefix");
  refused(limit("max_tokens: 1"), "TokenBucketValidationError.FillInterval: value is required");
  refused(limit("max_tokens: 1, tokens_per_fill: 0, fill_interval: 1s"), "TokenBucketValidationError.TokensPerFill");
  refused(limit("max_tokens: 1, fill_interval: 0.049s"), "local rate limit token bucket fill timer must be >= 50ms");
}

/// The hello of TLS is not answered: a connection that is made again fails, and is not one that breaks off.
TEST_F(ConnectionLimits, without_a_token_there_is_no_handshake) {
  Authority root("mesh");
  auto yaml = inbound("10.0.0.11", 7001, downstream_tls("spiffe://default/"), "");
  serve_listeners({yaml.insert(yaml.find("- filters:\n") + 11, limit("max_tokens: 1, fill_interval: 100s"))});
  ok(apply(backend(), Type::secret, {identity(root.issue("spiffe://default/backend")), ca(root.bundle())}));
  ok(apply(web(), Type::cluster, {eds_cluster("one", upstream_tls("spiffe://default/backend"))}, "2"));
  ok(apply(web(), Type::secret, {identity(root.issue("spiffe://default/web")), ca(root.bundle())}));
  ok(apply(web(), Type::endpoints, {endpoints("one", {"10.0.0.11:7001"})}));
  EXPECT_EQ(bed.call("web", to_port(10003)).status, 200);
  ok(apply(web(), Type::endpoints, {endpoints("one", {})}));
  ok(apply(web(), Type::endpoints, {endpoints("one", {"10.0.0.11:7001"})}));
  auto result = bed.call("web", to_port(10003));
  EXPECT_EQ(result.status, 503);
  EXPECT_EQ(result.response_flags, "UF") << explain(result);
  EXPECT_EQ(limited(), 1u);
  EXPECT_EQ(bed["backend"].proxy->stats().get("listener.inbound:10.0.0.11:7001.ssl.handshake"), 1u);
}

/// web -> 10.0.0.11:80, an application whose answers have 100 KiB, through a listener with a fault.
class ResponseBandwidth : public ::testing::Test {
 protected:
  void SetUp() override {
    bed.machine("web", "10.0.0.1", "-");
    auto& p = bed.world.add_process("app", "10.0.0.11");
    p.start([](Runtime&) {});
    bed.world.run_for(Duration(1));
    p.keep(std::make_shared<sim::Instance>(
        bed.fabric, p, sim::InstanceOptions{.host = p.address(), .port = 80, .response_bytes = 100 * 1024}));
    ok(apply(web(), Type::cluster, {eds_cluster("backend")}));
    ok(apply(web(), Type::endpoints, {endpoints("backend", {"10.0.0.11:80"})}));
  }

  void fault(const std::string& limits, const std::string& route = route_all("cluster: backend")) {
    auto yaml = outbound(10001, route);
    yaml.insert(yaml.find("http_filters: [") + 15, limits);
    ok(apply(web(), Type::listener, {yaml}, std::to_string(++version)));
  }
  static std::string limit(const std::string& kbps, int percent) {
    return "{name: fault, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters.http.fault.v3."
           "HTTPFault, response_rate_limit: {fixed_limit: {limit_kbps: " +
           kbps + "}, percentage: {numerator: " + std::to_string(percent) + "}}}}, ";
  }

  sim::proxy::ConfigState& web() { return bed["web"].proxy->config(); }
  Bed bed;
  int version = 0;
};

TEST_F(ResponseBandwidth, a_body_takes_its_size_by_the_limit) {
  fault("");
  auto whole = bed.call("web", to_port(10001)).latency;
  EXPECT_LT(whole, 1s);
  fault(limit("10", 100));
  auto result = bed.call("web", to_port(10001));
  EXPECT_EQ(result.status, 200);
  EXPECT_EQ(result.response_flags, "");
  EXPECT_GE(result.latency - whole, 9900ms);
  EXPECT_LE(result.latency - whole, 10s);
  EXPECT_NE(explain(result).find("filter fault: response at 10 KiB/s"), std::string::npos) << explain(result);
  EXPECT_EQ(bed["web"].proxy->stats().get("http.out.fault.response_rl_injected"), 1u);
  EXPECT_EQ(web().unread(), (std::map<std::string, std::string>{}));
}

TEST_F(ResponseBandwidth, concerns_its_share_of_the_calls) {
  fault(limit("10", 0));
  EXPECT_LT(bed.call("web", to_port(10001)).latency, 1s);
  fault(limit("10", 50));
  int slow = 0;
  for (int i = 0; i < 40; ++i) slow += bed.call("web", to_port(10001)).latency > 9s;
  EXPECT_GT(slow, 8);
  EXPECT_LT(slow, 32);
}

TEST_F(ResponseBandwidth, of_several_the_slowest_counts) {
  fault(limit("50", 100) + limit("20", 100));
  auto latency = bed.call("web", to_port(10001)).latency;
  EXPECT_GT(latency, 4900ms);
  EXPECT_LT(latency, 5100ms);
}

TEST_F(ResponseBandwidth, holds_up_answers_of_the_proxy_too) {
  fault(limit("1", 100),
        "- name: all\n  domains: ['*']\n  routes: [{match: {prefix: /}, direct_response: {status: "
        "299, body: {inline_string: '" +
            std::string(512, 'x') + "'}}}]\n");
  auto result = bed.call("web", to_port(10001));
  EXPECT_EQ(result.status, 299);
  EXPECT_GE(result.latency, 450ms);
  EXPECT_LE(result.latency, 500ms);
}

TEST_F(ResponseBandwidth, a_route_times_out_before_the_body_comes_and_a_client_while_it_does) {
  fault(limit("10", 100), route_all("cluster: backend, timeout: 1s"));
  EXPECT_EQ(bed.call("web", to_port(10001)).status, 200) << "the upstream has answered in time";
  auto call = to_port(10001);
  call.timeout = 2s;
  auto result = bed.call("web", call);
  EXPECT_EQ(result.status, 0);
  EXPECT_LT(result.latency, 3s);
  bed.world.run_for(1min);
  EXPECT_EQ(bed.call("web", to_port(10001)).status, 200);
}

TEST_F(ResponseBandwidth, a_limit_of_nothing_is_refused) {
  auto yaml = outbound(10001, route_all("cluster: backend"));
  yaml.insert(yaml.find("http_filters: [") + 15, limit("0", 100));
  auto outcome = apply(web(), Type::listener, {yaml});
  ASSERT_FALSE(outcome);
  EXPECT_NE(outcome.error().find("LimitKbps: value must be greater than or equal to 1"), std::string::npos)
      << outcome.error();
}

TEST(ResponsePaces, are_those_of_envoys_bucket) {
  const MonotonicTime start{5s};
  ResponsePace pace{.bytes_per_second = 10'240, .since = start};
  EXPECT_EQ(pace.wait(0, start), 0ms);
  EXPECT_EQ(pace.wait(512, start), 0ms) << "50 ms are in the bucket";
  EXPECT_EQ(pace.wait(513, start), 50ms);
  EXPECT_EQ(pace.wait(102'400, start), 9950ms);
  EXPECT_EQ(pace.wait(102'400, start + 75ms), 9900ms) << "75 ms more, and a whole tick";
  EXPECT_EQ(pace.wait(10'240, start + 950ms), 0ms);
  EXPECT_EQ(pace.wait(10'241, start + 10s), 50ms) << "it holds one second";
  EXPECT_EQ((ResponsePace{.bytes_per_second = 1ull << 40, .since = start}).wait(1ull << 42, start), 3950ms);
}

}  // namespace
}  // namespace kumasim::test
