/// Lines of JSON, in and out.
#include "kumasim/chaos/results.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace kumasim::chaos {
namespace {

using nlohmann::json;

constexpr std::uint64_t seeds_max = 100'000'000;

/// Numbers of 64 bits are texts: readers of JSON keep 53.
std::string hex(std::uint64_t value) { return fmt::format("{:016x}", value); }

json to_json(const Exploration& exploration) {
  json usual = json::array();
  for (const Usual& one : exploration.usual)
    usual.push_back({{"title", one.title}, {"share", one.share}, {"confidence", one.confidence}});
  return {{"kumasim", "explore"},           {"scenario", exploration.scenario},
          {"file", exploration.file},       {"digest", exploration.digest},
          {"profile", exploration.profile}, {"plantedBug", exploration.planted_bug},
          {"commit", exploration.commit},   {"kinds", exploration.kinds},
          {"probes", exploration.probes},   {"wanted", exploration.wanted},
          {"usual", std::move(usual)},      {"first", exploration.first},
          {"last", exploration.last},       {"shard", exploration.shard},
          {"shards", exploration.shards},   {"branches", exploration.branches},
          {"steered", exploration.steered}};
}

json to_json(const SeedResult& result) {
  json failures = json::array();
  for (const Failure& failure : result.failures)
    failures.push_back({{"kind", failure.kind}, {"what", failure.what}, {"cause", failure.cause}});
  json out{{"seed", result.seed},
           {"passed", result.passed()},
           {"failures", std::move(failures)},
           {"kinds", result.kinds},
           {"struck", result.struck},
           {"probes", result.probes},
           {"drawn", result.drawn},
           {"events", result.events},
           {"fingerprint", hex(result.fingerprint)},
           {"simulatedMs", result.simulated_ms},
           {"wallMs", result.wall_ms}};
  if (!result.prefer.empty()) out["prefer"] = result.prefer;
  if (!result.branch.empty()) {
    out["branch"] = result.branch;
    out["branchNs"] = result.branch_ns;
  }
  for (const SeedResult& branch : result.branches) out["branches"].push_back(to_json(branch));
  return out;
}

Exploration exploration_from(const json& line) {
  if (line.at("kumasim") != "explore") throw std::runtime_error("it is not of kumasim explore");
  Exploration out;
  line.at("scenario").get_to(out.scenario);
  line.at("file").get_to(out.file);
  line.at("digest").get_to(out.digest);
  line.at("profile").get_to(out.profile);
  line.at("plantedBug").get_to(out.planted_bug);
  line.at("commit").get_to(out.commit);
  line.at("kinds").get_to(out.kinds);
  line.at("probes").get_to(out.probes);
  line.at("wanted").get_to(out.wanted);
  for (const json& one : line.at("usual"))
    out.usual.push_back({one.at("title").get<std::string>(), one.at("share").get<std::int64_t>(),
                         one.at("confidence").get<std::int64_t>()});
  line.at("first").get_to(out.first);
  line.at("last").get_to(out.last);
  line.at("shard").get_to(out.shard);
  line.at("shards").get_to(out.shards);
  line.at("branches").get_to(out.branches);
  out.steered = line.value("steered", false);
  if (out.shard < 1 || out.shard > out.shards) throw std::runtime_error("there is no such shard");
  if (out.last >= out.first && out.last - out.first >= seeds_max) throw std::runtime_error("it has too many seeds");
  return out;
}

SeedResult result_from(const json& line) {
  SeedResult out;
  line.at("seed").get_to(out.seed);
  for (const json& failure : line.at("failures"))
    out.failures.push_back({.kind = failure.at("kind").get<std::string>(),
                            .what = failure.at("what").get<std::string>(),
                            .cause = failure.at("cause").get<std::string>()});
  line.at("kinds").get_to(out.kinds);
  line.at("struck").get_to(out.struck);
  line.at("probes").get_to(out.probes);
  line.at("drawn").get_to(out.drawn);
  out.prefer = line.value("prefer", std::vector<std::string>());
  line.at("events").get_to(out.events);
  out.fingerprint = std::stoull(line.at("fingerprint").get<std::string>(), nullptr, 16);
  line.at("simulatedMs").get_to(out.simulated_ms);
  line.at("wallMs").get_to(out.wall_ms);
  out.branch = line.value("branch", "");
  if (!out.branch.empty()) line.at("branchNs").get_to(out.branch_ns);
  for (const json& branch : line.value("branches", json::array())) out.branches.push_back(result_from(branch));
  return out;
}

bool same_outcome(const SeedResult& a, const SeedResult& b) {
  return a.failures == b.failures && a.events == b.events && a.fingerprint == b.fingerprint && a.branch == b.branch &&
         std::ranges::equal(a.branches, b.branches, same_outcome);
}

Result<> add(const SeedResult& result, std::map<std::uint64_t, SeedResult>& out) {
  auto [known, is_new] = out.emplace(result.seed, result);
  if (is_new || same_outcome(known->second, result)) return {};
  return fail(Code::data_loss, fmt::format("seed {} came out in two ways (fingerprints {} and {}): a run is not "
                                           "deterministic; see `kumasim run --twice`",
                                           result.seed, hex(known->second.fingerprint), hex(result.fingerprint)));
}

/// The seeds may differ.
bool same_exploration(const Exploration& a, Exploration b) {
  b.first = a.first;
  b.last = a.last;
  b.shard = a.shard;
  b.shards = a.shards;
  return a == b;
}

}  // namespace

bool planned(const Exploration& exploration, std::uint64_t seed) {
  return seed >= exploration.first && seed <= exploration.last && seed % exploration.shards == exploration.shard - 1;
}

std::string to_line(const Exploration& exploration) {
  return to_json(exploration).dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string to_line(const SeedResult& result) {
  return to_json(result).dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<ResultsFile> read_results(std::string_view text) {
  ResultsFile out;
  bool first = true;
  std::size_t number = 0;
  while (true) {
    std::size_t end = text.find('\n', out.whole);
    if (end == std::string_view::npos) break;
    std::string_view line = text.substr(out.whole, end - out.whole);
    ++number;
    try {
      json value = json::parse(line);
      if (first) {
        out.exploration = exploration_from(value);
        first = false;
      } else if (Result<> added = add(result_from(value), out.results); !added) {
        return fail(added.error());
      }
    } catch (const std::exception& error) {
      return fail(Code::data_loss, fmt::format("line {} is not of a results file: {}", number, error.what()));
    }
    out.whole = end + 1;
  }
  if (first) return fail(Code::not_found, "there is no whole line in it");
  return out;
}

Result<SeedResult> read_result(std::string_view line) {
  try {
    return result_from(json::parse(line));
  } catch (const std::exception& error) {
    return fail(Code::data_loss, fmt::format("it is no result of a run: {}", error.what()));
  }
}

Result<ResultsFile> merge(const std::vector<ResultsFile>& shards) {
  if (shards.empty()) return fail(Code::invalid_argument, "there are no results to merge");
  ResultsFile out;
  out.exploration = shards.front().exploration;
  for (const ResultsFile& shard : shards) {
    if (!same_exploration(shard.exploration, out.exploration)) {
      return fail(Code::invalid_argument,
                  fmt::format("results of different explorations: {} {} at {} and {} {} at {}",
                              out.exploration.scenario, out.exploration.profile, out.exploration.commit,
                              shard.exploration.scenario, shard.exploration.profile, shard.exploration.commit));
    }
    for (const auto& [seed, result] : shard.results) {
      if (Result<> added = add(result, out.results); !added) return fail(added.error());
    }
  }
  std::set<std::uint64_t> missing;
  for (const ResultsFile& shard : shards) {
    for (std::uint64_t seed = shard.exploration.first; seed <= shard.exploration.last; ++seed) {
      if (!out.results.contains(seed)) missing.insert(seed);
    }
    out.exploration.first = std::min(out.exploration.first, shard.exploration.first);
    out.exploration.last = std::max(out.exploration.last, shard.exploration.last);
  }
  out.exploration.shard = out.exploration.shards = 1;
  out.missing.assign(missing.begin(), missing.end());
  return out;
}

}  // namespace kumasim::chaos
