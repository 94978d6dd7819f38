/// What seeds draw: alike for one seed, within the budget, and all of what there is over many seeds.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/chaos/swarm_bed.hpp"

namespace kumasim::chaos {
namespace {

bool same(const DrawnFault& a, const DrawnFault& b) {
  return a.kind == b.kind && a.at == b.at && a.lasts == b.lasts && a.target == b.target && a.between == b.between &&
         a.parameters == b.parameters && a.service == b.service && a.shape == b.shape && a.pick == b.pick &&
         a.resource == b.resource && a.load == b.load;
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
    RC_ASSERT(!find_fault_kind(one->kind)->of_store);
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
  for (const FaultKind& kind : fault_kinds())
    EXPECT_EQ(kinds.contains(kind.name),
              kind.recoverable && !kind.name.starts_with("kds.") && kind.name != "store.leaderFlap")
        << kind.name;
}

TEST(Swarm, StrikesWholeServicesControlPlanesAndShapes) {
  std::set<std::string> services, shapes, disks;
  SwarmOptions few = options();
  few.from = {"net.partition", "net.swizzle", "disk.stall"};
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Drawn drawn = draw(surface(), options(), seed), more = draw(surface(), few, seed);
    drawn.faults.insert(drawn.faults.end(), more.faults.begin(), more.faults.end());
    for (const DrawnFault& fault : drawn.faults) {
      auto victim = find_fault_kind(fault.kind)->victim;
      bool aimed = !fault.target.empty() || !fault.between.first.empty() || !fault.service.empty() ||
                   !fault.resource.mesh.empty() || !fault.resource.name.empty() || victim == FaultKind::Victim::load;
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

/// Each kind those resources that it may be about, and of a service never all instances.
TEST(Swarm, StrikesResourcesLoadsAndSomeInstances) {
  SwarmOptions some = options();
  some.from = {"cfg.conflict", "cfg.deleteRecreate", "cfg.massChange", "ops.rollback", "ops.drainZone", "load.hotKey"};
  some.subset = false;
  std::map<std::string, std::set<std::string>> struck;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Drawn drawn = draw(surface(), some, seed);
    for (const DrawnFault& fault : drawn.faults) {
      struck[fault.kind].insert(fault.resource.kind + fault.resource.mesh + fault.load.second + fault.service);
      if (fault.kind != "ops.drainZone") continue;
      int all = fault.service == "web" ? instances_of(surface().groups[0], drawn)
                                       : instances_of(surface().groups[1], drawn) + 1;
      EXPECT_GE(fault.pick, 1u);
      EXPECT_LT(fault.pick, static_cast<std::size_t>(all)) << fault.service;
    }
  }
  using Set = std::set<std::string>;
  EXPECT_EQ(struck["cfg.conflict"], (Set{"Mesh", "MeshTimeoutdefault", "TrafficRoutedefault"}));
  EXPECT_EQ(struck["cfg.deleteRecreate"], Set{"MeshTimeoutdefault"});
  EXPECT_EQ(struck["ops.rollback"], Set{"TrafficRoutedefault"});
  EXPECT_EQ(struck["cfg.massChange"], Set{"default"});
  EXPECT_EQ(struck["load.hotKey"], (Set{"", "backend", "web"}));
  EXPECT_EQ(struck["ops.drainZone"], (Set{"backend", "web"}));
}

TEST(Swarm, EverySeedHasWhatIsPreferredAndMoreOfIt) {
  SwarmOptions some = options();
  some.prefer = {"xds.churn", "cfg.oversize"};
  std::size_t all = 0, preferred = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Drawn drawn = draw(surface(), some, seed);
    for (const std::string& kind : some.prefer)
      EXPECT_NE(std::ranges::find(drawn.kinds, kind), drawn.kinds.end()) << seed;
    all += drawn.faults.size();
    preferred += static_cast<std::size_t>(std::ranges::count_if(drawn.faults, [&](const DrawnFault& fault) {
      return std::ranges::find(some.prefer, fault.kind) != some.prefer.end();
    }));
  }
  EXPECT_GT(preferred * 3, all) << "without it one of thirty would be";
  EXPECT_LT(preferred * 3, all * 2);
}

TEST(Swarm, StrikesControlPlanesOfZones) {
  Surface zones = surface();
  zones.zone_control_planes = {"kuma-cp-east", "kuma-cp-west"};
  SwarmOptions some = options();
  some.from = {"proc.kill", "store.txnAbort"};
  std::set<std::string> killed, aborted;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    for (const DrawnFault& fault : draw(zones, some, seed).faults) {
      (fault.kind == "proc.kill" ? killed : aborted).insert(fault.target);
      bool plane = fault.target.starts_with("kuma-cp");
      if (fault.kind == "proc.kill") EXPECT_EQ(fault.parameters.contains("disk"), plane) << fault.target;
    }
  }
  EXPECT_EQ(aborted, (std::set<std::string>{"kuma-cp", "kuma-cp-east", "kuma-cp-west"}));
  EXPECT_TRUE(killed.contains("kuma-cp-west") && killed.contains("web-0"));
}

TEST(Swarm, StrikesWhatLiesBetweenZonesAndGlobal) {
  Surface zones = surface();
  zones.zone_control_planes = {"kuma-cp-east", "kuma-cp-west"};
  SwarmOptions some = options();
  some.from = {"kds.streamDrop", "kds.zoneDeletedMidStream", "kds.zoneRenamed", "kds.resourceRefused"};
  some.subset = false;
  std::map<std::string, std::set<std::string>> struck;
  for (std::uint64_t seed = 1; seed <= 100; ++seed)
    for (const DrawnFault& fault : draw(zones, some, seed).faults) struck[fault.kind].insert(fault.target);
  using Set = std::set<std::string>;
  EXPECT_EQ(struck["kds.resourceRefused"], Set{"kuma-cp"});
  for (const char* kind : {"kds.streamDrop", "kds.zoneDeletedMidStream", "kds.zoneRenamed"})
    EXPECT_EQ(struck[kind], (Set{"kuma-cp-east", "kuma-cp-west"})) << kind;
  EXPECT_TRUE(draw(surface(), some, 1).faults.empty());
}

TEST(Swarm, StrikesReplicasOfGlobalWhereThereAreSome) {
  Surface zones = surface();
  zones.zone_control_planes = {"kuma-cp-east", "kuma-cp-west"};
  SwarmOptions some = options();
  some.from = {"kds.reconnectElsewhere", "kds.splitGlobal", "store.leaderFlap", "proc.kill"};
  some.subset = false;
  for (std::uint64_t seed = 1; seed <= 50; ++seed)
    for (const DrawnFault& fault : draw(zones, some, seed).faults) EXPECT_EQ(fault.kind, "proc.kill");
  zones.control_plane = "global-1";
  zones.replicas = {"global-1", "global-2"};
  zones.shared_stores = {"global-store"};
  std::map<std::string, std::set<std::string>> struck;
  for (std::uint64_t seed = 1; seed <= 200; ++seed)
    for (const DrawnFault& fault : draw(zones, some, seed).faults) struck[fault.kind].insert(fault.target);
  using Set = std::set<std::string>;
  EXPECT_EQ(struck["kds.reconnectElsewhere"], (Set{"kuma-cp-east", "kuma-cp-west"}));
  EXPECT_EQ(struck["kds.splitGlobal"], (Set{"global-1", "global-2"}));
  EXPECT_EQ(struck["store.leaderFlap"], Set{"global-store"});
  for (const char* process : {"global-1", "global-2", "global-store", "kuma-cp-west", "web-0"})
    EXPECT_TRUE(struck["proc.kill"].contains(process)) << process;
}

TEST(Swarm, StrikesReplicasOfOtherControlPlanes) {
  Surface zones = surface();
  zones.zone_control_planes = {"kuma-cp-east", "kuma-cp-west"};
  zones.zone_replicas = {{"kuma-cp-west", {"kuma-cp-west-1", "kuma-cp-west-2"}}};
  zones.shared_stores = {"kuma-cp-west-store"};
  Surface one = surface();
  one.replicas = {"kuma-cp-1", "kuma-cp-2"};
  one.control_plane = "kuma-cp-1";
  one.shared_stores = {"kuma-cp-store"};
  SwarmOptions some = options();
  some.from = {"kds.streamDrop", "kds.reconnectElsewhere", "store.leaderFlap", "proc.kill"};
  some.subset = false;
  std::map<std::string, std::set<std::string>> struck, struck_of_one;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    for (const DrawnFault& fault : draw(zones, some, seed).faults) struck[fault.kind].insert(fault.target);
    for (const DrawnFault& fault : draw(one, some, seed).faults) struck_of_one[fault.kind].insert(fault.target);
  }
  using Set = std::set<std::string>;
  EXPECT_EQ(struck["kds.streamDrop"], (Set{"kuma-cp-east", "kuma-cp-west"})) << "all of a zone's control plane";
  EXPECT_EQ(struck["store.leaderFlap"], Set{"kuma-cp-west-store"});
  for (const char* process : {"kuma-cp-west-1", "kuma-cp-west-2", "kuma-cp-west-store", "kuma-cp-east"})
    EXPECT_TRUE(struck["proc.kill"].contains(process)) << process;
  EXPECT_FALSE(struck["proc.kill"].contains("kuma-cp-west"));
  EXPECT_FALSE(struck.contains("kds.reconnectElsewhere")) << "there is one Global";
  EXPECT_EQ(struck_of_one["store.leaderFlap"], Set{"kuma-cp-store"});
  for (const char* process : {"kuma-cp-1", "kuma-cp-2", "kuma-cp-store"})
    EXPECT_TRUE(struck_of_one["proc.kill"].contains(process)) << process;
  EXPECT_FALSE(struck_of_one.contains("kds.streamDrop"));
}

TEST(Swarm, StrikesZoneProxies) {
  Surface zones = surface();
  zones.zone_control_planes = {"kuma-cp-east"};
  zones.zone_proxies = {"ingress-east-0", "egress-east-0"};
  SwarmOptions some = options();
  some.from = {"proc.kill", "xds.neverAck", "app.blackHole"};
  some.subset = false;
  std::map<std::string, std::set<std::string>> struck;
  for (std::uint64_t seed = 1; seed <= 200; ++seed)
    for (const DrawnFault& fault : draw(zones, some, seed).faults) struck[fault.kind].insert(fault.target);
  for (const char* proxy : {"ingress-east-0", "egress-east-0"}) {
    EXPECT_TRUE(struck["proc.kill"].contains(proxy)) << proxy;
    EXPECT_TRUE(struck["xds.neverAck"].contains(proxy)) << proxy;
    EXPECT_FALSE(struck["app.blackHole"].contains(proxy)) << "it has no application";
  }
  EXPECT_FALSE(struck["xds.neverAck"].contains("kuma-cp-east"));
}

TEST(Swarm, DrawsNothingOfWhatAScenarioLacks) {
  Surface bare = surface();
  bare.groups = {{"web", "web", 1, 1, 1}};
  bare.meshes.clear();
  bare.resources = bare.spare = bare.changed = {};
  bare.loads.clear();
  bare.http = false;
  SwarmOptions all = options();
  all.subset = false;
  for (const std::string& kind : draw(bare, all, 1).kinds)
    EXPECT_FALSE(kind.starts_with("cfg.") || kind.starts_with("ops.")) << kind;
}

/// A shape is between all, a swizzle is of all ways of a service; a process may be struck beside them.
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

/// What the scenario itself takes of a service counts.
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
