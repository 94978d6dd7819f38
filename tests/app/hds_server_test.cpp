/// Health discovery on a control plane's port, over a simulated network: what a proxy is told, what its reports do.
#include <gtest/gtest.h>

#include <deque>
#include <stdexcept>

#include <envoy/service/health/v3/hds.pb.h>
#include <fmt/format.h>

#include "kumasim/runtime/task.hpp"
#include "kumasim/sim/world.hpp"
#include "kumasim/transport/grpc.hpp"
#include "reference-cp/app/kuma_cp/control_plane.hpp"
#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/kinds.hpp"
#include "tests/app/cp_parts.hpp"

namespace kumasim::cp {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;
namespace health = ::envoy::service::health::v3;
namespace core = ::envoy::config::core::v3;

Config with_tokens() {
  Config out;
  out.signing_key = "ec-p256";  // quick to make
  return out;
}

Config anyone() {
  Config out = with_tokens();
  out.dp_proxy_auth = "none";
  return out;
}

/// A kuma-cp, and a proxy with one stream to it.
class Bed {
 public:
  explicit Bed(Config config = anyone()) {
    server.start([this, config](Runtime& runtime) {
      auto control_plane = std::make_shared<ControlPlane>(runtime, config, store);
      server.keep(control_plane);
      spawn(runtime.executor, runtime.log, "kuma-cp", control_plane->run());
    });
    world.run_for(1s);
    client.start([this](Runtime& runtime) {
      wake = std::make_shared<Event>(runtime.executor);
      client.keep(wake);
      spawn(runtime.executor, runtime.log, "envoy", converse(runtime));
    });
    world.run_for(1s);
  }

  void put(Json body) {
    Runtime& runtime = server.runtime();
    spawn(runtime.executor, runtime.log, "put", write(runtime, std::move(body)));
    world.run_for(100ms);
  }
  void remove_dataplane() {
    auto task = [](Store& kept) -> asio::awaitable<void> {
      auto done = co_await kept.remove(kind::dataplane(), {"default", "web"});
      EXPECT_TRUE(done);
    };
    Runtime& runtime = server.runtime();
    spawn(runtime.executor, runtime.log, "remove", task(*store));
    world.run_for(1s);
  }

  void say(const health::HealthCheckRequestOrEndpointHealthResponse& message, Duration then = 1s) {
    out.push_back(message.SerializeAsString());
    wake->set();
    world.run_for(then);
  }
  void ask(const std::string& id, Duration then = 1s) {
    health::HealthCheckRequestOrEndpointHealthResponse message;
    message.mutable_health_check_request()->mutable_node()->set_id(id);
    say(message, then);
  }
  void report(const std::map<std::string, core::HealthStatus>& statuses) {
    health::HealthCheckRequestOrEndpointHealthResponse message;
    auto& response = *message.mutable_endpoint_health_response();
    for (const auto& [name, status] : statuses) {
      auto& cluster = *response.add_cluster_endpoints_health();
      cluster.set_cluster_name(name);
      cluster.add_locality_endpoints_health()->add_endpoints_health()->set_health_status(status);
    }
    say(message);
  }

  /// "Ready" or another state, of the only inbound.
  std::string state() {
    std::string found = "no Dataplane";
    auto look = [](Store& kept, std::string& into) -> asio::awaitable<void> {
      auto held = co_await kept.get(kind::dataplane(), {"default", "web"});
      if (held) into = (*held)->spec["networking"]["inbound"][0].value("state", "Ready");
    };
    Runtime& runtime = server.runtime();
    spawn(runtime.executor, runtime.log, "look", look(*store, found));
    world.run_for(1ms);
    return found;
  }

  std::vector<std::string> probed(std::size_t number) const {
    std::vector<std::string> names;
    if (number < received.size())
      for (const auto& cluster : received[number].cluster_health_checks()) names.push_back(cluster.cluster_name());
    return names;
  }

  sim::World world;
  sim::Process& server = world.add_process("kuma-cp");
  sim::Process& client = world.add_process("envoy");
  std::shared_ptr<testing::TroubledStore> store = std::make_shared<testing::TroubledStore>();
  std::vector<health::HealthCheckSpecifier> received;
  std::optional<GrpcStatus> ended;

 private:
  asio::awaitable<void> write(Runtime& runtime, Json body) {
    auto resource = resource_from_json(body);
    if (!resource) throw std::runtime_error(resource.error().message);
    auto held = co_await store->get(*resource->kind, resource->key());
    Result<ResourcePtr> done = fail(Code::internal, "");
    if (held) {
      resource->meta.version = (*held)->meta.version;
      done = co_await store->update(std::move(*resource), runtime.clock.wall_now());
    } else {
      done = co_await store->create(std::move(*resource), runtime.clock.wall_now());
    }
    if (!done) ADD_FAILURE() << done.error().message;
  }

  asio::awaitable<void> converse(Runtime& runtime) {
    auto context = TlsContext::create({.role = TlsRole::client, .peer = TlsPeerCheck::none, .alpn = {"h2"}});
    auto connection = co_await GrpcClient::connect(runtime, {"kuma-cp", 5678}, {.tls = &*context});
    if (!connection) throw std::runtime_error(connection.error().message);
    auto opened = connection->open("/envoy.service.health.v3.HealthDiscoveryService/StreamHealthCheck");
    if (!opened) throw std::runtime_error(opened.error().message);
    auto stream = std::make_shared<GrpcClientStream>(std::move(*opened));
    auto speak = [](std::shared_ptr<GrpcClientStream> to, Bed& bed) -> asio::awaitable<void> {
      for (;;) {
        co_await bed.wake->wait();
        bed.wake->reset();
        while (!bed.out.empty()) {
          std::string message = std::move(bed.out.front());
          bed.out.pop_front();
          bool sent = co_await to->write(std::move(message));
          if (!sent) co_return;
        }
      }
    };
    spawn(runtime.executor, runtime.log, "speak", speak(stream, *this));
    while (auto bytes = co_await stream->read()) {
      health::HealthCheckSpecifier specifier;
      EXPECT_TRUE(specifier.ParseFromString(*bytes));
      received.push_back(std::move(specifier));
    }
    ended = co_await stream->status();
  }

  std::deque<std::string> out;
  std::shared_ptr<Event> wake;
};

Json dataplane(const std::string& interval = "2s") {
  Json probe = {{"tcp", Json::object()}, {"interval", interval}, {"timeout", "1s"}};
  Json inbound = {{"port", 80},
                  {"servicePort", 8080},
                  {"state", "NotReady"},
                  {"serviceProbe", probe},
                  {"tags", {{"kuma.io/service", "web"}, {"kuma.io/protocol", "http"}}}};
  return {{"type", "Dataplane"},
          {"mesh", "default"},
          {"name", "web"},
          {"networking", {{"address", "10.1.0.1"}, {"inbound", Json::array({inbound})}}}};
}

TEST(HdsServer, ReportsMoveTheInboundsOfTheDataplane) {
  Bed bed;
  bed.put(dataplane());
  bed.ask("default.web");
  ASSERT_EQ(bed.received.size(), 1u);
  EXPECT_EQ(bed.probed(0), (std::vector<std::string>{"kuma:envoy:admin", "localhost:8080"}));
  EXPECT_EQ(bed.received[0].interval().seconds(), 5);
  EXPECT_EQ(bed.state(), "NotReady");
  bed.report({{"kuma:envoy:admin", core::HEALTHY}, {"localhost:8080", core::HEALTHY}});
  EXPECT_EQ(bed.state(), "Ready");
  bed.report({{"kuma:envoy:admin", core::HEALTHY}, {"localhost:8080", core::UNHEALTHY}});
  EXPECT_EQ(bed.state(), "NotReady");
  bed.report({{"kuma:envoy:admin", core::HEALTHY}, {"localhost:8080", core::HEALTHY}});
  EXPECT_EQ(bed.state(), "Ready");
  bed.report({{"kuma:envoy:admin", core::UNHEALTHY}, {"localhost:8080", core::HEALTHY}});
  EXPECT_EQ(bed.state(), "NotReady");
  EXPECT_FALSE(bed.ended);
}

TEST(HdsServer, WhatIsToBeProbedIsLookedAtAgain) {
  Bed bed;
  bed.put(dataplane());
  bed.ask("default.web");
  bed.world.run_for(1min);
  EXPECT_EQ(bed.received.size(), 1u) << "nothing has changed";
  bed.put(dataplane("3s"));
  bed.world.run_for(Config().hds_refresh_interval);
  ASSERT_EQ(bed.received.size(), 2u);
  EXPECT_EQ(bed.received[1].cluster_health_checks(1).health_checks(0).interval().seconds(), 3);
}

TEST(HdsServer, ALookThatFailsEndsTheStream) {
  Bed bed;
  bed.put(dataplane());
  bed.ask("default.web");
  ASSERT_EQ(bed.received.size(), 1u);
  // It is asked for what it no longer shows.
  bed.remove_dataplane();
  bed.store->trouble = [](std::string_view, const Kind& kind, const ResourceKey&) -> std::optional<Error> {
    if (&kind == &kind::dataplane()) throw std::runtime_error("a bug in the store");
    return std::nullopt;
  };
  EXPECT_FALSE(bed.ended);
  bed.world.run_for(Config().hds_refresh_interval);
  ASSERT_TRUE(bed.ended) << "nothing would be sent on it any more";
  EXPECT_EQ(bed.ended->code, GrpcCode::internal);
  EXPECT_EQ(bed.ended->message, "what the proxy is to probe could not be made");
}

TEST(HdsServer, AProxyMayComeBeforeItsDataplane) {
  Bed bed;
  bed.ask("default.web", 10s);
  EXPECT_TRUE(bed.received.empty());
  EXPECT_FALSE(bed.ended);
  bed.put(dataplane());
  bed.world.run_for(1s);
  EXPECT_EQ(bed.received.size(), 1u);
}

TEST(HdsServer, ADataplaneThatNeverComesEndsTheStream) {
  Bed bed;
  bed.ask("default.web", 29s);
  EXPECT_FALSE(bed.ended);
  bed.world.run_for(5s);
  ASSERT_TRUE(bed.ended);
  EXPECT_EQ(bed.ended->code, GrpcCode::unknown);
  EXPECT_EQ(bed.ended->message,
            "dataplane not found. Create Dataplane in Kuma CP first or pass it as an argument to kuma-dp");
}

TEST(HdsServer, WithoutATokenNobodyIsListenedTo) {
  Bed bed(with_tokens());
  bed.put(dataplane());
  bed.ask("default.web");
  ASSERT_TRUE(bed.ended);
  EXPECT_EQ(bed.ended->code, GrpcCode::unknown);
  EXPECT_TRUE(bed.ended->message.starts_with("authentication failed")) << bed.ended->message;
  EXPECT_TRUE(bed.received.empty());
}

TEST(HdsServer, AReportOfNobodyEndsTheStream) {
  Bed bed;
  bed.put(dataplane());
  bed.report({{"localhost:8080", core::HEALTHY}});
  ASSERT_TRUE(bed.ended);
  EXPECT_EQ(bed.ended->message, "stream was not authenticated for ID ");
  EXPECT_EQ(bed.state(), "NotReady");
}

TEST(HdsServer, WhoSaysNothingIsNotWaitedFor) {
  Bed bed;
  EXPECT_FALSE(bed.ended);
  bed.world.run_for(15s);
  ASSERT_TRUE(bed.ended);
  EXPECT_FALSE(bed.ended->ok());
}

TEST(HdsServer, IsNotServedWhereItIsSwitchedOff) {
  Config config = anyone();
  config.hds_enabled = false;
  Bed bed(config);
  ASSERT_TRUE(bed.ended);
  EXPECT_EQ(bed.ended->code, GrpcCode::unimplemented);
}

}  // namespace
}  // namespace kumasim::cp
