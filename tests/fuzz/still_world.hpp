/// A world in which no time passes: a connection whose peer's bytes are known beforehand, timers that never expire, a
/// log that keeps nothing.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "kumasim/runtime/log.hpp"
#include "kumasim/runtime/stream.hpp"
#include "kumasim/runtime/timer.hpp"

namespace kumasim::fuzz {

class SilentLog final : public Log {
 public:
  void write(const LogRecord&) override {}
};

/// Gives the peer's bytes in pieces and then the end; keeps what is answered.
class KnownStream final : public StreamImpl {
 public:
  KnownStream(asio::any_io_executor executor, std::string bytes, std::size_t piece_bytes, std::string& answer)
      : executor_(std::move(executor)), bytes_(std::move(bytes)), piece_bytes_(piece_bytes), answer_(answer) {}

  void read(MutableBuffers buffers, Operation operation) override {
    if (closed_) return finish(std::move(operation), asio::error::operation_aborted, 0);
    if (buffers.bytes() == 0) return finish(std::move(operation), {}, 0);
    auto size = std::min({buffers.bytes(), piece_bytes_, bytes_.size() - at_});
    auto count = asio::buffer_copy(buffers, asio::buffer(bytes_.data() + at_, size));
    at_ += count;
    finish(std::move(operation), count == 0 ? error_code(asio::error::eof) : error_code(), count);
  }
  void write(ConstBuffers buffers, Operation operation) override {
    if (closed_) return finish(std::move(operation), asio::error::operation_aborted, 0);
    auto count = buffers.bytes();
    for (const auto& buffer : buffers)
      if (answer_.size() < answer_bytes_max) answer_.append(static_cast<const char*>(buffer.data()), buffer.size());
    finish(std::move(operation), {}, count);
  }
  void shutdown_send() override {}
  void close() override { closed_ = true; }
  Address local() const override { return {"127.0.0.1", 5681}; }
  Address remote() const override { return {"127.0.0.1", 40000}; }

 private:
  static constexpr std::size_t answer_bytes_max = 1 << 20;

  void finish(Operation operation, error_code code, std::size_t count) {
    asio::post(executor_, [operation = std::move(operation), code, count]() mutable {
      operation.complete(code, count);
    });
  }

  asio::any_io_executor executor_;
  std::string bytes_;
  std::size_t at_ = 0;
  std::size_t piece_bytes_;
  std::string& answer_;
  bool closed_ = false;
};

class StillTimers final : public Timers {
 public:
  explicit StillTimers(asio::any_io_executor executor) : executor_(std::move(executor)) {}
  MonotonicTime now() const override { return {}; }
  asio::any_io_executor executor() override { return executor_; }
  std::unique_ptr<TimerImpl> make_timer() override { return std::make_unique<StillTimer>(executor_); }

 private:
  class StillTimer final : public TimerImpl {
   public:
    explicit StillTimer(asio::any_io_executor executor) : executor_(std::move(executor)) {}
    ~StillTimer() override { cancel(); }
    void expires_at(MonotonicTime) override { cancel(); }
    void wait(Operation operation) override {
      if (operation.slot.is_connected()) operation.slot.assign([this](asio::cancellation_type) { cancel(); });
      waiting_ = std::make_unique<Operation>(std::move(operation));
    }
    void cancel() override {
      if (!waiting_) return;
      waiting_->slot.clear();
      asio::post(executor_, [operation = std::move(waiting_)] {
        operation->complete(asio::error::operation_aborted, 0);
      });
    }

   private:
    asio::any_io_executor executor_;
    std::unique_ptr<Operation> waiting_;
  };

  asio::any_io_executor executor_;
};

}  // namespace kumasim::fuzz
