/// Which faults may strike together, and which take more than a mesh must survive.
#include <gtest/gtest.h>

#include "tests/chaos/swarm_bed.hpp"

namespace kumasim::chaos {
namespace {

TEST(Budget, CountsPickedInstancesAsTheWorstChoice) {
  auto why = [](std::vector<DrawnFault> faults) {
    for (DrawnFault& fault : faults) fault.lasts = 5s;
    return beyond_budget(surface(), {.kinds = {}, .instances = {}, .links = {}, .faults = std::move(faults)})
        .value_or("");
  };
  auto drain = [](std::string service, std::size_t pick, Duration at) {
    return DrawnFault{.kind = "ops.drainZone", .at = at, .service = std::move(service), .pick = pick};
  };
  DrawnFault timeout{.kind = "cfg.conflict", .at = 1s, .resource = {"MeshTimeout", "default", "t"}};
  DrawnFault crowd{.kind = "load.flashCrowd", .at = 1s};
  EXPECT_EQ(why({drain("backend", 2, 1s)}), "");
  EXPECT_EQ(why({drain("backend", 3, 1s)}), "no instance of backend-v1 is left at one time");
  EXPECT_EQ(why({drain("backend", 2, 1s), kill("web-0", 1s, 5s)}), "");
  EXPECT_EQ(why({drain("backend", 2, 1s), kill("backend-v1-0", 1s, 5s)}),
            "ops.drainZone and proc.kill strike 2 of backend at one time");
  EXPECT_EQ(why({drain("web", 1, 1s), drain("web", 1, 4s)}),
            "ops.drainZone and ops.drainZone strike 1 of web at one time");
  EXPECT_EQ(why({timeout, timeout}), "cfg.conflict and cfg.conflict strike MeshTimeout t at one time");
  EXPECT_EQ(why({timeout, {.kind = "cfg.massChange", .at = 1s, .resource = {"", "default", ""}}}), "");
  EXPECT_EQ(why({crowd, {.kind = "load.hotKey", .at = 1s, .load = {"web", "backend"}}}),
            "load.flashCrowd and load.hotKey strike all load at one time");
  EXPECT_EQ(why({{.kind = "load.hotKey", .at = 1s, .load = {"web", "backend"}},
                 {.kind = "load.hotKey", .at = 1s, .load = {"web", "web"}}}),
            "");
}

TEST(Budget, KnowsWhatShapesAndSwizzlesStrike) {
  auto why = [](DrawnFault one, DrawnFault other) {
    one.at = other.at = 1s;
    one.lasts = other.lasts = 5s;
    return beyond_budget(surface(), {.kinds = {}, .instances = {}, .links = {}, .faults = {one, other}}).value_or("");
  };
  DrawnFault shape{.kind = "net.partition", .shape = "halves"};
  DrawnFault swizzle{.kind = "net.swizzle", .service = "web"};
  DrawnFault clog{.kind = "net.clog", .between = {"web-0", "backend"}};
  DrawnFault other{.kind = "net.clog", .between = {"kuma-cp", "backend"}};
  DrawnFault kill{.kind = "proc.kill", .target = "web-0"};
  EXPECT_EQ(why(shape, clog), "net.partition and net.clog strike all processes at one time");
  EXPECT_EQ(why(swizzle, clog), "net.swizzle and net.clog strike all of web at one time");
  EXPECT_NE(why(clog, swizzle), "");
  EXPECT_EQ(why(swizzle, other), "");
  EXPECT_EQ(why(swizzle, kill), "");
  EXPECT_EQ(why(shape, kill), "");
}

TEST(Budget, KnowsWhatANameOfReplicasStandsFor) {
  Surface zones = surface();
  zones.zone_replicas = {{"kuma-cp-west", {"kuma-cp-west-1", "kuma-cp-west-2"}}};
  auto why = [&](std::string one, std::string other) {
    DrawnFault renamed{.kind = "kds.zoneRenamed", .at = 1s, .lasts = 5s, .target = std::move(one)};
    return beyond_budget(
               zones, {.kinds = {}, .instances = {}, .links = {}, .faults = {renamed, kill(std::move(other), 2s, 5s)}})
        .value_or("");
  };
  EXPECT_NE(why("kuma-cp-west", "kuma-cp-west-2"), "");
  EXPECT_EQ(why("kuma-cp-west", "kuma-cp-east"), "");
}

TEST(Budget, SaysWhatGoesTooFar) {
  auto why = [](std::vector<DrawnFault> faults) {
    return beyond_budget(surface(), {.kinds = {}, .instances = {}, .links = {}, .faults = std::move(faults)})
        .value_or("");
  };
  EXPECT_EQ(why({kill("web-0", 10s, 5s), kill("kuma-cp", 10s, 20s)}), "");
  EXPECT_EQ(why({kill("web-0", 10s, {})}), "proc.kill of web-0 has no end");
  EXPECT_EQ(why({kill("web-0", 97s, 5s)}), "proc.kill of web-0 is not over by the end");
  EXPECT_EQ(why({kill("web-0", 10s, 5s), kill("web-0", 15s, 1s)}), "proc.kill and proc.kill strike web-0 at one time");
  EXPECT_EQ(why({kill("web-0", 10s, 5s), kill("web-0", 16s, 1s)}), "");
  EXPECT_EQ(why({kill("web-0", 10s, 5s), kill("web-1", 12s, 5s)}), "no instance of web is left at one time");
  EXPECT_EQ(why({kill("web-0", 10s, 5s), kill("web-1", 16s, 5s)}), "");
  EXPECT_EQ(why({kill("backend-v2-0", 10s, 5s)}), "") << "a single instance comes back";
  auto cut = [](std::string a, std::string b) {
    return DrawnFault{.kind = "net.partition", .at = 10s, .lasts = 5s, .target = "", .between = {a, b}};
  };
  EXPECT_EQ(why({cut("kuma-cp", "backend"), cut("backend-v1-0", "kuma-cp")}),
            "net.partition and net.partition strike backend and kuma-cp at one time");
  EXPECT_EQ(why({cut("kuma-cp", "web-0"), cut("kuma-cp", "web-1")}), "");
  EXPECT_EQ(why({{.kind = "clock.jump", .at = 1s, .lasts = {}, .target = "web-0", .between = {}}}),
            "clock.jump of web-0 stays");
}

TEST(Budget, SeesTheFaultsOfTheScenario) {
  Surface with = surface();
  with.given = {{.kind = "proc.kill", .from = 10s, .to = 20s, .processes = {"web-0", "web-1"}, .at_once = 1}};
  auto why = [&](std::vector<DrawnFault> faults) {
    return beyond_budget(with, {.kinds = {}, .instances = {}, .links = {}, .faults = std::move(faults)}).value_or("");
  };
  EXPECT_EQ(why({kill("web-0", 12s, 2s)}), "no instance of web is left at one time")
      << "the other may be the given one";
  EXPECT_EQ(why({kill("web-0", 5s, 5s)}), "no instance of web is left at one time") << "both ends belong to it";
  EXPECT_EQ(why({kill("web-0", 1s, 8s)}), "");
  EXPECT_EQ(why({kill("web-0", 21s, 2s)}), "");
  EXPECT_EQ(why({kill("backend-v1-0", 12s, 2s)}), "") << "another service";
  EXPECT_EQ(why({}), "") << "what the scenario does by itself is its author's";
  with.given[0].processes = {"web-0"};
  EXPECT_EQ(why({kill("web-0", 12s, 2s)}), "");
  EXPECT_EQ(why({kill("web-1", 12s, 2s)}), "no instance of web is left at one time");
  with.given = {
      {.kind = "proc.stop", .from = 0s, .to = 100s, .processes = {"backend-v1-1", "backend-v1-2"}, .at_once = 2}};
  EXPECT_EQ(why({kill("backend-v1-0", 12s, 2s)}), "no instance of backend-v1 is left at one time");
  EXPECT_EQ(why({kill("backend-v1-1", 12s, 2s)}), "");
}

}  // namespace
}  // namespace kumasim::chaos
