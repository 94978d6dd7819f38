/// Waits for a coroutine on the program's own event loop.
#pragma once

#include <exception>
#include <optional>

#include <boost/asio/co_spawn.hpp>

#include "reference-cp/live/live_runtime.hpp"

namespace kumasim::cp {

template <class T>
T run_blocking(live::LiveRuntime& live, asio::awaitable<T> task) {
  std::optional<T> result;
  std::exception_ptr failed;
  auto store = [](asio::awaitable<T> from, std::optional<T>& into) -> asio::awaitable<void> {
    into.emplace(co_await std::move(from));
  };
  asio::co_spawn(live.runtime().executor, store(std::move(task), result), [&](std::exception_ptr escaped) {
    failed = escaped;
    live.stop();
  });
  live.context().restart();
  live.run();
  if (failed) std::rethrow_exception(failed);
  return std::move(*result);
}

}  // namespace kumasim::cp
