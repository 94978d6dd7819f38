/// What a ZoneInsight tells of a zone's streams, and the end of a zone that gives no sign of life.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/in_world.hpp"
#include "reference-cp/insights/subscription_finalizer.hpp"
#include "reference-cp/kds/zone_status.hpp"
#include "reference-cp/kds/zone_watch.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/subscriptions.hpp"
#include "reference-cp/model/timestamp.hpp"
#include "reference-cp/store/memory.hpp"
#include "store/store_world.hpp"

namespace kumasim::cp::kds::testing {
namespace {

using namespace std::chrono_literals;
using cp::testing::make_resource;
using cp::testing::run_with;
using nlohmann::json;
using ::testing::ElementsAre;

constexpr const char* metadata = R"({
  "version": {"kumaCp": {"version": "2.11.3", "gitTag": "2.11.3"}},
  "config": "{\"mode\":\"zone\"}", "control-plane-id": "zone-1-a", "features": ["hash-suffix"]})";

DeltaDiscoveryRequest request(const std::string& kind, const std::string& nonce = {}, bool refused = false) {
  DeltaDiscoveryRequest out;
  out.node.id = "zone-1";
  if (nonce.empty()) out.node.metadata_json = metadata;
  out.type_url = kind;
  out.response_nonce = nonce;
  if (refused) out.error = AdsRejection{0, "no"};
  return out;
}

WallTime at(int seconds) { return cp::testing::at_second(seconds); }

TEST(ZoneSubscription, TellsOfTheStream) {
  ZoneSubscription one({.mode = CpMode::global, .instance = "global-a", .version = "2.12.14"}, "id-1", true, at(0));
  EXPECT_EQ(one.zone(), "");
  one.on_request(request("Mesh"), at(1));
  one.on_response("Mesh", at(2));
  one.on_request(request("Mesh", "1"), at(3));
  one.on_response("Secret", at(4));
  one.on_request(request("Secret", "2", true), at(5));
  one.count_up();
  EXPECT_EQ(one.zone(), "zone-1");
  json expected = {
      {"id", "id-1"},
      {"globalInstanceId", "global-a"},
      {"zoneInstanceId", "zone-1-a"},
      {"connectTime", print_timestamp(at(0))},
      {"status",
       {{"lastUpdateTime", print_timestamp(at(5))},
        {"total", {{"responsesSent", "2"}, {"responsesAcknowledged", "1"}, {"responsesRejected", "1"}}},
        {"stat",
         {{"Mesh", {{"responsesSent", "1"}, {"responsesAcknowledged", "1"}}},
          {"Secret", {{"responsesSent", "1"}, {"responsesRejected", "1"}}}}}}},
      {"version", {{"kumaCp", {{"version", "2.11.3"}, {"gitTag", "2.11.3"}, {"kumaCpGlobalCompatible", true}}}}},
      {"generation", 1},
      {"config", "{\"mode\":\"zone\"}"},
      {"authTokenProvided", true}};
  EXPECT_EQ(one.print(), expected);
  one.end(at(6));
  one.end(at(7));
  expected["disconnectTime"] = print_timestamp(at(6));
  EXPECT_EQ(one.print(), expected);
}

TEST(ZoneSubscription, InstancesAreNamedFromEitherSide) {
  ZoneSubscription one({.mode = CpMode::zone, .instance = "zone-1-a", .version = "2.12.14"}, "id", false, at(0));
  auto from_global = request("Mesh");
  from_global.node.metadata_json = R"({"control-plane-id": "global-a"})";
  one.on_request(from_global, at(1));
  EXPECT_EQ(one.print()["zoneInstanceId"], "zone-1-a");
  EXPECT_EQ(one.print()["globalInstanceId"], "global-a");
  EXPECT_EQ(one.print()["version"], (json{{"kumaCp", json::object()}}));
}

TEST(ZoneSubscription, IsOfTheZoneThatTheCallNames) {
  ZoneSubscription one({.mode = CpMode::global, .instance = "g", .version = "2.12.14"}, "id", false, at(0), "zone-1");
  EXPECT_EQ(one.zone(), "") << "no request has come";
  DeltaDiscoveryRequest nameless;
  nameless.type_url = "Mesh";
  one.on_request(nameless, at(1));
  EXPECT_EQ(one.zone(), "zone-1");
  one.on_request(request("Mesh"), at(2));
  EXPECT_EQ(one.print()["zoneInstanceId"], "zone-1-a");
  EXPECT_EQ(one.print()["version"]["kumaCp"]["version"], "2.11.3");
}

TEST(ZoneSubscription, FitsTwoMinorVersionsAway) {
  auto fits = [](const char* own, const char* other) {
    ZoneSubscription one({.mode = CpMode::global, .instance = "g", .version = own}, "id", false, at(0));
    auto first = request("Mesh");
    first.node.metadata_json = json{{"version", {{"kumaCp", {{"version", other}}}}}}.dump();
    one.on_request(first, at(1));
    return one.print()["version"]["kumaCp"].contains("kumaCpGlobalCompatible");
  };
  EXPECT_TRUE(fits("2.12.14", "2.10.0"));
  EXPECT_TRUE(fits("2.12.14", "2.14.1"));
  EXPECT_FALSE(fits("2.12.14", "2.9.9"));
  EXPECT_FALSE(fits("2.12.14", "1.12.0"));
  EXPECT_TRUE(fits("2.12.14", "dev-1"));
  EXPECT_TRUE(fits("2.12.14", "0.0.0-preview.v1"));
}

struct Global {
  explicit Global(const Runtime& given, std::size_t subscription_limit = 3)
      : runtime(given),
        status(runtime, store,
               {.instance = "global-a",
                .flush_interval = 10s,
                .idle_time = 60s,
                .compact_finished = true,
                .subscription_limit = subscription_limit}),
        wake(runtime.executor) {
    store.subscribe([this](const Change& change) { writes += change.kind == &kind::zone_insight() && change.after; });
  }

  WallTime now() const { return runtime.clock.wall_now(); }
  asio::awaitable<void> add_zone() {
    auto done = co_await store.create(make_resource(kind::zone(), "", "zone-1"), now());
    EXPECT_TRUE(done);
  }
  asio::awaitable<json> insight() {
    auto found = co_await store.get(kind::zone_insight(), {"", "zone-1"});
    co_return found ? (*found)->spec : json();
  }
  std::shared_ptr<ZoneSubscription> connect(const std::string& id) {
    auto out = std::make_shared<ZoneSubscription>(Server{CpMode::global, "global-a", "2.12.14"}, id, false, now());
    out->on_request(request("Mesh"), now());
    return out;
  }
  void follow(const std::shared_ptr<ZoneSubscription>& subscription) {
    spawn(runtime.executor, runtime.log, "test", status.follow(subscription, wake));
  }

  Runtime runtime;
  MemoryStore store;
  ZoneStatus status;
  Event wake;
  int writes = 0;
};

struct GlobalThatKeepsNone : Global {
  explicit GlobalThatKeepsNone(const Runtime& given) : Global(given, 0) {}
};

TEST(ZoneStatus, LimitOfZeroKeepsNoSubscription) {
  run_with<GlobalThatKeepsNone>([](GlobalThatKeepsNone& cp) -> asio::awaitable<void> {
    co_await cp.add_zone();
    cp.follow(cp.connect("1"));
    co_await sleep(cp.runtime.timers, 1s);
    EXPECT_EQ(cp.writes, 1);
    EXPECT_EQ((co_await cp.insight())["subscriptions"], json::array());
  });
}

TEST(ZoneStatus, WritesAtOnceThenAtMostOnceInTheIntervalAndTheEnd) {
  run_with<Global>([](Global& cp) -> asio::awaitable<void> {
    co_await cp.add_zone();
    auto one = cp.connect("1");
    cp.follow(one);
    co_await sleep(cp.runtime.timers, 1s);
    EXPECT_EQ(cp.writes, 1);
    for (int i = 0; i < 5; ++i) one->on_response("Mesh", cp.now());
    co_await sleep(cp.runtime.timers, 8s);
    EXPECT_EQ(cp.writes, 1);
    co_await sleep(cp.runtime.timers, 2s);
    EXPECT_EQ(cp.writes, 2);
    json insight = co_await cp.insight();
    EXPECT_EQ(insight["subscriptions"][0]["status"]["total"]["responsesSent"], "5");
    co_await sleep(cp.runtime.timers, 15s);
    EXPECT_EQ(cp.writes, 2) << "nothing has changed";
    one->end(cp.now());
    cp.wake.set();
    co_await sleep(cp.runtime.timers, 1ms);
    insight = co_await cp.insight();
    EXPECT_TRUE(insight["subscriptions"][0].contains("disconnectTime")) << insight;
    co_await sleep(cp.runtime.timers, 60s);
    EXPECT_EQ(cp.writes, 3);
  });
}

TEST(ZoneStatus, CountsUpSoThatTheFinalizerSeesItAlive) {
  run_with<Global>([](Global& cp) -> asio::awaitable<void> {
    co_await cp.add_zone();
    SubscriptionFinalizer finalizer(cp.runtime.clock, cp.runtime.log, cp.store, {}, CpMode::global);
    spawn(cp.runtime.executor, cp.runtime.log, "test", finalizer.run(cp.runtime.timers, 60s));
    auto one = cp.connect("1");
    cp.follow(one);
    co_await sleep(cp.runtime.timers, 200s);
    json insight = co_await cp.insight();
    EXPECT_FALSE(insight["subscriptions"][0].contains("disconnectTime"));
    EXPECT_GE(insight["subscriptions"][0]["generation"], 5);
    one->end(cp.now());
    cp.wake.set();
    co_await sleep(cp.runtime.timers, 1s);
    insight = co_await cp.insight();
    insight["subscriptions"][0].erase("disconnectTime");
    auto held = co_await cp.store.get(kind::zone_insight(), {"", "zone-1"});
    Resource orphaned = **held;
    orphaned.spec = insight;
    auto done = co_await cp.store.update(orphaned, cp.now());
    EXPECT_TRUE(done);
    co_await sleep(cp.runtime.timers, 130s);
    insight = co_await cp.insight();
    EXPECT_TRUE(insight["subscriptions"][0].contains("disconnectTime")) << "nobody keeps it up";
  });
}

TEST(ZoneStatus, NewStreamEndsOldOnesWhichAreCompactedAndLimited) {
  run_with<Global>([](Global& cp) -> asio::awaitable<void> {
    co_await cp.add_zone();
    for (const char* id : {"1", "2", "3", "4"}) {
      auto one = cp.connect(id);
      one->on_response("Mesh", cp.now());
      cp.follow(one);
      co_await sleep(cp.runtime.timers, 1s);
    }
    json subscriptions = (co_await cp.insight())["subscriptions"];
    EXPECT_EQ(subscriptions.size(), 3u);
    for (const char* pointer : {"/0/id", "/1/id", "/2/id"})
      EXPECT_EQ(subscriptions.at(json::json_pointer(pointer)),
                std::string(1, static_cast<char>('2' + pointer[1] - '0')));
    for (std::size_t i : {0u, 1u}) {
      EXPECT_TRUE(subscriptions[i].contains("disconnectTime"));
      EXPECT_FALSE(subscriptions[i].contains("config"));
      EXPECT_FALSE(subscriptions[i]["status"].contains("stat"));
    }
    EXPECT_FALSE(subscriptions[2].contains("disconnectTime"));
    EXPECT_TRUE(subscriptions[2].contains("config"));
    EXPECT_TRUE(subscriptions[2]["status"].contains("stat"));
  });
}

TEST(ZoneStatus, StreamsAndSignsOfLifeAreInTheSameInsight) {
  run_with<Global>([](Global& cp) -> asio::awaitable<void> {
    auto without = co_await cp.status.health_check("zone-1");
    EXPECT_EQ(without.error().code, Code::not_found);
    co_await cp.add_zone();
    const WallTime begin = cp.now();
    for (ZoneStream stream : {ZoneStream::global_to_zone, ZoneStream::zone_to_global, ZoneStream::config_dump,
                              ZoneStream::stats, ZoneStream::clusters}) {
      auto done = co_await cp.status.stream_opened("zone-1", stream, begin);
      EXPECT_TRUE(done);
    }
    auto done = co_await cp.status.health_check("zone-1");
    EXPECT_TRUE(done);
    json of_stream = {{"globalInstanceId", "global-a"}, {"connectTime", print_timestamp(begin)}};
    json expected = {{"healthCheck", {{"time", print_timestamp(begin)}}},
                     {"kdsStreams",
                      {{"globalToZone", of_stream},
                       {"zoneToGlobal", of_stream},
                       {"configDump", of_stream},
                       {"stats", of_stream},
                       {"clusters", of_stream}}},
                     {"envoyAdminStreams",
                      {{"configDumpGlobalInstanceId", "global-a"},
                       {"statsGlobalInstanceId", "global-a"},
                       {"clustersGlobalInstanceId", "global-a"}}}};
    json insight = co_await cp.insight();
    EXPECT_EQ(insight, expected);
    ZoneStatus other(cp.runtime, cp.store, {.instance = "global-b"});
    done = co_await other.stream_opened("zone-1", ZoneStream::stats, begin - 1s);
    EXPECT_TRUE(done);
    insight = co_await cp.insight();
    EXPECT_EQ(insight["kdsStreams"]["stats"], of_stream) << "a stream that is newer stays";
    done = co_await other.stream_opened("zone-1", ZoneStream::stats, begin + 1s);
    EXPECT_TRUE(done);
    insight = co_await cp.insight();
    EXPECT_EQ(insight["kdsStreams"]["stats"]["globalInstanceId"], "global-b");
  });
}

struct Watching {
  explicit Watching(const Runtime& given)
      : runtime(given),
        status(runtime, store, {.instance = "global-a"}),
        watch(runtime.clock, runtime.log, store, {.poll_interval = 10s, .timeout = 25s, .close_stale = true}) {}

  ZoneWatch::Watched open(const std::string& zone, ZoneStream stream, WallTime connected) {
    const std::string name = zone + " " + std::string(to_string(stream));
    return watch.watch(zone, stream, connected, [this, name](const std::string&) { ended.push_back(name); });
  }
  asio::awaitable<void> add_zone(const char* name) {
    auto done = co_await store.create(make_resource(kind::zone(), "", name), runtime.clock.wall_now());
    EXPECT_TRUE(done);
  }

  Runtime runtime;
  MemoryStore store;
  ZoneStatus status;
  ZoneWatch watch;
  std::vector<std::string> ended;
};

TEST(ZoneWatch, EndsTheStreamsOfAZoneWhoseSignsOfLifeStop) {
  run_with<Watching>([](Watching& cp) -> asio::awaitable<void> {
    const WallTime begin = cp.runtime.clock.wall_now();
    spawn(cp.runtime.executor, cp.runtime.log, "test", cp.watch.run(cp.runtime.timers));
    for (const char* zone : {"dead", "alive"}) co_await cp.add_zone(zone);
    auto one = cp.open("dead", ZoneStream::global_to_zone, begin);
    auto two = cp.open("dead", ZoneStream::stats, begin);
    auto three = cp.open("alive", ZoneStream::global_to_zone, begin);
    auto closed = cp.open("dead", ZoneStream::clusters, begin);
    closed = {};
    for (int i = 0; i < 10; ++i) {
      auto sign = co_await cp.status.health_check("alive");
      EXPECT_TRUE(sign);
      if (i < 3) sign = co_await cp.status.health_check("dead");
      if (i == 4) EXPECT_THAT(cp.ended, ElementsAre()) << "the last sign was 20 s ago";
      co_await sleep(cp.runtime.timers, 10s);
    }
    EXPECT_THAT(cp.ended, ElementsAre("dead globalToZone", "dead stats"));
  });
}

TEST(ZoneWatch, ZoneThatComesAgainHasTimeForItsFirstSign) {
  run_with<Watching>([](Watching& cp) -> asio::awaitable<void> {
    co_await cp.add_zone("z");
    auto sign = co_await cp.status.health_check("z");
    EXPECT_TRUE(sign);
    co_await sleep(cp.runtime.timers, 5min);
    auto stream = cp.open("z", ZoneStream::global_to_zone, cp.runtime.clock.wall_now());
    co_await cp.watch.look();
    co_await sleep(cp.runtime.timers, 20s);
    co_await cp.watch.look();
    EXPECT_THAT(cp.ended, ElementsAre());
    co_await sleep(cp.runtime.timers, 6s);
    co_await cp.watch.look();
    EXPECT_THAT(cp.ended, ElementsAre("z globalToZone"));
  });
}

TEST(ZoneWatch, ZoneWithoutInsightGoes) {
  run_with<Watching>([](Watching& cp) -> asio::awaitable<void> {
    auto stream = cp.open("z", ZoneStream::global_to_zone, cp.runtime.clock.wall_now());
    co_await cp.watch.look();
    EXPECT_THAT(cp.ended, ElementsAre()) << "the first write of the insight may be on its way";
    co_await sleep(cp.runtime.timers, 11s);
    co_await cp.watch.look();
    EXPECT_THAT(cp.ended, ElementsAre("z globalToZone"));
  });
}

TEST(ZoneWatch, NewerStreamEndsTheOlderHereOrElsewhere) {
  run_with<Watching>([](Watching& cp) -> asio::awaitable<void> {
    co_await cp.add_zone("z");
    const WallTime begin = cp.runtime.clock.wall_now();
    auto old = cp.open("z", ZoneStream::global_to_zone, begin);
    auto other = cp.open("z", ZoneStream::zone_to_global, begin);
    auto fresh = cp.open("z", ZoneStream::global_to_zone, begin + 1s);
    EXPECT_THAT(cp.ended, ElementsAre("z globalToZone"));
    auto done = co_await cp.status.stream_opened("z", ZoneStream::global_to_zone, begin + 1s);
    EXPECT_TRUE(done);
    ZoneStatus elsewhere(cp.runtime, cp.store, {.instance = "global-b"});
    done = co_await elsewhere.stream_opened("z", ZoneStream::zone_to_global, begin + 5s);
    EXPECT_TRUE(done);
    co_await cp.watch.look();
    EXPECT_THAT(cp.ended, ElementsAre("z globalToZone", "z zoneToGlobal"));
  });
}

}  // namespace
}  // namespace kumasim::cp::kds::testing
