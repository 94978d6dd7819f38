/// Generation against recordings of real Kuma: each area keeps at least the number of cases that it has reached.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "tests/golden/corpus.hpp"

namespace kumasim::cp::golden {
namespace {

/// Raise `floor` with every case that comes to be equal.
struct Area {
  const char* name;
  std::size_t floor;
};

class Conformance : public testing::TestWithParam<Area> {};

TEST_P(Conformance, AreaKeepsItsCases) {
  auto root = corpus();
  if (!root) GTEST_SKIP() << "no conformance corpus at ../shared/conformance";
  std::size_t equal = 0, all = 0, matched = 0, total = 0;
  std::string failed;
  for (const Case& subject : cases(*root, GetParam().name)) {
    Verdict verdict = judge(subject);
    ++all;
    matched += verdict.matched;
    total += verdict.total;
    if (verdict.equal)
      ++equal;
    else
      failed += fmt::format("\n  {} ({}/{})", subject.id(), verdict.matched, verdict.total);
  }
  fmt::print("{}: {}/{} cases, {}/{} resources\n", GetParam().name, equal, all, matched, total);
  EXPECT_GE(equal, GetParam().floor) << "kumasim-xds-score AREA/CASE prints the differences of:" << failed;
}

INSTANTIATE_TEST_SUITE_P(
    Areas, Conformance,
    testing::Values(Area{"meshtimeout", 36}, Area{"mtls", 14}, Area{"trafficroute", 15},
                    Area{"meshtrafficpermission", 30}, Area{"dataplane", 20}, Area{"mesh-metrics", 6},
                    Area{"precedence", 23}, Area{"transparent-proxy", 21}, Area{"meshservice", 16}, Area{"vip", 5},
                    Area{"meshservices-mode", 7}, Area{"hostnamegenerator", 5}, Area{"zoneingress", 6},
                    Area{"zoneegress", 17}, Area{"multizone", 9}, Area{"meshexternalservice", 8},
                    Area{"meshmultizoneservice", 9}, Area{"rejected", 9}, Area{"meshhttproute", 25},
                    Area{"unified-naming", 7}, Area{"meshretry", 19}, Area{"meshcircuitbreaker", 25},
                    Area{"shadow", 10}, Area{"trafficpermission", 7}, Area{"meshproxypatch", 30},
                    Area{"proxytemplate", 16}, Area{"meshtls", 24}, Area{"meshloadbalancingstrategy", 22},
                    Area{"meshpassthrough", 17}, Area{"meshmetric", 16}, Area{"gateway", 28},
                    Area{"gateway-routes", 39}, Area{"gateway-tls", 13}, Area{"gateway-delegated", 15},
                    Area{"meshgateway", 3}, Area{"meshgatewayroute", 3}, Area{"meshhealthcheck", 16},
                    Area{"meshratelimit", 20}, Area{"meshfaultinjection", 16}, Area{"meshtrace", 21},
                    Area{"meshaccesslog", 31}),
    [](const auto& info) {
      std::string name = info.param.name;
      std::ranges::replace(name, '-', '_');
      return name;
    });

}  // namespace
}  // namespace kumasim::cp::golden
