/// A simulated connection: two ends, and what is under way between them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "kumasim/runtime/stream.hpp"
#include "kumasim/sim/kernel.hpp"
#include "kumasim/sim/network.hpp"
#include "sim/net/byte_queue.hpp"
#include "sim/net/queue.hpp"

namespace kumasim::sim {

/// One end; "sent" is seen from here. The other end is 1 - this.
struct ConnectionEnd {
  std::uint32_t process = 0;
  Address address;
  bool open = false;     ///< the program holds it
  bool opening = false;  ///< the answer to its connect is under way
  bool end_sent = false;
  error_code failure;  ///< what every further operation gets

  // Sending.
  struct Segment {
    std::size_t bytes = 0;  ///< in `sent`
    bool end = false;
  };
  Queue<Segment> under_way;
  ByteQueue sent;               ///< and under way
  Queue<EventRef> arrivals;     ///< of those that are not held
  std::size_t held = 0;         ///< of those, how many a partition or a clog keeps from arriving
  bool lost = false;            ///< a partition held some of it: they are sent again later than what a clog held
  bool unacknowledged = false;  ///< arrived, but the way back is cut
  std::size_t credit = 0;       ///< bytes that the peer's window still takes
  MonotonicTime line_free{};    ///< when the last byte has left
  MonotonicTime last_arrival{};
  std::uint64_t progress = 0;  ///< moves with every arrival, so that a stall can be told
  std::uint64_t eased = 0;     ///< moves when what is under way is hurried
  EventRef writing;
  ConstBuffers from;

  // Receiving.
  ByteQueue received;
  bool end_received = false;
  std::size_t credit_owed = 0;
  EventRef reading;
  MutableBuffers into;
};

/// Everything that happens under way is an event of the network's context; the ends' operations are events of theirs.
/// Its owners are counted without atomic steps: a world has one thread.
class Connection : public boost::intrusive_ref_counter<Connection, boost::thread_unsafe_counter> {
 public:
  Connection(VirtualNetwork& network, std::uint64_t id) : network_(network), id_(id) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  std::uint64_t id() const { return id_; }
  std::array<ConnectionEnd, 2> ends;

  bool between(std::uint32_t a, std::uint32_t b) const;
  bool cut(int from) const { return silent_ || network_.cut(ends[from].process, ends[1 - from].process); }
  bool clogged(int from) const { return network_.clogged(ends[from].process, ends[1 - from].process); }
  /// Nothing arrives any more, in either direction: who sends times out, who only waits learns nothing.
  void silence() { silent_ = true; }
  bool silent() const { return silent_; }
  /// When the last that was sent arrives, or arrived.
  MonotonicTime last_used() const { return std::max(ends[0].last_arrival, ends[1].last_arrival); }

  void read(int end, Context& context, MutableBuffers&& into, Operation&& operation);
  void write(int end, Context& context, ConstBuffers&& from, Operation&& operation);
  void shutdown_send(int end);
  void close(int end);
  /// The program is gone without a word: its machine resets the connection.
  void abandon(int end);
  /// The operations of this end fail, now and from now on.
  void fail(int end, error_code code);
  /// Tells an end, after the way there, that the other one is no more.
  void send_reset(int to);
  /// What a partition or a clog held goes on. Called for a direction where one of them is over.
  void release_held(int from);
  /// What is under way arrives as the link has it now. Called for a direction whose link has got better.
  void hurry(int from);

 private:
  template <class F>
  void later(int to, Duration delay, std::uint64_t digest, F call);
  Duration transit(int from);
  const LinkOptions& link(int from) const { return network_.link_of(ends[from].process, ends[1 - from].process); }
  void transmit(int from, const LinkOptions& link, ConnectionEnd::Segment segment);
  void give_up_later(int from);
  void schedule_arrival(int from, Duration delay, std::uint64_t digest);
  void arrive(int from);
  void watch_stall(int from);
  void return_credit(int to);
  /// Completes the read that waits with so much of them as it takes; the answer is how many.
  std::size_t hand_over(int end, std::string_view bytes);
  bool may_send(int end) const;
  /// As much of them as the window and one segment take; the answer is how many. REQUIRES: may_send(end).
  std::size_t send(int end, const ConstBuffers& from);
  void pump_read(int end);
  void pump_write(int end);

  VirtualNetwork& network_;
  std::uint64_t id_;
  bool silent_ = false;
};

using ConnectionRef = boost::intrusive_ptr<Connection>;

/// The stream of one end, held by a program.
class VirtualStream final : public StreamImpl {
 public:
  VirtualStream(Context& context, ConnectionRef connection, int end)
      : context_(context), connection_(std::move(connection)), end_(end) {}
  ~VirtualStream() override { connection_->close(end_); }

  void read(MutableBuffers into, Operation operation) override {
    connection_->read(end_, context_, std::move(into), std::move(operation));
  }
  void write(ConstBuffers from, Operation operation) override {
    connection_->write(end_, context_, std::move(from), std::move(operation));
  }
  void shutdown_send() override { connection_->shutdown_send(end_); }
  void close() override { connection_->close(end_); }
  Address local() const override { return connection_->ends[end_].address; }
  Address remote() const override { return connection_->ends[1 - end_].address; }

 private:
  Context& context_;
  ConnectionRef connection_;
  int end_;
};

}  // namespace kumasim::sim
