#include "scenarios/live/carried_connections.hpp"

namespace kumasim::scenario {

using live::TcpSegment;

CarriedConnections::Verdict CarriedConnections::see(Ports ports, MonotonicTime now, const TcpSegment& segment) {
  std::size_t sender = segment.from < segment.to ? 0 : 1;
  Ends ends = sender == 0 ? Ends{segment.from, segment.to} : Ends{segment.to, segment.from};
  auto found = connections_.find(ends);
  if (segment.opens() && (found != connections_.end() || connections_.size() < connections_max)) {
    Connection fresh;
    fresh.ports = ports;
    fresh.sides[sender].port = ports.from;
    fresh.sides[1 - sender].port = ports.to;
    found = connections_.insert_or_assign(ends, fresh).first;
  }
  if (found == connections_.end()) return {};
  Connection& connection = found->second;
  Side& side = connection.sides[sender];
  connection.last = now;
  Verdict out{.carried = connection.life == Life::open};
  if (connection.life == Life::open) {
    if (segment.ack) side.acknowledged = segment.acknowledged;
    if (segment.fin) side.done = true;
    if (segment.rst) connection.sides[0].done = connection.sides[1].done = true;
  }
  if (connection.life == Life::reset) {
    if (!segment.rst) out.back = live::frame_of(live::refusal_of(segment));
    side.done = true;
  }
  if (connection.done()) connections_.erase(found);
  return out;
}

/// A byte that the other has acknowledged is sent again, which is answered at once with what comes next (RFC 9293,
/// 3.10.7.4).
void CarriedConnections::end(const Ends& ends, Connection& connection, std::vector<Question>& out) {
  connection.life = Life::reset;
  for (std::size_t side = 0; side < 2; ++side) {
    const auto& [own, other] = side == 0 ? Ends{ends.first, ends.second} : Ends{ends.second, ends.first};
    TcpSegment asked{.from = other,
                     .to = own,
                     .sequence = *connection.sides[side].acknowledged - 1,
                     .acknowledged = *connection.sides[1 - side].acknowledged,
                     .ack = true,
                     .payload_bytes = 1};
    out.push_back({connection.sides[side].port, live::frame_of(asked)});
    connection.sides[side].done = false;
  }
}

std::vector<CarriedConnections::Question> CarriedConnections::reset(Ports ports) {
  std::vector<Question> out;
  for (auto& [ends, connection] : connections_) {
    if (connection.ports.joins(ports.from, ports.to) && connection.established() && connection.life != Life::reset)
      end(ends, connection, out);
  }
  return out;
}

void CarriedConnections::silence(Ports ports) {
  for (auto& [ends, connection] : connections_) {
    if (connection.ports.joins(ports.from, ports.to) && connection.life == Life::open) connection.life = Life::silent;
  }
}

std::vector<CarriedConnections::Question> CarriedConnections::forget_idle(Ports ports, MonotonicTime since, bool told) {
  std::vector<Question> out;
  for (auto& [ends, connection] : connections_) {
    bool forgotten = connection.ports.joins(ports.from, ports.to) && connection.life == Life::open &&
                     connection.established() && connection.last < since;
    if (!forgotten) continue;
    if (told)
      end(ends, connection, out);
    else
      connection.life = Life::silent;
  }
  return out;
}

}  // namespace kumasim::scenario
