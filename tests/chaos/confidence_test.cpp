/// What a number of runs proves.
#include <gtest/gtest.h>

#include "kumasim/chaos/confidence.hpp"

namespace kumasim::chaos {
namespace {

// Without a failure the bound is doubt^(1/n): ln 0.01 / ln 0.99 = 458.2.
TEST(Confidence, NeedsAsManyRunsAsTheRuleSays) {
  EXPECT_EQ(proof_of(458, 458, 990'000, 990'000), Proof::open);
  EXPECT_EQ(proof_of(459, 459, 990'000, 990'000), Proof::shown);
  EXPECT_EQ(runs_to_show(0, 990'000, 990'000), 459u);
  EXPECT_EQ(runs_to_show(0, 990'000, 950'000), 299u);
  EXPECT_EQ(runs_to_show(0, 10'000, 10'000), 1u);
}

// The upper bound without a success is 1 - doubt^(1/n).
TEST(Confidence, RefutesWhatIsTooSeldom) {
  EXPECT_EQ(proof_of(0, 2, 900'000, 980'000), Proof::refuted) << "0.02^(1/2) = 0.141, so at most 0.859";
  EXPECT_EQ(proof_of(0, 1, 900'000, 980'000), Proof::open);
  EXPECT_EQ(proof_of(0, 0, 900'000, 980'000), Proof::open) << "nothing was run";
}

// Published: of 100 runs with 5 failures the one-sided 95 % bound on the failures is 10.23 %.
TEST(Confidence, CountsFailures) {
  EXPECT_EQ(proof_of(95, 100, 897'000, 950'000), Proof::shown);
  EXPECT_EQ(proof_of(95, 100, 898'000, 950'000), Proof::open);
  std::size_t needed = runs_to_show(5, 990'000, 950'000);
  EXPECT_EQ(proof_of(needed - 5, needed, 990'000, 950'000), Proof::shown);
  EXPECT_EQ(proof_of(needed - 6, needed - 1, 990'000, 950'000), Proof::open);
}

}  // namespace
}  // namespace kumasim::chaos
