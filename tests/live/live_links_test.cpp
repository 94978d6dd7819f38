/// The links of a scenario, and what faults make of them, as the switch between network namespaces has them.
#include <gtest/gtest.h>

#include "kumasim/scenario/plan.hpp"
#include "scenarios/live/live_links.hpp"
#include "tests/scenarios/scenario_texts.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view linked = R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: linked}
spec:
  duration: 10s
  topology:
    zones: [{name: east}, {name: west}]
    links:
    - {between: [east, west], delay: 20ms}
    - {between: [web, backend], delay: 5ms}
    - {between: [kuma-cp-east, kuma-cp-west], loss: 50%}
    services: [{name: web, zone: east, calls: [backend]}, {name: backend, zone: west}]
  load: [{from: web, to: backend, rate: 10/s}]
  expect: [{always: no-plaintext}]
)";

class LinksOfAScenario : public testing::Test {
 protected:
  sim::LinkOptions link(const std::string& from, const std::string& to) { return links_.way({from, to}).link; }
  Duration delay(const std::string& from, const std::string& to) { return link(from, to).delay.draw(random_); }

  Scenario scenario_ = must_load(load_scenario(linked, "linked.yaml"));
  LiveLinks links_{scenario_, 1};
  sim::SeededRandom random_{1};
};

TEST_F(LinksOfAScenario, AreBetweenWhomTheyNameInBothDirections) {
  EXPECT_EQ(delay("kuma-cp-east", "backend-0"), 20ms);
  EXPECT_EQ(delay("backend-0", "kuma-cp-east"), 20ms);
  EXPECT_EQ(delay("kuma-cp-east", "web-0"), 0ms);
}

TEST_F(LinksOfAScenario, ALaterOneSaysWhatItSaysOfThoseThatItNames) {
  EXPECT_EQ(delay("web-0", "backend-0"), 5ms);
  EXPECT_EQ(delay("web-0", "kuma-cp-west"), 20ms);
  EXPECT_EQ(link("kuma-cp-east", "kuma-cp-west").loss_ppm, 500'000u);
  EXPECT_EQ(delay("kuma-cp-east", "kuma-cp-west"), 20ms);
}

/// Their beginnings and ends, in the order of time, as the engine gives them to a world.
class FaultsOfLinks : public LinksOfAScenario {
 protected:
  void plan(const std::string& faults) {
    std::string text(linked);
    text.insert(text.find("  expect:"), "  faults:\n" + faults);
    planned_ = make_plan(must_load(load_scenario(text, "s.yaml")), 1);
  }
  void act() {
    const Action& action = planned_.actions.at(next_++);
    if (action.kind == Action::Kind::begin)
      links_.begin(action.order, MonotonicTime(action.at));
    else
      links_.end(action.order);
  }
  /// Ends a part of the first.
  void heal(std::vector<Way> ways) {
    FaultOrder part = planned_.actions.at(0).order;
    part.ways = std::move(ways);
    links_.end(part);
  }

 private:
  Plan planned_;
  std::size_t next_ = 0;
};

TEST_F(FaultsOfLinks, EachIsInForceUntilItsOwnEnd) {
  plan(
      "  - {fault: net.delay, at: 1s, for: 4s, between: [web, backend], delay: 40ms, direction: oneWay}\n"
      "  - {fault: net.delay, at: 2s, for: 4s, target: web-0, delay: 70ms}\n"
      "  - {fault: net.rate, at: 3s, for: 4s, between: [web, backend], bandwidth: 5000}\n");
  act();
  EXPECT_EQ(delay("web-0", "backend-0"), 40ms);
  EXPECT_EQ(delay("backend-0", "web-0"), 5ms);
  act();
  EXPECT_EQ(delay("web-0", "backend-0"), 70ms);
  EXPECT_EQ(delay("kuma-cp-east", "web-0"), 70ms);
  act();
  EXPECT_EQ(link("web-0", "backend-0").bottleneck_bytes_per_second, 5000u);
  act();
  EXPECT_EQ(delay("web-0", "backend-0"), 70ms);
  act();
  EXPECT_EQ(delay("web-0", "backend-0"), 5ms);
  EXPECT_EQ(delay("kuma-cp-east", "web-0"), 0ms);
  EXPECT_EQ(link("web-0", "backend-0").bottleneck_bytes_per_second, 5000u);
  act();
  EXPECT_EQ(link("web-0", "backend-0").bottleneck_bytes_per_second, 0u);
}

TEST_F(FaultsOfLinks, AreAlsoOfConnections) {
  plan(
      "  - {fault: tcp.refuse, at: 1s, for: 4s, between: [web, backend]}\n"
      "  - {fault: tcp.hang, at: 2s, for: 4s, between: [web, backend], direction: oneWay}\n"
      "  - {fault: net.clog, at: 3s, for: 4s, between: [web, backend], direction: otherWay}\n");
  act();
  EXPECT_EQ(links_.way({"web-0", "backend-0"}).door, sim::Door::refusing);
  act();
  EXPECT_EQ(links_.way({"web-0", "backend-0"}).door, sim::Door::silent);
  EXPECT_EQ(links_.way({"backend-0", "web-0"}).door, sim::Door::refusing);
  act();
  EXPECT_FALSE(links_.way({"web-0", "backend-0"}).clogged);
  EXPECT_TRUE(links_.way({"backend-0", "web-0"}).clogged);
  act();
  act();
  act();
  for (const Way& way : {Way{"web-0", "backend-0"}, Way{"backend-0", "web-0"}}) {
    EXPECT_EQ(links_.way(way).door, sim::Door::open);
    EXPECT_FALSE(links_.way(way).clogged);
  }
}

TEST_F(FaultsOfLinks, PartsOfAPartitionHeal) {
  plan(
      "  - {fault: net.partition, at: 1s, for: 4s, target: web-0}\n"
      "  - {fault: net.heal, at: 2s, between: [web, backend]}\n");
  act();
  EXPECT_TRUE(links_.way({"web-0", "backend-0"}).cut);
  heal({{"web-0", "backend-0"}, {"backend-0", "web-0"}});
  EXPECT_FALSE(links_.way({"web-0", "backend-0"}).cut);
  EXPECT_TRUE(links_.way({"web-0", "kuma-cp-east"}).cut);
}

TEST(LinksAreNeeded, ByLinksAndFaultsOfFramesAlone) {
  auto needed = [](const std::string& faults) {
    std::string text(linked);
    std::size_t links = text.find("    links:"), services = text.find("    services:");
    text.erase(links, services - links);
    text.insert(text.find("  expect:"), faults.empty() ? "" : "  faults:\n" + faults);
    return LiveLinks::needed(must_load(load_scenario(text, "s.yaml")));
  };
  EXPECT_FALSE(needed(""));
  EXPECT_FALSE(
      needed("  - {fault: net.flap, at: 1s, for: 4s, between: [web, backend]}\n"
             "  - {fault: net.partition, at: 1s, target: web-0}\n  - {fault: net.heal, at: 3s, target: web-0}\n"
             "  - {fault: proc.pause, at: 1s, for: 4s, target: web-0}\n"));
  EXPECT_TRUE(needed("  - {fault: net.swizzle, at: 1s, for: 4s, select: {service: web}}\n"));
  EXPECT_TRUE(needed("  - {fault: tcp.reset, at: 1s, target: web-0}\n"));
  EXPECT_TRUE(LiveLinks::needed(must_load(load_scenario(linked, "s.yaml"))));
}

}  // namespace
}  // namespace kumasim::scenario
