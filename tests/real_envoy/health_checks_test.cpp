/// The simulated Envoy and a real one think the same of hosts whose health checks went the same way.
///
/// Each host answers its checks by a script that a seed draws, and then no more: what the Envoys think of it stands
/// still. KUMASIM_HEALTH_SEED draws other scripts.
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <fmt/format.h>
#include <google/protobuf/any.pb.h>

#include "reference-cp/xds/resource_set.hpp"
#include "reference-cp/xds/type_url.hpp"
#include "sim/envoy/data/proxy.hpp"
#include "tests/real_envoy/draw.hpp"
#include "tests/real_envoy/real_envoy.hpp"
#include "tests/real_envoy/scratch_folder.hpp"
#include "tests/real_envoy/scripted_servers.hpp"

namespace kumasim::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr int hosts = 60, longest_script = 9;
constexpr auto cluster_name = "backend";

/// What an Envoy thinks of a host, and what it counts.
using Thought = std::map<std::string, std::string>;

AnswerScripts draw_scripts(std::uint64_t seed) {
  Draw draw(seed);
  AnswerScripts out;
  for (int i = 1; i <= hosts; ++i) {
    auto& script = out[fmt::format("10.1.0.{}", i)];
    auto length = draw.between(1, longest_script);
    while (script.size() < length) script.push_back(draw.one_of(std::vector<int>{200, 200, 204, 500, 503, 503, 0}));
  }
  return out;
}

/// A status of 503 counts by the threshold, 500 at once; checks come as fast as they may, and wait for ever.
json cluster(const AnswerScripts& scripts) {
  json endpoints = json::array();
  for (const auto& [address, script] : scripts)
    endpoints.push_back({{"endpoint", {{"address", {{"socketAddress", {{"address", address}, {"portValue", 80}}}}}}}});
  json http{{"path", "/health"},
            {"expectedStatuses", {{{"start", 200}, {"end", 205}}}},
            {"retriableStatuses", {{{"start", 503}, {"end", 504}}}}};
  json check{{"timeout", "600s"},       {"interval", "0.02s"},   {"noTrafficInterval", "0.02s"},
             {"unhealthyThreshold", 3}, {"healthyThreshold", 2}, {"httpHealthCheck", http}};
  json assignment{{"clusterName", cluster_name}, {"endpoints", {{{"lbEndpoints", endpoints}}}}};
  return {{"name", cluster_name},
          {"type", "STATIC"},
          {"connectTimeout", "1s"},
          {"healthChecks", json::array({check})},
          {"loadAssignment", assignment}};
}

/// Envoy is live once it has one.
json listener() {
  json filter{
      {"name", "reply"},
      {"typedConfig", {{"@type", "type.googleapis.com/envoy.extensions.filters.network.direct_response.v3.Config"}}}};
  return {{"name", "a"},
          {"address", {{"socketAddress", {{"address", "127.0.0.1"}, {"portValue", 10001}}}}},
          {"filterChains", {{{"filters", json::array({filter})}}}}};
}

template <class Message>
Message message_of(const json& value) {
  Message out;
  auto status = google::protobuf::util::JsonStringToMessage(value.dump(), &out);
  EXPECT_TRUE(status.ok()) << status.message();
  return out;
}

using Cluster = ::envoy::config::cluster::v3::Cluster;
using Listener = ::envoy::config::listener::v3::Listener;

constexpr auto counters = {"attempt", "success", "failure", "network_failure", "passive_failure", "healthy"};

std::string counter(const char* name) { return fmt::format("cluster.{}.health_check.{}", cluster_name, name); }

Thought of_real(const RealEnvoy& envoy) {
  Thought out;
  auto clusters = json::parse(envoy.admin("/clusters?format=json"));
  for (const auto& each : clusters["cluster_statuses"]) {
    if (each["name"] != cluster_name) continue;
    for (const auto& host : each["host_statuses"])
      out[host["address"]["socket_address"]["address"]] =
          host["health_status"].value("failed_active_health_check", false) ? "failed" : "passes";
  }
  auto stats = json::parse(envoy.admin("/stats?format=json&filter=health_check"));
  for (const auto& stat : stats["stats"])
    for (const char* name : counters)
      if (stat.contains("name") && stat["name"] == counter(name)) out[name] = stat["value"].dump();
  return out;
}

/// Answers by a script as ScriptedServers does.
class ScriptedServer : public sim::proxy::End {
 public:
  ScriptedServer(sim::proxy::Fabric& fabric, sim::Process& process, AnswerScript script)
      : End(fabric, process), script_(std::move(script)) {
    fabric.bind(*this, sim::proxy::Fabric::Role::application, process.address(), 80);
  }
  void on_request(const sim::proxy::ExchangePtr& exchange) override {
    if (next_ == script_.size()) return;
    int status = script_[next_++];
    if (status == 0) return fabric().close_by_server(exchange->wire);
    exchange->response.status = status;
    fabric().respond(exchange);
  }

 private:
  AnswerScript script_;
  std::size_t next_ = 0;
};

Thought of_simulated(const AnswerScripts& scripts) {
  sim::World world({.seed = 1});
  sim::proxy::Fabric fabric(world);
  auto add = [&](const std::string& name, const std::string& address) -> sim::Process& {
    auto& process = world.add_process(name, address);
    process.start([](Runtime&) {});
    world.run_for(Duration(1));
    return process;
  };
  for (const auto& [address, script] : scripts) {
    auto& process = add("at-" + address, address);
    process.keep(std::make_shared<ScriptedServer>(fabric, process, script));
  }
  auto& machine = add("proxy", "10.0.0.1");
  auto proxy = std::make_shared<sim::proxy::Proxy>(fabric, machine, sim::proxy::ProxyOptions{});
  machine.keep(proxy);
  ::google::protobuf::Any any;
  any.PackFrom(message_of<Cluster>(cluster(scripts)));
  auto taken = proxy->config().add_static(sim::proxy::Type::cluster, any);
  EXPECT_TRUE(taken) << taken.error();
  proxy->config().no_discovery();
  world.run_for(10s);
  Thought out;
  for (const auto& [text, host] : proxy->upstreams().at(cluster_name)->hosts())
    out[host->endpoint.host] = host->check.failed ? "failed" : "passes";
  for (const char* name : counters) out[name] = std::to_string(proxy->stats().get(counter(name)));
  return out;
}

TEST(RealEnvoyHealthChecks, SimulatedEnvoyThinksTheSameOfHosts) {
  const char* asked = std::getenv("KUMASIM_HEALTH_SEED");
  auto scripts = draw_scripts(asked ? std::stoull(asked) : 1);
  auto network = make_network();
  if (!network) GTEST_SKIP() << network.error().message;
  live::NetNamespace::Inside inside(network->get());
  auto servers = ScriptedServers::start(scripts);
  ASSERT_TRUE(servers) << servers.error().message;
  cp::Snapshot snapshot;
  auto checked = message_of<Cluster>(cluster(scripts));
  snapshot.add(cp::type_url::cluster, cp::serialise(checked.name(), cp::type_url::cluster, checked));
  auto served = message_of<Listener>(listener());
  snapshot.add(cp::type_url::listener, cp::serialise(served.name(), cp::type_url::listener, served));
  ScratchFolder folder;
  json node{{"id", "default.a"},
            {"cluster", "a"},
            {"metadata", {{"dataplane.admin.port", "9901"}, {"dataplane.proxyType", "dataplane"}}}};
  auto envoy = RealEnvoy::start(snapshot, {.node = node, .folder = folder.path(), .network = *network});
  if (!envoy) GTEST_SKIP() << envoy.error().message;
  EXPECT_TRUE((*envoy)->refusals().empty());
  for (auto end = std::chrono::steady_clock::now() + 20s; !(*servers)->all_over();) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << (*envoy)->trouble();
    std::this_thread::sleep_for(20ms);
  }
  auto real = of_real(**envoy), simulated = of_simulated(scripts);
  EXPECT_EQ(real.size(), hosts + counters.size());
  EXPECT_GT(std::stoi(real["healthy"]), hosts / 10);
  for (const auto& [what, thought] : real)
    EXPECT_EQ(simulated[what], thought) << what << ": "
                                        << (scripts.contains(what) ? fmt::format("{}", fmt::join(scripts[what], " "))
                                                                   : "");
}

}  // namespace
}  // namespace kumasim::test
