/// Consistent hashing, mirrors, retries by header, limits of streams and connections, outlier detection by rates.
#include <gtest/gtest.h>

#include "sim/envoy/data/balancer.hpp"
#include "sim/envoy/data/handshake.hpp"
#include "sim/envoy/data/hash.hpp"
#include "tests/traffic/bed.hpp"

namespace kumasim::test {
namespace {

using namespace std::chrono_literals;
using sim::proxy::Type;

void ok(const sim::proxy::Checked<>& outcome) { ASSERT_TRUE(outcome) << outcome.error(); }

std::string http_options(const std::string& common) {
  return std::string("typed_extension_protocol_options:\n  envoy.extensions.upstreams.http.v3.HttpProtocolOptions:\n") +
         "    \"@type\": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions\n" +
         "    explicit_http_config: {http_protocol_options: {}}\n    common_http_protocol_options: {" + common + "}\n";
}

/// web calls applications without proxies at 10.0.0.11:80, 10.0.0.12:80 and so on.
class BalancingTraffic : public ::testing::Test {
 protected:
  void serve(int count) {
    bed.machine("web", "10.0.0.1", "-");
    std::vector<std::string> addresses;
    for (int i = 1; i <= count; ++i) {
      auto& p = bed.world.add_process("app-" + std::to_string(i), "10.0.0.1" + std::to_string(i));
      p.start([](Runtime&) {});
      bed.world.run_for(Duration(1));
      auto app = std::make_shared<sim::Instance>(
          bed.fabric, p, sim::InstanceOptions{.name = "app-" + std::to_string(i), .host = p.address(), .port = 80});
      p.keep(app);
      apps.push_back(app.get());
      addresses.push_back(p.address() + ":80");
    }
    hosts = addresses;
  }

  void route(const std::string& fields, const std::string& cluster_extra = "", const std::string& version = "1") {
    ok(apply(web(), Type::cluster, {eds_cluster("backend", cluster_extra), eds_cluster("copy")}, version));
    ok(apply(web(), Type::endpoints, {endpoints("backend", hosts), endpoints("copy", {hosts.back()})}, version));
    ok(apply(web(), Type::listener, {outbound(10001, route_all("cluster: backend" + fields))}, version));
  }

  std::string instance(const sim::Headers& headers, const std::string& path = "/") {
    auto call = to_port(10001, "backend", path);
    call.headers = headers;
    return bed.call("web", call).instance;
  }

  sim::proxy::ConfigState& web() { return bed["web"].proxy->config(); }
  std::uint64_t stat(const std::string& name) { return bed["web"].proxy->stats().get("cluster.backend." + name); }

  Bed bed;
  std::vector<sim::Instance*> apps;
  std::vector<std::string> hosts;
};

/// Two hosts of weights 2 and 1, the first with three requests under way: shares are as the weights divided by
/// (requests + 1) to the power of the bias.
TEST(LeastRequest, weighs_requests_by_its_bias) {
  for (auto [bias, share] : {std::pair(0.0, 2.0 / 3), {1.0, 0.5 / 1.5}, {2.0, 0.125 / 1.125}}) {
    sim::proxy::Cluster config;
    config.lb = sim::proxy::Cluster::Lb::least_request;
    config.active_request_bias = bias;
    std::vector<sim::proxy::HostPtr> two{std::make_shared<sim::proxy::Host>(), std::make_shared<sim::proxy::Host>()};
    two[0]->endpoint.weight = 2;
    two[0]->active = 3;
    sim::World world({.seed = 1});
    auto& process = world.add_process("p", "10.0.0.1");
    process.start([](Runtime&) {});
    world.run_for(Duration(1));
    sim::proxy::HostPicker picker(two, config, process.runtime().random);
    int first = 0;
    for (int i = 0; i < 9000; ++i) first += picker.pick(process.runtime().random) == two[0];
    EXPECT_NEAR(first / 9000.0, share, 0.01) << bias;
  }
}

TEST(Ciphers, must_be_shared_and_suit_the_key) {
  using sim::proxy::share_cipher;
  const std::vector<std::string> none, ecdsa{"ECDHE-ECDSA-AES128-GCM-SHA256"}, rsa{"ECDHE-RSA-AES128-GCM-SHA256"};
  EXPECT_TRUE(share_cipher(none, none, true));
  EXPECT_TRUE(share_cipher(ecdsa, none, true));
  EXPECT_FALSE(share_cipher(ecdsa, none, false)) << "the server has a key of RSA";
  EXPECT_FALSE(share_cipher(ecdsa, rsa, true));
  EXPECT_FALSE(share_cipher({"ECDHE-RSA-AES128-SHA"}, none, false)) << "Envoy does not offer it";
}

/// A retry leaves the priorities out that were tried, until none is left; but not where hashes choose.
TEST_F(BalancingTraffic, a_retry_leaves_out_priorities_that_were_tried) {
  serve(2);
  for (auto& app : apps) app->set_errors_ppm(0);
  apps[0]->set_errors_ppm(1'000'000);
  auto with = [&](const std::string& more, const std::string& version, const std::string& lb = "") {
    route(", retry_policy: {retry_on: 5xx, num_retries: 1" + more + "}", lb, version);
    ok(apply(
        web(), Type::endpoints,
        {"cluster_name: backend\nendpoints:\n- priority: 0\n  lb_endpoints: [{endpoint: {address: {socket_address: "
         "{address: 10.0.0.11, port_value: 80}}}}]\n- priority: 1\n  lb_endpoints: [{endpoint: {address: "
         "{socket_address: {address: 10.0.0.12, port_value: 80}}}}]\n",
         endpoints("copy", {hosts.back()})},
        version + "b"));
    return bed.call("web", to_port(10001));
  };
  EXPECT_EQ(with("", "1").status, 503);
  const std::string others =
      ", retry_priority: {name: p, typed_config: {\"@type\": "
      "type.googleapis.com/envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig, "
      "update_frequency: 1}}";
  auto result = with(others, "2");
  EXPECT_EQ(result.instance, "app-2") << explain(result);
  EXPECT_EQ(result.attempts, 2);
  result = with(others, "3", "lb_policy: MAGLEV\n");
  EXPECT_EQ(result.status, 503) << explain(result);
  EXPECT_EQ(result.attempts, 2);
}

/// Envoy counts a host's requests from when they have a connection: who never takes one gets as many as who answers.
TEST_F(BalancingTraffic, least_request_does_not_see_who_waits_for_a_connection) {
  serve(1);
  hosts.push_back("10.0.0.99:80");  // no machine: no answer
  route("", "lb_policy: LEAST_REQUEST\n");
  std::vector<sim::CallResult> results;
  for (int i = 0; i < 400; ++i) {
    bed.start_call("web", to_port(10001), results);
    bed.world.run_for(10ms);  // who answers has answered
  }
  EXPECT_NEAR(static_cast<double>(stat("upstream_rq_total")), 200, 60);
}

TEST_F(BalancingTraffic, a_request_that_gets_no_connection_is_none_of_the_clusters) {
  serve(1);
  route("", "circuit_breakers: {thresholds: [{max_requests: 0}]}\n");
  EXPECT_EQ(bed.call("web", to_port(10001)).response_flags, "UO");
  EXPECT_EQ(stat("upstream_rq_total"), 0);
  EXPECT_EQ(stat("upstream_rq_pending_overflow"), 1);
}

/// Of three hosts two may have connections: who is led to the third is turned away.
TEST_F(BalancingTraffic, no_more_hosts_have_connections_than_there_may_be_pools) {
  serve(3);
  route("", "circuit_breakers: {thresholds: [{max_connection_pools: 2}]}\n");
  int turned_away = 0;
  for (int i = 0; i < 9; ++i) {
    auto result = bed.call("web", to_port(10001));
    turned_away += result.status == 503;
    if (result.status == 503) EXPECT_EQ(result.response_flags, "UH") << explain(result);
  }
  EXPECT_EQ(turned_away, 3);
  EXPECT_EQ(stat("upstream_cx_pool_overflow"), 3);
}

TEST(Hash, agrees_with_published_values) {
  using sim::proxy::xx_hash;
  EXPECT_EQ(xx_hash(""), 0xef46db3751d8e999u);
  EXPECT_EQ(xx_hash("a"), 0xd24ec4f1a98c6e5bu);
  EXPECT_EQ(xx_hash("abc"), 0x44bc2cf5ad770999u);
  EXPECT_EQ(xx_hash("Nobody inspects the spammish repetition"), 0xfbcea83c8a378bf1u);
  for (const std::string text : {"", "a", "1234567", "12345678", "Nobody inspects the spammish repetition"})
    EXPECT_EQ(sim::proxy::murmur_hash(text), std::hash<std::string>()(text)) << text;
}

TEST_F(BalancingTraffic, a_hash_policy_keeps_a_key_at_its_host) {
  serve(4);
  int version = 0;
  for (const std::string lb :
       {"lb_policy: RING_HASH\n", "lb_policy: RING_HASH\nring_hash_lb_config: {hash_function: MURMUR_HASH_2}\n",
        "lb_policy: MAGLEV\n"}) {
    route(", hash_policy: [{header: {header_name: x-user}}, {query_parameter: {name: u}}]", lb,
          std::to_string(++version));
    std::map<std::string, std::string> home;
    std::set<std::string> used;
    for (int round = 0; round < 3; ++round)
      for (int user = 0; user < 20; ++user) {
        auto name = std::to_string(user);
        auto found = instance({{"x-user", name}});
        ASSERT_NE(found, "");
        EXPECT_EQ(home.emplace(name, found).first->second, found) << lb;
        used.insert(found);
      }
    EXPECT_EQ(used.size(), 4u) << lb;
    EXPECT_EQ(instance({}, "/?a=1&u=7"), instance({}, "/?u=7"));
    // One host goes: most of the other keys stay.
    auto all = hosts;
    hosts.pop_back();
    ok(apply(web(), Type::endpoints, {endpoints("backend", hosts), endpoints("copy", {hosts.back()})},
             std::to_string(++version)));
    hosts = all;
    int moved = 0;
    for (const auto& [name, before] : home) {
      auto now = instance({{"x-user", name}});
      moved += now != before;
      if (before == "app-4") EXPECT_NE(now, before);
    }
    EXPECT_LT(moved, 13) << lb;
  }
}

TEST_F(BalancingTraffic, a_cookie_of_a_hash_policy_is_given_and_kept_to) {
  serve(4);
  route(", hash_policy: [{cookie: {name: ck, ttl: 30s, path: /}}]", "lb_policy: MAGLEV\n");
  std::set<std::string> used;
  for (int i = 0; i < 20; ++i) used.insert(instance({}));
  EXPECT_GT(used.size(), 1u);  // each connection gets a cookie of its own
  auto home = instance({{"cookie", "a=b; ck=\"1234\""}});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(instance({{"cookie", "ck=1234"}}), home);
}

TEST_F(BalancingTraffic, sizes_of_hash_tables_are_checked) {
  serve(1);
  auto refused = [&](const std::string& extra, const std::string& text) {
    auto outcome = apply(web(), Type::cluster, {eds_cluster("backend", extra)}, "bad");
    ASSERT_FALSE(outcome);
    EXPECT_NE(outcome.error().find(text), std::string::npos) << outcome.error();
  };
  refused("lb_policy: MAGLEV\nmaglev_lb_config: {table_size: 100}\n", "The table size of maglev must be prime number");
  refused("lb_policy: RING_HASH\nring_hash_lb_config: {minimum_ring_size: 2048, maximum_ring_size: 1024}\n",
          "ring hash: minimum_ring_size (2048) > maximum_ring_size (1024)");
}

TEST_F(BalancingTraffic, a_mirror_gets_a_copy_and_does_not_show) {
  serve(2);
  hosts = {hosts[0], hosts[1]};
  ok(apply(web(), Type::cluster, {eds_cluster("backend"), eds_cluster("copy")}));
  ok(apply(web(), Type::endpoints, {endpoints("backend", {hosts[0]}), endpoints("copy", {hosts[1]})}));
  auto policy = [&](const std::string& more) {
    ok(apply(web(), Type::listener,
             {outbound(10001, route_all("cluster: backend, request_mirror_policies: [{cluster: copy" + more + "}]"))},
             more));
  };
  policy("");
  apps[1]->set_errors_ppm(1'000'000);
  for (int i = 0; i < 10; ++i) {
    auto result = bed.call("web", to_port(10001));
    EXPECT_EQ(result.status, 200) << explain(result);
    EXPECT_EQ(result.instance, "app-1");
    EXPECT_EQ(result.attempts, 1);
    EXPECT_NE(explain(result).find("copy: mirrored to"), std::string::npos) << explain(result);
  }
  bed.world.run_for(1s);
  EXPECT_EQ(apps[1]->requests(), 10u);
  policy(", runtime_fraction: {default_value: {numerator: 0}}");
  EXPECT_EQ(bed.call("web", to_port(10001)).status, 200);
  bed.world.run_for(1s);
  EXPECT_EQ(apps[1]->requests(), 10u);
}

TEST_F(BalancingTraffic, retries_go_by_headers_of_answers_and_requests) {
  serve(2);
  route(
      ", retry_policy: {retry_on: retriable-headers, num_retries: 3, retriable_headers: [{name: x-instance, "
      "string_match: {exact: app-1}}], retriable_request_headers: [{name: ':method', string_match: {exact: GET}}]}");
  for (int i = 0; i < 6; ++i) EXPECT_EQ(bed.call("web", to_port(10001)).instance, "app-2");
  int first = 0;
  for (int i = 0; i < 6; ++i) {
    auto call = to_port(10001);
    call.method = "POST";
    auto result = bed.call("web", call);
    EXPECT_EQ(result.attempts, 1);
    first += result.instance == "app-1";
  }
  EXPECT_EQ(first, 3);
}

TEST_F(BalancingTraffic, a_stream_lasts_no_longer_than_its_cluster_allows) {
  serve(1);
  apps[0]->set_latency({.mean = 3s});
  route("", http_options("max_stream_duration: 1s"));
  auto result = bed.call("web", to_port(10001));
  // As Envoy 1.40 answers.
  EXPECT_EQ(result.status, 504);
  EXPECT_EQ(result.response_flags, "UMSDR");
  EXPECT_EQ(result.details, "upstream_max_stream_duration_reached");
  EXPECT_EQ(stat("upstream_rq_max_duration_reached"), 1u);
  EXPECT_LT(result.latency, 1100ms);
}

TEST_F(BalancingTraffic, a_connection_lasts_no_longer_than_its_cluster_allows) {
  serve(1);
  route("", http_options("max_connection_duration: 10s"));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(bed.call("web", to_port(10001)).status, 200);
    bed.world.run_for(6s);
  }
  EXPECT_EQ(stat("upstream_cx_total"), 3u);
  apps[0]->set_latency({.mean = 14s});
  EXPECT_EQ(bed.call("web", to_port(10001)).status, 200);  // a request under way is not cut off
  EXPECT_GE(stat("upstream_cx_max_duration_reached"), 3u);
}

TEST_F(BalancingTraffic, hosts_that_fail_too_often_are_ejected_by_rate) {
  serve(5);
  auto detector = [](const std::string& fields) {
    return "outlier_detection: {interval: 5s, base_ejection_time: 60s, max_ejection_percent: 50, "
           "enforcing_consecutive_5xx: 0, enforcing_consecutive_gateway_failure: 0, " +
           fields + "}\n";
  };
  auto failures = [&] {
    int count = 0;
    for (int i = 0; i < 50; ++i) count += bed.call("web", to_port(10001)).status != 200;
    return count;
  };
  apps[2]->set_errors_ppm(1'000'000);
  route("", detector("enforcing_success_rate: 100, success_rate_request_volume: 5"), "1");
  EXPECT_EQ(failures(), 10);
  bed.world.run_for(6s);
  EXPECT_EQ(failures(), 0);
  EXPECT_EQ(stat("outlier_detection.ejections_enforced_success_rate"), 1u);
  route("", detector("enforcing_success_rate: 0, success_rate_request_volume: 5"), "2");
  EXPECT_EQ(failures(), 10);
  bed.world.run_for(6s);
  EXPECT_EQ(failures(), 10);  // detected, not enforced
  route("",
        detector("enforcing_success_rate: 0, enforcing_failure_percentage: 100, failure_percentage_threshold: 50, "
                 "failure_percentage_request_volume: 5"),
        "3");
  EXPECT_EQ(failures(), 10);
  bed.world.run_for(6s);
  EXPECT_EQ(failures(), 0);
  EXPECT_EQ(stat("outlier_detection.ejections_enforced_failure_percentage"), 1u);
}

TEST_F(BalancingTraffic, failures_of_local_origin_are_counted_apart) {
  serve(2);
  hosts[0] = "10.0.0.1:81";  // nobody listens there
  const std::string common = "outlier_detection: {max_ejection_percent: 50, consecutive_5xx: 2, ";
  route("", common + "split_external_local_origin_errors: true, enforcing_consecutive_local_origin_failure: 0}\n", "1");
  for (int i = 0; i < 10; ++i) bed.call("web", to_port(10001));
  EXPECT_EQ(stat("outlier_detection.ejections_enforced_total"), 0u);
  route("", common + "split_external_local_origin_errors: true, consecutive_local_origin_failure: 2}\n", "2");
  int failed = 0;
  for (int i = 0; i < 10; ++i) failed += bed.call("web", to_port(10001)).status != 200;
  EXPECT_EQ(failed, 2);
  EXPECT_EQ(stat("outlier_detection.ejections_enforced_consecutive_local_origin_failure"), 1u);
}

}  // namespace
}  // namespace kumasim::test
