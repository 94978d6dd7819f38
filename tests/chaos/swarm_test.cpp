/// What seeds draw: alike for one seed, within the budget, and all of what there is over many seeds.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <set>

#include "kumasim/chaos/budget.hpp"

namespace kumasim::chaos {
namespace {

using namespace std::chrono_literals;

Surface surface() {
  return {.control_plane = "kuma-cp",
          .groups = {{"web", "web", 2, 1, 4}, {"backend", "backend-v1", 3, 2, 3}, {"backend", "backend-v2", 1, 1, 1}},
          .ways = {{"kuma-cp", "web"}, {"kuma-cp", "backend"}, {"web", "backend"}},
          .linked = {{"web", "backend"}},
          .end = 100s};
}

SwarmOptions options() {
  SwarmOptions out{.pick_low = 0, .pick_high = 12, .delay_low = 1ms, .delay_high = 9ms};
  for (const FaultKind& kind : fault_kinds()) out.from.push_back(kind.name);
  return out;
}

bool same(const DrawnFault& a, const DrawnFault& b) {
  return a.kind == b.kind && a.at == b.at && a.lasts == b.lasts && a.target == b.target && a.between == b.between &&
         a.parameters == b.parameters && a.service == b.service && a.shape == b.shape;
}

TEST(Swarm, OneSeedOneDrawing) {
  rc::check([](std::uint64_t seed) {
    Drawn one = draw(surface(), options(), seed), two = draw(surface(), options(), seed);
    RC_ASSERT(one.kinds == two.kinds);
    RC_ASSERT(one.instances == two.instances);
    RC_ASSERT(one.links.size() == two.links.size());
    RC_ASSERT(std::ranges::equal(one.faults, two.faults, same));
  });
}

TEST(Swarm, StaysWithinTheRecoverableBudget) {
  rc::check([](std::uint64_t seed) {
    Drawn drawn = draw(surface(), options(), seed);
    RC_ASSERT(beyond_budget(surface(), drawn) == std::nullopt);
    for (const DrawnFault& fault : drawn.faults) {
      const FaultKind& kind = *find_fault_kind(fault.kind);
      RC_ASSERT(kind.recoverable);
      RC_ASSERT(fault.lasts.has_value() == kind.lasts());
      RC_ASSERT(fault.at >= 0s && fault.at + fault.lasts.value_or(0s) <= 100s);
      for (const Parameter& parameter : kind.parameters)
        RC_ASSERT(fault.parameters.contains(parameter.name) ==
                  (!parameter.control_plane || fault.target == surface().control_plane));
      RC_ASSERT(std::ranges::find(drawn.kinds, fault.kind) != drawn.kinds.end());
    }
  });
}

TEST(Swarm, OneMoreFaultComesSoonAndKeepsTheBudget) {
  rc::check([](std::uint64_t seed) {
    Drawn drawn = draw(surface(), options(), seed);
    Duration from = std::chrono::milliseconds(*rc::gen::inRange(0, 90'000));
    auto one = draw_more(surface(), options(), drawn, from, seed, "call.failed", 1);
    if (!one) return;
    RC_ASSERT(one->at >= from && one->at <= from + 5s);
    auto same_again = draw_more(surface(), options(), drawn, from, seed, "call.failed", 1);
    RC_ASSERT(same_again && same(*one, *same_again));
    drawn.faults.push_back(*one);
    RC_ASSERT(beyond_budget(surface(), drawn) == std::nullopt);
  });
}

TEST(Swarm, OtherEventsAndNumbersGiveOtherFaults) {
  Drawn drawn = draw(surface(), options(), 1);
  auto one = draw_more(surface(), options(), drawn, 1s, 1, "call.failed", 1);
  int others = 0;
  for (const char* event : {"call.failed", "ads.closed"}) {
    for (std::uint64_t number = 1; number <= 4; ++number) {
      auto other = draw_more(surface(), options(), drawn, 1s, 1, event, number);
      others += other && !same(*other, *one) ? 1 : 0;
    }
  }
  ASSERT_TRUE(one);
  EXPECT_EQ(others, 7) << "all but itself";
}

TEST(Swarm, StaysWithinTheLimits) {
  rc::check([](std::uint64_t seed) {
    Drawn drawn = draw(surface(), options(), seed);
    for (const Group& group : surface().groups) {
      int count = instances_of(group, drawn);
      RC_ASSERT(count == group.instances || (count >= group.least && count <= group.most));
    }
    for (const DrawnLink& link : drawn.links) {
      RC_ASSERT(!(link.between.first == "web" && link.between.second == "backend"));
      RC_ASSERT(link.low >= 1ms && link.low <= link.high && link.high <= 9ms);
    }
    RC_ASSERT(drawn.faults.size() <= 12u);
  });
}

/// A control plane at another address would be at none that the proxies know.
TEST(Swarm, StrikesWhomAKindMayStrike) {
  SwarmOptions move = options();
  move.from = {"proc.newAddress"};
  SwarmOptions kill = options();
  kill.from = {"proc.kill"};
  std::set<std::string> moved, killed;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    for (const DrawnFault& fault : draw(surface(), move, seed).faults) moved.insert(fault.target);
    for (const DrawnFault& fault : draw(surface(), kill, seed).faults) killed.insert(fault.target);
  }
  EXPECT_FALSE(moved.contains("kuma-cp"));
  EXPECT_TRUE(moved.contains("web-0") && moved.contains("backend-v2-0"));
  EXPECT_TRUE(killed.contains("kuma-cp"));
}

TEST(Swarm, SeedsDifferInKindsCountsAndVictims) {
  std::set<std::vector<std::string>> subsets;
  std::set<std::size_t> counts;
  std::set<std::string> kinds;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Drawn drawn = draw(surface(), options(), seed);
    subsets.insert(drawn.kinds);
    counts.insert(drawn.faults.size());
    for (const DrawnFault& fault : drawn.faults) kinds.insert(fault.kind);
  }
  EXPECT_GT(subsets.size(), 290u);
  EXPECT_TRUE(counts.contains(0) && counts.contains(6));
  for (const FaultKind& kind : fault_kinds()) EXPECT_EQ(kinds.contains(kind.name), kind.recoverable) << kind.name;
}

TEST(Swarm, StrikesWholeServicesControlPlanesAndShapes) {
  std::set<std::string> services, shapes, disks;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    for (const DrawnFault& fault : draw(surface(), options(), seed).faults) {
      bool aimed = !fault.target.empty() || !fault.between.first.empty() || !fault.service.empty();
      EXPECT_NE(aimed, !fault.shape.empty()) << fault.kind;
      if (fault.kind == "net.swizzle") services.insert(fault.service);
      if (fault.kind == "net.partition" && !fault.shape.empty()) shapes.insert(fault.shape);
      if (fault.kind.starts_with("disk.")) disks.insert(fault.target);
    }
  }
  EXPECT_EQ(services, (std::set<std::string>{"web", "backend"}));
  EXPECT_EQ(shapes, (std::set<std::string>{"halves", "minority", "bridge"}));
  EXPECT_EQ(disks, std::set<std::string>{"kuma-cp"});
}

/// A shape is between all, a swizzle is of all ways of a service; a process may be struck beside them.
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

/// A fault that shows only where another one strikes the same process meanwhile is drawn with it.
TEST(Swarm, DrawsPairsOfWhichOneShowsTheOther) {
  auto together = [](const std::string& hidden, const std::string& shows) {
    SwarmOptions both = options();
    both.from = {hidden, shows};
    int out = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
      Drawn drawn = draw(surface(), both, seed);
      for (const DrawnFault& a : drawn.faults) {
        out += std::ranges::any_of(drawn.faults, [&](const DrawnFault& b) {
          return a.kind == hidden && b.kind == shows && a.target == b.target && a.at <= b.at && b.at <= a.at + *a.lasts;
        });
      }
    }
    return out;
  };
  EXPECT_GT(together("disk.torn", "proc.kill"), 0);
  EXPECT_GT(together("app.slowStart", "proc.restart"), 0);
  EXPECT_GT(together("app.slowStart", "proc.kill"), 0);
  EXPECT_EQ(together("disk.stall", "proc.kill"), 0);
}

TEST(Swarm, BeyondTheBudgetFaultsNeedNotEnd) {
  SwarmOptions any = options();
  any.recoverable = false;
  std::size_t endless = 0, beyond = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Drawn drawn = draw(surface(), any, seed);
    for (const DrawnFault& fault : drawn.faults)
      endless += !fault.lasts && find_fault_kind(fault.kind)->lasts() ? 1 : 0;
    beyond += beyond_budget(surface(), drawn) ? 1 : 0;
  }
  EXPECT_GT(endless, 20u);
  EXPECT_GT(beyond, 20u);
}

DrawnFault kill(std::string target, Duration at, std::optional<Duration> lasts) {
  return {.kind = "proc.kill", .at = at, .lasts = lasts, .target = std::move(target), .between = {}};
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

/// What the scenario itself takes of a service counts.
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

TEST(Swarm, NeverTakesTheLastInstanceBesideTheScenariosOwnFaults) {
  Surface with = surface();
  with.given = {{.kind = "proc.kill", .from = 0s, .to = 100s, .processes = {"web-0", "web-1", "web-2"}, .at_once = 1}};
  SwarmOptions kills = options();
  kills.from = {"proc.kill", "proc.pause"};
  kills.topology = false;  // two of web
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    for (const DrawnFault& fault : draw(with, kills, seed).faults)
      EXPECT_FALSE(fault.target.starts_with("web-")) << seed;
  }
}

}  // namespace
}  // namespace kumasim::chaos
