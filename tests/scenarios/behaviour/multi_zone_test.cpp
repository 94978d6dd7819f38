/// Calls through MeshMultiZoneServices, and calls to other zones, which are not looked at.
#include <algorithm>

#include <gmock/gmock.h>

#include "scenarios/behaviour/behaviour_diff.hpp"
#include "scenarios/behaviour/check_file.hpp"
#include "tests/scenarios/behaviour/still_mesh.hpp"

namespace kumasim::scenario {
namespace {

using namespace testing;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct Shop {
  std::string action = "Allow";
  std::string more = {};      ///< resources, each a line of the scenario
  std::string selector = {};  ///< more labels that `be` selects
  std::string name = "be";    ///< of the MeshMultiZoneService
};

/// web calls backend by a MeshMultiZoneService, and ledger by the MeshService of another zone.
std::string text(const Shop& shop) {
  return R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: shop}
spec:
  duration: 20s
  topology:
    zones: [{name: east}, {name: west}]
    services:
    - name: web
      zone: east
      calls:
      - {to: backend, path: /shop, backendRef: {kind: MeshMultiZoneService, labels: {kuma.io/display-name: )" +
         shop.name + R"(}}}
      - {to: ledger, backendRef: {kind: MeshService, labels: {kuma.io/display-name: ledger, kuma.io/zone: west}}}
      - {to: stock, backendRef: {kind: MeshService, labels: {kuma.io/display-name: stock, kuma.io/zone: east}}}
    - {name: backend, zones: [east, west]}
    - {name: ledger, zones: [east, west]}
    - {name: stock, zone: east}
  resources:
  - type: Mesh
    name: default
    meshServices: {mode: Exclusive}
    mtls: {enabledBackend: ca-1, backends: [{name: ca-1, type: builtin}]}
  - {type: MeshTrafficPermission, mesh: default, name: all, spec: {from: [{targetRef: {kind: Mesh}, default: {action: )" +
         shop.action + R"(}}]}}
  - type: MeshMultiZoneService
    mesh: default
    name: )" +
         shop.name + R"(
    spec:
      selector: {meshService: {matchLabels: {kuma.io/display-name: backend)" +
         shop.selector + R"(}}}
      ports: [{port: 8080, appProtocol: http}]
)" + shop.more +
         R"(  load: [{from: web, to: backend, rate: 10/s}]
  expect: [{always: no-plaintext}]
)";
}

PolicySet set(const std::string& name, const Shop& shop) {
  PolicySet out = set_of(name, text(shop));
  if (out.scenario) add_dataplanes(out, *out.scenario);
  return out;
}

BehaviourDiff diff(const Shop& before, const Shop& after, const DeploymentOptions& options = {}) {
  Workshop workshop;
  PolicySet old = set("before", before), now = set("after", after);
  Deployment was = deploy(old, workshop, options), is = deploy(now, workshop, options);
  return compare(was, is, &*now.scenario);
}

std::vector<std::string> lines(const BehaviourDiff& diff) {
  std::vector<std::string> out;
  for (const FlowDifference& change : diff.changes) out.push_back(change.text());
  return out;
}

std::string policy(const std::string& type, const std::string& ref, const std::string& conf) {
  return "  - {type: " + type + ", mesh: default, name: p, spec: {to: [{targetRef: {kind: " + ref +
         "}, default: " + conf + "}]}}\n";
}

constexpr const char* by_name = "MeshMultiZoneService, name: be";
constexpr const char* by_label = "MeshMultiZoneService, labels: {kuma.io/display-name: be}";

TEST(MultiZone, ADenialShowsUnderTheNameOfTheMeshMultiZoneService) {
  auto found = diff({}, {.action = "Deny"});
  EXPECT_THAT(lines(found), Contains("web -> be: allowed -> denied (MeshTrafficPermission all changed)"));
  EXPECT_THAT(lines(found), Contains("web -> stock: allowed -> denied (MeshTrafficPermission all changed)"));
  EXPECT_EQ(found.flows, 2u);
  EXPECT_THAT(found.notes,
              Contains("before: calls of web to backend have the name of their MeshMultiZoneService here: be"));
  EXPECT_THAT(lines(diff({}, {})), IsEmpty());
}

TEST(MultiZone, PoliciesOnItShowAsOnAMeshService) {
  for (const char* ref : {by_name, by_label}) {
    auto with = [&](const std::string& type, const std::string& conf) {
      return lines(diff({}, {.more = policy(type, ref, conf)}));
    };
    EXPECT_THAT(with("MeshTimeout", "{http: {requestTimeout: 5s}}"),
                ElementsAre("web -> be: timeout 15s -> 5s (MeshTimeout p added)"));
    EXPECT_THAT(with("MeshRetry", "{http: {numRetries: 2}}"),
                Contains("web -> be: retries 5 -> 2 (MeshRetry p added)"));
    EXPECT_THAT(with("MeshLoadBalancingStrategy", "{loadBalancer: {type: Random}}"),
                Contains(HasSubstr("web -> be: load balancing ")));
  }
}

/// Which zones calls go to is not known to one zone: a policy on that may change what failover and balancing come to.
TEST(MultiZone, APolicyOnZonesIsNotLookedAt) {
  auto failover = [](const std::string& to) {
    return Shop{.more = policy("MeshLoadBalancingStrategy", by_name,
                               "{localityAwareness: {crossZone: {failover: [{to: {type: " + to + "}}]}}}")};
  };
  BehaviourDiff found = diff(failover("Any"), failover("None"));
  ASSERT_THAT(lines(found), Contains(HasSubstr("-> other zones: configuration is NOT looked at, and may change")));
  for (const FlowDifference& change : found.changes)
    if (change.to == "other zones") EXPECT_THAT(change.categories, ::testing::IsSupersetOf({"balancing", "failover"}));
  EXPECT_THAT(lines(diff(failover("Any"), failover("Any"))), IsEmpty());
  EXPECT_THAT(lines(diff({}, {.more = policy("MeshTimeout", by_name, "{http: {requestTimeout: 5s}}")})),
              Not(Contains(HasSubstr("other zones"))));
}

/// As an export of Global has them.
TEST(MultiZone, DataplanesSayTheirZonesThemselves) {
  auto of = [](const std::string& zone, bool aware) {
    return set_of(
        aware ? "aware" : "plain",
        "type: Mesh\nname: default\nrouting: {localityAwareLoadBalancing: " + std::string(aware ? "true" : "false") +
            "}\n---\ntype: Dataplane\nmesh: default\nname: a\nnetworking: {address: "
            "10.0.0.1, inbound: [{port: 80, tags: {kuma.io/service: a, kuma.io/zone: "
            "east}}]}\n---\ntype: Dataplane\nmesh: default\nname: b\nnetworking: "
            "{address: 10.0.0.2, inbound: [{port: 80, tags: {kuma.io/service: b, "
            "kuma.io/zone: " +
            zone + "}}]}\n");
  };
  for (auto [zone, told] : {std::pair("west", true), {"east", false}}) {
    PolicySet before = of(zone, false), after = of(zone, true);
    Workshop workshop;
    Deployment was = deploy(before, workshop), is = deploy(after, workshop);
    EXPECT_FALSE(was.zones_matter());
    EXPECT_EQ(is.zones_matter(), told);
    auto found = lines(compare(was, is, nullptr));
    EXPECT_EQ(std::ranges::any_of(found, [](const std::string& line) { return line.contains("other zones"); }), told)
        << ::testing::PrintToString(found);
  }
}

TEST(MultiZone, LeadsToWhatItSelects) {
  PolicySet of_backend = set("before", {}), of_stock = set("after", {});
  for (ResourceText& each : of_stock.resources)
    if (resource_name(each.body).type == "MeshMultiZoneService")
      each.body["spec"]["selector"]["meshService"]["matchLabels"]["kuma.io/display-name"] = "stock";
  Workshop workshop;
  Deployment was = deploy(of_backend, workshop), is = deploy(of_stock, workshop);
  EXPECT_THAT(lines(compare(was, is, nullptr)),
              Contains("web -> be: route backend -> stock (MeshMultiZoneService be changed)"));
}

TEST(MultiZone, LooksAtThePathOfTheCall) {
  const std::string route = R"(  - type: MeshHTTPRoute
    mesh: default
    name: slow
    spec:
      to:
      - targetRef: {kind: MeshMultiZoneService, name: be}
        rules:
        - matches: [{path: {type: Exact, value: /shop}}]
          default: {filters: [{type: RequestRedirect, requestRedirect: {hostname: elsewhere}}]}
)";
  EXPECT_THAT(lines(diff({}, {.more = route})),
              Contains(HasSubstr("web -> be GET /shop, POST /shop: answer of the proxy none -> ")));
}

TEST(MultiZone, AllPairsHaveItBesideAServiceOfTheSameName) {
  auto found = diff({.name = "ledger"}, {.action = "Deny", .name = "ledger"}, {.all_pairs = true});
  EXPECT_THAT(lines(found), Contains(HasSubstr("backend, stock, web -> ledger: allowed -> denied")));
  EXPECT_THAT(lines(found), Contains(HasSubstr("backend, stock -> ledger (MeshMultiZoneService): allowed -> denied")));
}

TEST(MultiZone, WhatIsNotLookedAtCountsAsAllThatMayBe) {
  auto denied = diff({}, {.action = "Deny"});
  EXPECT_THAT(denied.notes, Contains("before: the call of web to ledger is NOT looked at: it leads to zone west"));
  auto hidden = std::ranges::find(denied.changes, "ledger", &FlowDifference::to);
  ASSERT_NE(hidden, denied.changes.end());
  EXPECT_EQ(hidden->text(),
            "web -> ledger: configuration is NOT looked at, and may change (MeshTrafficPermission all changed)");
  EXPECT_THAT(hidden->categories, ElementsAre("allowed", "denied", "unreachable"));
  auto slower = diff({}, {.more = policy("MeshTimeout", "Mesh", "{http: {requestTimeout: 5s}}")});
  hidden = std::ranges::find(slower.changes, "ledger", &FlowDifference::to);
  ASSERT_NE(hidden, slower.changes.end());
  EXPECT_THAT(hidden->categories, ElementsAre("timeout"));
  const std::string elsewhere =
      "  - {type: MeshTimeout, mesh: default, name: p, spec: {targetRef: {kind: MeshSubset, tags: {kuma.io/service: "
      "stock}}, to: [{targetRef: {kind: Mesh}, default: {http: {requestTimeout: 5s}}}]}}\n";
  EXPECT_THAT(lines(diff({}, {.more = elsewhere})), Not(Contains(HasSubstr("NOT looked at"))));
  auto selecting = diff({.selector = ", kuma.io/zone: west"}, {.action = "Deny", .selector = ", kuma.io/zone: west"});
  EXPECT_THAT(lines(selecting), Contains(HasSubstr("web -> be: configuration is NOT looked at, and may change (")));
  EXPECT_THAT(selecting.notes, Contains("after: the call of web to be is NOT looked at: its MeshMultiZoneService "
                                        "selects MeshServices of zone west alone"));
}

TEST(MultiZone, WhatIsNotLookedAtAnyMoreMayBeDeniedToo) {
  for (bool back : {false, true}) {
    const Shop open, closed{.selector = ", kuma.io/zone: west"};
    auto found = back ? diff(closed, open) : diff(open, closed);
    ASSERT_THAT(lines(found), ElementsAre("web -> be: configuration is NOT looked at, and may change "
                                          "(MeshMultiZoneService be changed)"));
    EXPECT_THAT(found.changes.front().categories, ElementsAre("allowed", "denied", "protocol", "route", "unreachable"));
    EXPECT_EQ(found.flows, 1u);
  }
}

TEST(MultiZone, ARouteToAnotherZoneIsNotLookedAtEither) {
  const std::string route = R"(  - type: MeshHTTPRoute
    mesh: default
    name: away
    spec:
      targetRef: {kind: MeshSubset, tags: {kuma.io/service: web}}
      to:
      - targetRef: {kind: MeshService, name: stock}
        rules:
        - matches: [{path: {type: PathPrefix, value: /}}]
          default:
            backendRefs:
            - {kind: MeshService, port: 8080, labels: {kuma.io/display-name: backend, kuma.io/zone: west}}
)";
  auto found = diff({.more = route}, {.action = "Deny", .more = route});
  EXPECT_THAT(found.notes, Contains("before: the call of web to backend is NOT looked at: MeshHTTPRoute away: it leads "
                                    "to zone west"));
  EXPECT_THAT(lines(found), Contains(HasSubstr("web -> backend: configuration is NOT looked at, and may change (")));
}

TEST(MultiZone, ChecksAskByTheNameOfTheMeshMultiZoneService) {
  const std::string head =
      "apiVersion: kumasim/v1\nkind: Check\nmetadata: {name: c}\nspec:\n  policies: p\n  expect:\n";
  auto file = read_check(head +
                             "  - allowed(web -> be)\n  - timeout(web -> be) == 15s\n  - allowed(stock -> be)\n"
                             "  - allowed(web -> stock)\n  - allowed(web -> ledger)\n  - denied(web -> ledger)\n",
                         "c.yaml");
  ASSERT_TRUE(file);
  Workshop workshop;
  Deployment made = deploy(set("p", {}), workshop, {.pairs = file->pairs()});
  auto done = judge(*file, made);
  ASSERT_TRUE(done) << done.error()[0].text();
  for (std::size_t i = 0; i < 4; ++i) EXPECT_TRUE(done->verdicts[i].held) << done->verdicts[i].text;
  for (std::size_t i = 4; i < 6; ++i) {
    EXPECT_FALSE(done->verdicts[i].held) << done->verdicts[i].text;
    EXPECT_EQ(done->verdicts[i].seen, "NOT looked at");
    EXPECT_EQ(done->verdicts[i].why, "it leads to zone west");
  }
}

}  // namespace
}  // namespace kumasim::scenario
