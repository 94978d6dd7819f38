/// Several replicas of a control plane with one store: who has which zone and proxy, who leads, and what becomes of it
/// under faults.
#include <map>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference-cp/intercp/catalog.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/store/store.hpp"
#include "tests/scenarios/scenario_texts.hpp"
#include "tests/scenarios/sim_run.hpp"

namespace kumasim::scenario {
namespace {

using testing::Contains;
using testing::ElementsAre;

/// web in east calls backend in west.
Scenario two_replicas(const std::string& fault, const std::string& expectations = "", const std::string& changes = "") {
  return must_load(load_scenario(R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: two-replicas}
spec:
  duration: 60s
  topology:
    global: {replicas: 2}
    zones:
    # They try to reach Global again at least every 2 s.
    - name: east
      controlPlane: {settings: {KUMA_GENERAL_RESILIENT_COMPONENT_BASE_BACKOFF: 500ms, KUMA_GENERAL_RESILIENT_COMPONENT_MAX_BACKOFF: 2s}}
    - name: west
      controlPlane: {settings: {KUMA_GENERAL_RESILIENT_COMPONENT_BASE_BACKOFF: 500ms, KUMA_GENERAL_RESILIENT_COMPONENT_MAX_BACKOFF: 2s}}
    services: [{name: web, zone: east, calls: [backend]}, {name: backend, zone: west}]
  resources:
  - {type: Mesh, name: default, mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}}
  - {type: MeshTrafficPermission, mesh: default, name: all, spec: {from: [{targetRef: {kind: Mesh}, default: {action: Allow}}]}}
  load: [{from: web, to: backend, rate: 5/s}]
  faults: [)" + fault + "]\n" + changes +
                                     "  expect:\n  - always: failed-calls == 0\n"
                                     "  - eventually: {after: 40s, within: 20s, that: converged}\n" +
                                     expectations,
                                 "two-replicas.yaml"));
}

/// What the store of one replica says of the others.
struct Seen {
  std::string process = "global-1";
  std::vector<std::string> leaders = {};  // by process, each time that another leads
  std::set<std::string> instances = {};   // of the last catalog, by process
  /// Zone -> the replicas that had its stream, one after another.
  std::map<std::string, std::vector<std::string>> holders = {};

  RunOptions options() {
    return {.on_store = [this](const std::string& of, cp::Store& store) {
      if (of == process) store.subscribe([this](const cp::Change& change) { hear(change); });
    }};
  }

  /// "global-1-2f0c" is one life of global-1.
  static std::string process_of(const std::string& instance) { return instance.substr(0, instance.rfind('-')); }

  void hear(const cp::Change& change) {
    if (change.after && change.kind == &cp::kind::config() && change.key.name == cp::intercp::catalog_config) {
      instances.clear();
      for (const auto& each : cp::intercp::parse_catalog(change.after->spec.at("config").get<std::string>())) {
        instances.insert(process_of(each.id));
        if (each.leader && (leaders.empty() || leaders.back() != process_of(each.id)))
          leaders.push_back(process_of(each.id));
      }
    }
    if (!change.after || change.kind != &cp::kind::zone_insight()) return;
    const auto& spec = change.after->spec;
    if (!spec.contains("kdsStreams") || !spec["kdsStreams"].contains("globalToZone")) return;
    std::string holder = process_of(spec["kdsStreams"]["globalToZone"].value("globalInstanceId", ""));
    auto& known = holders[change.key.name];
    if (!holder.empty() && (known.empty() || known.back() != holder)) known.push_back(holder);
  }
};

TEST(Replicas, ShareTheZonesAndKnowOneAnother) {
  Seen seen;
  Scenario scenario = two_replicas("");
  EXPECT_EQ(broken(run(scenario, seen.options())), "");
  EXPECT_THAT(seen.holders["east"], ElementsAre("global-1"));
  EXPECT_THAT(seen.holders["west"], ElementsAre("global-2"));
  EXPECT_THAT(seen.instances, ElementsAre("global-1", "global-2"));
  EXPECT_EQ(seen.leaders.size(), 1u);
}

TEST(Replicas, AZoneComesToTheOther) {
  Seen seen;
  WorldRun out = run(two_replicas("{fault: kds.reconnectElsewhere, at: 10s, target: kuma-cp-west}"), seen.options());
  EXPECT_EQ(broken(out), "");
  EXPECT_THAT(seen.holders["east"], ElementsAre("global-1"));
  EXPECT_THAT(seen.holders["west"], ElementsAre("global-2", "global-1"));
}

TEST(Replicas, LeadOneAfterTheOtherWhereTheLeaseIsTaken) {
  Seen seen;
  WorldRun out = run(two_replicas("{fault: store.leaderFlap, at: 5s, for: 40s, period: 8s, target: global-store}"),
                     seen.options());
  EXPECT_EQ(broken(out), "");
  EXPECT_GE(seen.leaders.size(), 2u);
  EXPECT_THAT(seen.leaders, Contains("global-1"));
  EXPECT_THAT(seen.leaders, Contains("global-2"));
}

TEST(Replicas, ServeZonesWithoutTheStore) {
  WorldRun out =
      run(two_replicas("{fault: proc.kill, at: 5s, for: 20s, target: global-store}",
                       "  - during: {from: 10s, to: 20s, that: converged}\n"
                       "  - eventually: {after: 26s, within: 14s, that: policy-applied(MeshTimeout/t)}\n",
                       "  changes:\n  - at: 10s\n    apply: {type: MeshTimeout, mesh: default, name: t, spec: "
                       "{to: [{targetRef: {kind: Mesh}, default: {connectionTimeout: 4s}}]}}\n"));
  ASSERT_EQ(out.verdicts.size(), 4u) << broken(out);
  EXPECT_TRUE(out.verdicts[0].held) << out.verdicts[0].why;
  EXPECT_TRUE(out.verdicts[1].held) << out.verdicts[1].why;
  EXPECT_FALSE(out.verdicts[2].held);
  EXPECT_EQ(out.verdicts[2].why, "global-1 does not reach global-store");
  EXPECT_TRUE(out.verdicts[3].held) << out.verdicts[3].why;
}

/// Proxies of a control plane that is the only one, whose replicas are two.
Scenario without_zones(const std::string& fault, const std::string& expectations) {
  return must_load(load_scenario(R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: without-zones}
spec:
  duration: 60s
  topology:
    controlPlanes: [{replicas: 2}]
    services: [{name: web, calls: [backend]}, {name: backend, instances: 3}]
  resources:
  - {type: Mesh, name: default, mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}}
  - {type: MeshTrafficPermission, mesh: default, name: all, spec: {from: [{targetRef: {kind: Mesh}, default: {action: Allow}}]}}
  - {type: MeshTimeout, mesh: default, name: t, spec: {to: [{targetRef: {kind: Mesh}, default: {connectionTimeout: 3s}}]}}
  load: [{from: web, to: backend, rate: 5/s}]
  changes:
  - at: 10s
    apply: {type: MeshTimeout, mesh: default, name: t, spec: {to: [{targetRef: {kind: Mesh}, default: {connectionTimeout: 4s}}]}}
  faults: [)" + fault + "]\n  expect:\n  - always: failed-calls == 0\n" +
                                     expectations,
                                 "without-zones.yaml"));
}

/// Control planes of the proxies' subscriptions, by Dataplane.
std::map<std::string, std::set<std::string>> holders_of_proxies(const Scenario& scenario, std::string& trouble) {
  std::map<std::string, std::set<std::string>> out;
  trouble =
      broken(run(scenario, {.on_store = [&](const std::string& of, cp::Store& store) {
                   if (of != "kuma-cp-1") return;
                   store.subscribe([&out](const cp::Change& change) {
                     if (!change.after || change.kind->type() != "DataplaneInsight") return;
                     for (const auto& subscription : change.after->spec.value("subscriptions", nlohmann::json::array()))
                       out[change.key.name].insert(Seen::process_of(subscription.value("controlPlaneInstanceId", "")));
                   });
                 }}));
  return out;
}

TEST(Replicas, ShareTheProxiesOfAMesh) {
  std::string trouble;
  auto holders =
      holders_of_proxies(without_zones("",
                                       "  - always: converged\n  - eventually: {after: 10s, within: 2s, that: "
                                       "policy-applied(MeshTimeout/t)}\n"),
                         trouble);
  EXPECT_EQ(trouble, "");
  ASSERT_EQ(holders.size(), 4u);
  std::map<std::string, int> proxies;
  for (const auto& [name, by] : holders) {
    ASSERT_EQ(by.size(), 1u) << name;
    ++proxies[*by.begin()];
  }
  EXPECT_EQ(proxies["kuma-cp-1"], 2);
  EXPECT_EQ(proxies["kuma-cp-2"], 2);
}

TEST(Replicas, TakeTheProxiesOfOneThatIsGone) {
  std::string trouble;
  auto holders = holders_of_proxies(
      without_zones("{fault: proc.kill, at: 5s, target: kuma-cp-2}",
                    "  - eventually: {after: 5s, within: 20s, that: converged}\n"
                    "  - during: {from: 40s, to: 60s, that: converged}\n"
                    "  - eventually: {after: 10s, within: 20s, that: policy-applied(MeshTimeout/t)}\n"),
      trouble);
  EXPECT_EQ(trouble, "");
  for (const auto& [name, by] : holders) EXPECT_THAT(by, Contains("kuma-cp-1")) << name;
}

TEST(Replicas, OneThatIsCutFromTheStoreIsBehind) {
  WorldRun out = run(without_zones("{fault: net.partition, at: 5s, for: 30s, between: [kuma-cp-2, kuma-cp-store]}",
                                   "  - during: {from: 12s, to: 30s, that: policy-applied(MeshTimeout/t)}\n"
                                   "  - during: {from: 6s, to: 30s, that: converged}\n"
                                   "  - eventually: {after: 35s, within: 20s, that: policy-applied(MeshTimeout/t)}\n"
                                   "  - during: {from: 56s, to: 60s, that: converged}\n"));
  ASSERT_EQ(out.verdicts.size(), 5u) << broken(out);
  EXPECT_TRUE(out.verdicts[0].held) << out.verdicts[0].why;
  EXPECT_FALSE(out.verdicts[1].held);
  EXPECT_EQ(out.verdicts[1].why, "not all replicas hold it as it was taken");
  EXPECT_FALSE(out.verdicts[2].held);
  EXPECT_EQ(out.verdicts[2].why, "kuma-cp-2 does not reach kuma-cp-store");
  EXPECT_TRUE(out.verdicts[3].held) << out.verdicts[3].why;
  EXPECT_TRUE(out.verdicts[4].held) << out.verdicts[4].why;
}

TEST(Replicas, OneThatDoesNotAnswerHasNotConverged) {
  WorldRun out = run(without_zones("{fault: proc.pause, at: 15s, for: 5s, target: kuma-cp-2}",
                                   "  - during: {from: 16s, to: 19s, that: converged}\n"
                                   "  - during: {from: 50s, to: 60s, that: converged}\n"));
  ASSERT_EQ(out.verdicts.size(), 3u) << broken(out);
  EXPECT_FALSE(out.verdicts[1].held);
  EXPECT_EQ(out.verdicts[1].why, "not all of kuma-cp answer");
  EXPECT_TRUE(out.verdicts[2].held) << out.verdicts[2].why;
}

/// Of a zone's replicas the one that leads has the streams to Global.
TEST(Replicas, AZoneIsApartWhereTheOneThatLeadsIsCutOff) {
  std::vector<std::string> why;
  for (const char* cut : {"kuma-cp-east-1", "kuma-cp-east-2"}) {
    Scenario scenario = must_load(load_scenario(fmt::format(R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {{name: zone-of-replicas}}
spec:
  duration: 20s
  topology:
    zones: [{{name: east, controlPlane: {{replicas: 2}}}}]
    services: [{{name: web, zone: east, calls: [backend]}}, {{name: backend, zone: east}}]
  resources: [{{type: Mesh, name: default}}]
  load: [{{from: web, to: backend, rate: 5/s}}]
  faults: [{{fault: net.partition, at: 12s, for: 5s, between: [{}, global]}}]
  expect:
  - during: {{from: 8s, to: 11s, that: converged}}
  - during: {{from: 13s, to: 15s, that: converged}}
)",
                                                            cut),
                                                "zone-of-replicas.yaml"));
    WorldRun out = run(scenario);
    ASSERT_EQ(out.verdicts.size(), 2u) << broken(out);
    EXPECT_TRUE(out.verdicts[0].held) << out.verdicts[0].why;
    if (!out.verdicts[1].held) why.push_back(out.verdicts[1].why);
  }
  EXPECT_THAT(why, ElementsAre("zone east is not connected to global"));
}

TEST(Replicas, OneSeedOneRun) {
  Scenario scenario = two_replicas(
      "{fault: kds.splitGlobal, at: 5s, for: 8s, target: global}, {fault: proc.kill, at: 20s, for: 5s, target: "
      "global-store}, {fault: store.leaderFlap, at: 25s, for: 10s, target: global-store}");
  EXPECT_EQ(run(scenario).fingerprint, run(scenario).fingerprint);
}

}  // namespace
}  // namespace kumasim::scenario
