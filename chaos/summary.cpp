/// Counting, and the words for it.
#include "kumasim/chaos/summary.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace kumasim::chaos {
namespace {

constexpr std::size_t cause_text_max = 300;

void count_failure(const SeedResult& result, std::map<std::string, FailureGroup>& groups) {
  const Failure& first = result.failures.front();
  std::string name = signature(first);
  FailureGroup& group = groups[name];
  ++group.count;
  if (group.count > 1) return;  // seeds come in ascending order, each before its branches
  group.signature = std::move(name);
  group.least_seed = result.seed;
  group.branch = result.branch;
  group.branch_ns = result.branch_ns;
  group.example = first;
  group.drawn = result.drawn;
  group.fingerprint = result.fingerprint;
}

bool has(const std::vector<std::string>& all, const std::string& one) {
  return std::ranges::find(all, one) != all.end();
}

void count_coverage(const SeedResult& result, Summary& out) {
  for (auto& [name, coverage] : out.kinds) {
    coverage.runs += has(result.kinds, name) ? 1 : 0;
    auto struck = result.struck.find(name);
    if (struck == result.struck.end() || struck->second == 0) continue;
    ++coverage.struck;
    coverage.faults += struck->second;
    coverage.failed += result.passed() ? 0 : 1;
  }
  for (auto& [probe, runs] : out.probes) {
    if (!has(result.probes, probe)) continue;
    ++runs;
    std::vector<std::size_t>& row = out.crossed[probe];
    row.resize(out.kinds.size());
    for (std::size_t i = 0; i < out.kinds.size(); ++i) row[i] += result.struck.contains(out.kinds[i].first) ? 1 : 0;
  }
}

void count_run(const SeedResult& result, Summary& out, std::map<std::string, FailureGroup>& groups) {
  ++out.runs;
  out.passed += result.passed() ? 1 : 0;
  out.events += result.events;
  out.simulated_ms += result.simulated_ms;
  if (!result.passed()) count_failure(result, groups);
  count_coverage(result, out);
}

/// Columns as wide as their widest cell.
std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> width;
  for (const auto& row : rows) {
    width.resize(std::max(width.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) width[i] = std::max(width[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line = "  ";
    for (std::size_t i = 0; i < row.size(); ++i)
      line += i == 0 ? fmt::format("{:<{}}", row[i], width[i]) : fmt::format("  {:>{}}", row[i], width[i]);
    out += line + "\n";
  }
  return out;
}

/// "1..3 7 9..10" of ascending seeds.
std::string ranges(const std::vector<std::uint64_t>& seeds) {
  std::string out;
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    std::size_t first = i;
    while (i + 1 < seeds.size() && seeds[i + 1] == seeds[i] + 1) ++i;
    out += fmt::format("{}{}", out.empty() ? "" : " ", seeds[first]);
    if (i > first) out += fmt::format("..{}", seeds[i]);
  }
  return out;
}

std::string seconds(std::int64_t milliseconds) {
  return fmt::format("{}.{}s", milliseconds / 1000, milliseconds % 1000 / 100);
}

std::string group_text(const FailureGroup& group, std::size_t runs, const ReplayCommands& replay) {
  std::string cause = group.example.cause;
  if (cause.size() > cause_text_max) cause = cause.substr(0, cause_text_max) + "...";
  std::string branch = group.branch.empty() ? "" : ", branch " + group.branch;
  std::string out = fmt::format("  {} of {} runs, least seed {}{}: {}{}{}\n", group.count, runs, group.least_seed,
                                branch, group.example.kind, group.example.what.empty() ? "" : " ", group.example.what);
  if (!cause.empty()) out += fmt::format("      {}\n", cause);
  for (const std::string& line : group.drawn) out += fmt::format("      drawn: {}\n", line);
  for (const std::string& command : replay(group)) out += fmt::format("      {}\n", command);
  return out;
}

/// A run that ended before its expectations were judged counts among those in which it did not hold. Branches do not
/// count: they are not independent of the run that they left.
Estimate estimate(const Usual& usual, const ResultsFile& results) {
  Estimate out{.of = usual, .runs = results.results.size()};
  for (const auto& [seed, result] : results.results) out.held += has(result.probes, usual.title) ? 1 : 0;
  out.proof = proof_of(out.held, out.runs, usual.share, usual.confidence);
  if (out.proof == Proof::open) out.runs_needed = runs_to_show(out.runs - out.held, usual.share, usual.confidence);
  return out;
}

std::string estimate_text(const Estimate& one) {
  std::string out = fmt::format("held in {} of {} runs", one.held, one.runs);
  switch (one.proof) {
    case Proof::shown: return fmt::format("\n  SHOWN  {}: {}\n", one.of.title, out);
    case Proof::refuted: return fmt::format("\n  REFUTED  {}: {}\n", one.of.title, out);
    case Proof::open:
      return fmt::format("\n  OPEN  {}: {}, which shows neither; {} runs would, were all others to hold\n",
                         one.of.title, out, one.runs_needed);
  }
  return out;
}

std::string coverage_text(const Summary& summary) {
  std::string out;
  if (!summary.kinds.empty()) {
    std::vector<std::vector<std::string>> rows{{"fault", "runs with it", "struck in", "faults", "failed of these"}};
    for (const auto& [name, kind] : summary.kinds)
      rows.push_back({name, fmt::format("{}", kind.runs), fmt::format("{}", kind.struck),
                      fmt::format("{}", kind.faults), fmt::format("{}", kind.failed)});
    out += "\n" + table(rows);
  }
  if (!summary.probes.empty()) out += "\n";
  for (const auto& [probe, runs] : summary.probes) {
    out += fmt::format("  probe {}: {}", probe, runs == 0 ? "never" : fmt::format("{} runs", runs));
    auto crossed = summary.crossed.find(probe);
    for (std::size_t i = 0; crossed != summary.crossed.end() && i < summary.kinds.size(); ++i) {
      if (crossed->second[i] > 0) out += fmt::format(", {} with {}", crossed->second[i], summary.kinds[i].first);
    }
    out += "\n";
  }
  return out;
}

}  // namespace

Summary summarise(const ResultsFile& results) {
  Summary out;
  out.exploration = results.exploration;
  for (const std::string& kind : results.exploration.kinds) out.kinds.emplace_back(kind, KindCoverage{});
  for (const std::string& probe : results.exploration.probes) out.probes.emplace_back(probe, 0);
  std::map<std::string, FailureGroup> groups;
  for (const auto& [seed, result] : results.results) {
    count_run(result, out, groups);
    // Time was taken by the whole tree at once: the seed's own has its branches' in it.
    out.wall_ms += result.wall_ms;
    for (const SeedResult& branch : result.branches) count_run(branch, out, groups);
    out.branches += result.branches.size();
  }
  for (auto& [name, group] : groups) out.groups.push_back(std::move(group));
  std::ranges::sort(out.groups, [](const FailureGroup& a, const FailureGroup& b) {
    return a.count != b.count ? a.count > b.count : a.least_seed < b.least_seed;
  });
  out.missing = results.missing;
  if (!out.missing.empty() || out.exploration.shards > 1) return out;
  for (const Usual& usual : out.exploration.usual) out.estimates.push_back(estimate(usual, results));
  for (const std::string& wanted : out.exploration.wanted) {
    bool reached =
        std::ranges::any_of(out.probes, [&](const auto& probe) { return probe.first == wanted && probe.second > 0; });
    if (!reached) out.never.push_back(wanted);
  }
  return out;
}

std::string summary_text(const Summary& summary, const ReplayCommands& replay) {
  const Exploration& what = summary.exploration;
  const char* verdict = !summary.missing.empty() ? "INCOMPLETE" : summary.held() ? "HELD" : "FAILED";
  std::string out = fmt::format("{} {} with profile {}: {} of {} runs passed", verdict, what.scenario, what.profile,
                                summary.passed, summary.runs);
  if (summary.branches > 0) out += fmt::format(", {} of them branches", summary.branches);
  if (what.shards > 1) out += fmt::format(" in shard {}/{}", what.shard, what.shards);
  if (!summary.groups.empty())
    out += fmt::format(", {} in {} groups", summary.runs - summary.passed, summary.groups.size());
  if (!what.planted_bug.empty()) out += fmt::format(", with {} planted", what.planted_bug);
  out += "\n";
  if (!summary.missing.empty())
    out += fmt::format("\n  MISSING  {} seeds have no result: {}\n", summary.missing.size(), ranges(summary.missing));
  if (!(what.wanted.empty() && what.usual.empty()) && (what.shards > 1 || !summary.missing.empty()))
    out += "\n  `sometimes` and `usually` are judged where all seeds are there: see --merge\n";
  for (const FailureGroup& group : summary.groups) out += "\n" + group_text(group, summary.runs, replay);
  for (const std::string& never : summary.never) out += fmt::format("\n  NEVER  {}: held in no run\n", never);
  for (const Estimate& one : summary.estimates) out += estimate_text(one);
  out += coverage_text(summary);
  std::int64_t wall = std::max<std::int64_t>(summary.wall_ms, 1);
  out +=
      fmt::format("\n  commit={} events={} {} simulated in {} of runs: {} times as fast as life\n", what.commit,
                  summary.events, seconds(summary.simulated_ms), seconds(summary.wall_ms), summary.simulated_ms / wall);
  return out;
}

nlohmann::json summary_json(const Summary& summary, const ReplayCommands& replay) {
  using nlohmann::json;
  json out{{"scenario", summary.exploration.scenario},
           {"file", summary.exploration.file},
           {"profile", summary.exploration.profile},
           {"commit", summary.exploration.commit},
           {"held", summary.held()},
           {"runs", summary.runs},
           {"passed", summary.passed},
           {"branches", summary.branches},
           {"never", summary.never},
           {"missing", summary.missing},
           {"events", summary.events},
           {"simulatedMs", summary.simulated_ms},
           {"wallMs", summary.wall_ms},
           {"usually", json::array()},
           {"failures", json::array()},
           {"faults", json::array()},
           {"probes", json::array()}};
  if (!summary.exploration.planted_bug.empty()) out["plantedBug"] = summary.exploration.planted_bug;
  constexpr const char* words[] = {"shown", "refuted", "open"};
  for (const Estimate& one : summary.estimates) {
    out["usually"].push_back({{"expectation", one.of.title},
                              {"held", one.held},
                              {"runs", one.runs},
                              {"proof", words[static_cast<int>(one.proof)]}});
    if (one.proof == Proof::open) out["usually"].back()["runsNeeded"] = one.runs_needed;
  }
  for (const FailureGroup& group : summary.groups) {
    out["failures"].push_back({{"signature", group.signature},
                               {"count", group.count},
                               {"leastSeed", group.least_seed},
                               {"branch", group.branch},
                               {"kind", group.example.kind},
                               {"what", group.example.what},
                               {"cause", group.example.cause},
                               {"drawn", group.drawn},
                               {"fingerprint", fmt::format("{:016x}", group.fingerprint)},
                               {"commands", replay(group)}});
  }
  for (const auto& [name, kind] : summary.kinds) {
    out["faults"].push_back({{"fault", name},
                             {"runs", kind.runs},
                             {"struckIn", kind.struck},
                             {"faults", kind.faults},
                             {"failed", kind.failed}});
  }
  for (const auto& [probe, runs] : summary.probes) {
    json item{{"probe", probe}, {"runs", runs}, {"with", json::object()}};
    auto crossed = summary.crossed.find(probe);
    for (std::size_t i = 0; i < summary.kinds.size(); ++i)
      item["with"][summary.kinds[i].first] = crossed == summary.crossed.end() ? 0 : crossed->second[i];
    out["probes"].push_back(std::move(item));
  }
  return out;
}

}  // namespace kumasim::chaos
