/// The TCP connections that a switch carries. It ends them as if their hosts had forgotten them: what comes on one is
/// answered with RST, or not at all.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "reference-cp/live/tcp_segment.hpp"

namespace kumasim::scenario {

class CarriedConnections {
 public:
  using Ends = std::pair<live::TcpSegment::End, live::TcpSegment::End>;
  /// Ports of the switch.
  struct Ports {
    std::size_t from = 0, to = 0;
    /// Both directions are the same.
    bool joins(std::size_t a, std::size_t b) const { return (from == a && to == b) || (from == b && to == a); }
  };

  struct Verdict {
    bool carried = true;
    std::optional<live::Frame> back = std::nullopt;  ///< for who sent it
  };
  /// About a segment that comes now. One that asks for a connection makes a new one known, the first connections_max.
  Verdict see(Ports ports, MonotonicTime now, const live::TcpSegment& segment);

  struct Question {
    std::size_t to = 0;
    live::Frame frame;
  };
  /// Resets all connections between two ports that both ends have acknowledged. The answer asks each end where it is
  /// in its stream; what it replies is answered with the RST that it takes (RFC 5961: its number must be exact).
  std::vector<Question> reset(Ports ports);
  /// Nothing more is carried on connections between them, and nobody is told.
  void silence(Ports ports);
  /// The same for those on which nothing has come since then, or a reset of them.
  std::vector<Question> forget_idle(Ports ports, MonotonicTime since, bool told);

  std::size_t count() const { return connections_.size(); }
  static constexpr std::size_t connections_max = 100'000;

 private:
  /// What one end has said.
  struct Side {
    std::size_t port = 0;
    std::optional<std::uint32_t> acknowledged = {};
    bool done = false;  ///< it has sent FIN; of a reset connection: it knows
  };
  enum class Life : std::uint8_t { open, silent, reset };
  struct Connection {
    Ports ports;
    Life life = Life::open;
    std::array<Side, 2> sides;  // of the lower end, and of the other
    MonotonicTime last;
    bool established() const { return sides[0].acknowledged && sides[1].acknowledged; }
    bool done() const { return sides[0].done && sides[1].done; }
  };

  static void end(const Ends& ends, Connection& connection, std::vector<Question>& out);

  std::map<Ends, Connection> connections_;
};

}  // namespace kumasim::scenario
