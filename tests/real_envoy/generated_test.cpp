/// The simulated Envoy and a real one see the same of generated calls with generated configurations.
///
/// A few configurations; KUMASIM_ENVOY_CASES=all asks for 100 of seed 1, KUMASIM_GENERATED_CONFIGURATIONS=N for N of
/// them. KUMASIM_GENERATED_SEED draws others, KUMASIM_GENERATED_ONLY=NUMBER takes one of a seed's and prints all of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include <fmt/format.h>

#include "tests/real_envoy/generated_comparison.hpp"
#include "tests/real_envoy/generated_envoy.hpp"

namespace kumasim::test {
namespace {

constexpr std::size_t configurations_short = 8, configurations_long = 100;
/// Whose first configurations have clusters that answer, about as often as those of any seed in the long run.
constexpr std::uint64_t seed_short = 7;

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value && *value ? value : nullptr;
}

GeneratedOptions asked() {
  GeneratedOptions out{.seed = seed_short, .configurations = configurations_short};
  const char* cases = variable("KUMASIM_ENVOY_CASES");
  if (cases && cases == std::string("all")) out = {.configurations = configurations_long};
  if (const char* count = variable("KUMASIM_GENERATED_CONFIGURATIONS")) out.configurations = std::stoull(count);
  if (const char* seed = variable("KUMASIM_GENERATED_SEED")) out.seed = std::stoull(seed);
  if (const char* only = variable("KUMASIM_GENERATED_ONLY")) out.only = std::stoull(only);
  return out;
}

TEST(RealEnvoyGenerated, SimulatedEnvoySeesTheSame) {
  const GeneratedOptions options = asked();
  const GeneratedComparison result = compare_generated(options);
  if (result.impossible && variable("KUMASIM_ENVOY_CASES") == nullptr) GTEST_SKIP() << result.impossible->message;
  ASSERT_FALSE(result.impossible) << result.impossible->message;
  const std::vector<KnownDifference> known = known_differences("generated");
  std::size_t explained = 0;
  for (const TrafficDifference& d : result.differences) {
    if (std::ranges::any_of(known, [&](const KnownDifference& each) { return each.tells(d); })) {
      ++explained;
      continue;
    }
    ADD_FAILURE() << fmt::format(
        "{}: {}\n  simulated: {}\n  real:      {}\n  {}\n  KUMASIM_GENERATED_SEED={} KUMASIM_GENERATED_ONLY={}", d.id,
        d.call, d.simulated, d.real, d.why, options.seed, d.id.substr(d.id.find('/') + 1));
  }
  const double percent = 100.0 * static_cast<double>(result.same) / static_cast<double>(result.pairs);
  fmt::print(
      "generated: {} pairs, {} same ({:.2f} %), {} by chance, {} rare, {} known; {} reached an application; seed {}\n",
      result.pairs, result.same, percent, result.by_chance, result.rare, explained, result.reached, options.seed);
  constexpr double percent_least = 99;
  if (options.only) return;
  EXPECT_GE(percent, percent_least);
  EXPECT_GE(result.reached, result.pairs / 4) << "calls that come to nothing show nothing";
  EXPECT_LE(result.refused, options.configurations / 10) << "configurations that Envoy refuses show nothing";
}

TEST(GeneratedEnvoy, IsTheSameForTheSameSeed) {
  const GeneratedEnvoy one = generate_envoy(7), again = generate_envoy(7), other = generate_envoy(8);
  EXPECT_EQ(one.document, again.document);
  EXPECT_NE(one.document, other.document);
}

}  // namespace
}  // namespace kumasim::test
