/// What lies between two processes: delay, bandwidth, loss; and the limits of every connection.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kumasim/sim/delay_law.hpp"

namespace kumasim::sim {

using namespace std::chrono_literals;

/// One direction of a link.
struct LinkOptions {
  DelayLaw delay = DelayLaw::uniform({.min = 200us, .max = 300us});
  std::uint64_t bytes_per_second = 1'250'000'000;  ///< for each connection
  /// Of a million segments, how many are lost and sent again: loss shows as delay, for streams lose no bytes.
  std::uint32_t loss_ppm = 0;
  /// How many are lost in a row, on average (Gilbert's model); 1: each by itself.
  std::uint32_t loss_burst = 1;
  /// Of a million parts of a delay, how many are those of the delay drawn before it.
  std::uint32_t delay_correlation_ppm = 0;
  std::uint64_t bottleneck_bytes_per_second = 0;  ///< for all connections together; 0: there is none
  std::size_t slice_bytes = 0;                    ///< a segment holds no more; 0: as the limits have it
  Duration slice_pause = 0s;                      ///< between two such segments
  Duration close_delay = 0s;                      ///< the end of a connection is told so much later
  /// Of a million segments, how many arrive with a wrong bit that no checksum of the network caught.
  std::uint32_t corrupt_ppm = 0;
};

struct NetworkLimits {
  std::size_t window_bytes = 256 * 1024;       ///< sent and not yet read by the peer's program, per direction
  std::size_t segment_bytes_max = 64 * 1024;
  std::size_t backlog_max = 4096;              ///< connections that wait to be accepted; more are refused
  Duration loopback_delay = 20us;
  Duration retransmission_timeout = 200ms;     ///< doubles with every loss of one segment
  std::uint32_t retransmissions_max = 15;
  Duration connect_retry = 1s;                 ///< an unanswered connection request is sent again
  Duration connect_timeout = 60s;
  Duration stall_max = 15s;                    ///< unacknowledged for longer: the connection times out
};

}  // namespace kumasim::sim
