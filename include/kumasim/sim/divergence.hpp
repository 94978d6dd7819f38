/// Where two runs part: the first event that differs, found without keeping the runs.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kumasim/sim/trace.hpp"

namespace kumasim::sim {

class World;

/// What is kept of a run to compare it: the fingerprint after every block of events, and the last one.
struct RunDigest {
  std::vector<std::uint64_t> blocks;
  std::uint64_t events = 0;
  std::uint64_t fingerprint = 0;
};

RunDigest digest_of(const World& world);

/// The number of the first event (from 1) that may differ, at the beginning of the first differing block; nothing where
/// the runs are equal. O(log n): a fingerprint that has parted stays apart.
std::optional<std::uint64_t> first_differing_block(const RunDigest& a, const RunDigest& b);

/// The events that differ; one of them is missing where that run had ended.
struct Divergence {
  std::optional<TraceEvent> first;
  std::optional<TraceEvent> second;
  std::string first_process, second_process;
};

/// "event 4711 at 1.500000000s: web-1 timer 00ab.. against web-2 post 00cd..".
std::string to_string(const Divergence& divergence);

/// Makes a world, hands it to `attach` (which sets what must be set before the run), runs it to its end and gives it to
/// `finish` before it goes. Called once for the digest and, where the runs differ, once more to look at one block.
using Replay = std::function<void(std::function<void(World&)> attach, std::function<void(World&)> finish)>;

/// Two replays of each run at the most. Nothing where they are equal.
std::optional<Divergence> find_divergence(const Replay& first, const Replay& second);

}  // namespace kumasim::sim
