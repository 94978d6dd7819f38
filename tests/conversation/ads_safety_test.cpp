/// What one proxy can do to the control plane, and what a failure for one proxy does to the others.
#include <gtest/gtest.h>

#include <stdexcept>

#include <fmt/format.h>

#include "kumasim/runtime/task.hpp"
#include "kumasim/sim/world.hpp"
#include "kumasim/transport/http2_exchange.hpp"
#include "reference-cp/app/kuma_cp/control_plane.hpp"
#include "reference-cp/app/kuma_cp/reconciler.hpp"
#include "reference-cp/identity/mesh_authorities.hpp"
#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/store/memory.hpp"
#include "reference-cp/xds/bootstrap/request.hpp"
#include "reference-cp/xds/type_url.hpp"
#include "tests/app/in_world.hpp"

namespace kumasim::cp {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

TEST(BootstrapRequest, DepthIsBounded) {
  auto body = [](std::size_t depth) {
    return R"({"mesh":"default","name":"web","dataplaneConfig":{"more":)" + std::string(depth, '[') +
           std::string(depth, ']') + "}}";
  };
  auto deep = parse_bootstrap_request(body(100'000), "cp");
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().code, Code::invalid_argument);
  EXPECT_NE(deep.error().message.find("exceeded max depth"), std::string::npos) << deep.error().message;
  auto flat = parse_bootstrap_request(body(10), "cp");
  ASSERT_TRUE(flat) << flat.error().message;
  EXPECT_TRUE(flat->transparent_proxy.contains("redirect"));
  EXPECT_FALSE(flat->transparent_proxy.contains("more"));
}

XdsResourcePtr resource(const std::string& name) {
  return std::make_shared<const XdsResource>(
      XdsResource{name, "1", std::make_shared<const std::string>("any of " + name)});
}

std::vector<std::string> names(std::size_t count, std::size_t from = 0) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(fmt::format("n{}", from + i));
  return out;
}

DiscoveryRequest world_request(std::string url, std::vector<std::string> wanted) {
  DiscoveryRequest out;
  out.type_url = std::move(url);
  out.names = std::move(wanted);
  return out;
}

DeltaDiscoveryRequest delta_request(std::string url, std::vector<std::string> wanted) {
  DeltaDiscoveryRequest out;
  out.type_url = std::move(url);
  out.subscribe = std::move(wanted);
  return out;
}

bool refused(const AdsActions& actions) {
  EXPECT_TRUE(!actions.refused || actions.refused->code == Code::resource_exhausted);
  return actions.refused.has_value();
}

TEST(AdsSession, BoundsTypesAndNamesOfAStream) {
  AdsLimits limits{.types_max = 3, .names_max = 10, .name_bytes_max = 8};
  AdsSession world(AdsVariant::state_of_the_world, "cp", limits);
  EXPECT_FALSE(refused(world.on_request(world_request("a", names(6)))));
  EXPECT_FALSE(refused(world.on_request(world_request("a", names(6, 100))))) << "a new set takes the old one's place";
  EXPECT_TRUE(refused(world.on_request(world_request("b", names(5)))));
  EXPECT_FALSE(refused(world.on_request(world_request("b", names(4)))));
  EXPECT_TRUE(refused(world.on_request(world_request("c", {"a-long-name"}))));
  EXPECT_FALSE(refused(world.on_request(world_request("c", {}))));
  EXPECT_TRUE(refused(world.on_request(world_request("d", {}))));

  AdsSession delta(AdsVariant::delta, "cp", limits);
  EXPECT_FALSE(refused(delta.on_delta_request(delta_request("a", names(6)))));
  EXPECT_TRUE(refused(delta.on_delta_request(delta_request("a", names(6, 100))))) << "names add up";
  EXPECT_TRUE(refused(delta.on_delta_request(delta_request("b", names(5)))));
  auto brings = delta_request("c", {});
  for (const auto& name : names(11)) brings.initial_versions[name] = "1";
  EXPECT_TRUE(refused(delta.on_delta_request(brings)));
}

/// Random numbers of which one draw fails.
class FailingRandom : public Random {
 public:
  explicit FailingRandom(Random& below) : below_(below) {}
  void fill(std::span<std::byte> bytes) override {
    if (std::exchange(armed, false)) throw std::runtime_error("no entropy");
    below_.fill(bytes);
  }
  bool armed = false;

 private:
  Random& below_;
};

/// A kuma-cp's inner parts in one simulated process.
class Parts {
 public:
  explicit Parts(const Runtime& given)
      : random(given.random),
        runtime{given.executor, given.clock, random, given.timers, given.network, given.disk, given.log},
        authorities(*store, runtime.clock, runtime.log, {}),
        reconciler(runtime, config, store, authorities) {}

  /// A proxy whose stream has no connection: what is sent to it stays in its queue.
  ProxyPtr proxy(const std::string& name, AdsVariant variant = AdsVariant::state_of_the_world) const {
    auto exchange = std::make_shared<Http2Exchange>(runtime.executor, 1, Http2Exchange::Form::messages, 1 << 20);
    auto out = std::make_shared<Proxy>(runtime.executor, variant, "cp", GrpcServerStream(exchange, HttpPeer{}));
    out->key = {"m", name};
    return out;
  }

  asio::awaitable<void> write(Json body) {
    auto resource = resource_from_json(body);
    if (!resource) throw std::runtime_error(resource.error().message);
    auto done = co_await store->create(std::move(*resource), runtime.clock.wall_now());
    if (!done) throw std::runtime_error(done.error().message);
  }

  FailingRandom random;
  Runtime runtime;
  Config config;
  std::shared_ptr<MemoryStore> store = std::make_shared<MemoryStore>();
  MeshAuthorities authorities;
  Reconciler reconciler;
};

/// The body runs as a task of one process; its failure fails the test.
void run_in_world(const std::function<asio::awaitable<void>(Parts&)>& body) { cp::testing::run_with<Parts>(body); }

TEST(Proxy, AClientThatAsksAndNeverReadsHasOneResponseOfATypeWaiting) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    auto proxy = parts.proxy("dp");
    Snapshot snapshot;
    for (const auto& name : names(3)) {
      snapshot.add(type_url::cluster, resource(name));
      snapshot.add(type_url::endpoint, resource(name));
    }
    (void)proxy->session.on_snapshot(std::make_shared<const Snapshot>(snapshot));
    for (auto i = 0; i < 1000; ++i)
      for (auto url : {type_url::cluster, type_url::endpoint})
        parts.reconciler.deliver(proxy, proxy->session.on_request(world_request(std::string(url), names(3))));
    EXPECT_EQ(proxy->queue.size(), 2u);
    EXPECT_FALSE(proxy->closing);
    // The last one of each is what the session waits for an answer to.
    for (const auto& response : proxy->queue) {
      auto acknowledge = world_request(response.type_url, names(3));
      acknowledge.response_nonce = response.nonce;
      EXPECT_TRUE(proxy->session.on_request(acknowledge).answer) << response.type_url;
    }
    co_return;
  });
}

TEST(Proxy, AQueueThatGrowsAllTheSameEndsTheStream) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    auto proxy = parts.proxy("dp", AdsVariant::delta);
    std::size_t longest = 0;
    for (auto i = 0; i < 1000 && !proxy->closing; ++i) {
      AdsActions actions;
      actions.send.push_back({.type_url = "a", .version = "1", .nonce = "1", .names = {}, .removed = {}, .bytes = {}});
      proxy->take(std::move(actions), parts.runtime.clock.wall_now());
      longest = std::max(longest, proxy->queue.size());
    }
    EXPECT_TRUE(proxy->closing);
    EXPECT_LE(longest, queued_responses_max);
    EXPECT_TRUE(proxy->queue.empty());
    co_return;
  });
}

TEST(AdsSession, ADeltaClientMayAskAgainForWhatItHas) {
  AdsSession delta(AdsVariant::delta, "cp", {.types_max = 3, .names_max = 10, .name_bytes_max = 8});
  EXPECT_FALSE(refused(delta.on_delta_request(delta_request("a", names(6)))));
  EXPECT_FALSE(refused(delta.on_delta_request(delta_request("a", names(6)))));
  auto twice = names(4, 6);
  twice.push_back("n6");
  EXPECT_FALSE(refused(delta.on_delta_request(delta_request("a", twice)))) << "a name twice is one name";
  EXPECT_TRUE(refused(delta.on_delta_request(delta_request("a", {"n10"}))));
  auto other = delta_request("a", {"n10"});
  other.unsubscribe = {"n0", "n0", "unknown"};
  EXPECT_FALSE(refused(delta.on_delta_request(other))) << "one for another";
  EXPECT_TRUE(refused(delta.on_delta_request(delta_request("a", {"n0"}))));
}

TEST(Reconciler, AnOldTimerDoesNotEndANewWait) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    auto proxy = parts.proxy("dp");
    AdsActions waiting;
    waiting.waiting = true;
    parts.reconciler.deliver(proxy, waiting);
    co_await sleep(parts.runtime.timers, parts.config.warming_patience / 2);
    parts.reconciler.deliver(proxy, AdsActions{});
    EXPECT_EQ(proxy->patience, 0u);
    parts.reconciler.deliver(proxy, waiting);
    co_await sleep(parts.runtime.timers, parts.config.warming_patience * 3 / 4);
    EXPECT_NE(proxy->patience, 0u) << "the second wait has its own time";
    co_await sleep(parts.runtime.timers, parts.config.warming_patience / 2);
    EXPECT_EQ(proxy->patience, 0u);
  });
}

Json dataplane(const std::string& name, int number) {
  Json inbound = {{"port", 8080}, {"tags", {{"kuma.io/service", name}, {"kuma.io/protocol", "http"}}}};
  return {{"type", "Dataplane"},
          {"mesh", "m"},
          {"name", name},
          {"networking", {{"address", fmt::format("10.0.0.{}", number)}, {"inbound", Json::array({inbound})}}}};
}

TEST(Reconciler, AFailureForOneProxyEndsItsStreamOnly) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    auto& timers = parts.runtime.timers;
    co_await parts.write(
        {{"type", "Mesh"},
         {"name", "m"},
         {"mtls",
          {{"enabledBackend", "ca-1"}, {"backends", Json::array({Json{{"name", "ca-1"}, {"type", "builtin"}}})}}}});
    co_await parts.write(dataplane("a", 1));
    co_await parts.write(dataplane("b", 2));
    auto started = co_await parts.reconciler.start();
    EXPECT_TRUE(started);
    spawn(parts.runtime.executor, parts.runtime.log, "reconciler", parts.reconciler.run());
    auto first = parts.proxy("a");
    parts.reconciler.add(first);
    co_await sleep(timers, 1s);
    EXPECT_TRUE(first->snapshot);
    auto second = parts.proxy("b");
    parts.random.armed = true;
    parts.reconciler.add(second);
    co_await sleep(timers, 1s);
    EXPECT_FALSE(parts.random.armed) << "the failure was met";
    EXPECT_TRUE(second->closing);
    EXPECT_FALSE(first->closing);
    // The proxy comes again and is served, and so is the one that was there all the time.
    auto again = parts.proxy("b");
    parts.reconciler.add(again);
    auto before = first->snapshot;
    co_await parts.write(
        {{"type", "MeshTrafficPermission"},
         {"mesh", "m"},
         {"name", "all"},
         {"spec",
          {{"targetRef", {{"kind", "Mesh"}}},
           {"from", Json::array({Json{{"targetRef", {{"kind", "Mesh"}}}, {"default", {{"action", "Allow"}}}}})}}}});
    co_await sleep(timers, 1s);
    EXPECT_TRUE(again->snapshot);
    EXPECT_NE(first->snapshot, before);
    EXPECT_TRUE(parts.reconciler.idle());
  });
}

/// Makes no more timers once it is broken.
class BrokenTimers : public Timers {
 public:
  explicit BrokenTimers(Timers& below) : below_(below) {}
  MonotonicTime now() const override { return below_.now(); }
  asio::any_io_executor executor() override { return below_.executor(); }
  std::unique_ptr<TimerImpl> make_timer() override {
    if (broken) throw std::runtime_error("no timer is left");
    return below_.make_timer();
  }
  bool broken = false;

 private:
  Timers& below_;
};

TEST(ControlPlane, TheFailureOfACoreTaskEndsIt) {
  std::string why;
  bool was_ready = false, ready = true;
  std::function<asio::awaitable<void>(BrokenTimers&, ControlPlane&, MemoryStore&)> body;  // outlives its coroutine
  sim::World world;
  auto& process = world.add_process("kuma-cp");
  process.start([&](Runtime& given) {
    auto store = std::make_shared<MemoryStore>();
    auto timers = std::make_shared<BrokenTimers>(given.timers);
    process.keep(timers);
    Runtime runtime{given.executor, given.clock, given.random, *timers, given.network, given.disk, given.log};
    auto control_plane = std::make_shared<ControlPlane>(runtime, Config(), store);
    process.keep(control_plane);
    auto live = [&](BrokenTimers& broken, ControlPlane& cp, MemoryStore& kept) -> asio::awaitable<void> {
      auto started = co_await cp.start();
      EXPECT_TRUE(started) << started.error().message;
      was_ready = cp.ready();
      co_await sleep(broken, 1s);  // until the batches of the start are over
      broken.broken = true;
      auto written = co_await kept.create(*resource_from_json({{"type", "Mesh"}, {"name", "m"}}), WallTime{});
      EXPECT_TRUE(written);
      auto ended = co_await cp.wait_stopped();
      ready = cp.ready();
      if (!ended) why = ended.error().message;
    };
    body = live;
    spawn(runtime.executor, runtime.log, "test", body(*timers, *control_plane, *store));
  });
  world.run_for(1min);
  EXPECT_TRUE(was_ready);
  EXPECT_FALSE(ready);
  EXPECT_EQ(why, "reconciler failed: no timer is left");
}

}  // namespace
}  // namespace kumasim::cp
