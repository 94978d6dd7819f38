/// What an exploration knows of its seeds, as a file of JSON Lines that survives a crash at any byte.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kumasim/chaos/signature.hpp"
#include "kumasim/runtime/error.hpp"

namespace kumasim::chaos {

/// What must hold in a part of all runs, and how sure of it the exploration must be; in parts of a million.
struct Usual {
  std::string title;
  std::int64_t share = 0, confidence = 0;
  bool operator==(const Usual&) const = default;
};

/// The first line: results of two explorations belong together where all but the seeds is the same.
struct Exploration {
  std::string scenario;  // its name
  std::string file;
  std::string digest;  // of the scenario with all that it names
  std::string profile;
  std::string planted_bug;
  std::string commit;
  std::vector<std::string> kinds;     // of faults that seeds may draw
  std::vector<std::string> probes;    // what runs may reach; some run must reach each that is in `wanted`
  std::vector<std::string> wanted;    // `sometimes` expectations
  std::vector<Usual> usual;           // `usually`: where one held, a run has its title among its probes
  std::uint64_t branches = 0;         // of a seed's run, at the first event of each kind
  bool steered = false;               // seeds prefer kinds that earlier ones have shown least of
  std::uint64_t first = 1, last = 0;  // seeds of all shards
  std::uint64_t shard = 1, shards = 1;
  bool operator==(const Exploration&) const = default;
};

/// Whether the exploration has the seed in its shard.
bool planned(const Exploration& exploration, std::uint64_t seed);

/// One run; the same each time but for `wall_ms`.
struct SeedResult {
  std::uint64_t seed = 0;
  std::vector<Failure> failures;                // the first one names the group; empty where the run passed
  std::vector<std::string> kinds;               // of faults that it had
  std::map<std::string, std::uint64_t> struck;  // kind -> faults of that kind
  std::vector<std::string> probes;              // reached
  std::vector<std::string> drawn;               // for people, one line a choice
  std::vector<std::string> prefer = {};         // kinds of faults: SwarmOptions::prefer
  std::uint64_t events = 0, fingerprint = 0;
  std::int64_t simulated_ms = 0, wall_ms = 0;
  std::string branch = {};     // "call.failed/2": which branch of its seed's run this is; "" for that run itself
  std::int64_t branch_ns = 0;  // when its event came
  std::vector<SeedResult> branches = {};  // in the order in which they left it

  /// Of this run alone.
  bool passed() const { return failures.empty(); }
};

/// One line each, with its line break.
std::string to_line(const Exploration& exploration);
std::string to_line(const SeedResult& result);

struct ResultsFile {
  Exploration exploration;
  std::map<std::uint64_t, SeedResult> results;  // by seed
  std::size_t whole = 0;                        // bytes up to the end of the last whole line
  std::vector<std::uint64_t> missing = {};      // after merge(): seeds of all shards that have no result
};

/// A last line without its line break is what a crash left: it is passed over. data_loss where another line is not of
/// such a file or one seed stands there twice with different outcomes; not_found where not even the first line is
/// whole.
Result<ResultsFile> read_results(std::string_view text);

/// One line, as to_line() writes it. data_loss where it is none.
Result<SeedResult> read_result(std::string_view line);

/// The results of shards as those of one exploration, with the seeds that no shard has. invalid_argument where they are
/// of different explorations, data_loss where a seed came out differently in two of them: then a run is not
/// deterministic.
Result<ResultsFile> merge(const std::vector<ResultsFile>& shards);

}  // namespace kumasim::chaos
