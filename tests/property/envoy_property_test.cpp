/// Properties of the simulated Envoy: splits, fairness, refusals that change nothing, warming that exposes nothing half
/// done.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "kumasim/sim/seeded_random.hpp"
#include "sim/apps/law.hpp"
#include "sim/envoy/data/balancer.hpp"
#include "tests/traffic/bed.hpp"

namespace kumasim::test {
namespace {

using sim::proxy::Balancer;
using sim::proxy::Cluster;
using sim::proxy::ConfigObserver;
using sim::proxy::ConfigState;
using sim::proxy::Host;
using sim::proxy::HostPtr;
using sim::proxy::ResourceCache;
using sim::proxy::Type;

HostPtr host(std::uint32_t weight, std::uint32_t priority = 0, bool healthy = true) {
  auto out = std::make_shared<Host>();
  out->endpoint.weight = weight;
  out->endpoint.healthy = healthy;
  out->priority = priority;
  return out;
}

std::vector<int> pick_counts(Balancer& balancer, const std::vector<HostPtr>& hosts, int picks, Random& random) {
  std::vector<int> out(hosts.size());
  for (int i = 0; i < picks; ++i) {
    auto picked = balancer.pick(random);
    if (picked) ++out[static_cast<std::size_t>(std::find(hosts.begin(), hosts.end(), picked) - hosts.begin())];
  }
  return out;
}

RC_GTEST_PROP(EnvoyBalancer, round_robin_is_fair_in_every_round, (std::uint64_t seed)) {
  auto count = *rc::gen::inRange<std::size_t>(1, 40);
  sim::SeededRandom random(seed);
  std::vector<HostPtr> hosts;
  for (std::size_t i = 0; i < count; ++i) hosts.push_back(host(1));
  Cluster config;
  Balancer balancer(config, hosts, {}, 140, random);
  for (int round = 0; round < 3; ++round)
    for (int picked : pick_counts(balancer, hosts, static_cast<int>(count), random)) RC_ASSERT(picked == 1);
}

RC_GTEST_PROP(EnvoyBalancer, weighted_round_robin_keeps_the_weights, (std::uint64_t seed)) {
  auto weights = *rc::gen::container<std::vector<std::uint32_t>>(*rc::gen::inRange<std::size_t>(1, 8),
                                                                 rc::gen::inRange<std::uint32_t>(1, 20));
  sim::SeededRandom random(seed);
  std::vector<HostPtr> hosts;
  std::uint64_t total = 0;
  for (auto w : weights) {
    hosts.push_back(host(w));
    total += w;
  }
  Cluster config;
  Balancer balancer(config, hosts, {}, 140, random);
  int rounds = 50;
  auto counts = pick_counts(balancer, hosts, static_cast<int>(total) * rounds, random);
  for (std::size_t i = 0; i < hosts.size(); ++i)
    RC_ASSERT(std::abs(counts[i] - static_cast<int>(weights[i]) * rounds) <= static_cast<int>(weights[i]) + 2);
}

RC_GTEST_PROP(EnvoyBalancer, least_request_prefers_the_idle_of_two, (std::uint64_t seed)) {
  sim::SeededRandom random(seed);
  std::vector<HostPtr> hosts{host(1), host(1)};
  hosts[0]->active = 10;
  Cluster config;
  config.lb = Cluster::Lb::least_request;
  Balancer balancer(config, hosts, {}, 140, random);
  auto counts = pick_counts(balancer, hosts, 4000, random);
  // Both draws meet the busy one with probability 1/4: mean 1000, standard deviation 27; five of them are allowed.
  RC_ASSERT(std::abs(counts[0] - 1000) < 140);
}

/// Envoy's documented table of priority load with the overprovisioning factor of 1.4.
std::vector<HostPtr> addressed(const std::vector<std::uint32_t>& weights) {
  std::vector<HostPtr> out;
  for (auto weight : weights) {
    out.push_back(host(weight));
    out.back()->endpoint.text = "10.0.0." + std::to_string(out.size()) + ":80";
  }
  return out;
}

RC_GTEST_PROP(EnvoyBalancer, maglev_fills_its_table_by_weight, (std::uint64_t seed)) {
  auto weights = *rc::gen::container<std::vector<std::uint32_t>>(*rc::gen::inRange<std::size_t>(1, 8),
                                                                 rc::gen::inRange<std::uint32_t>(1, 20));
  sim::SeededRandom random(seed);
  auto hosts = addressed(weights);
  Cluster config;
  config.lb = Cluster::Lb::maglev;
  config.maglev_size = 5003;
  Balancer balancer(config, hosts, {}, 140, random);
  std::map<HostPtr, double> slots;
  for (std::uint64_t slot = 0; slot < config.maglev_size; ++slot) ++slots[balancer.pick(random, {slot})];
  double total = 0;
  for (auto weight : weights) total += weight;
  for (const auto& h : hosts)
    RC_ASSERT(std::abs(slots[h] - 5003 * h->endpoint.weight / total) <= 2 + static_cast<double>(hosts.size()));
}

RC_GTEST_PROP(EnvoyBalancer, hashing_goes_by_addresses_whatever_their_order, (std::uint64_t seed)) {
  sim::SeededRandom random(seed);
  auto hosts = addressed(std::vector<std::uint32_t>(*rc::gen::inRange<std::size_t>(1, 12), 1));
  auto turned = hosts;
  std::reverse(turned.begin(), turned.end());
  Cluster config;
  config.maglev_size = 1009;
  for (auto lb : {Cluster::Lb::ring_hash, Cluster::Lb::maglev}) {
    config.lb = lb;
    Balancer one(config, hosts, {}, 140, random), other(config, turned, {}, 140, random);
    for (int i = 0; i < 50; ++i) {
      auto hash = random.next();
      RC_ASSERT(one.pick(random, {hash}) == other.pick(random, {hash}));
    }
  }
}

TEST(EnvoyBalancer, priorities_spill_over_as_documented) {
  struct Row {
    int healthy, expected;
  };
  for (auto [healthy, expected] : {Row{100, 100}, {72, 100}, {71, 99}, {50, 70}, {25, 35}, {0, 0}}) {
    sim::SeededRandom random(7);
    std::vector<HostPtr> hosts;
    for (int i = 0; i < 100; ++i) hosts.push_back(host(1, 0, i < healthy));
    for (int i = 0; i < 100; ++i) hosts.push_back(host(1, 1));
    Cluster config;
    Balancer balancer(config, hosts, {}, 140, random);
    auto counts = pick_counts(balancer, hosts, 20'000, random);
    int first = 0;
    for (int i = 0; i < 100; ++i) first += counts[static_cast<std::size_t>(i)];
    EXPECT_NEAR(first / 200.0, expected, 1.8) << healthy;
  }
}

TEST(EnvoyBalancer, panics_below_half_and_not_where_it_is_turned_off) {
  sim::SeededRandom random(7);
  std::vector<HostPtr> hosts;
  for (int i = 0; i < 10; ++i) hosts.push_back(host(1, 0, i < 3));
  Cluster config;
  Balancer balancer(config, hosts, {}, 140, random);
  auto counts = pick_counts(balancer, hosts, 1000, random);
  EXPECT_TRUE(std::all_of(counts.begin(), counts.end(), [](int c) { return c == 100; }));
  config.panic_percent = 0;
  balancer.rebuild(random);
  counts = pick_counts(balancer, hosts, 900, random);
  EXPECT_EQ(counts[0], 300);
  EXPECT_EQ(counts[9], 0);
}

RC_GTEST_PROP(EnvoyTraffic, weighted_clusters_split_within_bounds, ()) {
  auto percent = *rc::gen::inRange(1, 100);
  Bed bed(*rc::gen::arbitrary<std::uint64_t>());
  bed.machine("web", "10.0.0.1", "-");
  auto& config = bed["web"].proxy->config();
  auto split = "weighted_clusters: {clusters: [{name: a, weight: " + std::to_string(percent) +
               "}, {name: b, weight: " + std::to_string(100 - percent) + "}]}";
  RC_ASSERT(apply(config, Type::listener, {outbound(10001, route_all(split))}).has_value());
  RC_ASSERT(apply(config, Type::cluster, {"name: a\ntype: STATIC", "name: b\ntype: STATIC"}).has_value());
  int calls = 400, first = 0;
  std::vector<sim::CallResult> out;
  for (int i = 0; i < calls; ++i) bed.start_call("web", to_port(10001), out);
  bed.world.run_for(std::chrono::seconds(5));
  RC_ASSERT(static_cast<int>(out.size()) == calls);
  for (const auto& r : out) first += r.cluster == "a";
  double p = percent / 100.0;
  RC_ASSERT(std::abs(first - calls * p) <= 5 * std::sqrt(calls * p * (1 - p)) + 1);
}

/// Everything that a proxy would act on.
std::string picture(const ConfigState& state) {
  std::string out;
  for (const auto& [name, c] : state.clusters())
    out += name + "@" + c.version + (c.assignment ? c.assignment_version : "-") + " ";
  for (const auto& [name, l] : state.listeners()) out += name + "@" + l.version + " ";
  for (const auto& [name, c] : state.warming_clusters()) out += "w:" + name + " ";
  for (const auto& [name, l] : state.warming_listeners()) out += "w:" + name + " ";
  for (auto type : sim::proxy::all_types) out += state.version(type) + ";";
  return out;
}

RC_GTEST_PROP(EnvoyConfig, a_response_that_does_not_validate_leaves_the_state_as_it_was, ()) {
  ConfigObserver observer;
  ConfigState state(std::make_shared<ResourceCache>(), observer);
  auto names = *rc::gen::unique<std::vector<int>>(rc::gen::inRange(1, 30));
  std::vector<Yaml> clusters, listeners;
  for (int n : names) {
    clusters.push_back(eds_cluster("c" + std::to_string(n)));
    listeners.push_back(outbound(static_cast<std::uint16_t>(10000 + n), route_all("cluster: c" + std::to_string(n))));
  }
  RC_ASSERT(apply(state, Type::cluster, clusters, "good").has_value());
  RC_ASSERT(apply(state, Type::listener, listeners, "good").has_value());
  auto before = picture(state);
  auto at = *rc::gen::inRange<std::size_t>(0, clusters.size() + 1);
  auto bad = clusters;
  bad.insert(bad.begin() + static_cast<std::ptrdiff_t>(at), eds_cluster("''"));
  RC_ASSERT(!apply(state, Type::cluster, bad, "bad").has_value());
  RC_ASSERT(picture(state) == before);
  auto bad_listeners = listeners;
  bad_listeners.insert(bad_listeners.begin() + static_cast<std::ptrdiff_t>(at),
                       outbound(9999, "- {name: v, domains: []}\n"));
  RC_ASSERT(!apply(state, Type::listener, bad_listeners, "bad").has_value());
  RC_ASSERT(picture(state) == before);
}

/// Every active listener has its routes and secrets, every active cluster its endpoints and secrets, after every step.
class Watcher : public ConfigObserver {
 public:
  const ConfigState* state = nullptr;
  bool half_done = false;
  void listener_active(const sim::proxy::ListenerState& l, const sim::proxy::ListenerPtr&) override {
    check(l.config->secrets, l.config->route_configs);
  }
  void cluster_active(const sim::proxy::ClusterState& c) override {
    check(c.config->secrets, {});
    half_done |= c.config->type == Cluster::Type::eds && !c.assignment;
  }
  void check(const std::set<std::string>& secrets, const std::set<std::string>& routes) {
    for (const auto& s : secrets) half_done |= !state->secrets().contains(s) || !state->secrets().at(s).value;
    for (const auto& r : routes) half_done |= !state->routes().contains(r) || !state->routes().at(r).value;
  }
};

RC_GTEST_PROP(EnvoyConfig, nothing_half_configured_comes_into_use, ()) {
  Watcher watcher;
  ConfigState state(std::make_shared<ResourceCache>(), watcher);
  watcher.state = &state;
  static const Authority root("mesh");
  static const auto identity_yaml = identity(root.issue("spiffe://m/s"));
  static const auto ca_yaml = ca(root.bundle());
  auto rds = [](int n) {
    auto yaml = outbound(static_cast<std::uint16_t>(10000 + n), route_all("cluster: c"));
    return yaml.substr(0, yaml.find("      route_config:")) + "      rds: {route_config_name: r" + std::to_string(n) +
           ", config_source: {ads: {}}}\n";
  };
  auto routes = [](int n) {
    return "name: r" + std::to_string(n) +
           "\nvirtual_hosts: [{name: v, domains: ['*'], routes: [{match: {prefix: /}, route: {cluster: c}}]}]";
  };
  auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 12));
  for (int step : steps) {
    switch (step) {
      case 0:
        apply(state, Type::cluster, {eds_cluster("a"), eds_cluster("b", upstream_tls("spiffe://m/s"))}, "1");
        break;
      case 1:
        apply(state, Type::cluster, {eds_cluster("a", upstream_tls("spiffe://m/s")), eds_cluster("b")}, "2");
        break;
      case 2: apply(state, Type::cluster, {local_cluster()}, "3"); break;
      case 3: apply(state, Type::endpoints, {endpoints("a", {"10.0.0.1:1"})}, "1"); break;
      case 4: apply(state, Type::endpoints, {endpoints("a", {"10.0.0.2:1"}), endpoints("b", {})}, "2"); break;
      case 5: apply(state, Type::secret, {identity_yaml}, "1"); break;
      case 6: apply(state, Type::secret, {identity_yaml, ca_yaml}, "2"); break;
      case 7: apply(state, Type::listener, {rds(1), rds(2)}, "1"); break;
      case 8:
        apply(state, Type::listener, {rds(1), inbound("10.0.0.1", 80, downstream_tls("spiffe://m/"), "")}, "2");
        break;
      case 9: apply(state, Type::listener, {}, "3"); break;
      case 10: apply(state, Type::routes, {routes(1)}, "1"); break;
      case 11: apply(state, Type::routes, {routes(1), routes(2)}, "2"); break;
    }
    RC_ASSERT(!watcher.half_done);
  }
}

RC_GTEST_PROP(SimulatedApplication, exponential_times_have_their_mean, (std::uint64_t seed)) {
  sim::SeededRandom random(seed);
  double sum = 0;
  int count = 20'000;
  for (int i = 0; i < count; ++i)
    sum += static_cast<double>(sim::draw_exponential(std::chrono::milliseconds(1), random).count());
  // The standard deviation of the mean is 1 / sqrt(20 000) = 0.7 %; five of them are allowed.
  RC_ASSERT(std::abs(sum / count / 1e6 - 1) < 0.036);
}

}  // namespace
}  // namespace kumasim::test
