/// Flows: what the calls of each pair of services came to.
#include <algorithm>

#include "kumasim/scenario/report.hpp"

#include "kumasim/scenario/quantity.hpp"

namespace kumasim::scenario {

std::vector<Flow> flows_of(const Scenario& scenario, const Observations& seen) {
  std::vector<Flow> out;
  for (const auto& [from, to] : scenario.flows()) {
    Flow flow{.from = from, .to = to};
    std::vector<Duration> latencies;
    for (const CallRecord& call : seen.calls) {
      if (call.from != from || call.to != to) continue;
      ++flow.calls;
      flow.plaintext += call.plaintext() ? 1 : 0;
      flow.encrypted += call.crossing == Crossing::encrypted ? 1 : 0;
      if (call.ok())
        ++flow.ok;
      else if (call.denied)
        ++flow.denied;
      else
        ++flow.failed;
      latencies.push_back(call.status == 0 ? never : call.latency);
      const Instance* instance = scenario.find_instance(call.instance);
      if (instance == nullptr) continue;
      auto version = instance->tags.find("version");
      ++flow.split[version == instance->tags.end() ? instance->process : version->second];
    }
    std::ranges::sort(latencies);
    if (!latencies.empty()) {
      flow.p50 = latencies[percentile_index(latencies.size(), 50)];
      flow.p99 = latencies[percentile_index(latencies.size(), 99)];
    }
    out.push_back(std::move(flow));
  }
  return out;
}

bool WorldRun::passed() const {
  return problems.empty() && std::ranges::none_of(verdicts, &Verdict::broken);
}

std::optional<Duration> WorldRun::failed_at() const {
  if (passed() || course.length == Duration(0)) return {};
  Duration out = simulated - setup;
  for (const Verdict& verdict : verdicts) {
    if (verdict.broken() && verdict.when) out = std::min(out, *verdict.when);
  }
  for (const Problem& problem : problems) {
    if (problem.at) out = std::min(out, *problem.at);
  }
  return out;
}

std::string latency_text(Duration latency) {
  if (latency == never) return "none";
  auto grain = latency >= std::chrono::seconds(1) ? std::chrono::milliseconds(10) : std::chrono::nanoseconds(10'000);
  return duration_text(latency / grain * grain);
}

ExitCode exit_code_of(const Report& report) {
  using Kind = Problem::Kind;
  ExitCode out = report.passed() ? ExitCode::passed : ExitCode::broken;
  for (const WorldRun& run : report.runs) {
    for (const Problem& problem : run.problems) {
      bool ran =
          problem.kind == Kind::refused_change || problem.kind == Kind::control_plane || problem.kind == Kind::process;
      out = std::max(out, problem.kind == Kind::internal ? ExitCode::internal_failure
                          : ran                          ? ExitCode::broken
                                                         : ExitCode::bad_input);
    }
  }
  return out;
}

bool Report::passed() const {
  return !runs.empty() && std::ranges::all_of(runs, [](const WorldRun& run) { return run.passed(); });
}

}  // namespace kumasim::scenario
