/// A rolling hash over everything that happened: two runs with one fingerprint did the same.
#pragma once

#include <cstdint>

#include "kumasim/runtime/time.hpp"
#include "kumasim/sim/event_kind.hpp"
#include "kumasim/sim/hash.hpp"

namespace kumasim::sim {

class Fingerprint {
 public:
  /// One event: when, in which process, of what kind, with what payload.
  void add(MonotonicTime time, std::uint32_t process, EventKind kind, std::uint64_t payload) {
    auto when = static_cast<std::uint64_t>(time.time_since_epoch().count());
    auto who = std::uint64_t{process} << 8 | static_cast<std::uint8_t>(kind);
    // Only the last step depends on the value before, so the rest overlaps with the previous event's.
    value_ = mix(value_, mix(when, who) ^ payload * 0xA0761D6478BD642Full);
  }

  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0x6B756D6173696D00ull;
};

}  // namespace kumasim::sim
