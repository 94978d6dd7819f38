/// Timers of the world that the code runs in.
#pragma once

#include <memory>

#include <boost/asio/async_result.hpp>

#include "kumasim/runtime/operation.hpp"
#include "kumasim/runtime/time.hpp"

namespace kumasim {

/// One timer of an implementation of Timers; users hold a Timer.
class TimerImpl {
 public:
  virtual ~TimerImpl() = default;
  /// Cancels the outstanding wait, if any.
  virtual void expires_at(MonotonicTime time) = 0;
  virtual void wait(Operation operation) = 0;
  virtual void cancel() = 0;
};

/// Makes timers. It also reads monotonic time, because a deadline is relative to something.
class Timers {
 public:
  virtual ~Timers() = default;
  virtual MonotonicTime now() const = 0;
  virtual asio::any_io_executor executor() = 0;
  virtual std::unique_ptr<TimerImpl> make_timer() = 0;
};

/// A timer. At most one wait may be outstanding; destroying the timer or setting a new expiry cancels it.
class Timer {
 public:
  using executor_type = asio::any_io_executor;

  explicit Timer(Timers& timers) : timers_(&timers), impl_(timers.make_timer()) {}

  executor_type get_executor() const { return timers_->executor(); }
  void expires_at(MonotonicTime time) { impl_->expires_at(time); }
  void expires_after(Duration delay) { impl_->expires_at(timers_->now() + delay); }
  void cancel() { impl_->cancel(); }

  /// Completes with void(error_code): success at the expiry, operation_aborted when cancelled.
  template <class Token = const asio::use_awaitable_t<>&>
  auto async_wait(Token&& token = asio::use_awaitable) {
    return asio::async_initiate<Token, void(error_code)>(
        [impl = impl_.get(), home = get_executor()](auto handler) {
          impl->wait(make_operation(std::move(handler), home));
        },
        token);
  }

 private:
  Timers* timers_;
  std::unique_ptr<TimerImpl> impl_;
};

}  // namespace kumasim
