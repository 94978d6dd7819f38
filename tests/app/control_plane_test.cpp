/// Streams that say nothing, and keys that could not be made at the start.
#include <gmock/gmock.h>

#include "app/cp_parts.hpp"
#include "reference-cp/app/kuma_cp/ads_server.hpp"
#include "reference-cp/app/kuma_cp/control_plane.hpp"
#include "reference-cp/auth/proxy_authenticator.hpp"
#include "reference-cp/auth/signing_keys.hpp"
#include "reference-cp/kds/delta_sink.hpp"
#include "reference-cp/kds/stream_paths.hpp"
#include "store/run_now.hpp"

namespace kumasim::cp::testing {
namespace {

using namespace std::chrono_literals;

TEST(AdsServer, AStreamThatSaysNothingIsClosed) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    Lifecycle lifecycle(parts.runtime, parts.config, parts.manager, parts.reconciler, parts.insights);
    SigningKeys keys(*parts.store, parts.runtime.clock);
    ProxyAuthenticator authenticator(*parts.store, keys, parts.runtime.clock, {});
    AdsServer server(parts.runtime, parts.reconciler, lifecycle, parts.insights, authenticator, "cp",
                     parts.config.planted);
    for (const char* method : {"StreamAggregatedResources", "DeltaAggregatedResources"}) {
      auto exchange =
          std::make_shared<Http2Exchange>(parts.runtime.executor, 1, Http2Exchange::Form::messages, 1 << 20);
      exchange->headers.add(":path", std::string("/envoy.service.discovery.v3.AggregatedDiscoveryService/") + method);
      auto begin = parts.runtime.timers.now();
      auto served =
          co_await with_timeout(parts.runtime.timers, 1min, server.serve(GrpcServerStream(exchange, HttpPeer{})));
      EXPECT_TRUE(served) << "it was held";
      EXPECT_EQ(parts.runtime.timers.now() - begin, 10s);
    }
    EXPECT_EQ(parts.log.count("stream without a request"), 2);
    EXPECT_TRUE(parts.reconciler.proxies().empty());
  });
}

/// A whole control plane over a store in trouble; what it has logged.
Lines run_control_plane(TroubledStore::Trouble trouble, std::shared_ptr<TroubledStore> store, Config config = {}) {
  Lines log;
  sim::World world;
  auto& process = world.add_process("kuma-cp");
  process.start([&](Runtime& given) {
    auto runtime = std::make_shared<Runtime>(
        Runtime{given.executor, given.clock, given.random, given.timers, given.network, given.disk, log});
    process.keep(runtime);
    config.signing_key = "ec-p256";
    store->trouble = std::move(trouble);
    auto control_plane = std::make_shared<ControlPlane>(*runtime, config, store);
    process.keep(control_plane);
    auto live = [](ControlPlane& cp) -> asio::awaitable<void> { co_await cp.run(); };
    spawn(runtime->executor, runtime->log, "test", live(*control_plane));
  });
  world.run_for(1min);
  process.kill();
  return log;
}

bool has_secret(TroubledStore& store, const std::string& name) {
  bool found = false;
  sim::World world;
  auto& process = world.add_process("reader");
  process.start([&](Runtime& runtime) {
    auto read = [](TroubledStore& from, std::string key, bool& out) -> asio::awaitable<void> {
      auto secret = co_await from.get(kind::global_secret(), {"", std::move(key)});
      out = secret.has_value();
    };
    spawn(runtime.executor, runtime.log, "test", read(store, name, found));
  });
  world.run_for(1s);
  return found;
}

TEST(ControlPlane, SigningKeysThatCouldNotBeMadeAreTriedAgain) {
  int left = 3;
  auto store = std::make_shared<TroubledStore>();
  Lines log = run_control_plane(
      [&left](std::string_view operation, const Kind&, const ResourceKey& key) -> std::optional<Error> {
        if (operation != "create" || !key.name.starts_with("zone-token-signing-key") || left == 0) return std::nullopt;
        --left;
        return Error{Code::unavailable, "not now", {}};
      },
      store);
  EXPECT_EQ(log.count("signing key not made"), 3);
  for (const char* name : {"zone-token-signing-key-1", "user-token-signing-key-1", "admin-user-token"})
    EXPECT_TRUE(has_secret(*store, name)) << name;
}

TEST(ControlPlane, AStoreThatDoesNotAnswerIsNotAMissingToken) {
  int reads = 0, writes = 0;
  auto store = std::make_shared<TroubledStore>();
  Lines log = run_control_plane(
      [&](std::string_view operation, const Kind&, const ResourceKey& key) -> std::optional<Error> {
        if (key.name != admin_user_token_secret) return std::nullopt;
        if (operation == "create") ++writes;
        if (operation != "get" || ++reads > 2) return std::nullopt;
        EXPECT_EQ(writes, 0);
        return Error{Code::unavailable, "not now", {}};
      },
      store);
  store->trouble = nullptr;
  EXPECT_EQ(log.count("admin user token not made"), 2);
  EXPECT_EQ(writes, 1);
  EXPECT_TRUE(has_secret(*store, admin_user_token_secret));
}

/// One stream of a zone, to its end.
asio::awaitable<void> be_a_zone(Runtime& runtime, std::optional<GrpcStatus>& ended) {
  auto client = co_await GrpcClient::connect(runtime, {"global", 5685}, {});
  auto stream = client->open(std::string(kds::method::global_to_zone), {{kds::metadata::client_id, "east"}});
  kds::SinkNode node;
  node.id = "east";
  co_await stream->write(kds::DeltaSink(std::move(node), {&kind::mesh()}).start().front());
  ended = co_await stream->status();
}

TEST(ControlPlane, AGlobalThatIsStoppedStoresThatItsZonesAreOffline) {
  auto store = std::make_shared<TroubledStore>();
  sim::World world;
  auto& process = world.add_process("global");
  std::weak_ptr<ControlPlane> running;
  process.start([&](Runtime& runtime) {
    Config config;
    config.mode = "global";
    config.signing_key = "ec-p256";
    config.kds_tls_enabled = false;
    auto control_plane = std::make_shared<ControlPlane>(runtime, config, store);
    process.keep(control_plane);
    running = control_plane;
    auto live = [](ControlPlane& cp, sim::Process& of) -> asio::awaitable<void> {
      co_await cp.run();
      of.kill();
    };
    spawn(runtime.executor, runtime.log, "test", live(*control_plane, process));
  });
  world.run_for(5s);
  std::optional<GrpcStatus> ended;
  world.add_process("east").start(
      [&](Runtime& runtime) { spawn(runtime.executor, runtime.log, "test", be_a_zone(runtime, ended)); });
  world.run_for(5s);
  auto subscription = [&] {
    return (*run_now(store->get(kind::zone_insight(), {"", "east"})))->spec["subscriptions"][0];
  };
  ASSERT_FALSE(subscription().contains("disconnectTime"));
  EXPECT_FALSE(ended);
  running.lock()->stop();
  world.run_for(1s);
  EXPECT_FALSE(process.up());
  EXPECT_EQ(ended, (GrpcStatus{GrpcCode::unavailable, "the global control plane is shutting down"}));
  EXPECT_TRUE(subscription().contains("disconnectTime")) << subscription();
}

/// What derives from proxies is made where they are: Global would hand it to all other zones.
TEST(ControlPlane, OnlyZonesDeriveFromProxies) {
  auto derived = [](const std::string& mode) {
    auto store = std::make_shared<TroubledStore>();
    for (const nlohmann::json& body :
         {nlohmann::json{{"type", "Mesh"}, {"name", "m"}, {"meshServices", {{"mode", "Exclusive"}}}},
          dataplane("m", "dp", 1)})
      EXPECT_TRUE(run_now(store->create(*resource_from_json(body), WallTime{})));
    Config config;
    config.mode = mode;
    run_control_plane({}, store, config);
    std::vector<std::string> out;
    for (const Kind* kind : {&kind::mesh_service(), &kind::config()})
      for (const ResourcePtr& each : run_now(store->list(*kind, {}))->items) out.push_back(each->meta.name);
    return out;
  };
  EXPECT_THAT(derived("zone"), ::testing::Contains("dp")) << "a MeshService";
  EXPECT_THAT(derived("global"), ::testing::ElementsAre("kuma-cluster-id"));
}

}  // namespace
}  // namespace kumasim::cp::testing
