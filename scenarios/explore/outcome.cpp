/// Failures, probes and faults of a run.
#include "scenarios/explore/outcome.hpp"

#include <algorithm>
#include <set>

#include "kumasim/scenario/fault_order.hpp"

namespace kumasim::scenario {
namespace {

bool any_flow(const WorldRun& run, std::size_t Flow::* count) {
  return std::ranges::any_of(run.flows, [&](const Flow& flow) { return flow.*count > 0; });
}

struct Probe {
  const char* name;
  bool (*reached)(const WorldRun& run);
};

constexpr Probe probes[] = {
    {"call denied", [](const WorldRun& run) { return any_flow(run, &Flow::denied); }},
    {"call failed", [](const WorldRun& run) { return any_flow(run, &Flow::failed); }},
    {"call in plaintext", [](const WorldRun& run) { return any_flow(run, &Flow::plaintext); }},
    {"p99 without an answer",
     [](const WorldRun& run) {
       return std::ranges::any_of(run.flows, [](const Flow& flow) { return flow.p99 == never; });
     }},
    {"update refused by a proxy", [](const WorldRun& run) { return !run.refusals.empty(); }},
};

/// Those that began, at a time or at an event. A fault that comes as several parts counts once.
std::map<std::string, std::uint64_t> faults_of(const Scenario& scenario, const WorldRun& run) {
  std::map<std::string, std::uint64_t> out;
  std::set<std::uint64_t> seen;
  for (const FaultSpan& fault : run.course.faults) {
    FaultOrder order{.id = fault.id};
    if (seen.insert(order.strike()).second) ++out[std::string(scenario.faults[order.place()].kind->name)];
  }
  return out;
}

}  // namespace

std::vector<chaos::Failure> failures_of(const WorldRun& run) {
  std::vector<chaos::Failure> out;
  for (const Problem& problem : run.problems)
    out.push_back({.kind = std::string(to_string(problem.kind)), .what = "", .cause = problem.text});
  for (const Verdict& verdict : run.verdicts) {
    if (!verdict.broken()) continue;
    out.push_back({.kind = "broken", .what = verdict.title, .cause = verdict.why.empty() ? verdict.seen : verdict.why});
  }
  return out;
}

const std::vector<std::string>& run_probes() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const Probe& probe : probes) out.emplace_back(probe.name);
    return out;
  }();
  return names;
}

chaos::SeedResult outcome_of(const Scenario& scenario, const WorldRun& run) {
  chaos::SeedResult out;
  out.seed = run.seed;
  out.failures = failures_of(run);
  out.struck = faults_of(scenario, run);
  for (const Probe& probe : probes) {
    if (probe.reached(run)) out.probes.emplace_back(probe.name);
  }
  for (const Verdict& verdict : run.verdicts) {
    if ((verdict.sometimes || verdict.usually) && verdict.held) out.probes.push_back(verdict.title);
  }
  out.events = run.events;
  out.fingerprint = run.fingerprint;
  out.simulated_ms = run.simulated.count() / 1'000'000;
  return out;
}

}  // namespace kumasim::scenario
