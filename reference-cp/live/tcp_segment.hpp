/// TCP segments in Ethernet frames over IPv4 (RFC 894, 791 and 9293), as a device without offloads has them.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "reference-cp/live/ethernet_switch.hpp"

namespace kumasim::live {

struct TcpSegment {
  struct End {
    std::array<std::uint8_t, 6> hardware{};
    std::uint32_t address = 0;
    std::uint16_t port = 0;
    auto operator<=>(const End&) const = default;
  };
  End from = {}, to = {};
  std::uint32_t sequence = 0;
  std::uint32_t acknowledged = 0;  ///< of use with `ack`
  bool syn = false, ack = false, fin = false, rst = false;
  std::size_t payload_at = 0;  ///< in the frame
  std::size_t payload_bytes = 0;

  /// It asks for a connection.
  bool opens() const { return syn && !ack; }
};

/// Nothing where the frame holds something else, or a fragment.
std::optional<TcpSegment> read_segment(const Frame& frame);

/// A frame that holds it, without options; its payload is zeros.
Frame frame_of(const TcpSegment& segment);

/// What a host says that knows nothing of the connection (RFC 9293, 3.10.7.1). REQUIRES: it is no RST.
TcpSegment refusal_of(const TcpSegment& segment);

/// Turns one bit of the payload, from 0 on, and mends the checksum of TCP (RFC 1624), so that nobody below the
/// application notices. REQUIRES: bit < 8 * payload_bytes; the frame holds the segment.
void flip_bit(Frame& frame, const TcpSegment& segment, std::size_t bit);

}  // namespace kumasim::live
