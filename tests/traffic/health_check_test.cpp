/// Active health checks of the simulated Envoy: what passes and what fails, and when.
#include <gmock/gmock.h>

#include "sim/envoy/data/host_health.hpp"
#include "tests/traffic/health_check_bed.hpp"

namespace kumasim::test {
namespace {

using namespace std::chrono_literals;
using sim::proxy::Type;
using ::testing::ElementsAre;
using ::testing::Pair;

TEST_F(HealthChecks, TheFirstCheckDecidesLaterOnesByTheThreshold) {
  one.answer.status = 503;
  use(check(""));
  run_for(500ms);
  EXPECT_FALSE(passes("10.0.0.11:80"));
  EXPECT_TRUE(passes("10.0.0.12:80"));
  EXPECT_THAT(ten_calls(), ElementsAre(Pair("two", 10)));
  one.answer.status = 200;
  run_for(2s);
  EXPECT_FALSE(passes("10.0.0.11:80")) << "one of two";
  run_for(2s);
  EXPECT_TRUE(passes("10.0.0.11:80"));
  EXPECT_THAT(ten_calls(), ElementsAre(Pair("one", 5), Pair("two", 5)));
  EXPECT_EQ(checked("attempt"), 6u);
  EXPECT_EQ(checked("success"), 5u);
  EXPECT_EQ(checked("failure"), 1u);
  EXPECT_EQ(checked("network_failure"), 0u);
  EXPECT_EQ(checked("healthy"), 2u);
  EXPECT_EQ(stat("membership_total"), 2u);
  EXPECT_EQ(stat("membership_healthy"), 2u);
}

TEST_F(HealthChecks, AnUnexpectedStatusFailsAtOnceARetriableOneByTheThreshold) {
  use(check("",
            "http_health_check: {path: /health, expected_statuses: [{start: 200, end: 204}], retriable_statuses: "
            "[{start: 503, end: 504}]}"));
  run_for(500ms);
  one.answer.status = 500;
  two.answer.status = 503;
  run_for(2s);
  EXPECT_FALSE(passes("10.0.0.11:80"));
  EXPECT_TRUE(passes("10.0.0.12:80"));
  run_for(2s);
  EXPECT_TRUE(passes("10.0.0.12:80")) << "two of three";
  run_for(2s);
  EXPECT_FALSE(passes("10.0.0.12:80"));
  auto result = call();
  EXPECT_EQ(result.status, 503);
  EXPECT_EQ(result.response_flags, "UH");
  one.answer.status = two.answer.status = 203;
  run_for(4s);
  EXPECT_TRUE(passes("10.0.0.11:80") && passes("10.0.0.12:80"));
}

/// A request that is not answered, a connection that nobody takes, and a machine that cannot be reached.
TEST_F(HealthChecks, FailuresOfTheNetworkCountByTheThreshold) {
  use(check(""), {"10.0.0.11:80", "10.0.0.12:80"});
  run_for(500ms);
  one.silent = true;
  bed.world.network().partition(*bed["web"].process, two.process());
  run_for(7s);  // two checks each took a second
  EXPECT_TRUE(passes("10.0.0.11:80") && passes("10.0.0.12:80"));
  run_for(2500ms);
  EXPECT_FALSE(passes("10.0.0.11:80") || passes("10.0.0.12:80"));
  EXPECT_EQ(checked("network_failure"), 6u);
  EXPECT_EQ(checked("failure"), 6u);
  one.silent = false;
  bed.world.network().heal(*bed["web"].process, two.process());
  run_for(8s);
  EXPECT_TRUE(passes("10.0.0.11:80") && passes("10.0.0.12:80"));
  one.process().kill();
  run_for(6s);
  EXPECT_FALSE(passes("10.0.0.11:80"));
  EXPECT_THAT(ten_calls(), ElementsAre(Pair("two", 10)));
}

TEST_F(HealthChecks, TheNextCheckComesAnIntervalAfterTheEndOfOne) {
  use(check(""), {"10.0.0.11:80"});
  run_for(20s);
  ASSERT_GE(one.at.size(), 9u);
  auto way = one.at[1] - one.at[0] - 2s;  // there and back
  EXPECT_GT(way, 0s);
  EXPECT_LT(way, 10ms);
  for (std::size_t i = 1; i + 1 < one.at.size(); ++i) EXPECT_EQ(one.at[i + 1] - one.at[i], 2s + way);
}

/// The default, and only until somebody has called.
TEST_F(HealthChecks, AClusterWithoutTrafficIsCheckedOnceAMinute) {
  use("health_checks: [{timeout: 1s, interval: 2s, unhealthy_threshold: 1, healthy_threshold: 1, http_health_check: "
      "{path: /}}]\n",
      {"10.0.0.11:80"});
  run_for(59s);
  EXPECT_EQ(one.heard.size(), 1u);
  run_for(2s);
  EXPECT_EQ(one.heard.size(), 2u);
  EXPECT_EQ(call().status, 200);
  run_for(60s);  // the timer that runs is not shortened
  EXPECT_EQ(one.heard.size(), 4u);
  run_for(10s);
  EXPECT_EQ(one.heard.size(), 9u);
}

TEST(HostHealth, EdgesAndUnhealthyHostsHaveIntervalsOfTheirOwn) {
  using sim::proxy::HostHealth;
  sim::proxy::HealthCheck rules;
  rules.interval = 1s;
  rules.unhealthy = 2s;
  rules.unhealthy_edge = 3s;
  rules.healthy_edge = 4s;
  rules.no_traffic = 5s;
  rules.no_traffic_healthy = 6s;
  rules.healthy_threshold = rules.unhealthy_threshold = 2;
  sim::proxy::CheckRecord record{.failed = true};
  HostHealth health(rules, record);
  auto pass = [&](bool traffic = true) { return health.wait(true, health.passed(false), traffic); };
  auto fail = [&](bool traffic = true) {
    return health.wait(false, health.failed(HostHealth::Failure::network), traffic);
  };
  EXPECT_EQ(pass(), 1s);
  EXPECT_FALSE(record.failed);
  EXPECT_EQ(fail(), 3s);
  EXPECT_EQ(fail(), 2s);
  EXPECT_TRUE(record.failed);
  EXPECT_EQ(fail(), 2s);
  EXPECT_EQ(pass(), 4s);
  EXPECT_EQ(pass(), 1s);
  EXPECT_FALSE(record.failed);
  EXPECT_EQ(pass(false), 6s);
  EXPECT_EQ(fail(false), 5s);
  EXPECT_EQ(pass(), 1s) << "it never failed, so there is no edge";
}

TEST_F(HealthChecks, JitterIsDrawnForTheFirstCheckAndForEachInterval) {
  use(check("initial_jitter: 1s, interval_jitter: 0.5s, interval_jitter_percent: 25"), {"10.0.0.11:80"});
  auto start = bed.world.now();
  run_for(60s);
  ASSERT_GE(one.at.size(), 20u);
  EXPECT_LT(one.at[0] - start, 1010ms);
  Duration least = 1h, most = 0s;
  for (std::size_t i = 0; i + 1 < one.at.size(); ++i) {
    least = std::min(least, one.at[i + 1] - one.at[i]);
    most = std::max(most, one.at[i + 1] - one.at[i]);
  }
  EXPECT_GE(least, 2s);
  EXPECT_LE(most, 3010ms);  // 2 s, a quarter of it, and half a second
  EXPECT_GT(most - least, 300ms);
}

TEST_F(HealthChecks, ACheckSaysWhoseItIs) {
  use(check("",
            "http_health_check: {path: /h, host: checks.mesh, method: HEAD, request_headers_to_add: [{header: {key: "
            "X-A, value: b}}]}"),
      {"10.0.0.11:80"});
  run_for(1s);
  ASSERT_EQ(one.heard.size(), 1u);
  EXPECT_EQ(one.heard[0].method, "HEAD");
  EXPECT_EQ(one.heard[0].path, "/h");
  EXPECT_EQ(one.heard[0].authority, "checks.mesh");
  EXPECT_THAT(one.heard[0].headers, ElementsAre(Pair("user-agent", "Envoy/HC"), Pair("x-a", "b")));
}

TEST_F(HealthChecks, ConnectionsAreUsedAgainUnlessTheyShallNotBe) {
  use(check(""), {"10.0.0.11:80"});
  run_for(9s);
  EXPECT_EQ(one.heard.size(), 5u);
  EXPECT_EQ(one.accepted.size(), 1u);
  use(check("reuse_connection: false"), {"10.0.0.11:80"});
  run_for(9s);
  EXPECT_EQ(one.accepted.size(), 6u);
}

TEST_F(HealthChecks, OverTcpAConnectionIsEnoughUnlessBytesAreWanted) {
  use(check("", "tcp_health_check: {}"), {"10.0.0.11:80"});
  one.silent = true;
  run_for(9s);
  EXPECT_EQ(checked("success"), 5u);
  EXPECT_TRUE(one.heard.empty());
  one.silent = false;
  one.answer.body = "+PONG from here";
  use(check("", "tcp_health_check: {send: {text: '50494e47'}, receive: [{text: '2b504f4e47'}, {text: '68657265'}]}"),
      {"10.0.0.11:80"});
  run_for(9s);
  EXPECT_EQ(checked("success"), 10u);
  ASSERT_EQ(one.heard.size(), 5u);
  EXPECT_EQ(one.heard[0].body, "PING");
  one.answer.body = "here +PONG";
  run_for(9s);
  EXPECT_EQ(checked("failure"), 3u) << "the other way round; each time until the timeout";
  EXPECT_FALSE(passes("10.0.0.11:80"));
}

TEST_F(HealthChecks, GrpcAsksItsHealthService) {
  auto app = application("app", "10.0.0.13");
  use(check("", "grpc_health_check: {service_name: shop, authority: shop.mesh}") + "http2_protocol_options: {}\n",
      {"10.0.0.13:80", "10.0.0.11:80"});
  run_for(500ms);
  EXPECT_TRUE(passes("10.0.0.13:80"));
  EXPECT_FALSE(passes("10.0.0.11:80")) << "it answers with 200, but does not speak gRPC";
  ASSERT_EQ(one.heard.size(), 1u);
  EXPECT_EQ(one.heard[0].path, "/grpc.health.v1.Health/Check");
  EXPECT_EQ(one.heard[0].authority, "shop.mesh");
  EXPECT_EQ(one.heard[0].body, std::string("\0\0\0\0\x06\x0a\x04shop", 11));
  app->set_errors_ppm(1'000'000);
  run_for(2s);
  EXPECT_FALSE(passes("10.0.0.13:80"));
  EXPECT_EQ(checked("network_failure"), 0u);
}

/// A cluster is of no use before each host was checked once, and neither is the proxy.
TEST_F(HealthChecks, AClusterWarmsUntilItsHostsAreChecked) {
  two.silent = true;
  use(check(""));
  EXPECT_FALSE(web().clusters_initialized());
  run_for(900ms);
  EXPECT_EQ(web().warming_clusters().count("backend"), 1u);
  run_for(200ms);
  EXPECT_TRUE(web().clusters_initialized());
  EXPECT_THAT(ten_calls(), ElementsAre(Pair("one", 10)));

  // The old one serves until the new one is checked.
  one.silent = true;
  use(check("reuse_connection: false"), {"10.0.0.11:80"});
  run_for(900ms);
  EXPECT_EQ(web().warming_clusters().count("backend"), 1u);
  EXPECT_TRUE(passes("10.0.0.11:80"));
  run_for(200ms);
  EXPECT_EQ(web().warming_clusters().count("backend"), 0u);
  EXPECT_FALSE(passes("10.0.0.11:80"));

  // Hosts that go meanwhile are not waited for.
  use(check(""), {"10.0.0.11:80"});
  run_for(100ms);
  endpoints_are({});
  run_for(1ms);
  EXPECT_EQ(web().warming_clusters().count("backend"), 0u);
  ok(apply(web(), Type::cluster, {eds_cluster("backend", check("interval_jitter: 1s"))}));
  endpoints_are({"10.0.0.11:80"});
  ok(apply(web(), Type::cluster, {}));
  auto attempts = checked("attempt");
  run_for(30s);
  EXPECT_EQ(checked("attempt"), attempts) << "a cluster that is gone is not checked";
}

TEST_F(HealthChecks, AnApplicationMayLie) {
  auto app = application("app", "10.0.0.13");
  use(check(""), {"10.0.0.13:80"});
  run_for(500ms);
  app->set_faults({.says_healthy = true});
  run_for(10s);
  EXPECT_TRUE(passes("10.0.0.13:80"));
  EXPECT_EQ(call().status, 503);
  app->set_faults({.says_healthy = false});
  EXPECT_EQ(call().status, 200);
  run_for(2s);
  EXPECT_EQ(call().response_flags, "UH");
}

}  // namespace
}  // namespace kumasim::test
