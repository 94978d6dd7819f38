/// What frames between network namespaces meet on their ways: links, as faults have them now. All of it belongs to the
/// switch's thread.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <utility>

#include "kumasim/sim/link.hpp"
#include "kumasim/sim/network.hpp"
#include "kumasim/sim/seeded_random.hpp"
#include "scenarios/live/carried_connections.hpp"

namespace kumasim::scenario {

/// One direction between two processes.
struct FrameWay {
  /// Of it count all but slices. A connection ends with FIN here, and is as fast as it likes.
  sim::LinkOptions link = {.delay = {}, .bytes_per_second = 0};
  bool cut = false, clogged = false;
  sim::Door door = sim::Door::open;
};

class FrameWays {
 public:
  explicit FrameWays(std::uint64_t seed) : random_(seed) {}

  /// Of a bottleneck, or of a slow connection; what comes while it is full is lost. As much as a simulated connection
  /// has under way.
  static constexpr std::size_t queue_bytes_max = sim::NetworkLimits{}.window_bytes;

  /// What is no TCP has no door; what is not IPv4 (ARP) arrives at once.
  live::EthernetSwitch::Fate pass(const live::EthernetSwitch::Passing& passing);

  /// From now on. True where a clog is over by that, and what was held is to be released.
  bool set(std::size_t from, std::size_t to, FrameWay way);

  CarriedConnections& connections() { return connections_; }

 private:
  struct Line {
    FrameWay way;
    std::optional<Duration> last_delay = {};
    bool bursting = false;
    MonotonicTime free = {};                           // when the bottleneck has passed on what it has
    std::map<std::uint64_t, MonotonicTime> slow = {};  // connection -> the same of it alone
  };

  using Fate = live::EthernetSwitch::Fate;
  using Passing = live::EthernetSwitch::Passing;

  /// Nothing where the door is open and its connection goes on.
  std::optional<Fate> stop(const Line* line, const Passing& passing, const live::TcpSegment& segment);
  Fate carry(Line& line, const Passing& passing, const std::optional<live::TcpSegment>& segment);
  void corrupt(const Line& line, live::Frame& frame, const live::TcpSegment& segment);
  Duration delay(Line& line);
  /// What bottlenecks take; nothing where one is full.
  std::optional<Duration> squeeze(Line& line, const Passing& passing, std::uint64_t flow);

  std::map<std::pair<std::size_t, std::size_t>, Line> lines_;
  CarriedConnections connections_;
  sim::SeededRandom random_;
};

}  // namespace kumasim::scenario
