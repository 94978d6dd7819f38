/// The laws of chance have the moments that they promise.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kumasim/sim/delay_law.hpp"
#include "kumasim/sim/seeded_random.hpp"

namespace kumasim {
namespace {

using namespace std::chrono_literals;
using sim::DelayLaw;

std::vector<double> sample(const DelayLaw& law, int count = 20'000) {
  sim::SeededRandom random(11);
  std::vector<double> out;
  for (int i = 0; i < count; ++i) out.push_back(static_cast<double>(law.draw(random).count()));
  std::ranges::sort(out);
  return out;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (auto value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double quantile(const std::vector<double>& sorted, double q) {
  return sorted[static_cast<std::size_t>(q * static_cast<double>(sorted.size()))];
}

TEST(DelayLaw, ConstantDrawsNothing) {
  sim::SeededRandom random(1), untouched(1);
  EXPECT_EQ(DelayLaw::constant(5ms).draw(random), 5ms);
  EXPECT_EQ(random.next(), untouched.next());
}

TEST(DelayLaw, UniformStaysInItsRange) {
  auto values = sample(DelayLaw::uniform({.min = 1ms, .max = 3ms}));
  EXPECT_GE(values.front(), 1e6);
  EXPECT_LE(values.back(), 3e6);
  EXPECT_NEAR(mean(values), 2e6, 2e4);
}

TEST(DelayLaw, ExponentialHasItsMeanAndItsTail) {
  auto values = sample(DelayLaw::exponential(10ms));
  EXPECT_NEAR(mean(values), 1e7, 2e5);
  EXPECT_NEAR(quantile(values, 0.5), 1e7 * std::log(2), 2e5);
  EXPECT_NEAR(quantile(values, 0.99), 1e7 * std::log(100), 2e6);
}

TEST(DelayLaw, LognormalHasItsPercentiles) {
  auto values = sample(DelayLaw::lognormal({.p50 = 40ms, .p99 = 80ms}));
  EXPECT_NEAR(quantile(values, 0.5), 40e6, 0.4e6);
  EXPECT_NEAR(quantile(values, 0.99), 80e6, 2e6);
}

TEST(DelayLaw, NormalHasItsMomentsAndIsNeverNegative) {
  auto values = sample(DelayLaw::normal({.mean = 50ms, .deviation = 10ms}));
  EXPECT_NEAR(mean(values), 50e6, 0.3e6);
  EXPECT_NEAR(quantile(values, 0.1587), 40e6, 0.4e6);
  EXPECT_NEAR(quantile(values, 0.9772), 70e6, 1e6);
  EXPECT_EQ(sample(DelayLaw::normal({.mean = 1ms, .deviation = 10ms})).front(), 0);
}

TEST(DelayLaw, BimodalIsSlowAsOftenAsItSays) {
  auto values = sample(DelayLaw::bimodal({.fast = 1ms, .slow = 1s, .slow_ppm = 100'000}));
  EXPECT_EQ(values.front(), 1e6);
  EXPECT_EQ(values.back(), 1e9);
  EXPECT_NEAR(static_cast<double>(std::ranges::count(values, 1e9)), 2'000, 4 * 42);
}

}  // namespace
}  // namespace kumasim
