/// Generation against recordings of real Kuma: every xds case is equal but the known misses, and these are not.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/golden/corpus.hpp"

namespace kumasim::cp::golden {
namespace {

constexpr const char* no_corpus = "no conformance corpus at ../shared/conformance";

/// Case -> why only a whole control plane can be equal.
const std::map<std::string, std::string> without_manager = {
    {"mesh/constraints-partial", "the manager refuses a Dataplane by its mesh's constraints; here there is none"}};

/// What the gate (tools/conformance) shares with this test: the size of the corpus and the known misses.
nlohmann::json known() {
  std::ifstream file(std::filesystem::path(KUMASIM_SOURCE_DIR) / "tests/golden/known_misses.json");
  return nlohmann::json::parse(file);
}

/// Case -> why it is not equal.
std::map<std::string, std::string> misses() {
  constexpr std::string_view kind = "xds/";
  auto result = without_manager;
  const nlohmann::json file = known();
  for (const auto& [name, reason] : file.at("misses").items())
    if (name.starts_with(kind)) result.emplace(name.substr(kind.size()), reason);
  return result;
}

const std::vector<std::string> areas = {
    "circuitbreaker",
    "dataplane",
    "externalservice",
    "faultinjection",
    "gateway",
    "gateway-delegated",
    "gateway-routes",
    "gateway-tls",
    "health",
    "healthcheck",
    "hostnamegenerator",
    "mesh",
    "mesh-metrics",
    "meshaccesslog",
    "meshcircuitbreaker",
    "meshexternalservice",
    "meshfaultinjection",
    "meshgateway",
    "meshgatewayroute",
    "meshhealthcheck",
    "meshhttproute",
    "meshidentity",
    "meshloadbalancingstrategy",
    "meshmetric",
    "meshmultizoneservice",
    "meshpassthrough",
    "meshproxypatch",
    "meshratelimit",
    "meshretry",
    "meshservice",
    "meshservices-mode",
    "meshtcproute",
    "meshtimeout",
    "meshtls",
    "meshtrace",
    "meshtrafficpermission",
    "meshtrust",
    "mtls",
    "multizone",
    "precedence",
    "proxytemplate",
    "ratelimit",
    "rejected",
    "retry",
    "shadow",
    "timeout",
    "trafficlog",
    "trafficpermission",
    "trafficroute",
    "traffictrace",
    "transparent-proxy",
    "unified-naming",
    "vip",
    "virtualoutbound",
    "zoneegress",
    "zoneingress",
};

class Conformance : public testing::TestWithParam<std::string> {};

TEST_P(Conformance, CasesAreEqualButTheNamedMisses) {
  auto root = corpus();
  if (!root) GTEST_SKIP() << no_corpus;
  auto named = misses();
  std::size_t equal = 0, all = 0, matched = 0, total = 0;
  for (const Case& subject : cases(*root, GetParam())) {
    Verdict verdict = judge(subject);
    ++all;
    equal += verdict.equal ? 1 : 0;
    matched += verdict.matched;
    total += verdict.total;
    bool miss = named.contains(subject.id());
    if (!verdict.equal && !miss)
      ADD_FAILURE() << fmt::format("{0}: {1} of {2} resources are equal; kumasim-xds-score {0} prints the differences",
                                   subject.id(), verdict.matched, verdict.total);
    if (verdict.equal && miss)
      ADD_FAILURE() << subject.id() << ": equal: delete it from the known misses, which only shrink";
  }
  fmt::print("{}: {}/{} cases, {}/{} resources\n", GetParam(), equal, all, matched, total);
}

INSTANTIATE_TEST_SUITE_P(Areas, Conformance, testing::ValuesIn(areas), [](const auto& info) {
  std::string name = info.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

TEST(ConformanceCorpus, HasTheAreasAndMissesThatAreNamedHere) {
  auto root = corpus();
  if (!root) GTEST_SKIP() << no_corpus;
  std::vector<Case> all = cases(*root, "");
  EXPECT_EQ(all.size(), known()["corpus"]["xds"]);
  std::set<std::string> found;
  auto unseen = misses();
  for (const Case& subject : all) {
    found.insert(subject.area);
    unseen.erase(subject.id());
  }
  EXPECT_EQ(found, std::set<std::string>(areas.begin(), areas.end()));
  for (const auto& [name, reason] : unseen) ADD_FAILURE() << name << ": a miss that the corpus does not have";
}

}  // namespace
}  // namespace kumasim::cp::golden
