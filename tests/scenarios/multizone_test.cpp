/// Simulated worlds of two zones under Global.
#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scenarios/scenario_texts.hpp"
#include "tests/scenarios/sim_run.hpp"

namespace kumasim::scenario {
namespace {

using testing::HasSubstr;

/// web in east calls backend in west only.
Scenario two_zones(const std::string& zone_fields, const std::string& mesh_fields, const std::string& rest,
                   const std::string& expectations) {
  return must_load(load_scenario(R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: two-zones}
spec:
  duration: 20s
  topology:
    zones: [{name: east)" + zone_fields +
                                     R"(}, {name: west)" + zone_fields + R"(}]
    services: [{name: web, zone: east, calls: [backend]}, {name: backend, zone: west, instances: 2}]
  resources:
  - {type: Mesh, name: default, mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]})" +
                                     mesh_fields + R"(}
  - {type: MeshTrafficPermission, mesh: default, name: all, spec: {from: [{targetRef: {kind: Mesh}, default: {action: Allow}}]}}
  load: [{from: web, to: backend, rate: 20/s}]
)" + rest + "  expect:\n" + expectations,
                                 "two-zones.yaml"));
}

TEST(TwoZones, CallsGoThroughTheOthersIngress) {
  Scenario scenario = two_zones("", "", "",
                                "  - always: no-plaintext\n  - always: failed-calls(web@east -> backend) == 0\n"
                                "  - always: share(web -> backend, kuma.io/zone=west) == 100%\n"
                                "  - eventually: {within: 20s, that: converged}\n"
                                "  - always: policy-applied(MeshTrafficPermission/all)\n"
                                "  - always: policy-applied(Mesh/default)\n");
  WorldRun first = run(scenario), second = run(scenario);
  EXPECT_EQ(broken(first), "");
  EXPECT_EQ(first.fingerprint, second.fingerprint);
}

TEST(TwoZones, CallsLeaveByTheEgress) {
  WorldRun out = run(two_zones(", egresses: 1", ", routing: {zoneEgress: true}",
                               "  faults: [{at: 10s, fault: proc.kill, target: egress-east-0}]\n",
                               "  - during: {to: 10s, that: failed-calls(web -> backend) == 0}\n"
                               "  - during: {from: 10s, to: 20s, that: blocked(web -> backend)}\n"));
  EXPECT_EQ(broken(out), "");
}

/// web in east; api in both zones, or in `zones`. One more resource, what changes at 10 s, and what is expected.
Scenario api_of_zones(const std::string& zones, const std::string& resource, const std::string& change,
                      const std::string& expectations) {
  return must_load(load_scenario(fmt::format(R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {{name: zones}}
spec:
  duration: 40s
  topology:
    zones: [{{name: east, egresses: 1}}, {{name: west, egresses: 1}}]
    services: [{{name: web, zone: east, calls: [api]}}, {{name: api, zones: {}}}]
  resources:
  - {{type: Mesh, name: default, mtls: {{enabledBackend: ca, backends: [{{name: ca, type: builtin}}]}}}}
  - {{type: MeshTrafficPermission, mesh: default, name: all, spec: {{from: [{{targetRef: {{kind: Mesh}}, default: {{action: Allow}}}}]}}}}
{}  load: [{{from: web, to: api, rate: 10/s}}]
{}  expect:
{})",
                                             zones, resource, change, expectations),
                                 "zones.yaml"));
}

const std::string within_40s = "  - eventually: {after: 10s, within: 30s, that: converged}\n";

/// A proxy that is to know of no other zone knows all that it should.
TEST(TwoZones, HaveConvergedWhereAPolicyKeepsCallsInTheirZone) {
  const std::string none =
      "  - {type: MeshLoadBalancingStrategy, mesh: default, name: lb, spec: {to: [{targetRef: {kind: MeshService, "
      "name: "
      "api}, default: {localityAwareness: {crossZone: {failover: [{to: {type: None}}]}}}}]}}\n";
  WorldRun out = run(api_of_zones("[east, west]", none, "",
                                  "  - always: share(web -> api, kuma.io/zone=east) == 100%\n"
                                  "  - always: failed-calls(web -> api) == 0\n" +
                                      within_40s));
  EXPECT_EQ(broken(out), "");
}

/// What runs in a zone that is disabled is known to no other: neither late nor lost.
TEST(TwoZones, HaveConvergedWhereOneIsDisabled) {
  const std::string disabled = "  changes: [{at: 10s, apply: {type: Zone, name: west, enabled: false}}]\n";
  EXPECT_EQ(
      broken(run(api_of_zones("[east, west]", "", disabled,
                              "  - always: failed-calls(web -> api) == 0\n  - always: no-black-hole\n" + within_40s))),
      "");
  EXPECT_EQ(broken(run(api_of_zones("[west]", "", disabled,
                                    "  - always: no-black-hole\n"
                                    "  - during: {from: 25s, to: 40s, that: blocked(web -> api)}\n"))),
            "");
}

/// By the Mesh as it was written last.
TEST(TwoZones, ConvergeOnTheEgressWhenTheMeshComesToUseIt) {
  WorldRun out = run(
      api_of_zones("[east, west]", "",
                   "  changes: [{at: 10s, apply: {type: Mesh, name: default, routing: {zoneEgress: true}, mtls: "
                   "{enabledBackend: ca, backends: [{name: ca, type: builtin}]}}}]\n",
                   "  - during: {to: 10s, that: converged}\n  - always: failed-calls(web -> api) == 0\n" + within_40s));
  EXPECT_EQ(broken(out), "");
}

/// Not by the egress, which calls by kuma.io/service take; nor to an instance in the caller's own zone.
TEST(TwoZones, CallsOfMeshServicesGoToTheOthersIngress) {
  WorldRun out = run(must_load(load_scenario(R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: mesh-services}
spec:
  duration: 20s
  topology:
    zones: [{name: east, egresses: 1}, {name: west, egresses: 1}]
    services:
    - name: web
      zone: east
      calls:
      - {to: ledger, backendRef: {kind: MeshService, labels: {kuma.io/display-name: ledger, kuma.io/zone: west}}}
      - {to: backend, backendRef: {kind: MeshMultiZoneService, labels: {kuma.io/display-name: all}}}
      - shop
    - {name: ledger, zones: [east, west]}
    - {name: backend, zones: [east, west]}
    - {name: shop, zones: [east, west]}
  resources:
  - {type: Mesh, name: default, meshServices: {mode: Everywhere}, routing: {zoneEgress: true}, mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}}
  - {type: MeshTrafficPermission, mesh: default, name: all, spec: {from: [{targetRef: {kind: Mesh}, default: {action: Allow}}]}}
  - type: MeshMultiZoneService
    mesh: default
    name: all
    spec: {selector: {meshService: {matchLabels: {kuma.io/display-name: backend, kuma.io/zone: west}}}, ports: [{port: 8080, appProtocol: http}]}
  load:
  - {from: web, to: ledger, rate: 20/s}
  - {from: web, to: backend, rate: 20/s}
  - {from: web, to: shop, rate: 20/s}
  faults: [{at: 10s, fault: proc.kill, target: egress-east-0}]
  expect:
  - always: no-black-hole
  - during: {to: 9s, that: converged}
  - always: failed-calls(web -> ledger) == 0
  - always: share(web -> ledger, kuma.io/zone=west) == 100%
  - always: failed-calls(web -> backend) == 0
  - always: share(web -> backend, kuma.io/zone=west) == 100%
  - during: {to: 10s, that: failed-calls(web -> shop) == 0}
)",
                                             "mesh-services.yaml")));
  EXPECT_EQ(broken(out), "");
}

TEST(TwoZones, ABadPolicyIsForWhatTheFirstCallNames) {
  Scenario scenario = must_load(load_scenario_file("scenarios/multizone/mesh-services.yaml"));
  scenario.faults = {{.kind = fault::find_kind("cfg.badPolicy"),
                      .at = {std::chrono::seconds(5), std::chrono::seconds(5)},
                      .lasts = Span{std::chrono::seconds(10), std::chrono::seconds(10)},
                      .values = {{"what", {.word = "nacked"}}, {"mesh", {.word = "default"}}}}};
  scenario.duration = std::chrono::seconds(20);
  scenario.expectations.clear();
  for (Load& load : scenario.load) load.end = scenario.duration;
  WorldRun out = run(scenario);
  EXPECT_TRUE(std::ranges::any_of(
      out.refusals, [](const auto& refusal) { return refusal.proxy == "web-0" && refusal.type == "Listener"; }));
}

TEST(TwoZones, AnIngressThatConnectsAgainKeepsItsServices) {
  WorldRun out =
      run(two_zones("", "", "  faults: [{at: 5s, fault: tcp.reset, between: [ingress-west-0, kuma-cp-west]}]\n",
                    "  - always: failed-calls(web -> backend) == 0\n"
                    "  - eventually: {after: 10s, within: 10s, that: converged}\n"));
  EXPECT_EQ(broken(out), "");
}

TEST(TwoZones, HaveNotConvergedWhileOneIsCutOff) {
  WorldRun out = run(two_zones("", "", "  faults: [{at: 5s, for: 5s, fault: net.partition, between: [global, west]}]\n",
                               "  - during: {from: 6s, to: 9s, that: converged}\n"
                               "  - always: failed-calls(web -> backend) == 0\n"));
  ASSERT_EQ(out.verdicts.size(), 2u);
  EXPECT_FALSE(out.verdicts[0].held);
  EXPECT_EQ(out.verdicts[0].why, "zone west is not connected to global");
  EXPECT_TRUE(out.verdicts[1].held);
}

TEST(TwoZones, AZoneThatIsLostKeepsNobodyFromConverging) {
  WorldRun out = run(two_zones("", "", "  faults: [{at: 5s, fault: proc.kill, target: west}]\n",
                               "  - eventually: {after: 5s, within: 10s, that: converged}\n"
                               "  - during: {from: 6s, to: 20s, that: blocked(web -> backend)}\n"));
  EXPECT_EQ(broken(out), "");
}

TEST(TwoZones, AreToldWhatIsOfThemselves) {
  WorldRun out = run(two_zones("", "",
                               "  changes:\n  - at: 5s\n    zone: east\n    apply:\n      type: MeshTimeout\n      "
                               "mesh: default\n      name: own\n"
                               "      labels: {kuma.io/origin: zone}\n      spec: {to: [{targetRef: {kind: Mesh}, "
                               "default: {connectionTimeout: 3s}}]}\n",
                               "  - eventually: {after: 5s, within: 5s, that: policy-applied(MeshTimeout/own)}\n"));
  EXPECT_EQ(broken(out), "");
}

TEST(TwoZones, HaveNoPolicyOfGlobalsNewestUntilItIsDelivered) {
  auto change = [](const char* at, const char* timeout) {
    return fmt::format(
        "  - {{at: {}, apply: {{type: MeshTimeout, mesh: default, name: t, spec: {{to: [{{targetRef: {{kind: Mesh}}, "
        "default: {{connectionTimeout: {}}}}}]}}}}}}\n",
        at, timeout);
  };
  WorldRun out = run(two_zones("", "",
                               "  changes:\n" + change("1s", "3s") + change("6s", "4s") +
                                   "  faults: [{at: 5s, for: 4s, fault: net.partition, between: [global, west]}]\n",
                               "  - during: {from: 1s, to: 5s, that: policy-applied(MeshTimeout/t)}\n"
                               "  - during: {from: 6s, to: 9s, that: policy-applied(MeshTimeout/t)}\n"
                               "  - eventually: {after: 9s, within: 11s, that: policy-applied(MeshTimeout/t)}\n"));
  ASSERT_EQ(out.verdicts.size(), 3u) << broken(out);
  EXPECT_TRUE(out.verdicts[0].held) << out.verdicts[0].why;
  EXPECT_FALSE(out.verdicts[1].held);
  EXPECT_EQ(out.verdicts[1].why, "not all zones hold it as it was taken");
  EXPECT_TRUE(out.verdicts[2].held) << out.verdicts[2].why;
}

TEST(TwoZones, HaveNotConvergedWhileGlobalIsPaused) {
  WorldRun out = run(two_zones("", "", "  faults: [{at: 5s, for: 4s, fault: proc.pause, target: global}]\n",
                               "  - during: {from: 6s, to: 8s, that: converged}\n"
                               "  - eventually: {after: 9s, within: 11s, that: converged}\n"));
  ASSERT_EQ(out.verdicts.size(), 2u) << broken(out);
  EXPECT_FALSE(out.verdicts[0].held);
  EXPECT_EQ(out.verdicts[0].why, "global does not answer");
  EXPECT_TRUE(out.verdicts[1].held) << out.verdicts[1].why;
}

TEST(TwoZones, WaitForWhatGlobalDoesNotGive) {
  Scenario scenario =
      two_zones(", controlPlane: {settings: {KUMA_MULTIZONE_ZONE_GLOBAL_ADDRESS: 'grpcs://nobody:5685'}}", "", "",
                "  - always: no-plaintext\n");
  WorldRun out = run(scenario);
  ASSERT_EQ(out.problems.size(), 1u);
  EXPECT_THAT(out.problems[0].text, HasSubstr("the control plane of zone east did not get mesh default from Global"));
}

std::vector<std::string> files() {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator("scenarios/multizone"))
    if (entry.path().extension() == ".yaml") out.push_back(entry.path().stem().string());
  std::ranges::sort(out);
  return out;
}

Scenario of_file(const std::string& name) {
  return must_load(load_scenario_file("scenarios/multizone/" + name + ".yaml"));
}

class ScenariosOfZones : public testing::TestWithParam<std::string> {};

TEST_P(ScenariosOfZones, Hold) { EXPECT_EQ(broken(run(of_file(GetParam()))), ""); }

INSTANTIATE_TEST_SUITE_P(All, ScenariosOfZones,
                         testing::Values("global-offline", "global-replica-lost", "global-split", "link-cut",
                                         "locality-failover", "mesh-services", "streams-dropped",
                                         "trust-during-rotation", "zone-control-plane-offline", "zone-lost",
                                         "zone-replica-lost"),
                         [](const auto& tested) {
                           std::string name = tested.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(TwoZones, RunTheSameAgain) {
  for (const char* file : {"global-offline", "global-split", "zone-replica-lost"}) {
    Scenario scenario = of_file(file);
    EXPECT_EQ(run(scenario).fingerprint, run(scenario).fingerprint) << file;
  }
}

TEST(TwoZones, HaveATestForEachFile) {
  EXPECT_THAT(files(),
              testing::ElementsAre("global-offline", "global-replica-lost", "global-split", "link-cut",
                                   "locality-failover", "mesh-services", "streams-dropped", "trust-during-rotation",
                                   "zone-control-plane-offline", "zone-lost", "zone-replica-lost"));
}

}  // namespace
}  // namespace kumasim::scenario
