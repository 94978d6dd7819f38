/// A write to the store that is tried again where it fails.
#pragma once

#include "kumasim/runtime/error.hpp"
#include "kumasim/runtime/task.hpp"
#include "kumasim/runtime/timer.hpp"

namespace kumasim::cp {

/// Calls `write`, which gives an asio::awaitable<Result<>>, up to eight times, after pauses that double: a good second
/// in all. The result is that of the last call; not_found is not tried again, for what was to be written is gone.
template <class Write>
asio::awaitable<Result<>> retry_write(Timers& timers, Write write) {
  constexpr int attempts_max = 8;
  Duration pause = std::chrono::milliseconds(10);
  for (int attempt = 1;; ++attempt) {
    Result<> done = co_await write();
    if (done || done.error().code == Code::not_found || attempt == attempts_max) co_return done;
    co_await sleep(timers, pause);
    pause *= 2;
  }
}

}  // namespace kumasim::cp
