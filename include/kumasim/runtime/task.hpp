/// Coroutines as tasks: sleep, a time limit that can be trusted, and starting one whose failure is seen.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include "kumasim/runtime/channel.hpp"
#include "kumasim/runtime/event.hpp"
#include "kumasim/runtime/log.hpp"
#include "kumasim/runtime/system_error.hpp"
#include "kumasim/runtime/timer.hpp"

namespace kumasim {

/// Throws operation_aborted when cancelled.
inline asio::awaitable<void> sleep(Timers& timers, Duration delay) {
  Timer timer(timers);
  timer.expires_after(delay);
  co_await timer.async_wait();
}

/// Starts `task` on `executor`. An exception that escapes it is logged under `name`; being cancelled is no failure.
/// The task belongs to the executor's process: its end destroys the coroutine.
inline void spawn(const asio::any_io_executor& executor, Log& log, std::string name, asio::awaitable<void> task) {
  asio::co_spawn(executor, std::move(task), [&log, name = std::move(name)](std::exception_ptr escaped) {
    if (!escaped) return;
    try {
      std::rethrow_exception(escaped);
    } catch (const boost::system::system_error& error) {
      if (error.code() != asio::error::operation_aborted)
        log.error(name, "task failed", {{"error", error.code().message()}});
    } catch (const std::exception& error) {
      log.error(name, "task failed", {{"error", error.what()}});
    }
  });
}

namespace detail {

template <class T>
struct ResultOf {
  using type = Result<T>;
};
template <class T>
struct ResultOf<Result<T>> {
  using type = Result<T>;
};

/// Shared by the task, the timer and the parent's cancellation, whichever comes last.
struct Deadline {
  explicit Deadline(Timers& timers) : timer(timers) {}
  Timer timer;
  asio::cancellation_signal signal;
  bool expired = false;
};

/// The value goes out by reference: co_spawn would want a default constructor of T.
template <class T>
asio::awaitable<void> store(asio::awaitable<T> task, std::optional<T>& out) {
  out.emplace(co_await std::move(task));
}

}  // namespace detail

/// Runs `task` for at most `limit`: its value, or deadline_exceeded once the limit passed and the cancelled task has
/// ended, or the error of a boost::system::system_error that it threw. Other exceptions pass through. A task that gives
/// a Result gives it unwrapped. Cancelling the caller cancels the task.
/// Asio's `task || timer` waits for the first success, so that a failing task looks like a timeout; this does not.
template <class T>
asio::awaitable<typename detail::ResultOf<T>::type> with_timeout(Timers& timers, Duration limit,
                                                                 asio::awaitable<T> task) {
  auto executor = co_await asio::this_coro::executor;
  auto outer = co_await asio::this_coro::cancellation_state;
  auto deadline = std::make_shared<detail::Deadline>(timers);
  deadline->timer.expires_after(limit);
  deadline->timer.async_wait([weak = std::weak_ptr(deadline)](error_code code) {
    auto alive = weak.lock();
    if (code || !alive) return;
    alive->expired = true;
    alive->signal.emit(asio::cancellation_type::terminal);
  });
  // The child listens to the deadline's signal; the parent's own slot is free meanwhile and forwards to it.
  if (outer.slot().is_connected())
    outer.slot().assign([weak = std::weak_ptr(deadline)](asio::cancellation_type type) {
      if (auto alive = weak.lock()) alive->signal.emit(type);
    });
  auto token = asio::bind_cancellation_slot(deadline->signal.slot(), asio::use_awaitable);
  std::optional<Error> failed;
  if constexpr (std::is_void_v<T>) {
    try {
      co_await asio::co_spawn(executor, std::move(task), token);
    } catch (const boost::system::system_error& error) {
      failed = to_error(error);
    }
    deadline->timer.cancel();
    if (failed && deadline->expired) co_return fail(Code::deadline_exceeded, "the time limit passed");
    if (failed) co_return fail(std::move(*failed));
    co_return Result<>();
  } else {
    std::optional<T> value;
    try {
      co_await asio::co_spawn(executor, detail::store<T>(std::move(task), value), token);
    } catch (const boost::system::system_error& error) {
      failed = to_error(error);
    }
    deadline->timer.cancel();
    if (failed && deadline->expired) co_return fail(Code::deadline_exceeded, "the time limit passed");
    if (failed) co_return fail(std::move(*failed));
    co_return std::move(*value);
  }
}

}  // namespace kumasim
