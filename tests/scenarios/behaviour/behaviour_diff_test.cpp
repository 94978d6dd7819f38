/// What `kumasim diff` says of pairs of sets.
#include "scenarios/behaviour/behaviour_diff.hpp"

#include <gmock/gmock.h>

#include "tests/scenarios/behaviour/still_mesh.hpp"

namespace kumasim::scenario {
namespace {

using namespace testing;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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
  EXPECT_EQ(found.changes.front().category, "denied");
  EXPECT_THAT(found.changes.front().why_after, HasSubstr("no rule lets in spiffe://default/audit"));
}

TEST(BehaviourDiff, NamesATimeoutAndWhatDecidesIt) {
  auto found = diff(plain_mesh + timeout("15s") + dataplanes, plain_mesh + timeout("5s") + dataplanes);
  EXPECT_THAT(lines(found), ElementsAre("web -> backend: timeout 15s -> 5s (MeshTimeout web-timeouts changed)"));
  EXPECT_EQ(found.changes.front().category, "timeout");
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
  EXPECT_THAT(
      lines(found),
      Contains("web -> backend GET /v0/x, POST /admin: route backend -> version=v2 (MeshHTTPRoute admin added)"));
  for (const FlowDifference& change : found.changes)
    EXPECT_EQ(change.from, std::vector<std::string>{"web"}) << change.text();
}

TEST(BehaviourDiff, SeesTlsComeAndGo) {
  auto on = diff(plain_mesh + allow_all + dataplanes, mtls_mesh + allow_all + dataplanes);
  EXPECT_THAT(lines(on), ElementsAre("audit, web -> backend: plaintext -> mtls (Mesh default changed)",
                                     "backend -> audit: plaintext -> mtls (Mesh default changed)"));
  EXPECT_EQ(on.changes.front().category, "encrypted");
  auto off = diff(mtls_mesh + allow_all + dataplanes, plain_mesh + allow_all + dataplanes);
  EXPECT_EQ(off.changes.front().category, "plaintext");
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

TEST(BehaviourDiff, IsReadByMachines) {
  auto json = diff_json(diff(mtls_mesh + allow_all + dataplanes, mtls_mesh + dataplanes));
  const auto& change = json["changes"][0];
  EXPECT_EQ(change["from"], (nlohmann::json{"audit", "web"}));
  EXPECT_EQ(change["fact"], "access");
  EXPECT_EQ(change["after"], "denied");
  EXPECT_EQ(
      change["policies"][0],
      (nlohmann::json{{"type", "MeshTrafficPermission"}, {"mesh", "default"}, {"name", "all"}, {"state", "removed"}}));
  EXPECT_THAT(difference_categories(), Contains(change["category"].get<std::string>()));
}

}  // namespace
}  // namespace kumasim::scenario
