/// Faults in scenario files: every kind of the catalogue loads with its parameters, and what is wrong is named.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>

#include <fmt/format.h>

#include "kumasim/fault/catalogue.hpp"
#include "kumasim/scenario/fault_reference.hpp"
#include "kumasim/scenario/plan.hpp"
#include "tests/scenarios/scenario_texts.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;

/// The faults begin in line 13 of the file.
std::string with(const std::string& faults) {
  return R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: small}
spec:
  duration: 60s
  topology:
    services:
    - {name: web, zone: east, calls: [backend]}
    - {name: backend, zone: west, instances: 4}
  resources:
  - {type: Mesh, name: default}
  faults:
  )" + faults +
         "\n  load: [{from: web, to: backend, rate: 1/s}]\n  expect:\n  - always: no-plaintext\n";
}

/// The same in two zones; the faults are in the same lines.
std::string in_zones(const std::string& faults) {
  std::string out =
      replaced(with(faults), "    services:\n", "    zones: [{name: east}, {name: west}]\n    services:\n");
  return replaced(out, "  resources:\n  - {type: Mesh, name: default}\n",
                  "  resources: [{type: Mesh, name: default}]\n");
}

/// The same under a Global of three replicas.
std::string under_replicas(const std::string& faults) {
  return replaced(
      with(faults),
      "    services:\n    - {name: web, zone: east, calls: [backend]}\n    - {name: backend, zone: west, "
      "instances: 4}\n",
      "    global: {replicas: 3}\n    zones: [{name: east}, {name: west}]\n    services: [{name: web, zone: "
      "east, calls: [backend]}, {name: backend, zone: west, instances: 4}]\n");
}

/// The same with proxies that have tokens; the faults are in the same lines.
std::string with_tokens(const std::string& faults) {
  std::string out = replaced(with(faults), "    services:\n",
                             "    controlPlanes: [{settings: {KUMA_DP_SERVER_AUTHN_DP_PROXY_TYPE: dpToken}}]\n"
                             "    services:\n");
  return replaced(out, "  resources:\n  - {type: Mesh, name: default}\n",
                  "  resources: [{type: Mesh, name: default}]\n");
}

bool says(std::string_view faults, std::string_view part) { return faults.find(part) != std::string_view::npos; }

bool is_of_replicas(std::string_view faults) {
  return says(faults, "kds.reconnectElsewhere") || says(faults, "kds.splitGlobal") || says(faults, "store.leaderFlap");
}

Scenario load(const std::string& faults) {
  auto loaded = load_scenario(is_of_replicas(faults)             ? under_replicas(faults)
                              : says(faults, "fault: kds.")      ? in_zones(faults)
                              : says(faults, "pki.revokedToken") ? with_tokens(faults)
                                                                 : with(faults),
                              "s.yaml");
  if (loaded) return std::move(*loaded);
  ADD_FAILURE() << faults << "\n" << loaded.error()[0].text();
  return {};
}

bool has_target(const fault::Kind& kind) {
  return kind.whom == fault::Whom::processes || kind.whom == fault::Whom::ways;
}

/// Instances have no disk.
std::string victim(const fault::Kind& kind) {
  if (kind.name == "kds.resourceRefused") return "global";
  if (kind.name == "kds.splitGlobal") return "global-2";
  if (kind.name == "store.leaderFlap") return "global-store";
  if (kind.name.starts_with("kds.")) return "kuma-cp-west";
  bool disk = kind.name.starts_with("disk.") || kind.name == "proc.wipe" || kind.find_parameter("disk") != nullptr;
  return disk || kind.stores ? "kuma-cp" : "backend-0";
}

std::string with_examples(const fault::Kind& kind) {
  std::string out = fmt::format("- {{fault: {}, at: 10s", kind.name);
  if (kind.lasting) out += ", for: 5s";
  for (const fault::Parameter& parameter : kind.parameters) {
    if (parameter.name != "shape") out += fmt::format(", {}: {}", parameter.name, parameter.example);
  }
  return out + (has_target(kind) ? fmt::format(", target: {}}}", victim(kind)) : "}");
}

TEST(FaultLoader, ReadsEveryKindWithAllItsParameters) {
  for (const fault::Kind& kind : fault::kinds()) {
    Scenario scenario = load(with_examples(kind));
    ASSERT_EQ(scenario.faults.size(), 1u) << kind.name;
    EXPECT_EQ(scenario.faults[0].kind, &kind);
    std::size_t written = kind.parameters.size() - (kind.find_parameter("shape") != nullptr ? 1 : 0);
    EXPECT_EQ(scenario.faults[0].values.size(), written) << kind.name;
    Plan plan = make_plan(scenario, 7);
    ASSERT_FALSE(plan.actions.empty()) << kind.name;
    EXPECT_EQ(plan_lines(plan), plan_lines(make_plan(scenario, 7))) << kind.name;
    for (const Action& action : plan.actions)
      EXPECT_EQ(action.order.touches(victim(kind)), has_target(kind)) << action.text;
  }
}

TEST(FaultLoader, FillsInWhatIsNotSaid) {
  for (const fault::Kind& kind : fault::kinds()) {
    std::string text = fmt::format("- {{fault: {}, at: 10s, for: 5s", kind.name);
    if (has_target(kind)) text += ", target: " + victim(kind);
    if (!kind.lasting) continue;
    if (kind.name == "net.delay") text += ", delay: 5ms";
    for (const fault::Parameter& parameter : kind.parameters)
      if (parameter.required) text += fmt::format(", {}: {}", parameter.name, parameter.example);
    Plan plan = make_plan(load(text + "}"), 1);
    ASSERT_FALSE(plan.actions.empty()) << kind.name;
    for (const fault::Parameter& parameter : kind.parameters)
      EXPECT_EQ(plan.actions[0].order.has(parameter.name) || parameter.fallback.empty(), true)
          << kind.name << " " << parameter.name;
  }
}

TEST(FaultLoader, RefusesFaultsBetweenZonesAndGlobalElsewhere) {
  EXPECT_NE(errors(with("- {fault: kds.streamDrop, at: 1s, target: kuma-cp}"))
                .find("spec.faults[0].fault: kds.streamDrop needs `topology.zones`"),
            std::string::npos);
  EXPECT_NE(errors(in_zones("- {fault: kds.streamDrop, at: 1s, target: west}"))
                .find("kds.streamDrop strikes the control plane of a zone (target: kuma-cp-east or kuma-cp-west)"),
            std::string::npos);
  EXPECT_NE(errors(in_zones("- {fault: kds.resourceRefused, at: 1s, target: kuma-cp-west}"))
                .find("kds.resourceRefused strikes Global (target: global)"),
            std::string::npos);
}

TEST(FaultLoader, RefusesFaultsOfReplicasWhereThereIsOne) {
  for (const char* fault :
       {"kds.reconnectElsewhere, at: 1s, target: kuma-cp-west", "kds.splitGlobal, at: 1s, for: 1s, target: global"})
    EXPECT_TRUE(says(errors(in_zones(fmt::format("- {{fault: {}}}", fault))),
                     "needs several replicas of Global (topology.global: {replicas: 2})"))
        << fault;
  EXPECT_TRUE(says(errors(in_zones("- {fault: store.leaderFlap, at: 1s, for: 1s, target: global}")),
                   "needs several replicas of a control plane (topology.global: {replicas: 2})"));
  EXPECT_TRUE(says(errors(with("- {fault: store.leaderFlap, at: 1s, for: 1s, target: kuma-cp}")),
                   "needs several replicas of a control plane (topology.controlPlanes: [{replicas: 2}])"));
  struct Case {
    const char *fault, *said;
  };
  for (const Case& c :
       {Case{"kds.splitGlobal, at: 1s, for: 1s, target: kuma-cp-west",
             "kds.splitGlobal strikes Global (target: global-1 or global-2 or global-3 or global)"},
        Case{"store.leaderFlap, at: 1s, for: 1s, target: global-1",
             "store.leaderFlap strikes the store that replicas share (target: global-store)"},
        Case{"proc.restartAs, at: 1s, target: global, set: KUMA_X=1",
             "spec.faults[0].target: `global` is several processes; expected one of them (they are global-1, global-2, "
             "global-3)"},
        Case{"proc.restartAs, at: 1s, target: global-store, set: KUMA_X=1", "has no meaning for a store"},
        Case{"xds.neverAck, at: 1s, target: global-store", "is a store, which has no application and no proxy"},
        Case{"store.conflict, at: 1s, target: global", "strike the control plane: target: global-1"}})
    EXPECT_TRUE(says(errors(under_replicas(fmt::format("- {{fault: {}}}", c.fault))), c.said))
        << errors(under_replicas(fmt::format("- {{fault: {}}}", c.fault)));
}

TEST(FaultLoader, SplitsGlobalSoThatTheStoreIsWithMost) {
  std::set<std::string> lesser;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Plan plan = make_plan(load("- {fault: kds.splitGlobal, at: 10s, for: 5s, target: global}"), seed);
    ASSERT_EQ(plan.actions.size(), 2u);
    const FaultOrder& order = plan.actions[0].order;
    EXPECT_EQ(order.kind->name, "net.partition");
    ASSERT_EQ(order.processes.size(), 1u) << "of three";
    lesser.insert(order.processes[0]);
    EXPECT_EQ(order.ways.size(), 6u) << "from two others and the store, both ways";
    for (const Way& way : order.ways)
      EXPECT_TRUE((way.from == order.processes[0]) != (way.to == order.processes[0])) << way.from << " " << way.to;
    EXPECT_TRUE(says(plan.actions[0].text, "global-store")) << plan.actions[0].text;
  }
  EXPECT_EQ(lesser, (std::set<std::string>{"global-1", "global-2", "global-3"}));
}

struct Refused {
  const char* name;
  const char* fault;
  std::vector<const char*> parts;
};

std::ostream& operator<<(std::ostream& out, const Refused& refused) { return out << refused.name; }

class FaultLoaderRefuses : public testing::TestWithParam<Refused> {};

TEST_P(FaultLoaderRefuses, AndSaysWhereAndWhy) {
  std::string text = errors(with(GetParam().fault));
  ASSERT_FALSE(text.empty());
  for (const char* part : GetParam().parts)
    EXPECT_NE(text.find(part), std::string::npos) << part << " is not in\n" << text;
}

INSTANTIATE_TEST_SUITE_P(
    Table, FaultLoaderRefuses,
    testing::ValuesIn(std::vector<Refused>{
        {"UnknownKind",
         "- {fault: net.los, at: 1s, target: web-0}",
         {"s.yaml:13:6: spec.faults[0].fault: expected one of net.delay", "did you mean `net.loss`?"}},
        {"UnknownParameter",
         "- {fault: net.loss, at: 1s, loss: 5%, burts: 3, target: web-0}",
         {"s.yaml:13:41: spec.faults[0].burts: unknown field", "did you mean `burst`?"}},
        {"ParameterOfAnother",
         "- {fault: net.loss, at: 1s, loss: 5%, bandwidth: 1000, target: web-0}",
         {"spec.faults[0].bandwidth: has no meaning for net.loss", "its parameters are loss, burst, direction"}},
        {"NumberTooLarge",
         "- {fault: net.loss, at: 1s, loss: 5%, burst: 5000, target: web-0}",
         {"spec.faults[0].burst", "expected a whole number from 1 to 1000"}},
        {"NotAPercentage",
         "- {fault: net.loss, at: 1s, loss: 5, target: web-0}",
         {"spec.faults[0].loss", "expected a percentage such as 0.5%"}},
        {"EmptyRange",
         "- {fault: net.loss, at: 1s, loss: [5%, 1%], target: web-0}",
         {"spec.faults[0].loss: the range is empty"}},
        {"UnknownWord",
         "- {fault: net.partition, at: 1s, direction: oneway, target: web-0}",
         {"spec.faults[0].direction", "did you mean `oneWay`?"}},
        {"RequiredIsMissing",
         "- {fault: net.rate, at: 1s, target: web-0}",
         {"s.yaml:13:5: spec.faults[0]: net.rate needs `bandwidth`"}},
        {"NegativeLength", "- {fault: dns.slow, at: 1s, delay: -5s, target: web-0}", {"spec.faults[0].delay"}},
        {"NobodyIsStruck",
         "- {fault: net.loss, at: 1s, loss: 5%}",
         {"net.loss needs either `between`, `target` or `select`"}},
        {"TwoWaysToSayWhom",
         "- {fault: net.loss, at: 1s, loss: 5%, target: web-0, between: [web, backend]}",
         {"net.loss needs either `between`, `target` or `select`"}},
        {"BetweenForAProcess",
         "- {fault: proc.slow, at: 1s, step: 1ms, between: [web, backend]}",
         {"spec.faults[0].between: has no meaning for proc.slow"}},
        {"ShapeOfTwo",
         "- {fault: net.partition, at: 1s, shape: halves, between: [web, backend]}",
         {"spec.faults[0].between: has no meaning for shape `halves`"}},
        {"NoLength",
         "- {fault: tcp.reset, at: 1s, for: 5s, target: web-0}",
         {"spec.faults[0].for: tcp.reset has no length"}},
        {"PatternWithoutLength", "- {fault: net.flap, at: 1s, target: web-0}", {"net.flap needs `for`"}},
        {"NoTime", "- {fault: tcp.reset, target: web-0}", {"tcp.reset needs either `at` or `when`"}},
        {"TooOften",
         "- {fault: proc.pause, at: 1s, for: [1s, 5s], every: 3s, target: web-0}",
         {"spec.faults[0].every: must be at least as long as `for`"}},
        {"UnknownEvent",
         "- {fault: tcp.reset, when: {event: proxy.aked}, target: web-0}",
         {"spec.faults[0].when.event", "did you mean `proxy.acked`?"}},
        {"UnknownFieldOfAnEvent",
         "- {fault: tcp.reset, when: {event: proxy.acked, where: {name: x}}, target: web-0}",
         {"spec.faults[0].when.where.name: proxy.acked has no such field", "process, service, type"}},
        {"EventOfNoProcess",
         "- {fault: tcp.reset, when: {event: fault.begun}, target: $event}",
         {"spec.faults[0].target: there is no event here that is about a process"}},
        {"OneZone",
         "- {fault: net.partition, at: 1s, shape: byZone, select: {zone: west}}",
         {"s.yaml:13:", "spec.faults[0].shape: `byZone` needs two zones or more; the processes are of 1"}},
        {"HalvesOfOne",
         "- {fault: net.partition, at: 1s, shape: halves, select: {service: web}}",
         {"spec.faults[0].shape: `halves` needs 2 processes or more; 1 fit"}},
        {"MinorityOfTwo",
         "- {fault: net.partition, at: 1s, shape: minority, select: {zone: west, pick: 2}}",
         {"spec.faults[0].shape: `minority` needs 3 processes or more; 2 fit"}},
        {"BridgeOfTwo",
         "- {fault: net.partition, at: 1s, shape: bridge, select: {zone: west, pick: 2}}",
         {"spec.faults[0].shape: `bridge` needs 3 processes or more; 2 fit"}},
        {"BetweenOneAndItself",
         "- {fault: net.partition, at: 1s, between: [web, web-0]}",
         {"spec.faults[0].between: both sides are `web-0`, which has no link to itself"}},
        {"TooManyParts",
         "- {fault: net.flap, at: 1s, for: 1h, period: 1ms, target: web-0}",
         {"spec.faults[0].for: 60000 times net.partition are more than 10000"}},
        {"NoSuchKindOfResources",
         "- {fault: cfg.deleteRecreate, at: 1s, kind: MeshTimeOut, name: x}",
         {"s.yaml:13:41: spec.faults[0].kind: there is no kind of resources `MeshTimeOut`"}},
        {"NoSuchMesh",
         "- {fault: cfg.massChange, at: 1s, count: 3, mesh: other}",
         {"spec.faults[0].mesh: there is no mesh `other`"}},
        {"TargetOfAResource",
         "- {fault: cfg.massChange, at: 1s, count: 3, target: web-0}",
         {"spec.faults[0].target: has no meaning for cfg.massChange"}},
        {"NoSuchLoad",
         "- {fault: load.flashCrowd, at: 1s, factor: 3, from: backend}",
         {"spec.faults[0]: load.flashCrowd strikes nothing: there is no such `load`"}},
        {"StoreOfAnInstance",
         "- {fault: store.conflict, at: 1s, target: web-0}",
         {"spec.faults[0].fault: store.conflict strikes control planes, which alone have a store"}},
        {"NoSetting",
         "- {fault: proc.restartAs, at: 1s, set: version, target: web-0}",
         {"spec.faults[0].set: expected NAME=VALUE, found `version`"}},
        {"SettingOfAnInstance",
         "- {fault: proc.restartAs, at: 1s, set: KUMA_MODE=zone, target: web-0}",
         {"spec.faults[0].set: an instance has tags of the application"}},
        {"TagOfAControlPlane",
         "- {fault: proc.restartAs, at: 1s, set: version=v2, target: kuma-cp}",
         {"spec.faults[0].set: a control plane has settings KUMA_* and KUMASIM_*"}},
        {"DiskOfAnInstance",
         "- {fault: disk.eio, at: 1s, target: web-0}",
         {"s.yaml:13:6: spec.faults[0].fault: disk.eio changes nothing of instances, which have no disk",
          "strike the control plane: target: kuma-cp"}},
        {"DiskOfSelectedInstances",
         "- {fault: disk.bitrot, at: 1s, select: {service: backend}}",
         {"spec.faults[0].fault: disk.bitrot changes nothing of instances"}},
        {"DiskOfWhomAnEventIsAbout",
         "- {fault: disk.enospc, target: $event, when: {event: process.started}}",
         {"spec.faults[0].fault: disk.enospc changes nothing of instances"}},
        {"KillThatLosesTheDiskOfAnInstance",
         "- {fault: proc.kill, at: 1s, target: web-0, disk: lose}",
         {"s.yaml:13:47: spec.faults[0].disk: `lose` of proc.kill changes nothing of instances, which have no disk"}},
        {"WipedInstance",
         "- {fault: proc.wipe, at: 1s, target: web-0}",
         {"spec.faults[0].fault: proc.wipe changes nothing of instances"}},
        {"NobodyInTheZone",
         "- {fault: proc.kill, at: 1s, select: {zone: north}}",
         {"spec.faults[0].select: 0 instances fit, 1 are to be picked"}},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(FaultLoader, NamesWhatDoesNotWorkInTheLiveWorld) {
  for (const fault::Kind& kind : fault::kinds()) {
    Diagnostics refused = faults_refused(load(with_examples(kind)), "live");
    bool parameter = std::ranges::any_of(kind.parameters, [](const auto& p) { return !p.not_live.empty(); });
    EXPECT_EQ(refused.empty(), kind.not_live.empty() && !parameter) << kind.name;
    for (const Diagnostic& diagnostic : refused)
      EXPECT_TRUE(diagnostic.text().starts_with("s.yaml:13:") || diagnostic.field == "spec.topology.global.replicas")
          << diagnostic.text();
    EXPECT_TRUE(faults_refused(load(with_examples(kind)), "sim").empty()) << kind.name;
  }
}

std::set<Way> ways_of(const std::string& fault, std::uint64_t seed = 1) {
  Plan plan = make_plan(load(fault), seed);
  std::set<Way> out;
  if (plan.actions.empty()) return out;
  out.insert(plan.actions[0].order.ways.begin(), plan.actions[0].order.ways.end());
  EXPECT_EQ(out.size(), plan.actions[0].order.ways.size()) << "each way once";
  return out;
}

/// Six processes: the control plane, web-0, backend-0 to backend-3.
TEST(FaultDraws, ShapesOfPartitions) {
  EXPECT_EQ(ways_of("- {fault: net.partition, at: 1s, target: web-0}").size(), 10u);
  EXPECT_EQ(ways_of("- {fault: net.partition, at: 1s, target: web-0, direction: oneWay}").size(), 5u);
  EXPECT_EQ(ways_of("- {fault: net.partition, at: 1s, select: {service: backend, pick: all}}").size(), 28u);
  EXPECT_EQ(ways_of("- {fault: net.partition, at: 1s, shape: halves}").size(), 18u);  // 3 x 3, both directions
  EXPECT_EQ(ways_of("- {fault: net.partition, at: 1s, shape: bridge}").size(), 12u);  // 3 x 2
  EXPECT_EQ(ways_of("- {fault: net.partition, at: 1s, shape: byZone}").size(), 8u);   // 1 x 4
  EXPECT_EQ(ways_of("- {fault: net.partition, at: 1s, shape: halves, select: {zone: west}}").size(), 8u);  // 2 x 2
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::size_t count = ways_of("- {fault: net.partition, at: 1s, shape: minority}", seed).size();
    EXPECT_TRUE(count == 10u || count == 16u) << count;  // 1 x 5 or 2 x 4
  }
}

TEST(FaultDraws, ThoseOfPickedProcessesAreOfTwoZones) {
  // Of four in the west and one in the east, two of the west would be drawn mostly.
  Scenario scenario = load("- {fault: net.partition, at: 1s, for: 1s, shape: byZone, select: {pick: 2}}");
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Plan plan = make_plan(scenario, seed);
    ASSERT_EQ(plan.actions.size(), 2u) << seed;
    EXPECT_TRUE(plan.actions[0].order.touches("web-0")) << seed;
    EXPECT_EQ(plan.actions[0].order.ways.size(), 2u) << seed;
  }
}

TEST(FaultLoader, TakesFaultsOfTheControlPlanesDisk) {
  for (const char* fault : {"disk.eio, at: 1s, target: kuma-cp", "proc.kill, at: 1s, disk: lose, target: kuma-cp",
                            "proc.wipe, at: 1s, target: kuma-cp", "proc.kill, at: 1s, disk: keep, target: web-0",
                            "disk.eio, target: $event, when: {event: process.started, where: {process: kuma-cp}}"})
    EXPECT_EQ(errors(with(std::string("- {fault: ") + fault + "}")), "") << fault;
}

TEST(FaultDraws, AFlapEndsWithTheRun) {
  Plan plan = make_plan(load("- {fault: net.flap, at: 10s, for: 100d, period: 5s, target: web-0}"), 1);
  EXPECT_EQ(plan.actions.size(), 20u);  // the run has 60 s
}

std::vector<std::string> lines_of(const std::string& fault) { return plan_lines(make_plan(load(fault), 1)); }

TEST(FaultDraws, PatternsAreManySingleFaults) {
  EXPECT_EQ(lines_of("- {fault: proc.limit, at: 1s, for: 2s, period: 1s, quota: 30%, target: web-0}"),
            (std::vector<std::string>{"1.3s pause web-0 (proc.limit)", "2s resume web-0",
                                      "2.3s pause web-0 (proc.limit)", "3s resume web-0"}));
  EXPECT_TRUE(lines_of("- {fault: proc.limit, at: 1s, for: 2s, quota: 100%, target: web-0}").empty());
  EXPECT_TRUE(lines_of("- {fault: proc.limit, at: 1s, for: 2s, quota: 100.00%, target: web-0}").empty());
  EXPECT_EQ(lines_of("- {fault: ops.drainZone, at: 1s, for: 10s, gap: 3s, select: {zone: west, pick: all}}"),
            (std::vector<std::string>{"1s stop backend-0 (ops.drainZone)", "4s stop backend-1 (ops.drainZone)",
                                      "7s stop backend-2 (ops.drainZone)", "10s stop backend-3 (ops.drainZone)",
                                      "11s start backend-0", "11s start backend-1", "11s start backend-2",
                                      "11s start backend-3"}));
  EXPECT_EQ(lines_of("- {fault: ops.upgradeSkew, at: 1s, for: 3s, gap: 2s, set: version=v2, select: {zone: west, pick: "
                     "all}}")
                .size(),
            4u)
      << "the two that are reached before the end";
}

TEST(FaultDraws, NameWhatTheyStrike) {
  EXPECT_EQ(lines_of("- {fault: cfg.deleteRecreate, at: 1s, for: 1s, kind: MeshTimeout, name: t}"),
            (std::vector<std::string>{"1s delete MeshTimeout t", "2s make MeshTimeout t again"}));
  EXPECT_EQ(lines_of("- {fault: cfg.massChange, at: 1s, count: 3}"),
            std::vector<std::string>{"1s apply many policies to the mesh default (count 3 policies)"});
  EXPECT_EQ(lines_of("- {fault: load.flashCrowd, at: 1s, factor: 3, to: backend}"),
            std::vector<std::string>{"1s send a crowd to all -> backend (factor 3)"});
}

TEST(FaultDraws, RangesAreDrawnAndRecurringFaultsDrawAnew) {
  Scenario scenario = load("- {fault: net.loss, at: 1s, for: 1s, every: 2s, loss: [1%, 90%], select: {zone: west}}");
  Plan plan = make_plan(scenario, 3);
  std::set<std::int64_t> rates;
  std::set<std::string> struck;
  for (const Action& action : plan.actions) {
    if (action.kind != Action::Kind::begin) continue;
    rates.insert(action.order.number("loss"));
    struck.insert(action.order.processes.at(0));
    EXPECT_GE(action.order.number("loss"), 10'000);
    EXPECT_LE(action.order.number("loss"), 900'000);
  }
  EXPECT_EQ(plan.actions.size(), 60u);  // at 1, 3, ... 59 s
  EXPECT_GT(rates.size(), 20u);
  EXPECT_EQ(struck.size(), 4u);
}

TEST(FaultReference, TheCommittedPageIsTheOneThatTheProgramPrints) {
  std::ifstream in("scenarios/faults.md");
  std::string committed{std::istreambuf_iterator<char>(in), {}};
  EXPECT_TRUE(committed == fault_reference_markdown())
      << "write it again: kumasim faults --output markdown > scenarios/faults.md";
}

}  // namespace
}  // namespace kumasim::scenario
