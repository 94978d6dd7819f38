/// One gRPC stream of KDS as messages, whichever end opened it, and a queue of what goes out on it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "kumasim/runtime/event.hpp"
#include "kumasim/runtime/log.hpp"
#include "kumasim/runtime/timer.hpp"
#include "kumasim/transport/grpc.hpp"

namespace kumasim::cp::kds {

class MessageStream {
 public:
  /// At the end that serves it; ending it gives the other end the status.
  static MessageStream of(GrpcServerStream stream);
  /// At the end that opened it; ending it cancels the call.
  static MessageStream of(std::shared_ptr<GrpcClientStream> stream);

  /// The next message; nothing once the other end has ended its direction or the stream is over.
  asio::awaitable<std::optional<std::string>> read() const { return read_(); }
  /// False where the stream is over.
  asio::awaitable<bool> write(std::string message) const { return write_(std::move(message)); }
  /// Ends it in both directions. Only the first call counts.
  void end(const GrpcStatus& status) const { end_(status); }

 private:
  std::function<asio::awaitable<std::optional<std::string>>()> read_;
  std::function<asio::awaitable<bool>(std::string)> write_;
  std::function<void(const GrpcStatus&)> end_;
};

/// Of messages that wait on one stream: more than all that Global has for a zone.
inline constexpr std::size_t outbox_bytes_max = 256 << 20;

/// Messages in order, written by one coroutine, so that who reads never waits for who writes: two ends that both wait
/// for the other to read would wait for ever.
class Outbox {
 public:
  Outbox(const asio::any_io_executor& executor, MessageStream stream, std::size_t bytes_max = outbox_bytes_max)
      : stream_(std::move(stream)), bytes_max_(bytes_max), wake_(executor) {}

  /// Gives the message's number. Ends the stream where more bytes than the limit would wait.
  std::uint64_t put(std::string message);
  /// Nothing of the message with this number has gone out.
  bool is_waiting(std::uint64_t number) const { return !closed_ && number > taken_; }
  /// What is waiting is dropped, and run() returns.
  void close();
  bool closed() const { return closed_; }

  /// Writes until it is closed or the stream is over. Ends the stream where one message takes longer than the limit.
  /// Spawned with a shared owner of the outbox.
  static asio::awaitable<void> run(std::shared_ptr<Outbox> self, Timers& timers, Duration send_duration_max);

 private:
  MessageStream stream_;
  std::size_t bytes_max_;
  std::deque<std::string> messages_;
  std::size_t bytes_ = 0;    ///< of those
  std::uint64_t put_ = 0;    ///< messages so far
  std::uint64_t taken_ = 0;  ///< of these no longer waiting
  Event wake_;
  bool closed_ = false;
};

}  // namespace kumasim::cp::kds
