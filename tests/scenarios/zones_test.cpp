/// Scenarios of many zones: what the loader makes of them, and whom faults strike.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "kumasim/scenario/plan.hpp"
#include "kumasim/scenario/verdict.hpp"
#include "scenarios/engine/rollout.hpp"
#include "tests/scenarios/scenario_texts.hpp"

namespace kumasim::scenario {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view zoned = R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: zoned}
spec:
  duration: 60s
  topology:
    global: {settings: {KUMA_MULTIZONE_GLOBAL_KDS_REFRESH_INTERVAL: 2s}}
    zones:
    - {name: east, region: eu, ingresses: 2}
    - {name: north, region: eu, egresses: 1}
    - {name: west, region: us, controlPlane: {name: cp-west}}
    services:
    - {name: web, zone: east, calls: [backend]}
    - name: backend
      zones: [east, west]
      versions: [{tags: {version: v1}, instances: 2}, {tags: {version: v2}, instances: 1, zone: north}]
  resources:
  - {type: Mesh, name: default}
  - {zone: west, resource: {type: MeshTimeout, mesh: default, name: own, spec: {to: [{targetRef: {kind: Mesh}, default: {http: {requestTimeout: 5s}}}]}}}
  load: [{from: web, to: backend, rate: 1/s}]
  faults:
  - {fault: proc.kill, at: 1s, for: 1s, target: west}
  changes:
  - {at: 5s, zone: west, delete: {type: MeshTimeout, name: own}}
  expect: [{always: no-plaintext}]
)";

Scenario loaded(std::string_view from = "", std::string_view to = "") {
  return must_load(load_scenario(from.empty() ? std::string(zoned) : replaced(zoned, from, to), "s.yaml"));
}

std::string errors_of(std::string_view from, std::string_view to) { return errors(replaced(zoned, from, to)); }

TEST(Zones, HaveControlPlanesAndProxiesOfTheirOwn) {
  Scenario scenario = loaded();
  EXPECT_THAT(scenario.control_planes(), ElementsAre("global", "kuma-cp-east", "kuma-cp-north", "cp-west"));
  EXPECT_THAT(scenario.zone_proxies(),
              ElementsAre("ingress-east-0", "ingress-east-1", "ingress-north-0", "egress-north-0", "ingress-west-0"));
  EXPECT_EQ(scenario.control_plane.settings.at("KUMA_MODE"), "global");
  EXPECT_EQ(scenario.control_plane.settings.at("KUMA_MULTIZONE_GLOBAL_KDS_REFRESH_INTERVAL"), "2s");
  const auto& west = scenario.control_plane_in("west").settings;
  EXPECT_EQ(west.at("KUMA_MULTIZONE_ZONE_NAME"), "west");
  EXPECT_EQ(west.at("KUMA_MULTIZONE_ZONE_GLOBAL_ADDRESS"), "grpcs://global:5685");
}

/// Its name stands for all of them.
TEST(Zones, MayHaveAGlobalOfSeveralReplicas) {
  Scenario scenario = loaded("global: {", "global: {replicas: 2, ");
  EXPECT_THAT(scenario.control_planes(),
              ElementsAre("global-1", "global-2", "kuma-cp-east", "kuma-cp-north", "cp-west"));
  EXPECT_THAT(scenario.stores(), ElementsAre("global-store"));
  EXPECT_THAT(scenario.processes_of("global"), ElementsAre("global-1", "global-2"));
  EXPECT_THAT(scenario.processes_of("global-store"), ElementsAre("global-store"));
  EXPECT_EQ(scenario.control_plane.settings.at("KUMA_STORE_TYPE"), "postgres");
  EXPECT_EQ(scenario.control_plane_in("west").settings.at("KUMA_MULTIZONE_ZONE_GLOBAL_ADDRESS"), "grpcs://global:5685");
  EXPECT_TRUE(scenario.is_control_plane("global-2"));
  EXPECT_FALSE(scenario.is_control_plane("global") || scenario.is_control_plane("global-store"));
}

TEST(Zones, MayHaveControlPlanesOfSeveralReplicas) {
  Scenario scenario = loaded("name: cp-west", "name: cp-west, replicas: 2");
  EXPECT_THAT(scenario.control_planes(),
              ElementsAre("global", "kuma-cp-east", "kuma-cp-north", "cp-west-1", "cp-west-2"));
  EXPECT_THAT(scenario.stores(), ElementsAre("cp-west-store"));
  EXPECT_THAT(scenario.processes_of("cp-west"), ElementsAre("cp-west-1", "cp-west-2"));
  EXPECT_THAT(scenario.processes_of("west"), ElementsAre("cp-west-1", "cp-west-2", "cp-west-store", "ingress-west-0",
                                                         "backend-west-v1-0", "backend-west-v1-1"));
  for (const char* name : {"cp-west", "cp-west-1", "cp-west-2", "cp-west-store"})
    EXPECT_EQ(scenario.zone_of(name), "west") << name;
  EXPECT_EQ(scenario.control_plane_of("backend-west-v1-1").name, "cp-west");
  EXPECT_EQ(scenario.control_plane_in("west").settings.at("KUMA_STORE_TYPE"), "postgres");
}

TEST(Zones, RefuseWhatReplicasCannotHave) {
  EXPECT_THAT(errors_of("global: {", "global: {replicas: 0, "),
              HasSubstr("s.yaml:7:14: spec.topology.global.replicas: expected a whole number from 1 to 9"));
  EXPECT_THAT(errors_of("KUMA_MULTIZONE_GLOBAL_KDS_REFRESH_INTERVAL: 2s}", "KUMA_STORE_TYPE: memory}, replicas: 2"),
              HasSubstr("spec.topology.global.settings.KUMA_STORE_TYPE: is not `postgres`, which replicas share"));
  EXPECT_THAT(
      errors(replaced(replaced(zoned, "global: {", "global: {replicas: 2, "), "name: cp-west", "name: global-2")),
      HasSubstr("two zones, regions or processes would be named `global-2`"));
}

TEST(Zones, HaveInstances) {
  Scenario scenario = loaded();
  EXPECT_THAT(scenario.processes_of("backend"), ElementsAre("backend-east-v1-0", "backend-east-v1-1",
                                                            "backend-west-v1-0", "backend-west-v1-1", "backend-v2-0"));
  EXPECT_EQ(scenario.zone_of("backend-v2-0"), "north");
  EXPECT_EQ(scenario.zone_of("web-0"), "east");
  EXPECT_EQ(scenario.control_plane_of("backend-west-v1-1").name, "cp-west");
  EXPECT_EQ(scenario.control_plane_of("egress-north-0").name, "kuma-cp-north");
}

TEST(Zones, AndRegionsNameAllThatIsInThem) {
  Scenario scenario = loaded();
  EXPECT_THAT(scenario.processes_of("west"),
              ElementsAre("cp-west", "ingress-west-0", "backend-west-v1-0", "backend-west-v1-1"));
  EXPECT_THAT(scenario.processes_of("eu"),
              ElementsAre("kuma-cp-east", "kuma-cp-north", "ingress-east-0", "ingress-east-1", "ingress-north-0",
                          "egress-north-0", "web-0", "backend-east-v1-0", "backend-east-v1-1", "backend-v2-0"));
  EXPECT_THAT(scenario.processes_of("mars"), IsEmpty());
}

TEST(Zones, ResourcesAndChangesSayWhoseTheyAre) {
  Scenario scenario = loaded();
  ASSERT_EQ(scenario.resources.size(), 2u);
  EXPECT_EQ(scenario.resources[0].zone, "");
  EXPECT_EQ(scenario.resources[1].zone, "west");
  EXPECT_EQ(resource_name(scenario.resources[1].body).name, "own");
  EXPECT_EQ(scenario.changes[0].zone, "west");
  EXPECT_EQ(make_plan(scenario, 1).actions.back().zone, "west");
}

TEST(Zones, AFaultOfAZoneStrikesAllOfIt) {
  Scenario scenario = loaded();
  Plan plan = make_plan(scenario, 1);
  EXPECT_EQ(plan.actions[0].text, "kill all of west");
  EXPECT_EQ(plan.actions[0].order.processes, scenario.processes_of("west"));
}

TEST(Zones, AZoneThatIsCutOffKeepsTogether) {
  Scenario scenario = loaded("proc.kill, at: 1s, for: 1s", "net.partition, at: 1s, for: 1s");
  Plan plan = make_plan(scenario, 1);
  std::size_t inside = 4, all = scenario.processes().size();
  EXPECT_EQ(plan.actions[0].order.ways.size(), 2 * inside * (all - inside));
  for (const Way& way : plan.actions[0].order.ways) EXPECT_NE(scenario.zone_of(way.from), scenario.zone_of(way.to));
}

TEST(Zones, ArePartitionedFromOneAnotherAndNotFromGlobal) {
  Scenario scenario =
      loaded("proc.kill, at: 1s, for: 1s, target: west", "net.partition, at: 1s, for: 1s, shape: byZone");
  Plan plan = make_plan(scenario, 1);
  ASSERT_FALSE(plan.actions[0].order.ways.empty());
  for (const Way& way : plan.actions[0].order.ways) {
    EXPECT_NE(way.from, "global");
    EXPECT_NE(way.to, "global");
  }
}

TEST(Zones, OfANameThatThereIsNotAreRefused) {
  EXPECT_THAT(errors_of("zones: [east, west]", "zones: [east, wets]"),
              HasSubstr("spec.topology.services[1].zones[1]: there is no zone `wets`; expected one of east, north, west"
                        " (did you mean `west`?)"));
  EXPECT_THAT(errors_of("{zone: west, resource", "{zone: mars, resource"),
              HasSubstr("spec.resources[1].zone: there is no zone `mars`"));
  EXPECT_THAT(errors_of("at: 5s, zone: west", "at: 5s, zone: mars"),
              HasSubstr("spec.changes[0].zone: there is no zone"));
  EXPECT_THAT(errors_of("target: west", "target: mars"), HasSubstr("there is no process or service `mars`"));
}

TEST(Zones, SayWhereEachServiceIs) {
  EXPECT_THAT(errors_of("{name: web, zone: east,", "{name: web,"),
              HasSubstr("spec.topology.services[0]: `web` is in no zone (say `zone` or `zones`)"));
  EXPECT_THAT(errors_of("      zones: [east, west]\n", "      zone: east\n      zones: [east, west]\n"),
              HasSubstr("stands beside `zone`"));
}

TEST(Zones, DoNotShareNames) {
  EXPECT_THAT(errors_of("{name: west, region: us", "{name: east, region: us"),
              HasSubstr("a zone `east` stands above already"));
  EXPECT_THAT(errors_of("name: cp-west", "name: global"), HasSubstr("would be named `global`"));
  EXPECT_THAT(errors_of("name: cp-west", "name: web"), HasSubstr("is a control plane's name"));
  EXPECT_THAT(errors_of("name: cp-west", "name: web, replicas: 2"), HasSubstr("is a control plane's name"));
  EXPECT_THAT(errors(replaced(replaced(zoned, "name: cp-west", "name: cp-west, replicas: 2"), "- {name: web,",
                              "- {name: cp-west-store,")),
              HasSubstr("is the name of a store that replicas share"));
  EXPECT_THAT(errors_of("region: us", "region: north"), HasSubstr("would be named `north`"));
  EXPECT_THAT(errors_of("region: us", "region: global"), HasSubstr("would be named `global`"));
}

TEST(Zones, AreWhatTheTopologySays) {
  EXPECT_THAT(errors_of("{version: v2}", "{version: v2, kuma.io/zone: mars}"),
              HasSubstr("tags[\"kuma.io/zone\"]: is set by `zone` and `zones`"));
  EXPECT_THAT(errors_of("KUMA_MULTIZONE_GLOBAL_KDS_REFRESH_INTERVAL: 2s", "KUMA_MODE: zone"),
              HasSubstr("spec.topology.global.settings.KUMA_MODE: is not `global`"));
  EXPECT_THAT(errors_of("name: cp-west", "settings: {KUMA_MODE: global}"),
              HasSubstr("spec.topology.zones[2].controlPlane.settings.KUMA_MODE: is not `zone`"));
}

TEST(Zones, AreCutFromWhatIsNotInThem) {
  auto cut = [](const std::string& pair) {
    return errors_of("proc.kill, at: 1s, for: 1s, target: west", "net.partition, at: 1s, for: 1s, between: " + pair);
  };
  EXPECT_THAT(cut("[eu, east]"), HasSubstr("is on both sides"));
  EXPECT_THAT(cut("[west, west]"), HasSubstr("is on both sides"));
  EXPECT_TRUE(load_scenario(replaced(zoned, "proc.kill, at: 1s, for: 1s, target: west",
                                     "net.partition, at: 1s, for: 1s, between: [eu, west]"),
                            "s.yaml"));
}

TEST(Zones, TakeNoFaultOfApplicationsAsAWhole) {
  EXPECT_THAT(errors_of("proc.kill, at: 1s, for: 1s, target: west", "app.blackHole, at: 1s, for: 1s, target: west"),
              HasSubstr("`west` is all that is in a zone; expected one process (use select: {zone: west, pick: all})"));
  EXPECT_THAT(
      errors_of("proc.kill, at: 1s, for: 1s, target: west", "app.blackHole, at: 1s, for: 1s, target: ingress-west-0"),
      HasSubstr("is a zone proxy, which has no application"));
}

TEST(Zones, ExpectationsMayNameTheCallersZone) {
  Scenario scenario = loaded("always: no-plaintext", "always: availability(web@east -> backend) >= 99%");
  EXPECT_EQ(scenario.expectations[0].that.from, "web");
  EXPECT_EQ(scenario.expectations[0].that.from_zone, "east");
  EXPECT_THAT(errors_of("always: no-plaintext", "always: reachable(web@west -> backend)"),
              HasSubstr("`web` has no instance in a zone `west`"));
}

TEST(Zones, CallsOfOtherZonesDoNotCount) {
  Scenario scenario = loaded("{name: web, zone: east,", "{name: web, zones: [east, west],");
  Observations seen;
  for (const char* from : {"web-east-0", "web-west-0", "web-west-0"}) {
    CallRecord& call = seen.calls.emplace_back();
    call.from = "web";
    call.to = "backend";
    call.from_process = from;
    call.status = scenario.zone_of(from) == "east" ? 503 : 200;
  }
  auto holds = [&](const char* predicate) {
    return evaluate(*parse_predicate(predicate), scenario, seen, Duration(0), scenario.duration).holds;
  };
  EXPECT_TRUE(holds("reachable(web@west -> backend)"));
  EXPECT_TRUE(holds("blocked(web@east -> backend)"));
  EXPECT_FALSE(holds("reachable(web -> backend)"));
  EXPECT_TRUE(holds("calls(web@west -> backend) == 2"));
}

/// web-0 in east, backends in west and north; what web-0 knows of them.
StateSample known(std::set<std::string> endpoints) {
  StateSample out;
  out.rollout.emplace();
  for (const char* process : {"web-0", "backend-west-v1-0", "backend-v2-0", "ingress-west-0", "ingress-north-0"}) {
    out.proxies[process] = {.up = true, .connected = true, .ready = true, .address = process};
    out.rollout->proxies[process] = {.connected = true, .current = true};
  }
  out.proxies["web-0"].endpoints = {{"backend", std::move(endpoints)}};
  return out;
}

std::string not_converged_of(const StateSample& sample) {
  return not_converged(loaded(), {}, sample).value_or("converged");
}

TEST(Zones, OfOthersTheIngressesAreKnown) {
  EXPECT_EQ(not_converged_of(known({"ingress-west-0", "ingress-north-0"})), "converged");
  EXPECT_THAT(not_converged_of(known({"ingress-west-0"})), HasSubstr("web-0 knows [ingress-west-0] of backend"));
  EXPECT_THAT(not_converged_of(known({"backend-west-v1-0", "ingress-north-0"})), HasSubstr("web-0 knows"));
}

TEST(Zones, AreLeftOutWhileTheirControlPlaneDoesNotRun) {
  for (std::set<std::string> endpoints :
       {std::set<std::string>{"ingress-north-0"}, {"ingress-north-0", "ingress-west-0"}}) {
    StateSample sample = known(endpoints);
    sample.silent.insert("cp-west");
    sample.proxies.erase("ingress-west-0");
    sample.proxies["ingress-west-0"] = {.address = "ingress-west-0"};
    sample.proxies.erase("backend-west-v1-0");
    EXPECT_EQ(not_converged_of(sample), "converged");
  }
}

TEST(Zones, DoNotConvergeApart) {
  StateSample sample = known({"ingress-west-0", "ingress-north-0"});
  sample.zones_apart.insert("west");
  EXPECT_EQ(not_converged_of(sample), "zone west is not connected to global");
  sample.mute.insert("global");
  EXPECT_EQ(not_converged_of(sample), "global does not answer");
  sample.silent.insert("global");
  EXPECT_EQ(not_converged_of(sample), "global does not run");
  sample = known({"ingress-west-0", "ingress-north-0"});
  sample.mute.insert("cp-west");
  EXPECT_EQ(not_converged_of(sample), "cp-west does not answer");
}

TEST(Zones, HaveNotConvergedWhileOneHasNotTakenWhatGlobalGives) {
  StateSample sample = known({"ingress-west-0", "ingress-north-0"});
  sample.rollout->zones_behind = {"west"};
  EXPECT_EQ(not_converged_of(sample), "zone west has not taken all that global gives it");
  sample.silent.insert("cp-west");
  EXPECT_EQ(not_converged_of(sample), "converged") << "Global may not know yet that it is lost";
}

TEST(Zones, ProxiesOfThemselvesMustHaveTakenTheirs) {
  StateSample sample = known({"ingress-west-0", "ingress-north-0"});
  sample.rollout->proxies["ingress-west-0"].current = false;
  EXPECT_EQ(not_converged_of(sample), "ingress-west-0 has not taken its newest configuration");
  sample.rollout->proxies["ingress-west-0"] = {.connected = true, .current = false, .refusals = {{"Listener", "no"}}};
  EXPECT_EQ(not_converged_of(sample), "ingress-west-0 refused the last Listener: no");
  sample.rollout->proxies.erase("ingress-west-0");
  EXPECT_EQ(not_converged_of(sample), "ingress-west-0 is not connected to the control plane");
}

TEST(Zones, RefusalsOfTheirProxiesMustBeKnown) {
  Scenario scenario = loaded("always: no-plaintext", "always: refusals-known");
  Observations seen;
  for (Duration at : {Duration(0), Duration(std::chrono::seconds(3))}) {
    StateSample& sample = seen.samples.emplace_back(known({"ingress-west-0", "ingress-north-0"}));
    sample.at = at;
    sample.proxies["ingress-west-0"].refusals = {{"Listener", "no"}};
  }
  auto outcome = [&] {
    return evaluate(*parse_predicate("refusals-known"), scenario, seen, Duration(0), scenario.duration);
  };
  EXPECT_EQ(outcome().why, "ingress-west-0 refused the last Listener, and the control plane does not know: no");
  seen.samples.back().rollout->proxies["ingress-west-0"].refusals = {{"Listener", "no"}};
  EXPECT_TRUE(outcome().holds);
}

TEST(Zones, SayWhatTheirProxiesRun) {
  auto read = read_rollout(R"({"behind": false, "proxies": {}, "policies": {}, "zonesBehind": ["west"],
      "zoneProxies": {"ZoneIngress": {"ingress-west-0": {"connected": true, "current": true, "refused": {"Listener": "no"}},
                                      "other": {"connected": true, "current": true}}}})",
                           loaded(), "west");
  ASSERT_TRUE(read);
  ASSERT_EQ(read->proxies.size(), 1u);
  EXPECT_TRUE(read->proxies["ingress-west-0"].current);
  EXPECT_EQ(read->proxies["ingress-west-0"].refusals.at("Listener"), "no");
  EXPECT_EQ(read->zones_behind, std::set<std::string>{"west"});
}

TEST(Zones, APolicyOfOneNameIsThatOfGlobalAndThatOfAZone) {
  Scenario scenario = loaded();
  Observations seen;
  StateSample& sample = seen.samples.emplace_back(known({}));
  sample.at = std::chrono::seconds(5);
  sample.rollout->at = sample.at;
  sample.rollout->policies["MeshTimeout/t"] = {{"web-0", true}};
  sample.rollout->specifications["MeshTimeout/t"] = {"of global", "of west"};
  auto taken = [&](std::string zone, std::string specification, bool removed = false) {
    seen.resources.push_back({.type = "MeshTimeout",
                              .name = "t",
                              .at = std::chrono::seconds(1),
                              .removed = removed,
                              .specification = std::move(specification),
                              .zone = std::move(zone)});
  };
  auto why = [&] {
    return evaluate(*parse_predicate("policy-applied(MeshTimeout/t)"), scenario, seen, Duration(0), scenario.duration)
        .why;
  };
  taken("", "of global");
  EXPECT_EQ(why(), "not all zones hold it as it was taken");
  taken("west", "of west");
  EXPECT_EQ(why(), "");
  taken("", "", true);
  seen.resources.back().problem = "status 403";
  EXPECT_EQ(why(), "") << "a refused deletion leaves what was there";
  taken("", "of global, newer");
  EXPECT_EQ(why(), "not all zones hold it as it was taken");
  taken("", "", true);
  sample.rollout->specifications["MeshTimeout/t"] = {"of west"};
  EXPECT_EQ(why(), "") << "what was deleted at Global is still that of the zone";
  taken("west", "", true);
  EXPECT_EQ(why(), "it was deleted at 1s");
}

TEST(Zones, APolicyOfGlobalMustBeInEachOfThem) {
  Scenario scenario =
      loaded("{type: Mesh, name: default}",
             "{type: MeshTimeout, mesh: default, name: all, spec: {to: [{targetRef: {kind: Mesh}, default: "
             "{connectionTimeout: 5s}}]}}");
  scenario.expectations[0].that = *parse_predicate("policy-applied(MeshTimeout/all)");
  Rollout has{.policies = {{"MeshTimeout/all", {{"web-0", true}}}}}, lacks;
  EXPECT_TRUE(of_control_planes({{"east", {has}}, {"west", {has}}}, scenario)->policies.contains("MeshTimeout/all"));
  EXPECT_FALSE(of_control_planes({{"east", {has}}, {"west", {lacks}}}, scenario)->policies.contains("MeshTimeout/all"));
  scenario.resources[0].zone = "east";
  EXPECT_TRUE(of_control_planes({{"east", {has}}, {"west", {lacks}}}, scenario)->policies.contains("MeshTimeout/all"));
  EXPECT_FALSE(of_control_planes({}, scenario));
}

TEST(Zones, ReplicasSayTogetherWhatTheirProxiesRun) {
  Scenario scenario = loaded();
  scenario.zones.clear();
  const ProxyRollout away{}, current{.connected = true, .current = true}, late{.connected = true},
      refuses{.connected = true, .current = true, .refusals = {{"Listener", "no"}}};
  Rollout one{.proxies = {{"web-0", current}, {"b-0", away}, {"b-1", current}},
              .policies = {{"MeshTimeout/t", {{"web-0", true}, {"b-0", false}}}},
              .specifications = {{"MeshTimeout/t", {"new"}}}},
      two{.behind = true,
          .proxies = {{"web-0", away}, {"b-0", refuses}, {"b-1", late}, {"c-0", away}},
          .zones_behind = {"east"},
          .policies = {{"MeshTimeout/t", {{"web-0", false}, {"b-0", true}}}, {"MeshRetry/r", {}}},
          .specifications = {{"MeshTimeout/t", {"old"}}}};
  std::optional<Rollout> both = of_control_planes({{"", {one, two}}}, scenario);
  ASSERT_TRUE(both);
  EXPECT_TRUE(both->behind);
  EXPECT_THAT(both->zones_behind, ElementsAre("east"));
  EXPECT_TRUE(both->proxies["web-0"].connected && both->proxies["web-0"].current);
  EXPECT_TRUE(both->proxies["b-0"].connected && both->proxies["b-0"].refusals.contains("Listener"));
  EXPECT_TRUE(both->proxies["b-1"].connected);
  EXPECT_FALSE(both->proxies["b-1"].current) << "both have a stream of it, and one of them is not done";
  EXPECT_FALSE(both->proxies["c-0"].connected);
  EXPECT_EQ(both->policies["MeshTimeout/t"], (std::map<std::string, bool>{{"b-0", true}, {"web-0", true}}));
  EXPECT_TRUE(both->policies.contains("MeshRetry/r"));
  EXPECT_THAT(both->specifications["MeshTimeout/t"], ElementsAre("new", "old"));
}

TEST(Zones, ReplicasAreSilentTogether) {
  Scenario scenario = loaded("global: {", "global: {replicas: 2, ");
  std::set<std::string> silent{"global-1"};
  add_silent_replicas(scenario, silent);
  EXPECT_THAT(silent, ElementsAre("global-1"));
  silent.insert("global-2");
  add_silent_replicas(scenario, silent);
  EXPECT_THAT(silent, ElementsAre("global", "global-1", "global-2"));
}

TEST(Zones, AskForAPolicyOfGlobalByTheNameThatItHasThere) {
  Scenario scenario = loaded("always: no-plaintext", "always: policy-applied(MeshTimeout/own)");
  EXPECT_EQ(rollout_target(scenario, "west"), "/rollout?policy=MeshTimeout%2Fdefault%2Fown");
  EXPECT_EQ(rollout_target(scenario, "east"), "/rollout");
  scenario.resources[1].zone = "";
  scenario.changes.clear();
  std::string target = rollout_target(scenario, "east");
  EXPECT_THAT(target, HasSubstr("MeshTimeout%2Fdefault%2Fown-"));
  std::string named = target.substr(target.rfind("own-"));
  auto read = read_rollout(R"({"behind": false, "proxies": {}, "policies": {"MeshTimeout/default/)" + named +
                               R"(": {"web-0": true}},
                "specifications": {"MeshTimeout/default/)" +
                               named + R"(": "hash"}})",
                           scenario, "east");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->specifications["MeshTimeout/own"], std::set<std::string>{"hash"});
  scenario.resources[1].body["spec"] = "nothing that Global could give";
  EXPECT_EQ(rollout_target(scenario, "east"), "/rollout");
  EXPECT_TRUE(read->policies.contains("MeshTimeout/own"));
}

TEST(Zones, ScenariosOfThemLoad) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator("scenarios/multizone")) {
    auto scenario = load_scenario_file(entry.path());
    EXPECT_TRUE(scenario) << lines_of(scenario ? Diagnostics() : scenario.error());
    ++files;
  }
  EXPECT_GE(files, 5u);
}

TEST(Zones, OtherFieldsNeedThem) {
  std::string one(zoned);
  one.replace(one.find("    zones:\n"), one.find("    services:") - one.find("    zones:\n"), "");
  EXPECT_THAT(errors(one), HasSubstr("spec.topology.global: has no meaning without `zones`"));
  EXPECT_THAT(errors(one), HasSubstr("spec.topology.services[1].zones: needs `topology.zones`"));
  EXPECT_THAT(errors(one), HasSubstr("spec.resources[1].zone: there are no zones (add them to topology.zones)"));
}

}  // namespace
}  // namespace kumasim::scenario
