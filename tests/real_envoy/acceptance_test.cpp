/// A real Envoy takes every configuration of the conformance corpus, but the known refusals, which it also refuses when
/// real Kuma sends them.
///
/// A sample; KUMASIM_ENVOY_CASES in the environment asks for other cases: "all", or areas and AREA/CASE between spaces.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <string>

#include <fmt/format.h>

#include "tests/real_envoy/acceptance.hpp"
#include "tests/real_envoy/chosen_cases.hpp"

namespace kumasim::test {
namespace {

using cp::golden::Case;

/// Proxies of cases. Together they hold nine of ten kinds of field that the corpus' resources have: chosen greedily by
/// what each adds.
const std::map<std::string, std::set<std::string>> sample = {
    {"dataplane/no-features", {"backend"}},
    {"externalservice/tls-client-certs", {"demo-client"}},
    {"faultinjection/delay", {"backend-v1"}},
    {"gateway-routes/should-create-a-redirect-route", {"gateway"}},
    {"gateway-routes/should-create-a-request-header-rewrite-route", {"gateway"}},
    {"gateway-tls/https-meshtls-version", {"backend", "gateway"}},
    {"gateway/all-policies-legacy-mode", {"gateway"}},
    {"healthcheck/jitter", {"demo-client"}},
    {"healthcheck/logs", {"demo-client"}},
    {"mesh/default-policies-gateway", {"gateway"}},
    {"meshaccesslog/e2e-outbound-route", {"demo-client"}},
    {"meshaccesslog/to-otel-body", {"backend"}},
    {"meshaccesslog/to-tcp-plain", {"demo-client"}},
    {"meshcircuitbreaker/docs-mesh-2", {"backend"}},
    {"meshcircuitbreaker/e2e-outbound", {"demo-client"}},
    {"meshexternalservice/tls-renegotiation", {"demo-client", "egress"}},
    {"meshfaultinjection/valid-1-accepts-valid-resource", {"backend"}},
    {"meshhealthcheck/to-http-headers", {"demo-client"}},
    {"meshhttproute/filter-redirect", {"demo-client"}},
    {"meshhttproute/gateway-filters", {"gateway"}},
    {"meshhttproute/gateway-match-all-kinds", {"gateway"}},
    {"meshhttproute/match-query", {"demo-client"}},
    {"meshhttproute/merge-two-policies", {"demo-client"}},
    {"meshloadbalancingstrategy/to-ring-hash", {"demo-client"}},
    {"meshmetric/valid-1-full-spec", {"svc-1"}},
    {"meshpassthrough/mysql", {"demo-client"}},
    {"meshproxypatch/http-jsonpatch", {"demo-client"}},
    {"meshretry/to-http-codes-methods", {"demo-client"}},
    {"meshretry/to-http-rate-limited", {"demo-client"}},
    {"meshtrace/docs-meshtrace-6", {"backend"}},
    {"meshtrafficpermission/e2e-from-rules-long", {"test-server"}},
    {"meshtrafficpermission/valid-5-full-rules-example", {"backend"}},
    {"multizone/remote-split", {"demo-client"}},
    {"proxytemplate/http-patch", {"backend-v1"}},
    {"ratelimit/status", {"backend-v1"}},
    {"retry/docs-retry-1", {"web"}},
    {"trafficroute/http-modify", {"demo-client"}},
    {"unified-naming/proxy-patch", {"backend"}},
    {"zoneegress/external-service-tls", {"egress"}},
    {"zoneingress/with-traffic-route", {"ingress"}}};

TEST(RealEnvoyAcceptance, TakesEveryConfigurationOfTheCorpus) {
  auto root = cp::golden::corpus();
  if (!root && !cases_are_asked_for()) GTEST_SKIP() << "no conformance corpus at ../shared/conformance";
  ASSERT_TRUE(root) << "no conformance corpus at ../shared/conformance";
  const std::vector<Case> all = cp::golden::cases(*root, "");
  std::string names;
  for (const auto& [id, proxies] : sample) names += id + " ";
  const std::vector<Case> chosen = chosen_cases(all, names);
  const bool sampled = !cases_are_asked_for();
  auto takes = [&](const std::string& id, const std::string& proxy) {
    return !sampled || sample.at(id).contains(proxy);
  };
  const Acceptance result = accept(chosen, takes);
  if (result.impossible && !cases_are_asked_for()) GTEST_SKIP() << result.impossible->message;
  ASSERT_FALSE(result.impossible) << result.impossible->message;

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
    const bool tried = std::ranges::any_of(chosen, is_it);
    if (tried && takes(each.id, each.proxy))
      ADD_FAILURE() << fmt::format("{}, {}: no longer refused; delete it from the known refusals", each.id, each.proxy);
    else if (std::ranges::none_of(all, is_it))
      ADD_FAILURE() << each.id << ": a known refusal that the corpus does not have";
  }
  fmt::print("{} cases, {} proxies: Envoy took the configuration of {}; {} more are sent nothing\n", result.cases,
             result.proxies, result.proxies - refused.size(), result.without);
}

}  // namespace
}  // namespace kumasim::test
