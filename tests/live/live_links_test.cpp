/// The links of a scenario as the switch between network namespaces asks for them.
#include <gtest/gtest.h>

#include <algorithm>

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

class LiveLinks : public testing::Test {
 protected:
  std::optional<Duration> way(const std::string& from, const std::string& to) { return way_(port(from), port(to)); }

 private:
  std::size_t port(const std::string& process) const {
    auto found = std::ranges::find(processes_, process);
    EXPECT_NE(found, processes_.end()) << process;
    return static_cast<std::size_t>(found - processes_.begin());
  }

  Scenario scenario_ = must_load(load_scenario(linked, "linked.yaml"));
  std::vector<std::string> processes_ = scenario_.processes();
  live::EthernetSwitch::Way way_ = way_of_links(scenario_);
};

TEST_F(LiveLinks, AreBetweenWhomTheyNameInBothDirections) {
  EXPECT_EQ(way("kuma-cp-east", "backend-0"), 20ms);
  EXPECT_EQ(way("backend-0", "kuma-cp-east"), 20ms);
  EXPECT_EQ(way("kuma-cp-east", "web-0"), 0ms);
}

TEST_F(LiveLinks, ALaterOneSaysWhatItSaysOfThoseThatItNames) {
  EXPECT_EQ(way("web-0", "backend-0"), 5ms);
  EXPECT_EQ(way("web-0", "kuma-cp-west"), 20ms);
  int lost = 0;
  for (int i = 0; i < 1000; ++i) {
    std::optional<Duration> delay = way("kuma-cp-east", "kuma-cp-west");
    if (!delay)
      ++lost;
    else
      EXPECT_EQ(*delay, 20ms);
  }
  EXPECT_GT(lost, 300);
  EXPECT_LT(lost, 700);
}

TEST(NoLinks, AreNoWay) { EXPECT_FALSE(way_of_links({})); }

}  // namespace
}  // namespace kumasim::scenario
