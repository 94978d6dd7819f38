/// Zones and their global control plane over simulated connections: what flows, and what happens when one end dies, is
/// cut off, is disabled or says nothing.
#include <gmock/gmock.h>

#include "kds/zones_bed.hpp"
#include "reference-cp/kds/stream_paths.hpp"
#include "reference-cp/manager/zone_removal.hpp"

namespace kumasim::cp::kds::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(KdsStreams, PoliciesReachAZoneAndItsProxiesReachGlobal) {
  Zones zones;
  zones.create(zones.global(), mesh("m"));
  zones.create(zones.global(), timeout("t1"));
  zones.join("east");
  EXPECT_THAT(Zones::names(zones.zone("east"), kind::mesh()), ElementsAre("m"));
  EXPECT_THAT(Zones::names(zones.zone("east"), kind::mesh_timeout()), ElementsAre("t1"));
  auto policy = run_now(zones.zone("east").list(kind::mesh_timeout(), {}))->items.front();
  EXPECT_THAT(policy->meta.name, ::testing::MatchesRegex("t1-[a-z0-9]{16}"));
  EXPECT_EQ(policy->meta.label("kuma.io/origin"), "global");

  zones.create(zones.zone("east"), dataplane("dp-1"));
  zones.create(zones.global(), timeout("t2"));
  zones.world.run_for(2s);
  EXPECT_THAT(Zones::names(zones.global(), kind::dataplane()), ElementsAre("east/dp-1"));
  EXPECT_THAT(Zones::names(zones.zone("east"), kind::mesh_timeout()), ElementsAre("t1", "t2"));
  auto proxy = run_now(zones.global().list(kind::dataplane(), {}))->items.front();
  EXPECT_EQ(proxy->spec["networking"]["inbound"][0]["tags"]["kuma.io/zone"], "east");

  ASSERT_TRUE(run_now(zones.global().remove(kind::mesh_timeout(), {"m", "t1"})));
  ASSERT_TRUE(run_now(zones.zone("east").remove(kind::dataplane(), {"m", "dp-1"})));
  zones.world.run_for(2s);
  EXPECT_THAT(Zones::names(zones.zone("east"), kind::mesh_timeout()), ElementsAre("t2"));
  EXPECT_THAT(Zones::names(zones.global(), kind::dataplane()), IsEmpty());
}

TEST(KdsStreams, GlobalKnowsWhoHasNotTakenAllThatItGives) {
  Zones zones;
  EXPECT_THAT(zones.server().behind(), IsEmpty());
  zones.create(zones.global(), mesh("m"));
  for (const char* zone : {"east", "west"}) zones.join(zone);
  EXPECT_THAT(zones.server().behind(), IsEmpty());
  zones.world.network().clog_one_way(zones.process("global"), zones.process("west"));
  zones.create(zones.global(), timeout("t1"));
  EXPECT_THAT(zones.server().behind(), ElementsAre("east", "west")) << "it has not been given yet";
  zones.world.run_for(3s);
  EXPECT_THAT(zones.server().behind(), ElementsAre("west"));
  zones.world.network().release_one_way(zones.process("global"), zones.process("west"));
  zones.world.run_for(1s);
  EXPECT_THAT(zones.server().behind(), IsEmpty());
  EXPECT_THAT(Zones::names(zones.zone("west"), kind::mesh_timeout()), ElementsAre("t1"));
}

TEST(KdsStreams, WhoIsCancelledEndsItsStreams) {
  Zones zones;
  zones.join("east");
  EXPECT_TRUE(zones.connected("east"));
  EXPECT_EQ(zones.open_subscriptions("east"), 1);
  zones.give_up("east");
  zones.world.run_for(1min);
  EXPECT_FALSE(zones.connected("east"));
  EXPECT_EQ(zones.open_subscriptions("east"), 0);
}

TEST(KdsStreams, WhatAZoneRefusesItHasAnswered) {
  Zones zones;
  zones.create(zones.global(), mesh("m"));
  zones.join("east");
  zones.create(zones.global(), timeout("t1", "-1s"));
  zones.world.run_for(3s);
  EXPECT_THAT(Zones::names(zones.zone("east"), kind::mesh_timeout()), IsEmpty());
  EXPECT_THAT(zones.server().behind(), IsEmpty());
}

TEST(KdsStreams, OfTwoStreamsOfAZoneTheLaterIsItsWord) {
  Zones zones;
  zones.create(zones.global(), mesh("m"));
  zones.join("east");
  zones.world.network().clog_one_way(zones.process("global"), zones.process("east"));
  zones.join("east", "east-again");
  zones.create(zones.global(), timeout("t1"));
  zones.world.run_for(3s);
  EXPECT_THAT(zones.server().behind(), IsEmpty());
}

TEST(KdsStreams, AZoneThatConnectsIsMadeAndOnline) {
  Zones zones;
  zones.join("east");
  auto zone = run_now(zones.global().get(kind::zone(), {"", "east"}));
  ASSERT_TRUE(zone);
  EXPECT_EQ((*zone)->spec["enabled"], true);
  EXPECT_EQ(zones.open_subscriptions("east"), 1);
  json insight = zones.insight("east");
  EXPECT_EQ(insight["subscriptions"][0]["config"], R"({"store":{"type":"memory"}})");
  EXPECT_EQ(insight["subscriptions"][0]["zoneInstanceId"], "east-1");
  EXPECT_TRUE(insight["healthCheck"].contains("time"));
  for (const char* stream : {"globalToZone", "zoneToGlobal", "configDump", "stats", "clusters"})
    EXPECT_EQ(insight["kdsStreams"][stream]["globalInstanceId"], "global-1") << stream;
}

TEST(KdsStreams, AZoneThatDiesIsOfflineAndComesBackToWhatHasChanged) {
  Zones zones;
  zones.create(zones.global(), mesh("m"));
  zones.create(zones.global(), timeout("t1"));
  zones.join("east");
  zones.create(zones.zone("east"), dataplane("dp-1"));
  zones.world.run_for(2s);
  zones.process("east").kill();
  zones.world.run_for(2s);
  EXPECT_EQ(zones.open_subscriptions("east"), 0);
  ASSERT_TRUE(run_now(zones.global().remove(kind::mesh_timeout(), {"m", "t1"})));
  zones.create(zones.global(), timeout("t2"));
  EXPECT_THAT(Zones::names(zones.global(), kind::dataplane()), ElementsAre("east/dp-1"));
  zones.process("east").restart();
  zones.world.run_for(3s);
  EXPECT_EQ(zones.open_subscriptions("east"), 1);
  EXPECT_THAT(Zones::names(zones.zone("east"), kind::mesh_timeout()), ElementsAre("t2"));
  EXPECT_THAT(Zones::names(zones.global(), kind::dataplane()), ElementsAre("east/dp-1"));
}

TEST(KdsStreams, ZonesConnectAgainToAGlobalThatComesBack) {
  Zones zones;
  zones.create(zones.global(), mesh("m"));
  zones.join("east");
  zones.join("west");
  zones.process("global").kill();
  zones.create(zones.zone("east"), dataplane("dp-1"));
  zones.world.run_for(10s);
  zones.process("global").restart();
  zones.world.run_for(20s);
  for (const char* zone : {"east", "west"}) EXPECT_EQ(zones.open_subscriptions(zone), 1) << zone;
  EXPECT_THAT(Zones::names(zones.global(), kind::dataplane()), ElementsAre("east/dp-1"));
  zones.create(zones.global(), timeout("t1"));
  zones.world.run_for(2s);
  for (const char* zone : {"east", "west"})
    EXPECT_THAT(Zones::names(zones.zone(zone), kind::mesh_timeout()), ElementsAre("t1")) << zone;
}

TEST(KdsStreams, AZoneThatWasCutOffIsSentOnlyWhatDiffers) {
  Zones zones;
  zones.create(zones.global(), mesh("m"));
  zones.create(zones.global(), timeout("t1"));
  zones.join("east");
  zones.world.run_for(15s);
  auto sent = [&] { return zones.insight("east")["subscriptions"].back()["status"]["stat"]; };
  EXPECT_EQ(sent()["Mesh"]["responsesSent"], "1");
  zones.world.network().partition(zones.process("east"), zones.process("global"));
  zones.world.run_for(2min);
  EXPECT_EQ(zones.open_subscriptions("east"), 0) << "the connection is given up";
  zones.create(zones.global(), timeout("t2"));
  zones.world.network().heal(zones.process("east"), zones.process("global"));
  zones.world.run_for(2min);
  EXPECT_EQ(zones.open_subscriptions("east"), 1);
  EXPECT_THAT(Zones::names(zones.zone("east"), kind::mesh_timeout()), ElementsAre("t1", "t2"));
  EXPECT_FALSE(sent().contains("Mesh")) << "the zone has it";
  EXPECT_EQ(sent()["MeshTimeout"]["responsesSent"], "1");
}

/// A kind of which it holds nothing is answered by an empty message.
TEST(KdsStreams, AZoneThatWasCutOffAndLacksNothingIsConnected) {
  Zones zones;
  zones.create(zones.global(), mesh("m"));
  zones.join("east");
  zones.world.run_for(15s);
  zones.world.network().partition(zones.process("east"), zones.process("global"));
  zones.world.run_for(2min);
  EXPECT_FALSE(zones.connected("east"));
  zones.world.network().heal(zones.process("east"), zones.process("global"));
  zones.world.run_for(2min);
  EXPECT_TRUE(zones.connected("east"));
  json sent = zones.insight("east")["subscriptions"].back()["status"]["stat"];
  EXPECT_FALSE(sent.contains("Mesh")) << sent;
}

TEST(KdsStreams, WhatADisabledZoneGaveGoesToNoOtherZone) {
  Zones zones;
  zones.join("east");
  zones.join("west");
  zones.create(zones.zone("east"), zone_ingress("in-1", "east"));
  zones.world.run_for(3s);
  EXPECT_THAT(Zones::names(zones.zone("west"), kind::zone_ingress()), ElementsAre("east/in-1"));
  auto enable = [&](bool enabled) {
    zones.update(zones.global(), kind::zone(), {"", "east"}, [&](json& spec) { spec["enabled"] = enabled; });
    zones.world.run_for(3s);
  };
  enable(false);
  EXPECT_THAT(Zones::names(zones.zone("west"), kind::zone_ingress()), IsEmpty());
  EXPECT_THAT(Zones::names(zones.global(), kind::zone_ingress()), ElementsAre("east/in-1"));
  EXPECT_EQ(zones.open_subscriptions("east"), 1) << "its streams stay";
  enable(true);
  EXPECT_THAT(Zones::names(zones.zone("west"), kind::zone_ingress()), ElementsAre("east/in-1"));
}

TEST(KdsStreams, AZoneWithoutSignsOfLifeIsDisconnected) {
  GlobalServerOptions options;
  options.watch = {.poll_interval = 5s, .timeout = 20s};
  ServeLimits limits;
  limits.grpc.http2.keepalive_interval = Duration::zero();  // it would end the connection as well
  Zones zones(options, 1, limits);
  zones.join("east");
  zones.world.run_for(5min);
  EXPECT_EQ(zones.open_subscriptions("east"), 1) << "health checks come every 5 s";
  EXPECT_EQ(zones.insight("east")["subscriptions"].size(), 1u);
  zones.process("east").pause();
  zones.world.run_for(15s);
  EXPECT_EQ(zones.open_subscriptions("east"), 1);
  zones.world.run_for(25s);
  EXPECT_EQ(zones.open_subscriptions("east"), 0);
  zones.process("east").resume();
  zones.world.run_for(1min);
  EXPECT_EQ(zones.open_subscriptions("east"), 1);
}

TEST(KdsStreams, GlobalAsksTheEnvoysOfAZoneThroughIt) {
  Zones zones;
  zones.create(zones.global(), mesh("m"));
  zones.join("east");
  for (const char* name : {"broken", "dp-1", "garbled", "silent"}) zones.create(zones.zone("east"), dataplane(name));
  zones.create(zones.zone("east"), zone_ingress("in-1", "east"));
  zones.world.run_for(2s);
  auto proxies = run_now(zones.global().list(kind::dataplane(), {}))->items;
  ASSERT_EQ(proxies.size(), 4u);
  auto proxy = [&](std::string_view name) {
    for (const ResourcePtr& each : proxies)
      if (each->meta.label("kuma.io/display-name") == name) return each;
    return ResourcePtr();
  };
  for (const char* target :
       {"/config_dump", "/config_dump?include_eds=true", "/stats", "/stats?usedonly=", "/stats?format=json",
        "/stats?format=json&usedonly=", "/clusters", "/clusters?format=json"})
    EXPECT_EQ(*zones.ask(proxy("dp-1"), target), std::string("east Dataplane m.dp-1 ") + target);
  auto ingress = run_now(zones.global().list(kind::zone_ingress(), {}))->items.front();
  EXPECT_EQ(*zones.ask(ingress, "/stats"), "east ZoneIngress .in-1 /stats");
  EXPECT_EQ(*zones.ask(proxy("silent"), "/stats"), "");
  EXPECT_EQ(zones.ask(proxy("broken"), "/stats").error().message, "could not send StatsRequest: Envoy answered 503");
  EXPECT_EQ(zones.ask(proxy("garbled"), "/stats").error().message,
            "could not send StatsRequest: Envoy's answer is no text");
  EXPECT_FALSE(zones.ask(proxy("dp-1"), "/quitquitquit"));
  zones.answers_after = 1min;
  EXPECT_EQ(zones.ask(proxy("dp-1"), "/clusters").error().message,
            "could not send ClustersRequest: the time limit passed");
  zones.process("east").pause();
  auto hung = zones.ask(proxy("dp-1"), "/clusters");
  EXPECT_EQ(hung.error().code, Code::invalid_argument);
  EXPECT_EQ(hung.error().message, "ClustersRequest was sent, and zone east did not answer within 15 s");
  zones.process("east").resume();
  zones.world.run_for(1min);
  zones.answers_after = 5s;
  ASSERT_TRUE(run_now(zones.zone("east").remove(kind::dataplane(), {"m", "dp-1"})));
  EXPECT_THAT(zones.ask(proxy("dp-1"), "/stats").error().message, HasSubstr("could not send StatsRequest: "));
  zones.process("east").kill();
  zones.world.run_for(2s);
  EXPECT_EQ(zones.ask(proxy("broken"), "/stats").error().message, "could not send StatsRequest: zone is offline");
}

/// A zone may ask for anything, but not often enough to keep Global busy.
TEST(KdsStreams, HealthChecksComeOnceASecondAtMost) {
  GlobalServerOptions options;
  options.watch.poll_interval = 1ms;
  Zones zones(options);
  zones.join("east");
  int checks = 0;
  std::string last;
  zones.global().subscribe([&](const Change& change) {
    if (change.kind != &kind::zone_insight() || !change.after) return;
    checks += change.after->spec["healthCheck"]["time"] != last;
    last = change.after->spec["healthCheck"]["time"];
  });
  zones.world.run_for(20s);
  EXPECT_THAT(checks, ::testing::AllOf(::testing::Ge(15), ::testing::Le(21)));
}

TEST(KdsStreams, AGlobalThatKnowsNoSynchronisationIsTriedAgain) {
  Zones zones;
  zones.create(zones.global(), mesh("m"));
  for (ZoneStream stream : zone_streams) zones.unknown_methods.emplace(path_of(stream));
  zones.unknown_methods.emplace(method::health_check);
  zones.join("east");
  EXPECT_FALSE(zones.connected("east"));
  zones.unknown_methods.erase(std::string(method::zone_to_global));
  zones.world.run_for(1min);
  EXPECT_FALSE(zones.connected("east")) << "one of both is not enough";
  zones.unknown_methods.erase(std::string(method::global_to_zone));
  zones.world.run_for(2min);
  EXPECT_TRUE(zones.connected("east")) << "without questions about Envoys and without health checks";
  EXPECT_THAT(Zones::names(zones.zone("east"), kind::mesh()), ElementsAre("m"));
  zones.process("global").kill();
  zones.world.run_for(1s);
  EXPECT_FALSE(zones.connected("east"));
}

/// The versions of an earlier stream are not those that the zone holds after one that took more and failed.
TEST(KdsStreams, AfterAFailureTheZoneIsSentAll) {
  Zones zones;
  zones.create(zones.global(), mesh("m"));
  zones.create(zones.global(), timeout("t1"));
  zones.join("east");
  zones.process("global").restart();
  zones.world.run_for(20s);
  zones.create(zones.global(), timeout("t2"));
  zones.world.run_for(3s);
  EXPECT_THAT(Zones::names(zones.zone("east"), kind::mesh_timeout()), ElementsAre("t1", "t2"));
  zones.zone("east").next_throws = true;
  zones.create(zones.global(), timeout("t3"));
  zones.world.run_for(20ms);
  EXPECT_FALSE(zones.zone("east").next_throws);
  EXPECT_FALSE(zones.connected("east"));
  ASSERT_TRUE(run_now(zones.global().remove(kind::mesh_timeout(), {"m", "t2"})));
  zones.world.run_for(20s);
  EXPECT_TRUE(zones.connected("east"));
  EXPECT_THAT(Zones::names(zones.zone("east"), kind::mesh_timeout()), ElementsAre("t1", "t3"));
}

TEST(KdsStreams, AGlobalThatStopsTellsZonesAndTheirInsights) {
  Zones zones;
  zones.join("east");
  zones.join("west");
  zones.server().stop();
  zones.world.run_for(1s);
  for (const char* zone : {"east", "west"}) {
    EXPECT_EQ(zones.open_subscriptions(zone), 0) << zone;
    EXPECT_FALSE(zones.connected(zone)) << zone;
  }
  zones.world.run_for(1min);
  EXPECT_EQ(zones.open_subscriptions("east"), 0) << "it serves no more";
  zones.process("global").restart();
  zones.world.run_for(2min);
  EXPECT_EQ(zones.open_subscriptions("east"), 1);
}

TEST(KdsStreams, AZoneThatStopsEndsTheStreamInItsOwnInsight) {
  Zones zones;
  zones.join("east");
  Store& own = zones.zone("east");
  Resource zone;
  zone.kind = &kind::zone();
  zone.meta.name = "east";
  zones.create(own, zone);
  zones.world.run_for(15s);  // a flush
  EXPECT_EQ(Zones::open_subscriptions("east", own), 1);
  EXPECT_TRUE(zones.stop("east"));
  EXPECT_EQ(Zones::insight("east", own)["subscriptions"].size(), 1U);
  EXPECT_EQ(Zones::open_subscriptions("east", own), 0);
  EXPECT_EQ(zones.open_subscriptions("east"), 0);
  EXPECT_FALSE(zones.connected("east"));
  zones.world.run_for(2min);
  EXPECT_EQ(zones.open_subscriptions("east"), 0) << "it connects no more";
}

TEST(KdsStreams, AZoneThatIsNotConnectedStopsAtOnce) {
  Zones zones;
  zones.process("global").kill();
  zones.join("east");
  EXPECT_TRUE(zones.stop("east"));
  zones.process("global").restart();
  zones.world.run_for(2min);
  EXPECT_EQ(zones.open_subscriptions("east"), 0);
}

TEST(KdsStreams, AZoneThatIsRemovedComesAnew) {
  Zones zones;
  zones.join("east");
  zones.create(zones.zone("east"), zone_ingress("in-1", "east"));
  zones.join("west");
  zones.world.run_for(2s);
  auto removal = run_now(zone_removal(zones.global(), "east"));
  ASSERT_TRUE(removal);
  ASSERT_TRUE(run_now(zones.global().commit(*removal, zones.world.wall_now())));
  EXPECT_THAT(Zones::names(zones.global(), kind::zone_ingress()), IsEmpty());
  zones.world.run_for(10s);
  EXPECT_EQ(zones.open_subscriptions("east"), 1);
  EXPECT_TRUE(zones.insight("east")["kdsStreams"].contains("zoneToGlobal"));
  EXPECT_THAT(Zones::names(zones.global(), kind::zone_ingress()), ElementsAre("east/in-1"));
  EXPECT_EQ(zones.insight("west")["subscriptions"].size(), 1u) << "others keep their streams";
}

/// The new control plane of a zone connects while Global does not know yet that the old one is gone (kuma#874).
TEST(KdsStreams, AZoneMayComeAgainBeforeItsOldStreamsEnd) {
  Zones zones;
  zones.create(zones.global(), mesh("m"));
  zones.join("east");
  zones.create(zones.zone("east"), dataplane("dp-1"));
  zones.world.run_for(2s);
  zones.world.network().partition(zones.process("east"), zones.process("global"));
  zones.join("east", "east-b");
  zones.create(zones.zone("east-b"), dataplane("dp-1"));
  zones.world.run_for(2s);
  auto last = [&] { return zones.insight("east")["subscriptions"].back(); };
  EXPECT_EQ(last()["zoneInstanceId"], "east-b-1");
  EXPECT_TRUE(is_open(last()));
  auto proxy = run_now(zones.global().list(kind::dataplane(), {}))->items.front();
  EXPECT_EQ(*zones.ask(proxy, "/stats"), "east-b Dataplane m.dp-1 /stats");
  zones.world.run_for(2min);
  EXPECT_EQ(zones.open_subscriptions("east"), 1) << "the old streams have ended";
  EXPECT_EQ(last()["zoneInstanceId"], "east-b-1");
  EXPECT_TRUE(is_open(last()));
  EXPECT_EQ(*zones.ask(proxy, "/stats"), "east-b Dataplane m.dp-1 /stats");
  zones.create(zones.global(), timeout("t1"));
  zones.world.run_for(2s);
  EXPECT_THAT(Zones::names(zones.zone("east-b"), kind::mesh_timeout()), ElementsAre("t1"));
}

TEST(KdsStreams, ACallThatNamesNoZoneIsRefused) {
  Zones zones;
  std::map<std::string, GrpcStatus> seen;
  auto& caller = zones.world.add_process("caller");
  caller.start([&](Runtime& runtime) {
    auto call = [](Runtime& own, std::map<std::string, GrpcStatus>& out) -> asio::awaitable<void> {
      auto client = co_await GrpcClient::connect(own, {"global", kds_port}, {});
      for (const char* path :
           {"/kuma.mesh.v1alpha1.KDSSyncService/GlobalToZoneSync", "/kuma.mesh.v1alpha1.KDSSyncService/Nothing",
            "/kuma.mesh.v1alpha1.GlobalKDSService/StreamStats", "/kuma.mesh.v1alpha1.GlobalKDSService/HealthCheck"}) {
        auto stream = client->open(path);
        out[path] = co_await stream->status();
      }
    };
    spawn(runtime.executor, runtime.log, "call", call(runtime, seen));
  });
  zones.world.run_for(2s);
  const std::string missing = "\"client-id\" is not present in metadata";
  EXPECT_EQ(seen["/kuma.mesh.v1alpha1.KDSSyncService/GlobalToZoneSync"], (GrpcStatus{GrpcCode::unknown, missing}));
  EXPECT_EQ(seen["/kuma.mesh.v1alpha1.GlobalKDSService/StreamStats"],
            (GrpcStatus{GrpcCode::invalid_argument, missing}));
  EXPECT_EQ(seen["/kuma.mesh.v1alpha1.GlobalKDSService/HealthCheck"],
            (GrpcStatus{GrpcCode::invalid_argument, missing}));
  EXPECT_EQ(seen["/kuma.mesh.v1alpha1.KDSSyncService/Nothing"].code, GrpcCode::unimplemented);
}

TEST(KdsStreams, ACallOfOneZoneWithTheNodeOfAnotherIsRefused) {
  Zones zones;
  zones.join("west");
  const json before = zones.insight("west");
  std::optional<GrpcStatus> seen;
  auto& caller = zones.world.add_process("caller");
  caller.start([&](Runtime& runtime) {
    auto call = [](Runtime& own, std::optional<GrpcStatus>& out) -> asio::awaitable<void> {
      auto client = co_await GrpcClient::connect(own, {"global", kds_port}, {});
      auto stream = client->open(std::string(method::global_to_zone), {{metadata::client_id, "east"}});
      co_await stream->write(DeltaSink(node_of("west"), {&kind::mesh()}).start().front());
      out = co_await stream->status();
    };
    spawn(runtime.executor, runtime.log, "call", call(runtime, seen));
  });
  zones.world.run_for(2s);
  EXPECT_EQ(seen,
            (GrpcStatus{GrpcCode::invalid_argument, "the node is \"west\", but the call's client-id is \"east\""}));
  EXPECT_EQ(zones.open_subscriptions("west"), 1);
  EXPECT_EQ(zones.insight("west")["subscriptions"].size(), 1u);
  EXPECT_EQ(zones.insight("west")["subscriptions"][0]["id"], before["subscriptions"][0]["id"]);
  EXPECT_EQ(zones.open_subscriptions("east"), 0);
}

TEST(KdsStreams, ARunIsTheSameEachTime) {
  auto fingerprint = [](std::uint64_t seed) {
    Zones zones({}, seed);
    zones.create(zones.global(), mesh("m"));
    zones.join("east");
    zones.join("west");
    zones.create(zones.zone("east"), dataplane("dp-1"));
    zones.world.run_for(5s);
    zones.process("global").restart();
    zones.world.run_for(20s);
    return zones.world.fingerprint();
  };
  EXPECT_EQ(fingerprint(7), fingerprint(7));
}

}  // namespace
}  // namespace kumasim::cp::kds::testing
