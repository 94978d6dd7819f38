/// How bytes get from one end of a simulated connection to the other.
#include "sim/net/connection.hpp"

#include <algorithm>
#include <cstring>

namespace kumasim::sim {

Connection::~Connection() { network_.forget(id_); }

bool Connection::between(std::uint32_t a, std::uint32_t b) const {
  return (ends[0].process == a && ends[1].process == b) || (ends[0].process == b && ends[1].process == a);
}

template <class F>
void Connection::later(int to, Duration delay, std::uint64_t digest, F call) {
  auto& kernel = network_.kernel();
  kernel.at(network_.context(), ends[to].process, kernel.now() + delay, EventKind::network, digest,
            [self = ConnectionRef(this), call = std::move(call)](error_code, std::size_t) mutable { call(*self); });
}

Duration Connection::transit(int from) {
  // What is lost beyond every retransmission arrives when a connection would have timed out.
  return network_.transit(ends[from].process, ends[1 - from].process).value_or(network_.limits().stall_max);
}

void Connection::read(int end, Context& context, MutableBuffers&& into, Operation&& operation) {
  auto& kernel = network_.kernel();
  auto& me = ends[end];
  auto slot = operation.slot;
  me.into = std::move(into);
  me.reading = kernel.park(context, EventKind::read, std::move(operation.complete));
  if (!me.open)
    kernel.complete(me.reading, asio::error::bad_descriptor);
  else if (me.into.empty())
    kernel.complete(me.reading);
  else if (!me.received.empty() || me.failure || me.end_received)
    pump_read(end);
  kernel.bind(slot, me.reading);
}

void Connection::write(int end, Context& context, ConstBuffers&& from, Operation&& operation) {
  auto& kernel = network_.kernel();
  auto& me = ends[end];
  if (may_send(end) && !from.empty()) {
    auto count = send(end, from);
    return kernel.finish(context, EventKind::write, {}, count, id_, std::move(operation.complete));
  }
  auto slot = operation.slot;
  me.from = std::move(from);
  me.writing = kernel.park(context, EventKind::write, std::move(operation.complete));
  if (!me.open)
    kernel.complete(me.writing, asio::error::bad_descriptor);
  else if (me.from.empty())
    kernel.complete(me.writing);
  else
    pump_write(end);
  kernel.bind(slot, me.writing);
}

void Connection::shutdown_send(int end) {
  auto& me = ends[end];
  if (!me.open || me.end_sent || me.failure) return;
  me.end_sent = true;
  transmit(end, link(end), {0, true});
}

void Connection::close(int end) {
  auto& me = ends[end];
  if (!me.open) return;
  // A program that closes with bytes unread resets its peer (RFC 9293, 3.6.1); else the peer reads to the end.
  auto unread = !me.received.empty();
  if (!me.failure && unread) send_reset(1 - end);
  if (!me.failure && !unread) shutdown_send(end);
  me.open = false;
  auto& kernel = network_.kernel();
  kernel.cancel(me.reading);
  kernel.cancel(me.writing);
}

void Connection::abandon(int end) {
  auto& me = ends[end];
  if (!me.open) return;
  me.open = false;
  send_reset(1 - end);
}

void Connection::fail(int end, error_code code) {
  auto& me = ends[end];
  // One that overtakes the answer to a connect is kept: the first operation meets it.
  if ((!me.open && !me.opening) || me.failure) return;
  me.failure = code;
  me.under_way.clear();
  me.sent.clear();
  me.held = 0;
  network_.kernel().complete(me.reading, code);
  network_.kernel().complete(me.writing, code);
}

void Connection::send_reset(int to) {
  // Overtakes what is under way, as a reset may; a partition swallows it and the next arrival asks for another one.
  later(to, transit(1 - to), id_, [to](Connection& self) {
    if (self.cut(1 - to)) return;
    if (!self.clogged(1 - to)) return self.fail(to, asio::error::connection_reset);
    self.network_.when_released(self.ends[1 - to].process, self.ends[to].process,
                                [to, alive = ConnectionRef(&self)] { alive->fail(to, asio::error::connection_reset); });
  });
}

void Connection::transmit(int from, const LinkOptions& link, ConnectionEnd::Segment segment) {
  auto& kernel = network_.kernel();
  auto& me = ends[from];
  auto to = ends[1 - from].process;
  auto* bytes = me.sent.last(segment.bytes);
  if (segment.bytes > 0 && link.corrupt_ppm > 0 && network_.corrupts(me.process, to)) {
    auto bit = network_.wrong_bit(segment.bytes * 8);
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
  }
  auto digest = hash_text({bytes, segment.bytes}, id_ << 1 | (segment.end ? 1 : 0));
  auto start = std::max(me.line_free, kernel.now());
  me.line_free = start + network_.transmission(me.process, to, link, segment.bytes);
  me.under_way.push_back(segment);
  auto way = network_.transit(me.process, to, link);
  if (!way) give_up_later(from);
  auto delay = way.value_or(network_.limits().stall_max * 2);
  if (segment.end) delay += link.close_delay;
  if (link.bottleneck_bytes_per_second > 0) delay += network_.squeeze(me.process, to, segment.bytes);
  schedule_arrival(from, me.line_free - kernel.now() + delay, digest);
  me.line_free += link.slice_pause;
}

/// A segment was lost beyond every retransmission: the connection times out, unless the link gets better before.
void Connection::give_up_later(int from) {
  later(from, network_.limits().stall_max, id_, [from, eased = ends[from].eased](Connection& self) {
    auto& end = self.ends[from];
    if (end.eased == eased && !end.under_way.empty()) self.fail(from, asio::error::timed_out);
  });
}

void Connection::schedule_arrival(int from, Duration delay, std::uint64_t digest) {
  // In order: what is slow holds up what comes after it. The event takes the head of the queue, so that even two
  // arrivals at one instant cannot be told apart.
  auto& kernel = network_.kernel();
  auto& me = ends[from];
  me.last_arrival = std::max(me.last_arrival, kernel.now() + delay);
  auto arrival = kernel.at(network_.context(), ends[1 - from].process, me.last_arrival, EventKind::deliver, digest,
                           [self = ConnectionRef(this), from](error_code, std::size_t) { self->arrive(from); });
  me.arrivals.push_back(arrival);
}

void Connection::hurry(int from) {
  auto& kernel = network_.kernel();
  auto& me = ends[from];
  // The first bytes of the server cannot overtake its answer.
  if (ends[1 - from].opening) return;
  ConnectionRef self(this);
  auto arrivals = me.arrivals.take();
  for (auto arrival : arrivals) kernel.discard(arrival);
  me.line_free = me.last_arrival = kernel.now();
  ++me.eased;
  for (std::size_t i = 0; i < arrivals.size(); ++i) schedule_arrival(from, transit(from), id_);
}

void Connection::arrive(int from) {
  auto& me = ends[from];
  auto& peer = ends[1 - from];
  if (!me.arrivals.empty()) me.arrivals.pop_front();
  if (me.under_way.empty()) return;  // the connection failed meanwhile
  if (cut(from)) {
    ++me.held;
    me.lost = true;
    return watch_stall(from);
  }
  if (clogged(from)) {
    ++me.held;
    return;
  }
  auto segment = me.under_way.front();
  me.under_way.pop_front();
  ++me.progress;
  if (!peer.open || peer.failure) {
    me.sent.drop(segment.bytes);
    if (!segment.end || segment.bytes > 0) send_reset(from);
    return;
  }
  if (cut(1 - from)) {
    me.unacknowledged = true;
    watch_stall(from);
  }
  auto bytes = me.sent.view().substr(0, segment.bytes);
  // Straight to a reader that waits.
  if (peer.received.empty() && !bytes.empty() && network_.kernel().waiting(peer.reading))
    bytes.remove_prefix(hand_over(1 - from, bytes));
  if (!bytes.empty()) peer.received.append(bytes);
  me.sent.drop(segment.bytes);
  if (!segment.end) return;
  peer.end_received = true;
  pump_read(1 - from);
}

void Connection::watch_stall(int from) {
  auto& me = ends[from];
  later(from, network_.limits().stall_max, id_, [from, progress = me.progress](Connection& self) {
    auto& end = self.ends[from];
    if (end.progress == progress && (end.held > 0 || end.unacknowledged)) self.fail(from, asio::error::timed_out);
  });
}

void Connection::release_held(int from) {
  auto& me = ends[from];
  auto& peer = ends[1 - from];
  if (!cut(from) && !clogged(from)) {
    auto held = std::exchange(me.held, 0);
    if (held > 0) ++me.progress;
    auto again = std::exchange(me.lost, false) ? network_.limits().retransmission_timeout : Duration(0);
    for (; held > 0; --held) schedule_arrival(from, again + transit(from), id_);
    // What the peer acknowledges travels this way too.
    if (peer.unacknowledged) {
      peer.unacknowledged = false;
      ++peer.progress;
    }
    return_credit(1 - from);
  }
}

void Connection::return_credit(int to) {
  // `to` may send again what its peer has read.
  auto& reader = ends[1 - to];
  if (reader.credit_owed == 0 || cut(1 - to) || clogged(1 - to)) return;
  auto credit = std::exchange(reader.credit_owed, 0);
  later(to, transit(1 - to), credit, [to, credit](Connection& self) {
    self.ends[to].credit += credit;
    self.pump_write(to);
  });
}

std::size_t Connection::hand_over(int end, std::string_view bytes) {
  auto& me = ends[end];
  std::size_t count = 0;
  auto digest = id_;
  for (const auto& buffer : me.into) {
    auto part = bytes.substr(count, buffer.size());
    if (part.empty()) break;
    std::memcpy(buffer.data(), part.data(), part.size());
    digest = hash_text(part, digest);
    count += part.size();
  }
  me.credit_owed += count;
  if (me.credit_owed >= network_.limits().window_bytes / 4) return_credit(1 - end);
  network_.kernel().complete(me.reading, {}, count, digest);
  return count;
}

void Connection::pump_read(int end) {
  auto& kernel = network_.kernel();
  auto& me = ends[end];
  if (!kernel.waiting(me.reading)) return;
  if (!me.received.empty()) {
    me.received.drop(hand_over(end, me.received.view()));
  } else if (me.failure) {
    kernel.complete(me.reading, me.failure);
  } else if (me.end_received) {
    kernel.complete(me.reading, asio::error::eof);
  }
}

void Connection::pump_write(int end) {
  auto& kernel = network_.kernel();
  auto& me = ends[end];
  if (!kernel.waiting(me.writing)) return;
  if (me.failure || me.end_sent) {
    kernel.complete(me.writing, me.failure ? me.failure : error_code(asio::error::broken_pipe));
    return;
  }
  if (me.credit == 0) return;
  auto count = send(end, me.from);
  kernel.complete(me.writing, {}, count, id_);
}

bool Connection::may_send(int end) const {
  const auto& me = ends[end];
  return me.open && !me.failure && !me.end_sent && me.credit > 0;
}

std::size_t Connection::send(int end, const ConstBuffers& from) {
  auto& me = ends[end];
  const auto& way = link(end);
  auto most = network_.limits().segment_bytes_max;
  if (way.slice_bytes > 0) most = std::min(most, way.slice_bytes);
  auto room = std::min(me.credit, most);
  std::size_t count = 0;
  for (const auto& buffer : from) {
    auto part = std::min(buffer.size(), room - count);
    if (part == 0) break;
    me.sent.append({static_cast<const char*>(buffer.data()), part});
    count += part;
  }
  me.credit -= count;
  transmit(end, way, {count, false});
  return count;
}

}  // namespace kumasim::sim
