/// What a control plane of a live world has said counts while it runs and was asked lately.
#include <gtest/gtest.h>

#include <thread>

#include "reference-cp/live/live_runtime.hpp"
#include "scenarios/live/live_plane.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;

constexpr const char* answer = R"({"behind": false, "proxies": {}, "policies": {}, "connectedToGlobal": true})";

class LivePlaneSays : public testing::Test {
 protected:
  void SetUp() override {
    auto child = live::ChildProcess::start(live_.runtime().executor, {.program = "sleep", .arguments = {"60"}});
    ASSERT_TRUE(child) << child.error().message;
    plane_.process.emplace(std::move(*child));
    plane_.hear(answer, {}, asked_);
  }

  live::LiveRuntime live_;
  MonotonicTime asked_ = live_.runtime().clock.now();
  LivePlane plane_;
};

TEST_F(LivePlaneSays, WhatItWasAskedLately) {
  EXPECT_TRUE(plane_.connected_to_global);
  EXPECT_NE(plane_.said(asked_ + 1s), nullptr);
  EXPECT_EQ(plane_.said(asked_ + 5s), nullptr);
}

TEST_F(LivePlaneSays, NothingWhileItIsPaused) {
  plane_.paused = true;
  EXPECT_EQ(plane_.said(asked_ + 1s), nullptr);
}

TEST_F(LivePlaneSays, NothingOnceItHasEnded) {
  plane_.process->kill();
  for (int i = 0; i < 1000 && !plane_.process->status(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(plane_.said(asked_ + 1s), nullptr);
}

TEST_F(LivePlaneSays, NothingByAnAnswerThatIsNone) {
  plane_.hear("no such page", {}, asked_);
  EXPECT_FALSE(plane_.connected_to_global);
  EXPECT_EQ(plane_.said(asked_ + 1s), nullptr);
}

}  // namespace
}  // namespace kumasim::scenario
