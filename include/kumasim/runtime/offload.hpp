/// Work that keeps a processor busy for long, done where it holds up nobody else.
#pragma once

#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include "kumasim/runtime/error.hpp"
#include "kumasim/runtime/operation.hpp"
#include "kumasim/runtime/time.hpp"

namespace kumasim {

/// Live it is a thread of its own; simulated the work is done at once and counts as done later, so that the order of
/// events stays the seed's. Work that has begun is not cancelled.
class Offload {
 public:
  /// Work under way or waiting for its turn. A key of 4096 bits takes seconds: who came later would wait for minutes.
  static constexpr std::size_t queued_max = 16;

  virtual ~Offload() = default;
  /// Calls `work` once, perhaps on another thread, and then completes `done`; one after another, in the order of the
  /// calls. Beyond queued_max `done` completes with no_buffer_space, and `work` is not called. `work` may touch what it
  /// carries and nothing else: not the runtime, and nothing that its caller's coroutine owns, which may be gone by
  /// then. It does not throw. `about`: how long it takes, by which simulated time passes.
  virtual void run(OnceFunction<void()> work, Duration about, Operation done) = 0;
};

/// What `work`, which gives a Result, gives or throws; resource_exhausted beyond queued_max. The same rules for `work`.
template <std::invocable Work>
  requires std::convertible_to<std::unexpected<Error>, std::invoke_result_t<Work&>>
asio::awaitable<std::invoke_result_t<Work&>> offload(Offload& where, Duration about, Work work) {
  struct Shared {
    Work work;
    std::optional<std::invoke_result_t<Work&>> value = {};
    std::exception_ptr escaped = {};
  };
  auto shared = std::make_shared<Shared>(Shared{.work = std::move(work)});
  auto home = co_await asio::this_coro::executor;
  bool refused = false;
  try {
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
  } catch (const boost::system::system_error& error) {
    if (error.code() != asio::error::no_buffer_space) throw;
    refused = true;
  }
  if (refused) co_return fail(Code::resource_exhausted, "too much work is waiting already: try again later");
  if (shared->escaped) std::rethrow_exception(shared->escaped);
  co_return std::move(*shared->value);
}

}  // namespace kumasim
