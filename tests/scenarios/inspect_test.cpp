/// Runs that are looked at from within: they stay the same, and what is told of them is so.
#include <gtest/gtest.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "scenarios/inspect/call_selector.hpp"
#include "scenarios/inspect/configuration.hpp"
#include "scenarios/inspect/explanation.hpp"
#include "scenarios/inspect/host_health.hpp"
#include "scenarios/inspect/inspection.hpp"
#include "scenarios/inspect/why.hpp"
#include "tests/scenarios/sim_run.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::Contains;
using testing::HasSubstr;

/// The change stands in line 19.
constexpr std::string_view text = R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: looked-at}
spec:
  duration: 9s
  topology:
    services:
    - {name: web, calls: [backend]}
    - {name: backend}
  resources:
  - {type: Mesh, name: default, mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}}
  - {type: MeshTrafficPermission, mesh: default, name: all, spec: {from: [{targetRef: {kind: Mesh}, default: {action: Allow}}]}}
  load:
  - {from: web, to: backend, rate: 20/s}
  faults:
  - {at: 5s, for: 3s, fault: proc.kill, target: backend-0}
  - {at: 1s, for: 1s, fault: clock.offset, by: 1s, target: web-0}
  changes:
  - at: 3s
    apply: {type: MeshTimeout, mesh: default, name: short, spec: {to: [{targetRef: {kind: Mesh}, default: {http: {requestTimeout: 7s}}}]}}
  expect:
  - always: no-plaintext
  - always: reachable(web -> backend)
)";

const Scenario& scenario() {
  static const Scenario loaded = *load_scenario(text, "s.yaml");
  return loaded;
}

const RecordedRun& whole() {
  static const RecordedRun run(scenario(), {.seed = 3});
  return run;
}

/// After the change, before the kill.
const RecordedRun& at_4s() {
  static const RecordedRun run(scenario(), {.seed = 3, .until = 4s});
  return run;
}

TEST(RecordedRun, IsTheRunThatItLooksAt) {
  WorldRun plain = run(scenario(), {.seed = 3});
  EXPECT_EQ(whole().run().fingerprint, plain.fingerprint);
  EXPECT_EQ(whole().run().events, plain.events);
  EXPECT_EQ(broken(whole().run()), broken(plain));
  EXPECT_EQ(whole().now(), 12s);
}

TEST(HostHealth, TellsWhoIsEjectedAndWhetherItsClusterPanics) {
  constexpr std::string_view ejecting = R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: ejecting}
spec:
  duration: 20s
  topology:
    services:
    - {name: web, calls: [backend]}
    - name: backend
      versions: [{name: good, instances: 1}, {name: bad, instances: 2, errors: {rate: 100%, status: 500}}]
  resources:
  - {type: Mesh, name: default}
  - type: MeshCircuitBreaker
    mesh: default
    name: eject
    spec:
      targetRef: {kind: Mesh}
      to:
      - targetRef: {kind: Mesh}
        default: {outlierDetection: {maxEjectionPercent: 100, detectors: {totalFailures: {consecutive: 5}}}}
  load: [{from: web, to: backend, rate: 20/s}]
  expect: [{always: no-plaintext}]
)";
  const Scenario scenario = *load_scenario(ejecting, "s.yaml");
  const RecordedRun run(scenario, {.until = 15s});
  const HostHealth health = host_health(run, "web-0").at("backend");
  EXPECT_EQ(health.troubles.size(), 2u);
  for (const char* process : {"backend-bad-0", "backend-bad-1"})
    EXPECT_THAT(health.troubles.at(run.state().proxies.at(process).address),
                testing::StartsWith("ejected by outlier detection at "));
  EXPECT_EQ(health.panics, (std::set<std::string>{"backend"}));  // a third of its hosts is left
  const RecordedRun whole(scenario, {});
  const std::string told = explanation_text(whole, run, explain(whole, run, run.seen().calls.size() - 1));
  EXPECT_THAT(told, HasSubstr("backend-bad-0 of backend: known to the caller, up, ejected by outlier detection at "));
  EXPECT_THAT(told, HasSubstr("backend of the caller is in panic: who is well does not count"));
  EXPECT_EQ(host_health(run, "backend-good-0")["backend"].troubles.size(), 0u);
}

TEST(RecordedRun, SaysOfReplicasAndTheirStoreWhetherTheyRun) {
  constexpr std::string_view replicated = R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: replicated}
spec:
  duration: 5s
  topology:
    global: {replicas: 2}
    zones: [{name: east}]
    services: [{name: web, zone: east, calls: [backend]}, {name: backend, zone: east}]
  resources: [{type: Mesh, name: default}]
  faults: [{at: 2s, for: 2s, fault: proc.kill, target: global-store}]
  expect: [{always: converged}]
)";
  const Scenario replicas = *load_scenario(replicated, "r.yaml");
  RecordedRun before(replicas, {.seed = 3, .until = 1s}), after(replicas, {.seed = 3, .until = 3s});
  EXPECT_EQ(process_json(before, "global-store")["state"]["up"], true);
  EXPECT_EQ(process_json(after, "global-store")["state"]["up"], false);
  EXPECT_EQ(process_json(before, "global-2")["state"]["reachesStore"], true);
  EXPECT_EQ(process_json(after, "global-2")["state"]["reachesStore"], false);
  EXPECT_EQ(process_json(after, "kuma-cp-east")["state"]["reachesStore"], true);
  EXPECT_EQ(process_json(after, "global-1")["state"]["process"], "global-1");
}

TEST(RecordedRun, StopsWhereItIsTold) {
  EXPECT_EQ(at_4s().now(), 4s);
  EXPECT_LT(at_4s().run().events, whole().run().events);
  EXPECT_TRUE(at_4s().run().verdicts.empty()) << "a part of a run is not judged";
  EXPECT_TRUE(at_4s().state().proxies.at("backend-0").up);
  EXPECT_TRUE(at_4s().faults_at(4s).empty());
  RecordedRun killed(scenario(), {.seed = 3, .until = 6s});
  EXPECT_FALSE(killed.state().proxies.at("backend-0").up);
  ASSERT_EQ(killed.faults_at(6s).size(), 1u);
  EXPECT_EQ(killed.faults_at(6s)[0].text, "kill backend-0");
  EXPECT_EQ(mesh_json(killed)["faults"][0]["kind"], "proc.kill");
  EXPECT_EQ(mesh_json(killed)["proxies"]["backend-0"]["up"], false);
  EXPECT_EQ(mesh_json(killed)["proxies"]["web-0"]["up"], true);
}

TEST(RecordedRun, HearsCommitsAndPushesInTheirOrder) {
  const auto& commits = at_4s().commits().all();
  auto change = std::ranges::find_if(commits, [](const Commit& one) { return one.change.key.name == "short"; });
  ASSERT_NE(change, commits.end());
  EXPECT_EQ(change->what(), "created");
  EXPECT_GE(change->at, 3s);
  EXPECT_LT(change->at, 3100ms);
  EXPECT_TRUE(std::ranges::is_sorted(commits, {}, &Commit::at));
  EXPECT_LT(commits.front().at, 0s) << "before the mesh was up";
  const auto& pushes = at_4s().conversation("web-0").pushes();
  ASSERT_FALSE(pushes.empty());
  for (const Push& push : pushes) {
    ASSERT_TRUE(push.made && push.pushed && push.answered) << push_text(push);
    EXPECT_LE(*push.made, *push.pushed);
    EXPECT_LT(*push.pushed, push.received);
    EXPECT_LE(push.received, *push.answered);
    EXPECT_TRUE(push.taken());
  }
}

TEST(Why, NamesTheCommitThePushAndWhatItNeeds) {
  Provenance provenance(at_4s(), "web-0");
  std::vector<std::string> changed;
  for (const ConfigEntry& entry : configuration_of(at_4s(), "web-0")) {
    if (entry.type != "Listener" || !entry.name.starts_with("outbound:")) continue;
    Why why = why_of(at_4s(), provenance, "web-0", entry.type, entry.name);
    ASSERT_NE(why.changed, nullptr);
    EXPECT_EQ(why.changed->change.key.name, "short") << why.changed->text();
    EXPECT_EQ(written_in(scenario(), *why.changed), "s.yaml:19");
    ASSERT_NE(why.push, nullptr);
    EXPECT_EQ(why.push->version, entry.version);
    EXPECT_GE(*why.push->made, why.changed->at);
    EXPECT_EQ(why.equal, true) << "made again from the store";
    auto needs = [&](const std::string& name) {
      return std::ranges::any_of(why.needed, [&](const Needed& one) { return one.commit->change.key.name == name; });
    };
    EXPECT_TRUE(needs("short"));
    EXPECT_FALSE(needs("all")) << "a permission is the server's";
    changed.push_back(entry.name);
  }
  EXPECT_EQ(changed.size(), 1u);
}

TEST(Why, FindsThePermissionBehindAServersListener) {
  json shown = resources_json(at_4s(), "backend-0", "Listener", "");
  auto inbound = std::ranges::find_if(
      shown["resources"], [](const json& one) { return one["name"].get<std::string>().starts_with("inbound:"); });
  ASSERT_NE(inbound, shown["resources"].end()) << shown.dump(1);
  const json& why = (*inbound)["why"];
  EXPECT_EQ(why["madeAgain"], "equal") << why.dump(1);
  auto permission = std::ranges::find_if(why["needs"], [](const json& one) { return one["name"] == "all"; });
  ASSERT_NE(permission, why["needs"].end()) << why.dump(1);
  EXPECT_EQ((*permission)["type"], "MeshTrafficPermission");
  EXPECT_EQ((*permission)["writtenIn"], "s.yaml:12");
  EXPECT_EQ((*permission)["without"], "another");
}

TEST(ConfigDump, HasTheShapeOfEnvoysAndNoKeys) {
  json dump = config_dump(at_4s(), "web-0");
  std::vector<std::string> types;
  for (const json& config : dump["configs"]) types.push_back(config["@type"].get<std::string>());
  const std::string admin = "type.googleapis.com/envoy.admin.v3.";
  EXPECT_EQ(types, (std::vector<std::string>{admin + "BootstrapConfigDump", admin + "ClustersConfigDump",
                                             admin + "EndpointsConfigDump", admin + "ListenersConfigDump",
                                             admin + "RoutesConfigDump", admin + "SecretsConfigDump"}));
  EXPECT_EQ(dump["configs"][0]["bootstrap"]["node"]["id"], "default.web-0");
  std::vector<std::string> clusters;
  for (const json& one : dump["configs"][1]["dynamic_active_clusters"])
    clusters.push_back(one["cluster"]["name"].get<std::string>());
  EXPECT_THAT(clusters, Contains("backend"));
  EXPECT_FALSE(dump["configs"][1]["static_clusters"].empty());
  EXPECT_FALSE(dump["configs"][3]["dynamic_listeners"][0]["active_state"]["listener"]["name"].empty());
  EXPECT_FALSE(dump["configs"][5]["dynamic_active_secrets"].empty());
  EXPECT_EQ(dump.dump().find("PRIVATE KEY"), std::string::npos);
  EXPECT_NE(dump.dump().find("W3JlZGFjdGVkXQ=="), std::string::npos) << "in place of a key";
}

TEST(Explanation, LeadsFromACallToItsFault) {
  auto selector = parse_failed("web -> backend", scenario());
  ASSERT_TRUE(selector);
  auto call = find_call(*selector, whole().seen());
  ASSERT_TRUE(call);
  RecordedRun then(scenario(), {.seed = 3, .until = whole().seen().calls[*call].start});
  Explanation explanation = explain(whole(), then, *call);
  EXPECT_EQ(explanation.number, *call + 1);
  ASSERT_EQ(explanation.suspects.size(), 1u) << "the clock of web-0 has been right again for long";
  EXPECT_EQ(explanation.suspects[0].fault.text, "kill backend-0");
  EXPECT_TRUE(explanation.suspects[0].in_force);
  EXPECT_EQ(explanation.suspects[0].strikes, "backend-0");
  ASSERT_TRUE(explanation.last_ok);
  EXPECT_LT(*explanation.last_ok, *call);
  json value = explanation_json(whole(), then, explanation);
  auto listener = std::ranges::find_if(value["way"], [](const json& step) { return step["kind"] == "listener"; });
  ASSERT_NE(listener, value["way"].end()) << value.dump(1);
  EXPECT_EQ((*listener)["why"]["changedBy"]["name"], "short") << listener->dump(1);
  EXPECT_FALSE(value["proxies"]["web-0"].empty());
  EXPECT_EQ(value["endpoints"][0]["process"], "backend-0") << value["endpoints"].dump();
  std::string shown = explanation_text(whole(), then, explanation);
  EXPECT_THAT(shown, HasSubstr("fault: kill backend-0 at 5s, in force, strikes backend-0"));
  EXPECT_THAT(shown, HasSubstr("created MeshTimeout short, version 1 (s.yaml:19)"));
}

TEST(Explanation, FindsTheCallOfABrokenExpectation) {
  const Verdict* verdict = find(whole().run(), "reachable");
  ASSERT_NE(verdict, nullptr);
  ASSERT_TRUE(verdict->broken());
  auto call = find_call(*verdict, whole().seen());
  ASSERT_TRUE(call) << verdict->why;
  EXPECT_FALSE(whole().seen().calls[*call].ok());
}

TEST(CallSelector, TakesNumbersFlowsAndTimes) {
  EXPECT_EQ(parse_call("12", scenario())->number, 12u);
  EXPECT_EQ(parse_call(" web -> backend ", scenario())->to, "backend");
  EXPECT_EQ(parse_call("web->backend @ 6.2s", scenario())->at, 6200ms);
  EXPECT_EQ(parse_call("web@west -> backend", scenario()).error(), "no instance of `web` is in zone `west`");
  EXPECT_EQ(parse_call("0", scenario()).error(), "calls are numbered from 1");
  EXPECT_EQ(parse_call("backend -> web", scenario()).error(),
            "the scenario has no flow `backend -> web`; expected one of web -> backend");
  EXPECT_EQ(parse_call("web -> backend @ soon", scenario()).error(), "`soon` is no time such as 61.2s");
  EXPECT_TRUE(parse_failed("any", scenario())->failed);
  EXPECT_FALSE(find_call(*parse_call("100000", scenario()), whole().seen()));
  EXPECT_GE(whole().seen().calls[*find_call(*parse_call("web -> backend @ 6.2s", scenario()), whole().seen())].start,
            6200ms);
}

}  // namespace
}  // namespace kumasim::scenario
