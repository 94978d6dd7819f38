/// Flows: what the calls of each pair of services came to.
#include <algorithm>

#include "kumasim/scenario/report.hpp"

namespace kumasim::scenario {

std::vector<Flow> flows_of(const Scenario& scenario, const Observations& seen) {
  std::vector<Flow> out;
  for (const Load& load : scenario.load) {
    bool listed =
        std::ranges::any_of(out, [&](const Flow& flow) { return flow.from == load.from && flow.to == load.to; });
    if (listed) continue;
    Flow flow{.from = load.from, .to = load.to};
    std::vector<Duration> latencies;
    for (const CallRecord& call : seen.calls) {
      if (call.from != load.from || call.to != load.to) continue;
      ++flow.calls;
      flow.plaintext += call.plaintext ? 1 : 0;
      if (call.ok())
        ++flow.ok;
      else if (call.denied)
        ++flow.denied;
      else
        ++flow.failed;
      if (call.status != 0) latencies.push_back(call.latency);
      const Instance* instance = scenario.find_instance(call.instance);
      if (instance == nullptr) continue;
      auto version = instance->tags.find("version");
      ++flow.split[version == instance->tags.end() ? instance->process : version->second];
    }
    std::ranges::sort(latencies);
    if (!latencies.empty()) {
      flow.p50 = latencies[(latencies.size() - 1) / 2];
      flow.p99 = latencies[(latencies.size() * 99 + 99) / 100 - 1];
    }
    out.push_back(std::move(flow));
  }
  return out;
}

bool WorldRun::passed() const {
  return problem.empty() && std::ranges::all_of(verdicts, [](const Verdict& verdict) { return verdict.held; });
}

bool Report::passed() const {
  return !runs.empty() && std::ranges::all_of(runs, [](const WorldRun& run) { return run.passed(); });
}

}  // namespace kumasim::scenario
