/// How Asio hands work to a simulated process.
#pragma once

#include <boost/asio/execution.hpp>

#include "kumasim/sim/kernel.hpp"

namespace kumasim::sim {

/// The executor of a context; it satisfies any_io_executor. Using it from another thread ends the program.
class Executor {
 public:
  explicit Executor(Context& context, bool inline_allowed = true)
      : context_(&context), inline_allowed_(inline_allowed) {}

  // Whether a call may run inline is no part of the identity, as with io_context's executor.
  bool operator==(const Executor& other) const noexcept { return context_ == other.context_; }
  bool operator!=(const Executor& other) const noexcept { return context_ != other.context_; }

  asio::execution_context& query(asio::execution::context_t) const noexcept { return *context_; }
  asio::execution::blocking_t query(asio::execution::blocking_t) const noexcept {
    if (inline_allowed_) return asio::execution::blocking.possibly;
    return asio::execution::blocking.never;
  }
  Executor require(asio::execution::blocking_t::never_t) const noexcept { return Executor(*context_, false); }
  Executor require(asio::execution::blocking_t::possibly_t) const noexcept { return Executor(*context_, true); }

  /// Inline only within an event of the same context; otherwise an event of its own at this instant.
  template <class F>
  void execute(F&& f) const;

 private:
  Context* context_;
  bool inline_allowed_;
};

template <class F>
void Executor::execute(F&& f) const {
  auto& kernel = context_->kernel();
  kernel.require_home_thread();
  if (inline_allowed_ && kernel.running() == context_) {
    auto call = std::decay_t<F>(std::forward<F>(f));
    std::move(call)();
    return;
  }
  kernel.post(*context_, EventKind::post, 0,
              [call = std::decay_t<F>(std::forward<F>(f))](error_code, std::size_t) mutable { std::move(call)(); });
}

}  // namespace kumasim::sim
