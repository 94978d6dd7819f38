/// `refusals-known`: how long a refusal may be unknown, and what of the time counts.
#include <gtest/gtest.h>

#include "kumasim/scenario/verdict.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;

/// web-0 refuses clusters at each second, of which the control plane does not know.
Observations seconds(int count) {
  Observations out;
  for (int i = 0; i < count; ++i) {
    StateSample sample;
    sample.at = std::chrono::seconds(i);
    sample.proxies["web-0"] = {.up = true, .connected = true, .refusals = {{"Cluster", "no"}}};
    sample.rollout = Rollout{.at = sample.at};
    sample.rollout->proxies["web-0"].connected = true;
    out.samples.push_back(std::move(sample));
  }
  return out;
}

bool known(const Observations& seen) { return evaluate(*parse_predicate("refusals-known"), {}, seen, 0s, 100s).holds; }

TEST(RefusalsKnown, ARefusalMayBeOnItsWayForTwoSeconds) {
  EXPECT_TRUE(known(seconds(3)));
  EXPECT_FALSE(known(seconds(4)));
}

TEST(RefusalsKnown, AnOutageDoesNotCount) {
  Observations seen = seconds(10);
  // It is unknown for 2 s before and for 2 s after.
  auto outage = [&](auto lose) {
    Observations out = seen;
    for (std::size_t i = 3; i < 7; ++i) lose(out.samples[i]);
    return out;
  };
  EXPECT_TRUE(known(outage([](StateSample& sample) { sample.proxies["web-0"].connected = false; })));
  EXPECT_TRUE(known(outage([](StateSample& sample) { sample.proxies["web-0"].cut_off = true; })));
  EXPECT_TRUE(known(outage([](StateSample& sample) { sample.rollout->proxies.clear(); })));
  EXPECT_TRUE(known(outage([](StateSample& sample) { sample.rollout.reset(); })));
  EXPECT_FALSE(known(outage([](StateSample&) {})));
}

TEST(RefusalsKnown, TheTimeAfterAnOutageDoes) {
  Observations seen = seconds(10);
  for (std::size_t i = 2; i < 6; ++i) seen.samples[i].proxies["web-0"].connected = false;
  EXPECT_FALSE(known(seen));
}

}  // namespace
}  // namespace kumasim::scenario
