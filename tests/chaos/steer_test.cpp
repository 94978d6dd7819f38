/// Which kinds of faults seeds should prefer.
#include <gtest/gtest.h>

#include "kumasim/chaos/steer.hpp"

namespace kumasim::chaos {
namespace {

using Kinds = std::vector<std::string>;

SeedResult result(std::map<std::string, std::uint64_t> struck, std::vector<std::string> probes) {
  SeedResult out;
  out.struck = std::move(struck);
  out.probes = std::move(probes);
  return out;
}

TEST(Steer, PrefersWhatStruckBesideTheFewestProbes) {
  const Kinds kinds{"a", "b", "c", "d", "e"};
  EXPECT_EQ(seen_least(kinds, {}), (Kinds{"a", "b"}));
  std::vector<SeedResult> seen{result({{"a", 1}, {"b", 2}}, {"x", "y"}), result({{"c", 1}, {"d", 1}}, {"x"}),
                               result({{"c", 1}, {"e", 0}}, {"x"})};
  EXPECT_EQ(seen_least(kinds, seen), (Kinds{"e", "d"})) << "c struck beside no more, but in more runs";
  seen[0].branches.push_back(result({{"e", 1}}, {"x", "y", "z"}));
  EXPECT_EQ(seen_least(kinds, seen), (Kinds{"d", "c"}));
}

}  // namespace
}  // namespace kumasim::chaos
