/// `converged`: which samples break it.
#include <gtest/gtest.h>

#include "kumasim/scenario/verdict.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;

/// web-0 at each second from 0 to 9; in those seconds it has not taken its newest configuration.
Observations behind_at(std::set<int> seconds) {
  Observations out;
  for (int i = 0; i < 10; ++i) {
    StateSample sample;
    sample.at = std::chrono::seconds(i);
    sample.proxies["web-0"] = {.up = true, .connected = true, .ready = true};
    sample.rollout = Rollout{.at = sample.at};
    sample.rollout->proxies["web-0"] = {.connected = true, .current = !seconds.contains(i)};
    out.samples.push_back(std::move(sample));
  }
  return out;
}

Outcome converged(std::set<int> seconds, Duration from, Duration to) {
  return evaluate(*parse_predicate("converged"), {}, behind_at(std::move(seconds)), from, to);
}

TEST(Converged, WhatIsOnItsWayInOneSampleDoesNotBreakIt) {
  EXPECT_TRUE(converged({}, 2s, 8s).holds);
  EXPECT_TRUE(converged({5}, 2s, 8s).holds);
  EXPECT_TRUE(converged({3, 5, 7}, 2s, 8s).holds);
}

TEST(Converged, TwoSamplesRunningDo) {
  Outcome outcome = converged({5, 6}, 2s, 8s);
  EXPECT_FALSE(outcome.holds);
  EXPECT_EQ(outcome.when, 5s);
  EXPECT_EQ(outcome.why, "web-0 has not taken its newest configuration");
}

TEST(Converged, TheSampleAfterTheWindowTellsOfItsLast) {
  EXPECT_TRUE(converged({8}, 2s, 8s).holds);
  EXPECT_FALSE(converged({8, 9}, 2s, 8s).holds);
  EXPECT_TRUE(converged({0, 1}, 2s, 8s).holds);
  EXPECT_FALSE(converged({9}, 2s, 9s).holds) << "nothing tells that it came";
}

TEST(Converged, OneSampleIsEnoughForAWindow) {
  EXPECT_TRUE(converged({}, 5s, 5s).holds);
  EXPECT_FALSE(converged({5, 6}, 5s, 5s).holds);
  EXPECT_TRUE(converged({}, 5500ms, 5600ms).silent);
}

}  // namespace
}  // namespace kumasim::scenario
