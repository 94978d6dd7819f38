/// Consistent hashing, mirrors, retries by header, limits of streams and connections, outlier detection by rates.
#include <gtest/gtest.h>

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
