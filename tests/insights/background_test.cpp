/// What the control plane does in the background over its insights, in simulated time.
#include <optional>

#include <gtest/gtest.h>

#include "app/in_world.hpp"
#include "kumasim/runtime/task.hpp"
#include "reference-cp/insights/garbage_collector.hpp"
#include "reference-cp/insights/insight_writer.hpp"
#include "reference-cp/insights/subscription_finalizer.hpp"
#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/timestamp.hpp"
#include "reference-cp/store/memory.hpp"

namespace kumasim::cp::testing {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

struct Background {
  explicit Background(const Runtime& given)
      : runtime(given), manager(store, runtime.clock, nullptr, {}), writer(runtime.clock, runtime.log, store) {
    store.subscribe([this](const Change& change) { writes += change.kind == &kind::mesh_insight(); });
  }

  WallTime now() const { return runtime.clock.wall_now(); }

  asio::awaitable<void> put(json body) {
    auto resource = resource_from_json(body);
    if (!resource) throw std::runtime_error(resource.error().message);
    auto held = co_await store.get(*resource->kind, resource->key());
    if (held) resource->meta.version = (*held)->meta.version;
    auto done = held ? co_await store.update(std::move(*resource), now()) : co_await store.create(*resource, now());
    if (!done) throw std::runtime_error(done.error().message);
  }

  asio::awaitable<json> spec(const Kind& kind, ResourceKey key) {
    auto found = co_await store.get(kind, std::move(key));
    co_return found ? (*found)->spec : json();
  }

  asio::awaitable<void> start_writer(Duration interval) {
    auto started = co_await writer.start();
    EXPECT_TRUE(started);
    spawn(runtime.executor, runtime.log, "test", writer.run(runtime.timers, interval));
  }

  Runtime runtime;
  MemoryStore store;
  Manager manager;
  InsightWriter writer;
  std::optional<SubscriptionFinalizer> finalizer;
  std::optional<GarbageCollector> collector;
  int writes = 0;  ///< of MeshInsights
};

json dataplane(const char* name) {
  json inbound = {{"port", 80}, {"tags", {{"kuma.io/service", "a"}}}};
  return {{"type", "Dataplane"},
          {"mesh", "m"},
          {"name", name},
          {"networking", {{"address", "10.0.0.1"}, {"inbound", json::array({inbound})}}}};
}

json insight(const char* name, WallTime connected, std::optional<WallTime> gone = {}, int generation = 0) {
  json subscription = {{"id", "1"},
                       {"controlPlaneInstanceId", "cp"},
                       {"connectTime", print_timestamp(connected)},
                       {"status", json::object()}};
  if (gone) subscription["disconnectTime"] = print_timestamp(*gone);
  if (generation != 0) subscription["generation"] = generation;
  return {{"type", "DataplaneInsight"}, {"mesh", "m"}, {"name", name}, {"subscriptions", json::array({subscription})}};
}

TEST(InsightWriter, WritesSomeTimeAfterAChange) {
  run_with<Background>([](Background& cp) -> asio::awaitable<void> {
    co_await cp.put({{"type", "Mesh"}, {"name", "m"}});
    co_await cp.put(dataplane("a"));
    co_await cp.start_writer(1s);
    co_await sleep(cp.runtime.timers, 500ms);
    json counts = co_await cp.spec(kind::mesh_insight(), {"", "m"});
    EXPECT_TRUE(counts.is_null()) << counts;
    co_await sleep(cp.runtime.timers, 1s);
    counts = co_await cp.spec(kind::mesh_insight(), {"", "m"});
    EXPECT_EQ(counts["dataplanes"], (json{{"total", 1}, {"offline", 1}}));
    json services = co_await cp.spec(kind::service_insight(), {"m", "all-services-m"});
    EXPECT_EQ(services["services"]["a"]["status"], "offline");
    co_await cp.put(insight("a", cp.now()));
    co_await sleep(cp.runtime.timers, 1100ms);
    services = co_await cp.spec(kind::service_insight(), {"m", "all-services-m"});
    EXPECT_EQ(services["services"]["a"]["status"], "online");
  });
}

TEST(InsightWriter, WritesOnceForManyChangesAndNothingForNone) {
  run_with<Background>([](Background& cp) -> asio::awaitable<void> {
    co_await cp.put({{"type", "Mesh"}, {"name", "m"}});
    co_await cp.put({{"type", "Mesh"}, {"name", "quiet"}});
    co_await cp.start_writer(1s);
    co_await sleep(cp.runtime.timers, 5s);
    EXPECT_EQ(cp.writes, 2);
    for (int i = 0; i < 50; ++i) co_await cp.put(dataplane(("a-" + std::to_string(i)).c_str()));
    co_await sleep(cp.runtime.timers, 5s);
    EXPECT_EQ(cp.writes, 3) << "one for its mesh, none for the other";
    for (int i = 0; i < 50; ++i) co_await cp.put(dataplane("a-0"));
    co_await sleep(cp.runtime.timers, 5s);
    EXPECT_EQ(cp.writes, 3) << "nothing is counted differently";
  });
}

TEST(InsightWriter, MakesUpForWhatOthersWriteAndGoesWithTheMesh) {
  run_with<Background>([](Background& cp) -> asio::awaitable<void> {
    co_await cp.put({{"type", "Mesh"}, {"name", "m"}});
    co_await cp.put({{"type", "MeshInsight"}, {"name", "m"}, {"dataplanes", {{"total", 7}}}});
    co_await cp.start_writer(1s);
    co_await sleep(cp.runtime.timers, 2s);
    json counts = co_await cp.spec(kind::mesh_insight(), {"", "m"});
    EXPECT_EQ(counts["dataplanes"], json::object());
    auto removed = co_await cp.store.remove(kind::mesh_insight(), {"", "m"});
    EXPECT_TRUE(removed);
    co_await sleep(cp.runtime.timers, 2s);
    counts = co_await cp.spec(kind::mesh_insight(), {"", "m"});
    EXPECT_FALSE(counts.is_null());
    removed = co_await cp.store.remove(kind::mesh(), {"", "m"});
    EXPECT_TRUE(removed);
    for (int seconds = 0; seconds < 3; ++seconds) {
      counts = co_await cp.spec(kind::mesh_insight(), {"", "m"});
      EXPECT_TRUE(counts.is_null());
      co_await sleep(cp.runtime.timers, 1s);
    }
  });
}

TEST(SubscriptionFinalizer, EndsWhatNobodyKeepsUp) {
  run_with<Background>([](Background& cp) -> asio::awaitable<void> {
    const WallTime begin = cp.now();
    co_await cp.put({{"type", "Mesh"}, {"name", "m"}});
    for (const char* name : {"dead", "kept", "own"}) {
      co_await cp.put(dataplane(name));
      co_await cp.put(insight(name, begin));
    }
    cp.finalizer.emplace(cp.runtime.clock, cp.runtime.log, cp.store,
                         [](const Resource& of, const std::string& id) { return of.meta.name == "own" && id == "1"; });
    auto gone = [&](const char* name) -> asio::awaitable<bool> {
      json found = co_await cp.spec(kind::dataplane_insight(), {"m", name});
      co_return found["subscriptions"][0].contains("disconnectTime");
    };
    spawn(cp.runtime.executor, cp.runtime.log, "test", cp.finalizer->run(cp.runtime.timers, 60s));
    co_await sleep(cp.runtime.timers, 61s);
    bool dead = co_await gone("dead");
    EXPECT_FALSE(dead) << "it was only seen once";
    co_await cp.put(insight("kept", begin, {}, 1));
    co_await sleep(cp.runtime.timers, 60s);
    dead = co_await gone("dead");
    EXPECT_TRUE(dead);
    bool kept = co_await gone("kept"), own = co_await gone("own");
    EXPECT_FALSE(kept) << "its generation moves";
    EXPECT_FALSE(own) << "it is served here";
    co_await sleep(cp.runtime.timers, 60s);
    kept = co_await gone("kept");
    EXPECT_TRUE(kept) << "it moves no longer";
  });
}

TEST(GarbageCollector, RemovesWhatIsOfflineForTooLong) {
  run_with<Background>([](Background& cp) -> asio::awaitable<void> {
    cp.collector.emplace(cp.runtime.clock, cp.runtime.log, cp.manager,
                         GarbageCollector::Ages{.dataplane_max = 3min, .zone_proxy_max = 1min});
    const WallTime begin = cp.now();
    co_await cp.put({{"type", "Mesh"}, {"name", "m"}});
    for (const char* name : {"never", "online", "gone"}) co_await cp.put(dataplane(name));
    co_await cp.put(insight("online", begin));
    co_await cp.put(insight("gone", begin, begin + 30s));
    spawn(cp.runtime.executor, cp.runtime.log, "test", cp.collector->run(cp.runtime.timers));
    co_await sleep(cp.runtime.timers, 3min + 1s);
    json gone = co_await cp.spec(kind::dataplane(), {"m", "gone"});
    EXPECT_FALSE(gone.is_null()) << "not yet";
    co_await sleep(cp.runtime.timers, 1min);
    gone = co_await cp.spec(kind::dataplane(), {"m", "gone"});
    EXPECT_TRUE(gone.is_null());
    gone = co_await cp.spec(kind::dataplane_insight(), {"m", "gone"});
    EXPECT_TRUE(gone.is_null());
    for (const char* name : {"never", "online"}) {
      json stays = co_await cp.spec(kind::dataplane(), {"m", name});
      EXPECT_FALSE(stays.is_null()) << name;
    }
  });
}

}  // namespace
}  // namespace kumasim::cp::testing
