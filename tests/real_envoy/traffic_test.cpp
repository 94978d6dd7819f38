/// The simulated Envoy and a real one come to the same verdict on generated calls, with the same snapshot.
///
/// A sample; KUMASIM_ENVOY_CASES in the environment asks for other cases: "all", or areas and AREA/CASE between spaces.
/// KUMASIM_TRAFFIC_SEED draws other calls, KUMASIM_TRAFFIC_PROXIES=all takes every proxy of a case.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

#include "tests/real_envoy/chosen_cases.hpp"
#include "tests/real_envoy/traffic_comparison.hpp"

namespace kumasim::test {
namespace {

using cp::golden::Case;

constexpr std::string_view sample =
    "externalservice/tls-skip-hostname gateway-routes/should-create-a-redirect-route gateway-tls/https-multi-host "
    "gateway-tls/tls-passthrough gateway/all-policies-legacy-mode meshhttproute/filter-redirect "
    "meshhttproute/gateway-filters meshhttproute/gateway-match-all-kinds meshhttproute/gateway-split "
    "meshhttproute/match-query meshpassthrough/mysql meshretry/to-http-codes-methods meshtcproute/split-zero "
    "multizone/remote-split trafficroute/http-modify";

std::string variable(const char* name, std::string_view otherwise) {
  const char* value = std::getenv(name);
  return std::string(value ? value : otherwise);
}

TEST(RealEnvoyTraffic, SimulatedEnvoyComesToTheSameVerdicts) {
  auto root = cp::golden::corpus();
  if (!root && !cases_are_asked_for()) GTEST_SKIP() << "no conformance corpus at ../shared/conformance";
  ASSERT_TRUE(root) << "no conformance corpus at ../shared/conformance";
  const std::vector<Case> all = cp::golden::cases(*root, "");
  const std::vector<Case> chosen = chosen_cases(all, sample);
  const TrafficOptions options{.seed = std::stoull(variable("KUMASIM_TRAFFIC_SEED", "1")),
                               .every_proxy = variable("KUMASIM_TRAFFIC_PROXIES", "") == "all"};
  const TrafficComparison result = compare_traffic(chosen, options);
  if (result.impossible && !cases_are_asked_for()) GTEST_SKIP() << result.impossible->message;
  ASSERT_FALSE(result.impossible) << result.impossible->message;

  const std::vector<KnownDifference> known = known_differences();
  std::vector<KnownDifference> unseen = known;
  std::size_t explained = 0;
  for (const TrafficDifference& d : result.differences) {
    auto entry = std::ranges::find_if(known, [&](const KnownDifference& each) { return each.tells(d); });
    if (entry == known.end()) {
      ADD_FAILURE() << fmt::format("{}, {}: {}\n  simulated: {}\n  real:      {}\n  {}\n  KUMASIM_TRAFFIC_SEED={}",
                                   d.id, d.proxy, d.call, d.simulated, d.real, d.why, options.seed);
    } else {
      ++explained;
      std::erase(unseen, *entry);
    }
  }
  for (const KnownDifference& each : unseen) {
    auto is_it = [&](const Case& subject) { return subject.id() == each.id; };
    bool whole = chosen.size() == all.size();
    if (each.id == "*" ? whole : std::ranges::any_of(chosen, is_it))
      ADD_FAILURE() << fmt::format("{}, {}: no longer differs; delete it from the known differences", each.id,
                                   each.call);
    else if (each.id != "*" && std::ranges::none_of(all, is_it))
      ADD_FAILURE() << each.id << ": a known difference that the corpus does not have";
  }
  constexpr std::size_t calls_least = 20;
  if (result.cases > 0) EXPECT_GE(result.fewest, calls_least);
  fmt::print(
      "{} cases ({} without routes of a client), {} calls, at least {} a case: {} agreed, {} differ, {} of them "
      "known\n",
      result.cases, result.without, result.calls, result.fewest, result.agreed, result.differences.size(), explained);
}

}  // namespace
}  // namespace kumasim::test
