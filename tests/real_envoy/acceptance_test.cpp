/// A real Envoy takes every configuration of the conformance corpus, but the known refusals, which it also refuses when
/// real Kuma sends them.
///
/// A sample; KUMASIM_ENVOY_CASES in the environment asks for other cases: "all", or areas and AREA/CASE between spaces.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "tests/real_envoy/acceptance.hpp"
#include "tests/real_envoy/chosen_cases.hpp"

namespace kumasim::test {
namespace {

using cp::golden::Case;

/// Together they hold nine of ten kinds of field that the corpus' resources have: chosen greedily by what each adds.
constexpr std::string_view sample =
    "dataplane/no-features externalservice/tls-client-certs externalservice/tls-skip-hostname faultinjection/delay "
    "gateway-routes/should-create-a-redirect-route gateway-routes/should-create-a-request-header-rewrite-route "
    "gateway-tls/https-meshtls-version gateway/all-policies-legacy-mode healthcheck/jitter healthcheck/logs "
    "mesh/default-policies-gateway meshaccesslog/e2e-outbound-route meshaccesslog/to-otel-body "
    "meshaccesslog/to-tcp-plain meshcircuitbreaker/docs-mesh-2 meshcircuitbreaker/e2e-outbound "
    "meshexternalservice/tls-renegotiation meshfaultinjection/valid-1-accepts-valid-resource "
    "meshhealthcheck/to-http-headers meshhttproute/filter-redirect meshhttproute/gateway-filters "
    "meshhttproute/gateway-match-all-kinds meshhttproute/match-query meshhttproute/merge-two-policies "
    "meshidentity/spire meshloadbalancingstrategy/to-ring-hash meshmetric/valid-1-full-spec meshpassthrough/mysql "
    "meshproxypatch/http-jsonpatch meshretry/to-http-codes-methods meshretry/to-http-rate-limited "
    "meshtrace/docs-meshtrace-6 meshtrafficpermission/e2e-from-rules-long "
    "meshtrafficpermission/valid-5-full-rules-example multizone/remote-split proxytemplate/http-patch ratelimit/status "
    "retry/docs-retry-1 trafficroute/http-modify transparent-proxy/inbound-vip-overlap unified-naming/proxy-patch "
    "zoneegress/external-service-tls zoneingress/with-traffic-route";

TEST(RealEnvoyAcceptance, TakesEveryConfigurationOfTheCorpus) {
  auto root = cp::golden::corpus();
  if (!root) GTEST_SKIP() << "no conformance corpus at ../shared/conformance";
  const std::vector<Case> all = cp::golden::cases(*root, "");
  const std::vector<Case> chosen = chosen_cases(all, sample);
  const Acceptance result = accept(chosen);
  if (result.impossible) GTEST_SKIP() << result.impossible->message;

  const std::vector<KnownRefusal> known = known_refusals();
  std::vector<KnownRefusal> unseen = known;
  std::set<std::string> refused;
  for (const Finding& finding : result.findings) {
    auto entry = std::ranges::find_if(known, [&](const KnownRefusal& each) { return each.tells(finding); });
    refused.insert(finding.id + " " + finding.proxy);
    if (entry == known.end())
      ADD_FAILURE() << fmt::format("{}, {}, {}: {}", finding.id, finding.proxy, finding.what, finding.message);
    else
      std::erase(unseen, *entry);
  }
  for (const KnownRefusal& each : unseen) {
    auto is_it = [&](const Case& subject) { return subject.id() == each.id; };
    if (std::ranges::any_of(chosen, is_it))
      ADD_FAILURE() << fmt::format("{}, {}: no longer refused; delete it from the known refusals", each.id, each.proxy);
    else if (std::ranges::none_of(all, is_it))
      ADD_FAILURE() << each.id << ": a known refusal that the corpus does not have";
  }
  fmt::print("{} cases, {} proxies: Envoy took the configuration of {}; {} more are sent nothing\n", result.cases,
             result.proxies, result.proxies - refused.size(), result.without);
}

}  // namespace
}  // namespace kumasim::test
