/// What generators draw is within its options, and shrinks to the least that has a property.
#include "kumasim/testing/generators.hpp"

#include <algorithm>
#include <chrono>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/testing/shrinking.hpp"

namespace kumasim::testing {
namespace {

using namespace std::chrono_literals;

const TopologyOptions two_roles = {.roles = {{.name = "client", .least = 1, .most = 3}, {.name = "server"}}};

/// Why the fault is not one that these options draw; "" where it is.
std::string wrong_with(const Fault& fault, const FaultPlanOptions& options) {
  auto known = [&](const std::string& name) { return std::ranges::count(options.processes, name) == 1; };
  if (!known(fault.process)) return "process";
  if (strikes_way(fault.kind) && (!known(fault.peer) || fault.peer == fault.process)) return "peer";
  if (!strikes_way(fault.kind) && !fault.peer.empty()) return "peer of a process";
  if (fault.at < 0s || fault.lasts < 0s || fault.at + fault.lasts > options.over_by) return "time";
  if (fault.lasts > options.lasts_most) return "length";
  if ((fault.kind == Fault::Kind::delay) != (fault.delay > 0s) || fault.delay > options.delay_most) return "delay";
  if ((fault.kind == Fault::Kind::loss) != (fault.loss_ppm > 0) || fault.loss_ppm > options.loss_ppm_most)
    return "loss";
  return "";
}

RC_GTEST_PROP(Generators, DrawPlansWithinTheirOptions, ()) {
  FaultPlanOptions options{.processes = {"a", "b", "c"}, .faults_most = 4, .over_by = 12s, .lasts_most = 5s};
  FaultPlan plan = *fault_plans(options);
  RC_ASSERT(plan.size() <= 4u);
  for (const Fault& fault : plan) RC_ASSERT(wrong_with(fault, options) == "");
}

RC_GTEST_PROP(Generators, DrawFaultsOfTheTopologysProcesses, ()) {
  Case drawn = *cases(two_roles, {});
  FaultPlanOptions options{.processes = drawn.topology.processes};
  for (const Fault& fault : drawn.faults) RC_ASSERT(wrong_with(fault, options) == "");
  auto clients = drawn.topology.of("client").size();
  RC_ASSERT(clients >= 1u);
  RC_ASSERT(clients <= 3u);
  RC_ASSERT(drawn.topology.of("server") == std::vector<std::string>{"server"});
  for (const Link& link : drawn.topology.links) {
    RC_ASSERT(link.a != link.b);
    RC_ASSERT(link.low > 0s);
    RC_ASSERT(link.low <= link.high);
    RC_ASSERT(link.high <= TopologyOptions().delay_most);
  }
}

TEST(Generators, DrawEveryKindAndEveryNumber) {
  std::set<Fault::Kind> kinds;
  std::set<std::size_t> sizes;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    auto plan = fault_plans({.processes = {"a", "b"}, .faults_most = 3})(rc::Random(seed)).value();
    sizes.insert(plan.size());
    for (const Fault& fault : plan) kinds.insert(fault.kind);
  }
  EXPECT_EQ(kinds.size(), 7u);
  EXPECT_EQ(sizes, (std::set<std::size_t>{0, 1, 2, 3}));
}

TEST(Generators, DrawLossesBelowOnePercent) {
  std::set<std::uint32_t> of_faults, of_links;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    auto plan = fault_plans({.processes = {"a", "b"}, .kinds = {Fault::Kind::loss}, .loss_ppm_most = 3});
    for (const Fault& fault : plan(rc::Random(seed)).value()) of_faults.insert(fault.loss_ppm);
    auto topology = topologies({.roles = {{.name = "a"}, {.name = "b"}}, .loss_ppm_most = 2});
    for (const Link& link : topology(rc::Random(seed)).value().links) of_links.insert(link.loss_ppm);
  }
  EXPECT_EQ(of_faults, (std::set<std::uint32_t>{1, 2, 3}));
  EXPECT_EQ(of_links, (std::set<std::uint32_t>{0, 1, 2}));
}

TEST(Generators, DrawNoLossWhereLinksMayHaveNone) {
  auto topology = topologies({.roles = {{.name = "a"}, {.name = "b"}}, .loss_ppm_most = 0});
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    for (const Link& link : topology(rc::Random(seed)).value().links) EXPECT_EQ(link.loss_ppm, 0u);
}

TEST(Generators, APlanShrinksToOneFaultAsShortAsItMayBe) {
  auto breaks = [](const FaultPlan& plan) {
    return std::ranges::any_of(plan, [](const Fault& fault) {
      return fault.kind == Fault::Kind::partition && fault.peer == "c" && fault.lasts >= 1500ms && fault.at >= 250ms;
    });
  };
  int found = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    auto drawn = fault_plans({.processes = {"a", "b", "c"}})(rc::Random(seed));
    if (!breaks(drawn.value())) continue;
    ++found;
    FaultPlan least = least_with(drawn, breaks);
    EXPECT_EQ(least, (FaultPlan{{.process = least.at(0).process, .peer = "c", .at = 250ms, .lasts = 1500ms}}));
  }
  EXPECT_GT(found, 3);
}

TEST(Generators, ATopologyShrinksToItsLeastProcessesWithoutLinks) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    auto least = least_with(topologies(two_roles)(rc::Random(seed)), [](const Topology&) { return true; });
    EXPECT_EQ(least, (Topology{{"client-0", "server"}, {}}));
  }
}

TEST(Topology, NamesTheProcessesOfARole) {
  Topology topology{{"client-0", "client-10", "client-x", "clients-1", "client-", "server"}, {}};
  EXPECT_EQ(topology.of("client"), (std::vector<std::string>{"client-0", "client-10"}));
  EXPECT_EQ(topology.of("server"), (std::vector<std::string>{"server"}));
}

}  // namespace
}  // namespace kumasim::testing
