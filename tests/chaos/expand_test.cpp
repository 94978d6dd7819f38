/// What a seed makes of a scenario, and what is judged then.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>

#include "kumasim/fault/catalogue.hpp"
#include "scenarios/explore/document_text.hpp"
#include "scenarios/explore/judged.hpp"
#include "tests/chaos/explore_bed.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

const Profile& profile(std::string_view name) { return *find_profile(name); }

std::expected<Scenario, Diagnostics> load(const json& document) {
  return load_scenario(document_text(document), "expanded.yaml");
}

TEST(Expand, EverySeedMakesAScenarioThatLoadsAndDrawsNothingMore) {
  Source source = source_of(with_expectations("  - always: no-plaintext\n  - always: converged\n"));
  for (const Profile& one : profiles()) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      Expanded expanded = expand(source, one, seed);
      auto loaded = load(expanded.document);
      ASSERT_TRUE(loaded) << one.name << " seed " << seed << ": " << loaded.error()[0].text() << "\n"
                          << document_text(expanded.document);
      EXPECT_EQ(expanded.document, expand(source, one, seed).document);
      EXPECT_EQ(loaded->faults.size(), source.scenario.faults.size() + expanded.drawn.faults.size());
      EXPECT_FALSE(expanded.document["spec"].contains("swarm"));
      EXPECT_EQ(expanded.lines.empty(), !one.faults);
    }
  }
}

TEST(Expand, ABranchHasOneMoreFaultThatWaitsForItsEvent) {
  Source source = source_of(with_expectations("  - always: converged\n"));
  const Profile& swarm = profile("swarm");
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Expanded trunk = expand(source, swarm, seed);
    auto branch = branched(source, swarm, trunk, seed, "call.failed", 12'345'678'901ns, 2);
    if (!branch) continue;
    auto loaded = load(branch->document);
    ASSERT_TRUE(loaded) << loaded.error()[0].text() << "\n" << document_text(branch->document);
    ASSERT_TRUE(loaded->faults.back().when);
    EXPECT_EQ(loaded->faults.back().when->event, "call.failed");
    EXPECT_LE(loaded->faults.back().when->after.high, 5s);
    json without = branch->document;
    without["spec"]["faults"].erase(without["spec"]["faults"].size() - 1);
    EXPECT_EQ(without, trunk.document);
  }
}

TEST(Expand, InstancesOfSeveralZonesAreNamedByTheirZone) {
  Source source = source_of(R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: zoned}
spec:
  duration: 60s
  topology:
    zones: [{name: east}, {name: west}]
    services: [{name: web, zone: east, calls: [backend]}, {name: backend, zones: [east, west], instances: 2}]
  expect: [{always: converged}]
)");
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Expanded expanded = expand(source, profile("swarm"), seed);
    auto loaded = load(expanded.document);
    ASSERT_TRUE(loaded) << seed << ": " << loaded.error()[0].text() << "\n" << document_text(expanded.document);
    EXPECT_EQ(loaded->processes_of("backend").size(), 4u);
  }
}

/// Their proxies talk to the control plane of their zone, which talks to Global; a zone that is killed takes all of it.
TEST(Expand, DrawsFromTheWaysAndFaultsOfZones) {
  chaos::Surface surface = surface_of(source_of(R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: zoned}
spec:
  duration: 60s
  topology:
    zones: [{name: east}, {name: west}]
    services: [{name: web, zone: east, calls: [backend]}, {name: backend, zones: [east, west], instances: 2}]
  faults: [{fault: proc.kill, at: 10s, for: 5s, target: west}]
  expect: [{always: converged}]
)"),
                                      profile("swarm"));
  using Way = std::pair<std::string, std::string>;
  EXPECT_EQ(surface.ways, (std::vector<Way>{{"global", "kuma-cp-east"},
                                            {"global", "kuma-cp-west"},
                                            {"kuma-cp-east", "web"},
                                            {"web", "backend"},
                                            {"kuma-cp-east", "backend"},
                                            {"kuma-cp-west", "backend"}}));
  ASSERT_EQ(surface.given.size(), 1u);
  EXPECT_EQ(surface.given[0].processes, (std::vector<std::string>{"backend-west-0", "backend-west-1"}));
  EXPECT_EQ(surface.given[0].at_once, 2u);
}

TEST(Expand, DrawsFromTheReplicasOfGlobal) {
  Source source = source_of(R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: zoned}
spec:
  duration: 60s
  topology:
    global: {replicas: 2}
    zones: [{name: east}]
    services: [{name: web, zone: east, calls: [backend]}, {name: backend, zone: east}]
  expect: [{always: converged}]
)");
  chaos::Surface surface = surface_of(source, profile("swarm"));
  EXPECT_EQ(surface.control_plane, "global-1");
  EXPECT_EQ(surface.replicas, (std::vector<std::string>{"global-1", "global-2"}));
  EXPECT_EQ(surface.shared_stores, std::vector<std::string>{"global-store"});
  using Way = std::pair<std::string, std::string>;
  EXPECT_EQ(std::vector(surface.ways.begin(), surface.ways.begin() + 4),
            (std::vector<Way>{{"global-1", "kuma-cp-east"},
                              {"global-2", "kuma-cp-east"},
                              {"global-1", "global-store"},
                              {"global-2", "global-store"}}));
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Expanded expanded = expand(source, profile("swarm"), seed);
    auto loaded = load(expanded.document);
    ASSERT_TRUE(loaded) << seed << ": " << loaded.error()[0].text() << "\n" << document_text(expanded.document);
  }
}

TEST(Expand, NothingThatSaysWhoMayCallIsTakenBack) {
  std::string text = with_expectations("  - always: converged\n");
  text.replace(
      text.find("  changes:\n") + 11, 0,
      "  - at: 5s\n    apply: {type: MeshTrafficPermission, mesh: default, name: p, spec: {from: [{targetRef: {kind: "
      "Mesh}, default: {action: Deny}}]}}\n");
  for (const chaos::Resource& resource : surface_of(source_of(text), profile("swarm")).changed)
    EXPECT_NE(resource.kind, "MeshTrafficPermission");
}

TEST(Expand, SmokeIsTheScenarioItself) {
  Source source = source_of(with_expectations("  - always: no-plaintext\n  swarm: {pick: 5}\n"));
  json document = expand(source, profile("smoke"), 7).document;
  json wanted = source.document;
  wanted["spec"].erase("swarm");
  EXPECT_EQ(document, wanted);
}

TEST(Expand, TakesItsLimitsFromTheSwarm) {
  Source source =
      source_of(with_expectations("  - always: no-plaintext\n"
                                  "  swarm: {pick: 4, from: [net.partition, proc.pause], instances: {web: 3..5, "
                                  "backend: 2}, delay: [5ms, 6ms]}\n"));
  std::map<std::string, int> kinds;
  bool more = false;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Expanded expanded = expand(source, profile("swarm"), seed);
    EXPECT_LE(expanded.drawn.faults.size(), 4u);
    for (const chaos::DrawnFault& fault : expanded.drawn.faults) ++kinds[fault.kind];
    int web = expanded.document["spec"]["topology"]["services"][0]["instances"].get<int>();
    EXPECT_TRUE(web == 2 || (web >= 3 && web <= 5)) << web;
    more = more || web > 2;
  }
  EXPECT_TRUE(more);
  EXPECT_EQ(kinds.size(), 2u);
}

TEST(Expand, SoakIsLongerAndHasMore) {
  Source source = source_of(with_expectations("  - always: no-plaintext\n  swarm: {pick: 3}\n"));
  Expanded soak = expand(source, profile("soak"), 1);
  auto loaded = load(soak.document);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->liveness->after, 400s);
  EXPECT_GT(soak.drawn.faults.size(), 6u);
}

/// Of what is judged; `fault` is one more of the file.
std::vector<std::string> titles(const std::string& expectations, bool recoverable = true,
                                const std::string& fault = {}) {
  std::string text = with_expectations(expectations);
  if (!fault.empty()) text.insert(text.find("  faults:\n") + 10, "  - " + fault + "\n");
  Source source = source_of(text);
  Phases phases{.liveness = {100s, 90s}, .end = 220s, .recoverable = recoverable};
  Judged judged = judged_under_faults(source.scenario, phases);
  json document = source.document;
  document["spec"]["duration"] = "220s";
  document["spec"]["expect"] = judged.expect;
  if (judged.expect.empty()) return {};
  auto loaded = load(document);
  if (!loaded) return {loaded.error()[0].text()};
  std::vector<std::string> out;
  for (const Expectation& expectation : loaded->expectations) out.push_back(expectation.title());
  return out;
}

using Titles = std::vector<std::string>;

/// As a change may be, what a fault of the file writes may be late by another fault.
TEST(Judged, NothingIsAskedOfAWindowAfterAResourceFault) {
  const std::string blocked = "  - during: {from: 10s, to: 20s, that: blocked(web -> backend)}\n";
  const Titles asked{"10s to 20s: blocked(web -> backend)"};
  EXPECT_EQ(titles(blocked), asked);
  EXPECT_EQ(titles(blocked, true, "{at: 5s, for: 5s, fault: net.partition, between: [web, backend]}"), asked);
  EXPECT_EQ(titles(blocked, true, "{at: 11s, fault: pki.rotateCA}"), asked);
  EXPECT_EQ(titles(blocked, true, "{at: 5s, fault: pki.rotateCA}"), Titles{});
}

TEST(Judged, SafetyHoldsAtAllTimes) {
  EXPECT_EQ(titles("  - always: no-plaintext\n"), Titles{"always no-plaintext"});
  EXPECT_EQ(titles("  - during: {to: 20s, that: denied(web -> backend)}\n"),
            Titles{"0s to 20s: blocked(web -> backend)"});
  // The change may come at 40s, and a call waits ten seconds.
  EXPECT_EQ(titles("  - during: {to: 40s, that: denied(web -> backend)}\n"),
            Titles{"0s to 30s: blocked(web -> backend)"});
  EXPECT_EQ(titles("  - during: {from: 31s, to: 40s, that: denied(web -> backend)}\n"), Titles{});
  EXPECT_EQ(titles("  - always: denied(web -> backend)\n"),
            (Titles{"always blocked(web -> backend)", "3m10s to 3m40s: denied(web -> backend)"}));
  EXPECT_EQ(titles("  - during: {from: 60s, to: 80s, that: denied(web -> backend)}\n"), Titles{})
      << "a change may be late";
}

/// A change may be late by a fault, for whichever predicate.
TEST(Judged, NothingIsAskedOfAWindowAfterAChange) {
  for (const char* that : {"no-plaintext", "blocked(web -> backend)"}) {
    EXPECT_EQ(titles(std::string("  - during: {from: 60s, to: 80s, that: ") + that + "}\n"), Titles{}) << that;
    EXPECT_EQ(titles(std::string("  - during: {from: 10s, to: 30s, that: ") + that + "}\n"),
              Titles{std::string("10s to 30s: ") + that});
  }
}

TEST(Expand, LoadToTheEndGoesOnToTheNewEnd) {
  std::string text = with_expectations("  - always: failed-calls == 0\n");
  text.replace(text.find("rate: 20/s}"), 11, "rate: 20/s, end: 100s}");
  json document = expand(source_of(text), profile("lite"), 1).document;
  EXPECT_FALSE(document["spec"]["load"][0].contains("end"));
  EXPECT_NE(document["spec"]["duration"], "100s");
}

TEST(Judged, WhatHoldsToTheEndIsAskedAfterTheLivenessPhase) {
  EXPECT_EQ(titles("  - always: availability(web -> backend) >= 99%\n"),
            Titles{"3m10s to 3m40s: availability(web -> backend) >= 99%"});
  EXPECT_EQ(titles("  - during: {from: 60s, that: failed-calls == 0}\n"), Titles{"3m10s to 3m40s: failed-calls == 0"});
  EXPECT_EQ(titles("  - during: {to: 60s, that: failed-calls == 0}\n"), Titles{});
  EXPECT_EQ(titles("  - always: calls >= 10\n  - always: share(web -> backend, version=v1) in 40%..60%\n"
                   "  - always: certificate-rotated(web)\n"),
            Titles{});
}

TEST(Judged, WhatMustComeToHoldHasUntilTheEndOfTheLivenessPhase) {
  EXPECT_EQ(titles("  - eventually: {after: 60s, within: 5s, that: reachable(web -> backend)}\n"),
            Titles{"within 1m30s after 1m40s: reachable(web -> backend)"});
  EXPECT_EQ(titles("  - eventually: {after: 10s, within: 5s, that: reachable(web -> backend)}\n"), Titles{})
      << "a later change may undo it";
}

TEST(Judged, BeyondTheBudgetOnlySafety) {
  EXPECT_EQ(titles("  - always: no-plaintext\n  - always: denied(web -> backend)\n  - always: converged\n"
                   "  - eventually: {after: 60s, within: 5s, that: converged}\n",
                   false),
            (Titles{"always no-plaintext", "always blocked(web -> backend)"}));
}

TEST(Judged, SometimesStays) { EXPECT_EQ(titles("  - sometimes: converged\n"), Titles{"sometimes converged"}); }
TEST(Judged, UsuallyStaysAsItIs) {
  EXPECT_EQ(titles("  - usually: {share: 90%, to: 10s, that: \"failed-calls(web -> backend) == 0\"}\n"),
            Titles{"usually (90% of runs, 95% sure) 0s to 10s: failed-calls(web -> backend) == 0"});
}

/// A kill of the file takes two of the three, at some time: two_services.
TEST(Expand, DrawsBesideTheFaultsOfTheFile) {
  Source source = source_of(with_expectations("  - always: converged\n"));
  chaos::Surface surface = surface_of(source, profile("swarm"));
  ASSERT_EQ(surface.given.size(), 2u);
  EXPECT_EQ(surface.given[0].kind, "proc.kill");
  EXPECT_EQ(surface.given[0].processes, (std::vector<std::string>{"backend-v1-0", "backend-v1-1", "backend-v2-0"}));
  EXPECT_EQ(surface.given[0].at_once, 2u);
  EXPECT_EQ(surface.given[0].from, 10s);
  EXPECT_EQ(surface.given[0].to, 25s);
  EXPECT_EQ(surface.given[1].processes, std::vector<std::string>{"web-0"});
  EXPECT_EQ(surface.given[1].to, 32s);
}

/// Patterns are what they are made of; who is restarted serves again until it is restarted back.
TEST(Expand, NoFaultBeginsBeforeAnybodyCalls) {
  std::string text = with_expectations("  - always: no-plaintext\n");
  text.replace(text.find("rate: 20/s"), 10, "rate: 20/s, start: 40s");
  Source source = source_of(text);
  std::size_t faults = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    for (const chaos::DrawnFault& fault : expand(source, profile("soak"), seed).drawn.faults) {
      EXPECT_GE(fault.at, 40s) << fault.kind;
      ++faults;
    }
  }
  EXPECT_GT(faults, 20u);
}

TEST(Expand, FaultsThatEndLivesInTheirPartsCount) {
  std::string text = with_expectations("  - always: converged\n");
  text.replace(text.find("  changes:"), 0,
               "  - {at: 40s, for: 20s, fault: ops.drainZone, select: {service: web, pick: all}}\n"
               "  - {at: 70s, for: 10s, fault: ops.upgradeSkew, set: version=v9, select: {service: web, pick: all}}\n"
               "  - {at: 50s, for: [10s, 12s], fault: proc.restartAs, set: version=v9, target: web-1}\n"
               "  - {at: 50s, for: 10s, fault: net.flap, period: 1s, between: [web, backend]}\n");
  chaos::Surface surface = surface_of(source_of(text), profile("swarm"));
  ASSERT_EQ(surface.given.size(), 6u) << "the link takes nobody";
  for (std::size_t i : {2, 3}) {
    EXPECT_EQ(surface.given[i].processes, (std::vector<std::string>{"web-0", "web-1"}));
    EXPECT_EQ(surface.given[i].at_once, 2u);
  }
  EXPECT_EQ(surface.given[2].from, 40s);
  EXPECT_EQ(surface.given[2].to, 60s);
  EXPECT_EQ(surface.given[3].to, 80s);
  EXPECT_EQ(surface.given[4].from, 50s);
  EXPECT_EQ(surface.given[4].to, 50s);
  EXPECT_EQ(surface.given[5].from, 60s);
  EXPECT_EQ(surface.given[5].to, 62s);
}

/// The catalogue has each kind that a seed draws, with all that is drawn for it.
TEST(FaultKinds, AreThoseOfTheCatalogue) {
  for (const chaos::FaultKind& kind : chaos::fault_kinds()) {
    const fault::Kind* known = fault::find_kind(kind.name);
    ASSERT_NE(known, nullptr) << kind.name;
    EXPECT_TRUE(known->not_sim.empty()) << kind.name;
    EXPECT_EQ(known->lasting, kind.lasts()) << kind.name;
    using Victim = chaos::FaultKind::Victim;
    bool of_ways = kind.victim == Victim::way || kind.victim == Victim::service || kind.name == "kds.splitGlobal";
    EXPECT_EQ(known->whom == fault::Whom::ways, of_ways) << kind.name;
    for (const chaos::Parameter& parameter : kind.parameters)
      EXPECT_NE(known->find_parameter(parameter.name), nullptr) << kind.name << " " << parameter.name;
    for (const fault::Parameter& parameter : known->parameters) {
      bool drawn = std::ranges::find(kind.parameters, parameter.name, &chaos::Parameter::name) != kind.parameters.end();
      bool victim = known->whom == fault::Whom::resources && (parameter.name == "kind" || parameter.name == "name");
      EXPECT_TRUE(drawn || victim || !parameter.required) << kind.name << " " << parameter.name;
    }
  }
}

}  // namespace
}  // namespace kumasim::scenario
