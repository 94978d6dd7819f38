/// A simulated Envoy from its bootstrap: discovery over simulated gRPC, service without the control plane,
/// reconnection.
#include <gtest/gtest.h>

#include "envoy/service/discovery/v3/discovery.pb.h"
#include "kumasim/fault/faulty_network.hpp"
#include "kumasim/runtime/task.hpp"
#include "kumasim/transport/serve.hpp"
#include "sim/envoy/envoy_process.hpp"
#include "tests/traffic/bed.hpp"

namespace kumasim::test {
namespace {

using namespace std::chrono_literals;
using sim::EnvoyProcess;
using sim::proxy::Type;
namespace disc = ::envoy::service::discovery::v3;

/// Answers the first request of each type, and a request for other names than before, with what it is told to have.
struct ScriptedControlPlane {
  std::map<std::string, std::vector<std::string>> resources;  // type URL -> serialised Any
  int streams = 0;
  std::vector<std::string> refused;
  std::string node_id;
  int garbage = 0;  // streams whose first answer does not decode

  asio::awaitable<void> converse(GrpcServerStream stream) {
    ++streams;
    std::map<std::string, std::string> asked;
    while (auto bytes = co_await stream.read()) {
      disc::DiscoveryRequest request;
      request.ParseFromString(*bytes);
      if (!request.node().id().empty()) node_id = request.node().id();
      if (garbage > 0) {
        --garbage;
        co_await stream.write("\xff\xff\xff");
        continue;
      }
      if (request.has_error_detail()) refused.push_back(request.error_detail().message());
      std::string names = "names:";
      for (const auto& name : request.resource_names()) names += name + ",";
      if (asked[request.type_url()] == names) continue;
      asked[request.type_url()] = names;
      disc::DiscoveryResponse response;
      response.set_type_url(request.type_url());
      response.set_version_info("v1");
      response.set_nonce("n");
      for (const auto& any : resources[request.type_url()]) response.add_resources()->ParseFromString(any);
      co_await stream.write(response.SerializeAsString());
    }
  }
};

/// Its network can be made to fail.
struct Server {
  Server(Runtime& r, fault::NetworkFaults& faults)
      : network(r.network, r.timers, faults),
        runtime{r.executor, r.clock, r.random, r.timers, network, r.disk, r.log},
        listener(network.listen({"", 5678})) {}
  fault::FaultyNetwork network;
  Runtime runtime;
  Listener listener;
};

constexpr auto bootstrap = R"(node: {id: default.web, cluster: web}
dynamic_resources:
  ads_config:
    api_type: GRPC
    set_node_on_first_message_only: true
    transport_api_version: V3
    grpc_services: [{envoy_grpc: {cluster_name: ads_cluster}}]
  cds_config: {ads: {}, initial_fetch_timeout: 0s, resource_api_version: V3}
  lds_config: {ads: {}, initial_fetch_timeout: 0s, resource_api_version: V3}
default_regex_engine:
  name: envoy.regex_engines.google_re2
  typed_config: {"@type": type.googleapis.com/envoy.extensions.regex_engines.v3.GoogleRE2}
static_resources:
  clusters:
  - name: ads_cluster
    type: STRICT_DNS
    connect_timeout: 1s
    load_assignment:
      cluster_name: ads_cluster
      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: cp, port_value: 5678}}}}]}]
)";

class EnvoyProcessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    give(Type::cluster, {eds_cluster("backend")});
    give(Type::endpoints, {endpoints("backend", {"10.0.0.2:80"})});
    give(Type::listener, {outbound(10001, route_all("cluster: backend"))});
    cp = &bed.world.add_process("cp", "10.0.0.100");
    cp->start([this](Runtime& runtime) {
      auto server = std::make_shared<Server>(runtime, faults);
      cp->keep(server);
      spawn(runtime.executor, runtime.log, "cp",
            serve_listener(server->runtime, server->listener, nullptr, nullptr,
                           [this](GrpcServerStream stream) { return script.converse(std::move(stream)); }));
    });
    web = &bed.world.add_process("web", "10.0.0.1");
    web->start([this](Runtime&) {
      auto started = EnvoyProcess::start(bed.fabric, *web, bootstrap);
      ASSERT_TRUE(started) << started.error().message;
      envoy = *started;
      auto client_of_life = std::make_shared<sim::Client>(bed.fabric, *web);
      web->keep(client_of_life);
      client = client_of_life.get();
    });
    auto& app = bed.world.add_process("app", "10.0.0.2");
    app.start([this, &app](Runtime&) {
      app.keep(std::make_shared<sim::Instance>(bed.fabric, app, sim::InstanceOptions{.host = "10.0.0.2", .port = 80}));
    });
  }

  void give(Type type, const std::vector<Yaml>& yamls) {
    auto& list = script.resources[std::string(type_url(type))];
    list.clear();
    for (const auto& yaml : yamls) list.push_back(packed_any(type, yaml));
  }

  int call() {
    int status = -1;
    client->call(to_port(10001), [&](sim::CallResult result) { status = result.status; });
    bed.world.run_for(10s);
    return status;
  }

  ScriptedControlPlane script;
  fault::NetworkFaults faults;
  Bed bed;
  sim::Process* cp = nullptr;
  sim::Process* web = nullptr;
  std::weak_ptr<EnvoyProcess> envoy;
  sim::Client* client = nullptr;
};

TEST_F(EnvoyProcessTest, comes_up_and_serves) {
  bed.world.run_for(2s);
  ASSERT_TRUE(envoy.lock());
  EXPECT_TRUE(envoy.lock()->live());
  EXPECT_EQ(script.node_id, "default.web");
  EXPECT_EQ(call(), 200);
  EXPECT_TRUE(script.refused.empty());
}

TEST_F(EnvoyProcessTest, serves_without_its_control_plane_and_comes_back) {
  bed.world.run_for(2s);
  cp->kill();
  bed.world.run_for(60s);
  EXPECT_FALSE(envoy.lock()->connected());
  EXPECT_EQ(call(), 200);
  cp->restart();
  bed.world.run_for(31s);
  EXPECT_TRUE(envoy.lock()->connected());
  EXPECT_EQ(script.streams, 2);
  EXPECT_EQ(call(), 200);
}

TEST_F(EnvoyProcessTest, waits_for_a_control_plane_that_is_late) {
  cp->kill();
  bed.world.run_for(20s);
  EXPECT_FALSE(envoy.lock()->live());
  EXPECT_EQ(call(), 0);
  cp->restart();
  bed.world.run_for(31s);
  EXPECT_TRUE(envoy.lock()->live());
  EXPECT_EQ(call(), 200);
}

TEST_F(EnvoyProcessTest, a_restarted_envoy_starts_from_nothing) {
  bed.world.run_for(2s);
  EXPECT_EQ(call(), 200);
  web->restart();
  bed.world.run_for(Duration(1us));
  EXPECT_FALSE(envoy.lock()->live());
  bed.world.run_for(2s);
  EXPECT_TRUE(envoy.lock()->live());
  EXPECT_EQ(call(), 200);
}

TEST_F(EnvoyProcessTest, tells_the_control_plane_what_it_refuses) {
  give(Type::listener, {"name: x\naddress: {socket_address: {address: 127.0.0.1, port_value: 1}}"});
  bed.world.run_for(2s);
  ASSERT_FALSE(script.refused.empty());
  EXPECT_NE(script.refused.front().find("no filter chains specified"), std::string::npos);
  EXPECT_GE(envoy.lock()->stats().get("listener_manager.lds.update_rejected"), 1u);
}

TEST_F(EnvoyProcessTest, an_undecodable_response_ends_the_stream) {
  script.garbage = 2;
  bed.world.run_for(10s);
  EXPECT_EQ(script.streams, 3);
  EXPECT_TRUE(envoy.lock()->live());
  EXPECT_EQ(call(), 200);
}

TEST_F(EnvoyProcessTest, comes_up_whichever_network_operation_of_the_control_plane_fails) {
  std::uint64_t struck = 0, n = 1;
  for (; n < 200; ++n) {
    web->kill();
    faults.point.fail_nth(n);
    web->restart();
    bed.world.run_for(5s);
    ASSERT_TRUE(envoy.lock()->live()) << "operation " << n;
    EXPECT_EQ(call(), 200) << "operation " << n;
    if (faults.point.struck() == struck) break;  // it came up in fewer operations
    struck = faults.point.struck();
  }
  EXPECT_GT(n, 10u);
  EXPECT_LT(n, 200u);
}

TEST_F(EnvoyProcessTest, hears_nothing_new_inside_a_partition_of_its_control_plane) {
  bed.world.run_for(2s);
  faults.partition("10.0.0.1");
  bed.world.run_for(2s);
  EXPECT_EQ(call(), 200);
  faults.heal_all();
  bed.world.run_for(40s);
  EXPECT_TRUE(envoy.lock()->connected());
}

TEST(Bootstrap, errors_name_what_is_wrong) {
  EXPECT_FALSE(sim::proxy::Bootstrap::parse("{"));
  EXPECT_FALSE(sim::proxy::Bootstrap::parse("nodes: {}"));
  auto lost = sim::proxy::Bootstrap::parse(
      "dynamic_resources: {ads_config: {api_type: GRPC, grpc_services: [{envoy_grpc: {cluster_name: lost}}]}}");
  ASSERT_FALSE(lost);
  EXPECT_NE(lost.error().message.find("no static cluster 'lost'"), std::string::npos);
}

}  // namespace
}  // namespace kumasim::test
