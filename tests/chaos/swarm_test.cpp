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
         a.parameters == b.parameters;
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
      RC_ASSERT(fault.parameters.size() == kind.parameters.size());
      RC_ASSERT(std::ranges::find(drawn.kinds, fault.kind) != drawn.kinds.end());
    }
  });
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

/// A wiped control plane would have forgotten its mesh: only instances are wiped.
TEST(Swarm, StrikesWhomAKindMayStrike) {
  SwarmOptions wipe = options();
  wipe.from = {"proc.wipe"};
  SwarmOptions kill = options();
  kill.from = {"proc.kill"};
  std::set<std::string> wiped, killed;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    for (const DrawnFault& fault : draw(surface(), wipe, seed).faults) wiped.insert(fault.target);
    for (const DrawnFault& fault : draw(surface(), kill, seed).faults) killed.insert(fault.target);
  }
  EXPECT_FALSE(wiped.contains("kuma-cp"));
  EXPECT_TRUE(wiped.contains("web-0") && wiped.contains("backend-v2-0"));
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

}  // namespace
}  // namespace kumasim::chaos
