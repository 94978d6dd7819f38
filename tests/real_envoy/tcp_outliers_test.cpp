/// The TCP proxies of the simulated Envoy and of a real one eject the same hosts: those that refuse connections too
/// often.
///
/// Each configuration has one TCP proxy and one cluster; after 25 connections the same hosts must be ejected for the
/// same reasons. Where not all may be, chance says who is: with some seed the simulated Envoy has to come to what the
/// real one does. KUMASIM_OUTLIER_SEED draws other configurations.
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>
#include <string>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reference-cp/xds/resource_set.hpp"
#include "reference-cp/xds/type_url.hpp"
#include "tests/real_envoy/draw.hpp"
#include "tests/real_envoy/generated_calls.hpp"
#include "tests/real_envoy/scratch_folder.hpp"
#include "tests/real_envoy/traffic_real.hpp"
#include "tests/traffic/bed.hpp"

namespace kumasim::test {
namespace {

using nlohmann::json;

constexpr int configurations = 8;
constexpr std::size_t calls_of_each = 25;
constexpr std::uint64_t simulated_runs = 40;
constexpr std::uint16_t application_port = 8080, closed_port = 8081, listener_port = 10001;
constexpr std::uint64_t hosts_max = 4;

std::string address_of(std::uint64_t host) { return fmt::format("10.1.0.{}", host + 1); }

json detection(Draw& draw) {
  json out{{"interval", "3600s"}, {"baseEjectionTime", "3600s"}, {"maxEjectionTime", "7200s"}};
  out["maxEjectionPercent"] = draw.one_of(std::vector<int>{34, 50, 67, 100});
  out["alwaysEjectOneHost"] = draw.percent(50);
  out["consecutive5xx"] = draw.between(1, 4);
  if (draw.percent(30)) out["enforcingConsecutive5xx"] = 0;
  if (draw.percent(50)) {
    out["consecutiveGatewayFailure"] = draw.between(1, 3);
    out["enforcingConsecutiveGatewayFailure"] = 100;
  }
  if (draw.percent(50)) {
    out["splitExternalLocalOriginErrors"] = true;
    out["consecutiveLocalOriginFailure"] = draw.between(1, 4);
  }
  return out;
}

/// The first host refuses, others may. Envoy's threads are told of a second ejection at once, not a second after the
/// first.
json cluster(Draw& draw) {
  json endpoints = json::array();
  const auto hosts = draw.between(2, hosts_max);
  for (std::uint64_t i = 0; i < hosts; ++i) {
    const auto port = i == 0 || draw.percent(25) ? closed_port : application_port;
    endpoints.push_back(
        {{"endpoint", {{"address", {{"socketAddress", {{"address", address_of(i)}, {"portValue", port}}}}}}}});
  }
  return {{"name", "backend"},
          {"type", "STATIC"},
          {"connectTimeout", "1s"},
          {"outlierDetection", detection(draw)},
          {"commonLbConfig",
           {{"healthyPanicThreshold", {{"value", draw.one_of(std::vector<int>{0, 50})}}}, {"updateMergeWindow", "0s"}}},
          {"loadAssignment", {{"clusterName", "backend"}, {"endpoints", {{{"lbEndpoints", endpoints}}}}}}};
}

json listener(Draw& draw) {
  json proxy{{"@type", "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"},
             {"statPrefix", "tcp"},
             {"cluster", "backend"},
             {"maxConnectAttempts", draw.between(1, 2)}};
  json filter{{"name", "envoy.filters.network.tcp_proxy"}, {"typedConfig", proxy}};
  return {{"name", "tcp"},
          {"address", {{"socketAddress", {{"address", "127.0.0.1"}, {"portValue", listener_port}}}}},
          {"trafficDirection", "OUTBOUND"},
          {"filterChains", {{{"filters", json::array({filter})}}}}};
}

template <class Message>
void add(cp::Snapshot& snapshot, std::string_view url, const json& value) {
  Message message;
  auto status = google::protobuf::util::JsonStringToMessage(value.dump(), &message);
  ASSERT_TRUE(status.ok()) << status.message();
  snapshot.add(url, cp::serialise(message.name(), url, message));
}

constexpr auto counters = {"total", "consecutive_5xx", "consecutive_gateway_failure",
                           "consecutive_local_origin_failure"};

std::string counter(const char* name) {
  return fmt::format("cluster.backend.outlier_detection.ejections_enforced_{}", name);
}

/// Who is ejected, and the counters.
using Ejections = std::map<std::string, std::string>;

Ejections of_real(const RealEnvoy& envoy) {
  Ejections out;
  auto clusters = json::parse(envoy.admin("/clusters?format=json"));
  for (const auto& each : clusters["cluster_statuses"]) {
    if (each["name"] != "backend") continue;
    for (const auto& host : each["host_statuses"])
      out[host["address"]["socket_address"]["address"]] =
          host["health_status"].value("failed_outlier_check", false) ? "ejected" : "stays";
  }
  auto stats = json::parse(envoy.admin("/stats?format=json&filter=ejections_enforced"));
  for (const auto& stat : stats["stats"])
    for (const char* name : counters)
      if (stat.contains("name") && stat["name"] == counter(name)) out[name] = stat["value"].dump();
  return out;
}

Ejections of_simulated(const json& drawn, const json& listening, std::uint64_t seed) {
  Bed bed(seed);
  auto& proxy = *bed.machine("web", "10.0.0.1", "-").proxy;
  for (std::uint64_t i = 0; i < hosts_max; ++i) {
    auto& process = bed.world.add_process(address_of(i), address_of(i));
    process.start([](Runtime&) {});
    bed.world.run_for(Duration(1));
    process.keep(std::make_shared<sim::Instance>(
        bed.fabric, process,
        sim::InstanceOptions{.name = process.name(), .host = process.address(), .port = application_port}));
  }
  for (auto [type, resource] :
       {std::pair(sim::proxy::Type::cluster, &drawn), {sim::proxy::Type::listener, &listening}}) {
    auto taken = apply(proxy.config(), type, {resource->dump()});
    EXPECT_TRUE(taken) << taken.error();
  }
  for (std::size_t i = 0; i < calls_of_each; ++i) {
    auto call = to_port(listener_port);
    call.protocol = sim::CallProtocol::tcp;
    bed.call("web", call);
  }
  Ejections out;
  for (const auto& [text, host] : proxy.upstreams().at("backend")->hosts())
    out[host->endpoint.host] = host->outlier.ejected ? "ejected" : "stays";
  for (const char* name : counters) out[name] = std::to_string(proxy.stats().get(counter(name)));
  return out;
}

TEST(RealEnvoyTcpOutliers, SimulatedEnvoyEjectsTheSame) {
  const char* asked = std::getenv("KUMASIM_OUTLIER_SEED");
  const std::uint64_t seed = asked ? std::stoull(asked) : 1;
  int with_ejections = 0;
  for (int number = 0; number < configurations; ++number) {
    Draw draw(seed * 1'000'003 + static_cast<std::uint64_t>(number));
    const json drawn = cluster(draw), listening = listener(draw);
    cp::Snapshot snapshot;
    add<::envoy::config::cluster::v3::Cluster>(snapshot, cp::type_url::cluster, drawn);
    add<::envoy::config::listener::v3::Listener>(snapshot, cp::type_url::listener, listening);
    const ScratchFolder folder;
    const auto log = folder.path() / "calls.log";
    TrafficSnapshot served = traffic_snapshot(snapshot, log);
    served.applications.clear();
    for (std::uint64_t i = 0; i < hosts_max; ++i) served.applications.insert({address_of(i), application_port});
    const auto calls = generate_drawn_calls(served, seed, calls_of_each, false);
    ASSERT_EQ(calls.size(), calls_of_each);

    json node{{"id", "default.a"},
              {"cluster", "a"},
              {"metadata", {{"dataplane.admin.port", "9901"}, {"dataplane.proxyType", "dataplane"}}}};
    auto side = RealSide::start(served, {.node = node, .folder = folder.path()}, log);
    if (!side) GTEST_SKIP() << side.error().message;
    ASSERT_EQ((*side)->envoy().trouble(), "");
    (*side)->call(calls);
    const Ejections real = of_real((*side)->envoy());
    with_ejections += real.at("total") != "0";

    std::set<Ejections> simulated;
    for (std::uint64_t run = 1; run <= simulated_runs; ++run) simulated.insert(of_simulated(drawn, listening, run));
    EXPECT_TRUE(simulated.contains(real)) << drawn.dump(1) << "\nreal: " << fmt::format("{}", real)
                                          << "\nsimulated: " << fmt::format("{}", fmt::join(simulated, "\n"));
  }
  EXPECT_GE(with_ejections, configurations / 2);
}

}  // namespace
}  // namespace kumasim::test
