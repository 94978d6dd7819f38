/// What `kumasim diff` says of pairs of sets.
#include "scenarios/behaviour/behaviour_diff.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/scenarios/behaviour/still_mesh.hpp"

namespace kumasim::scenario {
namespace {

using namespace testing;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

BehaviourDiff diff(const std::string& before, const std::string& after, const DeploymentOptions& options = {}) {
  Workshop workshop;
  Deployment was = deploy(set_of("before", before), workshop, options),
             is = deploy(set_of("after", after), workshop, options);
  return compare(was, is, nullptr);
}

std::vector<std::string> lines(const BehaviourDiff& diff) {
  std::vector<std::string> out;
  for (const FlowDifference& change : diff.changes) out.push_back(change.text());
  return out;
}

TEST(BehaviourDiff, NamesThePermissionWhoseRemovalDenies) {
  auto found = diff(mtls_mesh + allow_all + dataplanes, mtls_mesh + dataplanes);
  EXPECT_THAT(lines(found), ElementsAre("audit, web -> backend: allowed -> denied (MeshTrafficPermission all removed)",
                                        "backend -> audit: allowed -> denied (MeshTrafficPermission all removed)"));
  EXPECT_EQ(found.flows, 5u);
  EXPECT_THAT(found.changes.front().categories, ElementsAre("denied"));
  EXPECT_THAT(found.changes.front().why_after, HasSubstr("no rule lets in spiffe://default/audit"));
}

TEST(BehaviourDiff, NamesATimeoutAndWhatDecidesIt) {
  auto found = diff(plain_mesh + timeout("15s") + dataplanes, plain_mesh + timeout("5s") + dataplanes);
  EXPECT_THAT(lines(found), ElementsAre("web -> backend: timeout 15s -> 5s (MeshTimeout web-timeouts changed)"));
  EXPECT_THAT(found.changes.front().categories, ElementsAre("timeout"));
}

TEST(BehaviourDiff, GivesThePartsOfASplit) {
  auto found = diff(plain_mesh + split(90, 10) + dataplanes, plain_mesh + split(50, 50) + dataplanes);
  EXPECT_THAT(lines(found), ElementsAre("web -> backend: route version=v1 90%, version=v2 10% -> version=v1 50%, "
                                        "version=v2 50% (MeshHTTPRoute canary changed)"));
}

TEST(BehaviourDiff, TellsRequestsApartThatARouteTakes) {
  const std::string admin = R"(
---
type: MeshHTTPRoute
mesh: default
name: admin
spec:
  targetRef: {kind: MeshSubset, tags: {kuma.io/service: web}}
  to:
  - targetRef: {kind: MeshService, name: backend}
    rules:
    - matches: [{path: {type: PathPrefix, value: /admin}, method: POST}, {path: {type: RegularExpression, value: "/v[0-9]/x"}}]
      default: {backendRefs: [{kind: MeshServiceSubset, name: backend, tags: {version: v2}}]}
)";
  auto found = diff(plain_mesh + dataplanes, plain_mesh + admin + dataplanes);
  EXPECT_THAT(lines(found), Contains("web -> backend GET /v0/x, POST /admin, POST /admin/x, POST /v0/x: route backend "
                                     "-> version=v2 (MeshHTTPRoute admin added)"));
  for (const FlowDifference& change : found.changes)
    EXPECT_EQ(change.from, std::vector<std::string>{"web"}) << change.text();
}

TEST(BehaviourDiff, SeesTlsComeAndGo) {
  auto on = diff(plain_mesh + allow_all + dataplanes, mtls_mesh + allow_all + dataplanes);
  EXPECT_THAT(lines(on), ElementsAre("audit, web -> backend: plaintext -> mtls (Mesh default changed)",
                                     "backend -> audit: plaintext -> mtls (Mesh default changed)"));
  EXPECT_THAT(on.changes.front().categories, ElementsAre("encrypted"));
  auto off = diff(mtls_mesh + allow_all + dataplanes, plain_mesh + allow_all + dataplanes);
  EXPECT_THAT(off.changes.front().categories, ElementsAre("plaintext"));
}

TEST(BehaviourDiff, SaysNothingWhereNothingChanges) {
  auto reordered =
      diff(mtls_mesh + allow_all + timeout("5s") + dataplanes, dataplanes + timeout("5s") + mtls_mesh + allow_all);
  EXPECT_THAT(lines(reordered), IsEmpty());
  EXPECT_THAT(reordered.resources, IsEmpty());
  std::string other = allow_all;
  other.replace(other.find("name: all"), 9, "name: everybody");
  auto renamed = diff(mtls_mesh + allow_all + dataplanes, mtls_mesh + other + dataplanes);
  EXPECT_THAT(lines(renamed), IsEmpty());
  EXPECT_THAT(diff_text(renamed), HasSubstr("without effect on any call: MeshTrafficPermission all removed, "
                                            "MeshTrafficPermission everybody added"));
}

TEST(BehaviourDiff, LooksAtOtherPoliciesToo) {
  const std::string policies = R"(
---
type: MeshRetry
mesh: default
name: tries
spec: {targetRef: {kind: Mesh}, to: [{targetRef: {kind: MeshService, name: backend}, default: {http: {numRetries: 3, perTryTimeout: 2s, retryOn: [5xx]}}}]}
---
type: MeshFaultInjection
mesh: default
name: trouble
spec:
  targetRef: {kind: MeshService, name: backend}
  from: [{targetRef: {kind: MeshService, name: web}, default: {http: [{abort: {httpStatus: 500, percentage: "10"}}]}}]
---
type: MeshRateLimit
mesh: default
name: limit
spec:
  targetRef: {kind: MeshService, name: backend}
  from: [{targetRef: {kind: Mesh}, default: {local: {http: {requestRate: {num: 100, interval: 10s}}}}}]
---
type: MeshCircuitBreaker
mesh: default
name: breaker
spec:
  targetRef: {kind: Mesh}
  to: [{targetRef: {kind: MeshService, name: backend}, default: {connectionLimits: {maxConnections: 2}, outlierDetection: {detectors: {totalFailures: {consecutive: 10}}}}}]
)";
  auto found = diff(mtls_mesh + allow_all + dataplanes, mtls_mesh + allow_all + policies + dataplanes);
  auto all = lines(found);
  EXPECT_THAT(all, Contains(HasSubstr("audit, web -> backend: retries ")));
  EXPECT_THAT(all, Contains(HasSubstr("-> 3 (MeshRetry tries added)")));
  EXPECT_THAT(all, Contains("web -> backend: injected abort none -> 500 for 10% (MeshFaultInjection trouble added)"));
  EXPECT_THAT(all,
              Contains("audit, web -> backend: rate limit none -> 100 in 10s, then 429 (MeshRateLimit limit added)"));
  EXPECT_THAT(all, Contains(HasSubstr("most connections 1024 -> 2 (MeshCircuitBreaker breaker added)")));
  EXPECT_THAT(all, Contains(HasSubstr("outlier detection ")));
}

TEST(BehaviourDiff, SaysThatAnEnvoyRefusesAConfiguration) {
  const std::string bad = R"(
---
type: MeshHTTPRoute
mesh: default
name: bad-pattern
spec:
  targetRef: {kind: MeshService, name: web}
  to:
  - targetRef: {kind: MeshService, name: backend}
    rules: [{matches: [{path: {type: RegularExpression, value: "/api["}}], default: {}}]
)";
  auto found = diff(plain_mesh + dataplanes, plain_mesh + bad + dataplanes);
  EXPECT_THAT(lines(found),
              Contains(HasSubstr("web -> backend: configuration accepted -> refused: Envoy refuses it: ")));
}

TEST(BehaviourDiff, AsksDataplanesWithoutOutboundsForEveryService) {
  std::string bare = dataplane("a-0", "10.0.0.1", "kuma.io/service: a") +
                     dataplane("b-0", "10.0.0.2", "kuma.io/service: b") +
                     dataplane("c-0", "10.0.0.3", "kuma.io/service: c", "a");
  auto found = diff(mtls_mesh + allow_all + bare, mtls_mesh + bare);
  EXPECT_EQ(found.flows, 5u);
  EXPECT_EQ(diff(mtls_mesh + bare, mtls_mesh + bare, {.all_pairs = true}).flows, 6u);
  const char* exclusive = R"(
---
type: Mesh
name: default
meshServices: {mode: Exclusive}
mtls: {enabledBackend: ca-1, backends: [{name: ca-1, type: builtin}]}
)";
  bare.erase(bare.find("  outbound: "));
  EXPECT_THAT(lines(diff(exclusive + allow_all + bare, exclusive + bare)),
              ElementsAre("a, b -> c: allowed -> denied (MeshTrafficPermission all removed)",
                          "a, c -> b: allowed -> denied (MeshTrafficPermission all removed)",
                          "b, c -> a: allowed -> denied (MeshTrafficPermission all removed)"));
}

TEST(BehaviourDiff, TellsVersionsOfAClientApart) {
  const std::string only_v1 = R"(
---
type: MeshTimeout
mesh: default
name: v1-only
spec:
  targetRef: {kind: MeshSubset, tags: {version: v1}}
  to: [{targetRef: {kind: Mesh}, default: {http: {requestTimeout: 1s}}}]
)";
  EXPECT_THAT(lines(diff(plain_mesh + dataplanes, plain_mesh + only_v1 + dataplanes)),
              ElementsAre("backend version=v1 -> audit: timeout 15s -> 1s (MeshTimeout v1-only added)"));
}

/// Of an HTTP route of web to backend that sends what matches to v2.
std::string to_v2(const std::string& match) {
  return R"(
---
type: MeshHTTPRoute
mesh: default
name: some
spec:
  targetRef: {kind: MeshSubset, tags: {kuma.io/service: web}}
  to:
  - targetRef: {kind: MeshService, name: backend}
    rules: [{matches: [)" +
         match + "], default: {backendRefs: [{kind: MeshServiceSubset, name: backend, tags: {version: v2}}]}}]\n";
}

/// The route alone, where it takes more requests than before.
std::vector<std::string> widened(const std::string& before, const std::string& after) {
  std::vector<std::string> out;
  for (const FlowDifference& change :
       diff(plain_mesh + to_v2(before) + dataplanes, plain_mesh + to_v2(after) + dataplanes).changes)
    if (change.fact == FactId::route) out.push_back(change.text());
  return out;
}

TEST(BehaviourDiff, SeesARouteTakeMore) {
  const std::string end = ": route backend -> version=v2 (MeshHTTPRoute some changed)";
  EXPECT_THAT(widened("{path: {type: Exact, value: /api}}", "{path: {type: PathPrefix, value: /api}}"),
              Contains("web -> backend GET /api/x" + end));
  EXPECT_THAT(widened("{path: {type: Exact, value: /api}, method: GET}", "{path: {type: Exact, value: /api}}"),
              Contains("web -> backend POST /api" + end));
  EXPECT_THAT(widened("{path: {type: Exact, value: /api}, headers: [{type: Absent, name: x-old}]}",
                      "{path: {type: Exact, value: /api}}"),
              Contains("web -> backend GET /api x-old:any" + end));
  EXPECT_THAT(widened("{path: {type: Exact, value: /api}, headers: [{type: Exact, name: x-new, value: a}]}",
                      "{path: {type: Exact, value: /api}}"),
              Contains("web -> backend GET /api, POST /api" + end));
}

TEST(BehaviourDiff, SaysHowManyRequestsItLeavesOut) {
  std::string many;
  for (int i = 0; i < 100; ++i) many += fmt::format("{}{{path: {{type: Exact, value: /p{}}}}}", i ? ", " : "", i);
  auto set = plain_mesh + to_v2(many) + dataplanes;
  EXPECT_THAT(diff(set, set).notes,
              Contains("before: of the requests to backend that routes tell apart 45 are not looked at"));
}

TEST(BehaviourDiff, FilesADenialOfAPartAsOne) {
  const std::string v1_only = R"(
---
type: MeshTrafficPermission
mesh: default
name: all
spec:
  targetRef: {kind: MeshSubset, tags: {version: v1}}
  from: [{targetRef: {kind: Mesh}, default: {action: Allow}}]
)";
  const std::string rest = split(50, 50) + dataplanes;
  auto find = [](const BehaviourDiff& found) {
    for (const FlowDifference& change : found.changes)
      if (change.fact == FactId::access && change.from.front() == "web") return change;
    return FlowDifference{};
  };
  FlowDifference lost = find(diff(mtls_mesh + allow_all + rest, mtls_mesh + v1_only + rest));
  EXPECT_EQ(lost.after, "allowed (version=v1), denied (version=v2)");
  EXPECT_THAT(lost.categories, ElementsAre("denied"));
  EXPECT_THAT(find(diff(mtls_mesh + v1_only + rest, mtls_mesh + allow_all + rest)).categories, ElementsAre("allowed"));
  EXPECT_THAT(find(diff(mtls_mesh + rest, mtls_mesh + v1_only + rest)).categories, ElementsAre("allowed"));
}

TEST(BehaviourDiff, FilesANewCallAsAllowedAndALostOneAsUnreachable) {
  std::string apart = dataplane("web-0", "10.0.0.1", "kuma.io/service: web", "backend") +
                      dataplane("backend-0", "10.0.0.2", "kuma.io/service: backend", "web");
  std::string third = dataplane("third-0", "10.0.0.3", "kuma.io/service: third", "web");
  auto more = diff(plain_mesh + apart, plain_mesh + apart + third);
  EXPECT_THAT(lines(more), ElementsAre("third -> web: no such call -> allowed"));
  EXPECT_THAT(more.changes.front().categories, ElementsAre("allowed"));
  EXPECT_THAT(diff(plain_mesh + apart + third, plain_mesh + apart).changes.front().categories,
              ElementsAre("unreachable"));
}

TEST(BehaviourDiff, FilesMixedTransportByWhatIsNew) {
  auto outside = [](const std::string& tls) {
    return "\n---\ntype: ExternalService\nmesh: default\nname: old\ntags: {kuma.io/service: old, kuma.io/protocol: "
           "http}\n"
           "networking: {address: 'old.example.com:80'" +
           tls + "}\n";
  };
  const std::string half = R"(
---
type: MeshHTTPRoute
mesh: default
name: half
spec:
  targetRef: {kind: MeshSubset, tags: {kuma.io/service: web}}
  to:
  - targetRef: {kind: MeshService, name: backend}
    rules:
    - matches: [{path: {type: PathPrefix, value: /}}]
      default: {backendRefs: [{kind: MeshService, name: backend, weight: 50}, {kind: MeshService, name: old, weight: 50}]}
)";
  auto transport = [](const BehaviourDiff& found) {
    for (const FlowDifference& change : found.changes)
      if (change.fact == FactId::transport && change.from.front() == "web" && change.to == "backend") return change;
    return FlowDifference{};
  };
  const std::string base = mtls_mesh + allow_all + dataplanes;
  FlowDifference plain = transport(diff(base + outside(""), base + outside("") + half));
  EXPECT_THAT(plain.after, HasSubstr(", plaintext ("));
  EXPECT_THAT(plain.categories, ElementsAre("plaintext"));
  FlowDifference tls =
      transport(diff(base + outside(", tls: {enabled: true}"), base + outside(", tls: {enabled: true}") + half));
  EXPECT_THAT(tls.after, HasSubstr(", tls ("));
  EXPECT_THAT(tls.categories, ElementsAre("unauthenticated"));
}

TEST(BehaviourDiff, TellsEqualDataplanesApartThatAPolicyNames) {
  auto one = [](const std::string& target) {
    return "\n---\ntype: MeshTimeout\nmesh: default\nname: one\nspec:\n  targetRef: {kind: Dataplane, " + target +
           "}\n  to: [{targetRef: {kind: Mesh}, default: {http: {requestTimeout: 1s}}}]\n";
  };
  const std::string change = "web (web-1) -> backend: timeout 15s -> 1s (MeshTimeout one added)";
  EXPECT_THAT(lines(diff(plain_mesh + dataplanes, plain_mesh + one("name: web-1") + dataplanes)), ElementsAre(change));
  std::string labelled = dataplanes;
  labelled.insert(labelled.find("name: web-1\n") + 12, "labels: {kuma.io/display-name: web-1}\n");
  EXPECT_THAT(lines(diff(plain_mesh + labelled, plain_mesh + one("labels: {kuma.io/display-name: web-1}") + labelled)),
              ElementsAre(change));
}

TEST(BehaviourDiff, SeesHttpBecomeBytes) {
  std::string bytes = dataplanes;
  for (std::size_t at = 0; (at = bytes.find("service: backend, version", at)) != std::string::npos; ++at)
    bytes.replace(bytes.find("protocol: http", at), 14, "protocol: tcp");
  auto found = diff(plain_mesh + dataplanes, plain_mesh + bytes);
  EXPECT_THAT(lines(found), Contains("audit, web -> backend: protocol http -> tcp"));
  EXPECT_THAT(lines(found), Contains("audit, web -> backend: timeout 15s -> none"));
}

TEST(BehaviourDiff, SaysThatAConfigurationDiffersInWhatIsNotLookedAt) {
  const std::string log = R"(
---
type: MeshAccessLog
mesh: default
name: log
spec:
  targetRef: {kind: MeshSubset, tags: {kuma.io/service: web}}
  to: [{targetRef: {kind: Mesh}, default: {backends: [{type: File, file: {path: /tmp/access.log}}]}}]
)";
  auto found = diff(plain_mesh + dataplanes, plain_mesh + log + dataplanes);
  EXPECT_THAT(lines(found),
              ElementsAre("web: configuration differs in what is not looked at (MeshAccessLog log added)"));
  EXPECT_THAT(found.changes.front().categories, ElementsAre("unseen"));
  EXPECT_THAT(diff_text(found), Not(HasSubstr("without effect")));
}

TEST(BehaviourDiff, LooksAtFiltersOfEachPartOfASplit) {
  const std::string half = R"(
---
type: MeshProxyPatch
mesh: default
name: half
spec:
  targetRef: {kind: MeshSubset, tags: {kuma.io/service: web}}
  default:
    appendModifications:
    - httpFilter:
        operation: AddFirst
        match: {origin: outbound}
        value: |
          name: envoy.filters.http.fault
          typedConfig: {'@type': type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault}
    - virtualHost:
        operation: Patch
        match: {origin: outbound}
        jsonPatches:
        - op: add
          path: /routes/0/route/weightedClusters/clusters/1/typedPerFilterConfig
          value:
            envoy.filters.http.fault:
              '@type': type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault
              abort: {httpStatus: 503, percentage: {numerator: 100}}
)";
  auto found = diff(plain_mesh + split(50, 50) + dataplanes, plain_mesh + split(50, 50) + half + dataplanes);
  EXPECT_THAT(lines(found), Contains(AllOf(HasSubstr("web -> backend: injected abort none -> 503 for 100% (version=v"),
                                           HasSubstr("), none (version=v"))));
}

TEST(BehaviourDiff, IsReadByMachines) {
  auto json = diff_json(diff(mtls_mesh + allow_all + dataplanes, mtls_mesh + dataplanes));
  const auto& change = json["changes"][0];
  EXPECT_EQ(change["from"], (nlohmann::json{"audit", "web"}));
  EXPECT_EQ(change["fact"], "access");
  EXPECT_EQ(change["after"], "denied");
  EXPECT_EQ(
      change["policies"][0],
      (nlohmann::json{{"type", "MeshTrafficPermission"}, {"mesh", "default"}, {"name", "all"}, {"state", "removed"}}));
  EXPECT_THAT(difference_categories(), IsSupersetOf(change["categories"].get<std::vector<std::string>>()));
}

}  // namespace
}  // namespace kumasim::scenario
