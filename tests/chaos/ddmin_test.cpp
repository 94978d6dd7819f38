/// Delta debugging against oracles that fail where a known subset is there.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <set>

#include "kumasim/chaos/ddmin.hpp"

namespace kumasim::chaos {
namespace {

Parts all(std::size_t count) {
  Parts out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(i);
  return out;
}

/// The first candidate that fails, found as `jobs` workers that start in order and end in a random order would find it.
FirstFailing with_jobs(std::function<bool(const Parts&)> fails, std::size_t jobs, std::size_t* runs = nullptr) {
  return [=](const std::vector<Parts>& candidates) -> std::optional<std::size_t> {
    std::optional<std::size_t> found;
    for (std::size_t begin = 0; begin < candidates.size() && !found; begin += jobs) {
      std::size_t end = std::min(begin + jobs, candidates.size());
      for (std::size_t i = end; i-- > begin;) {  // the last started ends first
        if (runs != nullptr) ++*runs;
        if (fails(candidates[i])) found = i;
      }
    }
    return found;
  };
}

TEST(Ddmin, FindsExactlyTheSubsetThatFails) {
  rc::check([] {
    auto count = *rc::gen::inRange<std::size_t>(0, 40);
    std::set<std::size_t> needed;
    for (std::size_t i = 0; i < count; ++i) {
      if (*rc::gen::inRange(0, 5) == 0) needed.insert(i);
    }
    auto fails = [&](const Parts& kept) { return std::ranges::includes(kept, needed); };
    for (std::size_t jobs : {1u, 2u, 7u}) {
      Parts left = ddmin(count, with_jobs(fails, jobs));
      RC_ASSERT(left == Parts(needed.begin(), needed.end()));
    }
  });
}

/// Two ways to fail: whichever is found, no part of it can go, and the number of jobs does not decide.
TEST(Ddmin, LeavesNoPartThatCanGo) {
  rc::check([] {
    auto count = *rc::gen::inRange<std::size_t>(2, 24);
    auto subset = [&] {
      std::set<std::size_t> out;
      for (int i = 0; i < 3; ++i) out.insert(*rc::gen::inRange<std::size_t>(0, count));
      return out;
    };
    std::set<std::size_t> one = subset(), other = subset();
    auto fails = [&](const Parts& kept) {
      return std::ranges::includes(kept, one) || std::ranges::includes(kept, other);
    };
    Parts left = ddmin(count, with_jobs(fails, 1));
    RC_ASSERT(fails(left));
    for (std::size_t i = 0; i < left.size(); ++i) {
      Parts less = left;
      less.erase(less.begin() + static_cast<std::ptrdiff_t>(i));
      RC_ASSERT(!fails(less));
    }
    for (std::size_t jobs : {2u, 3u, 16u}) RC_ASSERT(ddmin(count, with_jobs(fails, jobs)) == left);
  });
}

TEST(Ddmin, TriesFewCandidatesWhereLittleIsNeeded) {
  std::size_t runs = 0;
  auto fails = [](const Parts& kept) { return std::ranges::binary_search(kept, 700u); };
  EXPECT_EQ(ddmin(1000, with_jobs(fails, 1, &runs)), Parts{700});
  EXPECT_LT(runs, 60u);
}

TEST(Ddmin, KeepsAllWhereAllIsNeeded) {
  auto fails = [](const Parts& kept) { return kept.size() == 5; };
  EXPECT_EQ(ddmin(5, with_jobs(fails, 1)), all(5));
  EXPECT_TRUE(ddmin(0, with_jobs(fails, 1)).empty());
}

}  // namespace
}  // namespace kumasim::chaos
