/// Work that keeps a processor busy for long, done where it holds up nobody else.
#pragma once

#include <concepts>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/this_coro.hpp>

#include "kumasim/runtime/operation.hpp"
#include "kumasim/runtime/time.hpp"

namespace kumasim {

/// Live it is a thread of its own; simulated the work is done at once and counts as done later, so that the order of
/// events stays the seed's. Work that has begun is not cancelled.
class Offload {
 public:
  virtual ~Offload() = default;
  /// Calls `work` once, perhaps on another thread, and then completes `done`. `work` may touch what it carries and
  /// nothing else: not the runtime, and nothing that its caller's coroutine owns, which may be gone by then. `about`:
  /// how long it takes, by which simulated time passes.
  virtual void run(OnceFunction<void()> work, Duration about, Operation done) = 0;
};

/// What `work` gives or throws. The same rules for `work`.
template <std::invocable Work>
asio::awaitable<std::invoke_result_t<Work&>> offload(Offload& where, Duration about, Work work) {
  struct Shared {
    Work work;
    std::optional<std::invoke_result_t<Work&>> value = {};
    std::exception_ptr escaped = {};
  };
  auto shared = std::make_shared<Shared>(Shared{.work = std::move(work)});
  auto home = co_await asio::this_coro::executor;
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(error_code)>(
      [&](auto handler) {
        where.run(
            [shared] {
              try {
                shared->value.emplace(shared->work());
              } catch (...) {
                shared->escaped = std::current_exception();
              }
            },
            about, make_operation(std::move(handler), home));
      },
      asio::use_awaitable);
  if (shared->escaped) std::rethrow_exception(shared->escaped);
  co_return std::move(*shared->value);
}

}  // namespace kumasim
