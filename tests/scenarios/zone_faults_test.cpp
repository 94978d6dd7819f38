/// Faults between zones and Global: what they do to the stores, and that all comes back.
#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/store/store.hpp"
#include "tests/scenarios/scenario_texts.hpp"
#include "tests/scenarios/sim_run.hpp"

namespace kumasim::scenario {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

/// web in east calls backend in west.
Scenario two_zones(const std::string& fault, const std::string& expectations, const std::string& changes = "") {
  return must_load(load_scenario(R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: two-zones}
spec:
  duration: 40s
  topology:
    zones: [{name: east}, {name: west}]
    services: [{name: web, zone: east, calls: [backend]}, {name: backend, zone: west}]
  resources:
  - {type: Mesh, name: default, mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}}
  - {type: MeshTrafficPermission, mesh: default, name: all, spec: {from: [{targetRef: {kind: Mesh}, default: {action: Allow}}]}}
  load: [{from: web, to: backend, rate: 5/s}]
  faults: [)" + fault + "]\n" + changes +
                                     "  expect:\n  - eventually: {after: 20s, within: 20s, that: converged}\n" +
                                     expectations,
                                 "two-zones.yaml"));
}

/// What of this kind came and went in a control plane's store, "+NAME" and "-NAME".
struct Seen {
  std::string process;
  const cp::Kind& kind;
  std::vector<std::string> changes = {};

  RunOptions options() {
    return {.on_store = [this](const std::string& of, cp::Store& store) {
      if (of != process) return;
      store.subscribe([this](const cp::Change& change) {
        if (change.kind != &kind || (change.before && change.after)) return;
        changes.push_back((change.after ? "+" : "-") + change.key.name);
      });
    }};
  }
};

TEST(ZoneFaults, AZoneWhoseStreamsAreDroppedComesAgain) {
  for (const char* stream : {"all", "globalToZone", "zoneToGlobal"}) {
    WorldRun out =
        run(two_zones(fmt::format("{{fault: kds.streamDrop, at: 5s, target: kuma-cp-west, stream: {}}}", stream),
                      "  - during: {from: 5s, to: 6s, that: converged}\n"
                      "  - always: failed-calls(web -> backend) == 0\n"));
    ASSERT_EQ(out.verdicts.size(), 3u) << broken(out);
    EXPECT_TRUE(out.verdicts[0].held) << out.verdicts[0].why;
    EXPECT_EQ(out.verdicts[1].why, "zone west is not connected to global") << stream;
    EXPECT_TRUE(out.verdicts[2].held) << out.verdicts[2].why;
  }
}

TEST(ZoneFaults, AZoneThatIsRemovedMidStreamComesAnew) {
  Seen zones{"global", cp::kind::zone()};
  WorldRun out = run(two_zones("{fault: kds.zoneDeletedMidStream, at: 5s, target: kuma-cp-west}",
                               "  - during: {from: 20s, to: 40s, that: failed-calls == 0}\n"),
                     zones.options());
  EXPECT_EQ(broken(out), "");
  EXPECT_THAT(zones.changes, ElementsAre("+east", "+west", "-west", "+west"));
}

TEST(ZoneFaults, AZoneIsRemovedOnceWhateverElseIsDoneToGlobal) {
  Seen zones{"global", cp::kind::zone()};
  run(two_zones("{fault: kds.zoneDeletedMidStream, at: 5s, target: kuma-cp-west}, "
                "{fault: kds.resourceRefused, at: 5s, for: 5s, target: global}",
                ""),
      zones.options());
  EXPECT_THAT(zones.changes, ElementsAre("+east", "+west", "-west", "+west"));
}

TEST(ZoneFaults, WhatCameFromTheZoneGoesAndComesWithIt) {
  Seen proxies{"global", cp::kind::dataplane()};
  run(two_zones("{fault: kds.zoneDeletedMidStream, at: 5s, target: kuma-cp-west}", ""), proxies.options());
  ASSERT_EQ(proxies.changes.size(), 4u);
  EXPECT_EQ(proxies.changes[2].front(), '-');
  EXPECT_EQ(proxies.changes[3].front(), '+');
  EXPECT_EQ(proxies.changes[2].substr(1), proxies.changes[3].substr(1));
}

TEST(ZoneFaults, AZoneThatIsRenamedHasTwoZonesForATime) {
  Seen zones{"global", cp::kind::zone()};
  WorldRun out = run(two_zones("{fault: kds.zoneRenamed, at: 5s, for: 8s, target: kuma-cp-west}",
                               "  - during: {from: 20s, to: 40s, that: failed-calls == 0}\n"),
                     zones.options());
  EXPECT_EQ(broken(out), "");
  EXPECT_THAT(zones.changes, ElementsAre("+east", "+west", "+west-renamed", "-west-renamed"));
}

TEST(ZoneFaults, ARefusedResourceKeepsNothingElseBack) {
  auto change = [](const char* at, const char* timeout) {
    return fmt::format(
        "  - {{at: {}, apply: {{type: MeshTimeout, mesh: default, name: t, spec: {{to: [{{targetRef: {{kind: Mesh}}, "
        "default: {{connectionTimeout: {}}}}}]}}}}}}\n",
        at, timeout);
  };
  Scenario scenario = two_zones("{fault: kds.resourceRefused, at: 5s, for: 10s, target: global}",
                                "  - eventually: {after: 8s, within: 4s, that: policy-applied(MeshTimeout/t)}\n",
                                "  changes:\n" + change("1s", "3s") + change("8s", "4s"));
  Seen global{"global", cp::kind::mesh_timeout()}, west{"kuma-cp-west", cp::kind::mesh_timeout()};
  WorldRun out = run(scenario, global.options());
  EXPECT_EQ(broken(out), "");
  EXPECT_THAT(global.changes, AllOf(Contains("+refused-by-zones"), Contains("-refused-by-zones")));
  run(scenario, west.options());
  EXPECT_THAT(west.changes, Not(IsEmpty()));
  EXPECT_TRUE(std::ranges::none_of(west.changes, [](const std::string& name) { return name.contains("refused"); }));
}

/// Also where it is down when the fault ends.
TEST(ZoneFaults, GlobalIsRidOfWhatTheyLeftAsSoonAsItRuns) {
  Seen global{"global", cp::kind::mesh_timeout()};
  WorldRun out = run(two_zones("{fault: kds.resourceRefused, at: 5s, for: 5s, target: global}, "
                               "{fault: proc.kill, at: 8s, for: 5s, target: global}",
                               ""),
                     global.options());
  EXPECT_EQ(broken(out), "");
  EXPECT_THAT(global.changes, Contains("-refused-by-zones"));
}

TEST(ZoneFaults, OneSeedOneRun) {
  Scenario scenario = two_zones(
      "{fault: kds.zoneRenamed, at: 5s, for: 8s, target: kuma-cp-west}, "
      "{fault: kds.streamDrop, at: 7s, target: kuma-cp-east}",
      "");
  EXPECT_EQ(run(scenario).fingerprint, run(scenario).fingerprint);
}

}  // namespace
}  // namespace kumasim::scenario
