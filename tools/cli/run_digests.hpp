/// Digests of a run's events, some of them together, by which it is compared with a run of another build.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kumasim/runtime/error.hpp"
#include "kumasim/sim/divergence.hpp"
#include "kumasim/sim/fingerprint.hpp"
#include "kumasim/sim/trace.hpp"

namespace kumasim::cli {

struct RunDigests {
  static constexpr std::uint64_t stride = 64;  ///< events between two marks

  std::string scenario, commit, planted_bug;
  std::uint64_t seed = 1, events = 0, fingerprint = 0;
  /// Of all events up to the 64th, the 128th and so on, and up to the last one.
  std::vector<std::uint64_t> marks;

  /// One JSON object.
  std::string text() const;
  /// invalid_argument for what is none.
  static Result<RunDigests> parse(std::string_view text);
};

/// A run is done and listened to. Name, commit, seed and bug are the caller's.
RunDigests digests_of(const sim::Replay& replay);

struct EventRange {
  std::uint64_t first = 1, last = 1;  ///< both belong to it
};

/// "8193..8256"
std::optional<EventRange> parse_events(std::string_view text);

/// The events among which the first differing one is; nothing where the runs are equal. A digest that has parted stays
/// apart, so that few are compared.
std::optional<EventRange> first_differing(const RunDigests& a, const RunDigests& b);

/// A run is done again; its events of the range as JSON lines, without line ends.
std::vector<std::string> event_lines(const sim::Replay& replay, EventRange range);

}  // namespace kumasim::cli
