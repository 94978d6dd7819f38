/// Who gets calls by active health checks: beside discovery, panic, degraded hosts and outlier detection.
#include <gmock/gmock.h>

#include "kumasim/sim/seeded_random.hpp"
#include "sim/envoy/data/balancer.hpp"
#include "tests/traffic/health_check_bed.hpp"

namespace kumasim::test {
namespace {

using namespace std::chrono_literals;
using sim::proxy::Type;
using ::testing::ElementsAre;
using ::testing::Pair;

std::string endpoint(const std::string& address, const std::string& check, const std::string& status = "UNKNOWN") {
  return "  - {health_status: " + status + ", endpoint: {address: {socket_address: {address: " + address +
         ", port_value: 80}}, health_check_config: {" + check + "}}}\n";
}

Yaml endpoints_of(const std::string& all) { return "cluster_name: backend\nendpoints:\n- lb_endpoints:\n" + all; }

TEST_F(HealthChecks, AHostThatPassesStaysWhenDiscoveryTakesItAway) {
  use(check(""));
  run_for(500ms);
  endpoints_are({"10.0.0.12:80"});
  run_for(10s);
  EXPECT_THAT(ten_calls(), ElementsAre(Pair("one", 5), Pair("two", 5)));
  EXPECT_EQ(stat("membership_total"), 2u);
  one.answer.status = 500;
  run_for(3s);
  EXPECT_EQ(stat("membership_total"), 1u);
  EXPECT_THAT(ten_calls(), ElementsAre(Pair("two", 10)));
  auto heard = one.heard.size();
  run_for(10s);
  EXPECT_EQ(one.heard.size(), heard);

  endpoints_are({"10.0.0.11:80", "10.0.0.12:80"});
  run_for(1ms);
  EXPECT_FALSE(passes("10.0.0.11:80")) << "a new host has not passed";
  EXPECT_TRUE(passes("10.0.0.12:80"));
  endpoints_are({"10.0.0.12:80"});
  EXPECT_EQ(stat("membership_total"), 1u) << "who fails goes at once";

  use(check("") + "ignore_health_on_host_removal: true\n");
  one.answer.status = 200;
  run_for(500ms);
  endpoints_are({"10.0.0.12:80"});
  EXPECT_EQ(stat("membership_total"), 1u);
}

TEST_F(HealthChecks, AHostThatDiscoveryCallsUnhealthyGoesWithIt) {
  use(check(""));
  run_for(500ms);
  ok(apply(web(), Type::endpoints, {endpoints_of(endpoint("10.0.0.11", "", "UNHEALTHY") + endpoint("10.0.0.12", ""))}));
  ASSERT_TRUE(passes("10.0.0.11:80"));
  endpoints_are({"10.0.0.12:80"});
  EXPECT_EQ(stat("membership_total"), 1u);
}

TEST_F(HealthChecks, AHostThatIsCheckedElsewhereIsNew) {
  use(check(""));
  run_for(500ms);
  auto checked_at = [&](const std::string& port) {
    ok(apply(web(), Type::endpoints,
             {endpoints_of(endpoint("10.0.0.11", "port_value: " + port) + endpoint("10.0.0.12", ""))}));
    run_for(1ms);
  };
  checked_at("80");
  EXPECT_TRUE(passes("10.0.0.11:80")) << "which is where it was checked before";
  checked_at("81");
  EXPECT_FALSE(passes("10.0.0.11:80"));
  EXPECT_TRUE(passes("10.0.0.12:80"));
}

/// All are unhealthy by discovery, and get calls in panic.
TEST_F(HealthChecks, AHostThatPassesAgainKeepsItsConnections) {
  one.answer.status = two.answer.status = 500;
  use(check("").substr(0, check("").find("common_lb_config")));
  ok(apply(web(), Type::endpoints,
           {endpoints_of(endpoint("10.0.0.11", "", "UNHEALTHY") + endpoint("10.0.0.12", "", "UNHEALTHY"))}));
  run_for(500ms);
  EXPECT_EQ(ten_calls(), (std::map<std::string, int>{{"one", 5}, {"two", 5}}));
  ASSERT_FALSE(passes("10.0.0.11:80"));
  auto accepted = one.accepted.size();
  one.answer.status = 200;
  run_for(20s);
  ASSERT_TRUE(passes("10.0.0.11:80"));
  EXPECT_EQ(ten_calls(), (std::map<std::string, int>{{"one", 5}, {"two", 5}}));
  EXPECT_EQ(one.accepted.size(), accepted);
}

TEST_F(HealthChecks, InPanicHealthDoesNotCountUnlessTrafficIsToFail) {
  one.answer.status = two.answer.status = 500;
  auto without_balancing = check("").substr(0, check("").find("common_lb_config"));
  use(without_balancing);
  run_for(500ms);
  EXPECT_EQ(ten_calls(), (std::map<std::string, int>{{"one", 5}, {"two", 5}}));
  use(without_balancing + "common_lb_config: {zone_aware_lb_config: {fail_traffic_on_panic: true}}\n");
  run_for(500ms);
  EXPECT_EQ(ten_calls(), (std::map<std::string, int>{{"UH", 10}}));
}

/// Two of four hosts are new and not checked: they are no part of what 50 % are counted of.
TEST_F(HealthChecks, NewHostsMayBeLeftOutOfTheCountUntilTheyAreChecked) {
  one.silent = two.silent = true;
  auto& three = serve("three", "10.0.0.13");
  auto without_balancing = check("").substr(0, check("").find("common_lb_config"));
  use(without_balancing + "common_lb_config: {ignore_new_hosts_until_first_hc: true}\n", {"10.0.0.13:80"});
  run_for(100ms);
  endpoints_are({"10.0.0.11:80", "10.0.0.12:80", "10.0.0.13:80"});
  run_for(100ms);
  EXPECT_EQ(stat("membership_excluded"), 2u);
  EXPECT_THAT(ten_calls(), ElementsAre(Pair("three", 10)));
  EXPECT_GT(three.heard.size(), 10u);
  run_for(1s);
  EXPECT_EQ(stat("membership_excluded"), 0u);
}

TEST_F(HealthChecks, AnAnswerToACallMayFailItsHost) {
  use(check(""));
  run_for(500ms);
  one.answer.headers = {{"x-envoy-immediate-health-check-fail", ""}};
  auto calls = ten_calls();
  EXPECT_EQ(calls["one"], 1);
  EXPECT_EQ(checked("passive_failure"), 1u);
  EXPECT_EQ(stat("membership_excluded"), 1u);
}

TEST_F(HealthChecks, ADegradedHostTakesWhatIsLeft) {
  one.answer.headers = {{"x-envoy-degraded", ""}};
  use(check(""));
  run_for(500ms);
  EXPECT_EQ(checked("degraded"), 1u);
  EXPECT_EQ(stat("membership_degraded"), 1u);
  std::map<std::string, int> calls;
  for (int i = 0; i < 100; ++i) ++calls[call().instance];
  EXPECT_NEAR(calls["two"], 70, 15);  // 1.4 times one half
}

TEST_F(HealthChecks, AnEjectedHostComesBackWhenACheckPasses) {
  use(check("") + "outlier_detection: {consecutive_5xx: 1, base_ejection_time: 300s, max_ejection_percent: 50}\n");
  run_for(500ms);
  one.answer.status = 500;
  EXPECT_EQ(ten_calls()["two"], 9);
  one.answer.status = 200;
  run_for(2s);
  EXPECT_THAT(ten_calls(), ElementsAre(Pair("one", 5), Pair("two", 5)));
}

TEST_F(HealthChecks, AnEndpointMayBeCheckedElsewhereOrNotAtAll) {
  ok(apply(web(), Type::cluster, {eds_cluster("backend", check(""))}));
  ok(apply(web(), Type::endpoints,
           {endpoints_of(endpoint("10.0.0.11", "port_value: 81, hostname: h") +
                         endpoint("10.0.0.12", "disable_active_health_check: true"))}));
  ok(apply(web(), Type::listener, {outbound(10001, route_all("cluster: backend"))}));
  run_for(5s);
  EXPECT_TRUE(one.heard.empty() && two.heard.empty());
  EXPECT_EQ(checked("network_failure"), 3u) << "nobody listens on port 81";
  EXPECT_THAT(ten_calls(), ElementsAre(Pair("two", 10)));
}

/// A host may pass and be excluded until it fails once more.
TEST(Balancer, ALocalityOfExcludedHostsGetsNothing) {
  using namespace sim::proxy;
  auto here = std::make_shared<Host>(), there = std::make_shared<Host>();
  there->locality = 1;
  there->check.excluded = true;
  Cluster cluster;
  cluster.locality_weighted = true;
  sim::SeededRandom random(1);
  Balancer balancer(cluster, {here, there}, {1, 1}, 140, random);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(balancer.pick(random), here);
}

}  // namespace
}  // namespace kumasim::test
