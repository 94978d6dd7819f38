/// A pending asynchronous operation with its completion handler's type erased.
#pragma once

#include "kumasim/runtime/asio.hpp"
#include "kumasim/runtime/function.hpp"

#include <cstddef>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/dispatch.hpp>

namespace kumasim {

/// Whoever takes an operation calls `complete` exactly once and never from inside the initiating call, or destroys it
/// uncalled at the end of its process. A cancellation through `slot` completes it with operation_aborted.
struct Operation {
  OnceFunction<void(const error_code&, std::size_t)> complete;
  asio::cancellation_slot slot;
};

/// A handler of any signature that begins with an error, as an operation's.
template <class Handler>
struct Completion {
  Handler handler;
  void operator()(const error_code& code, std::size_t count) && {
    if constexpr (std::is_invocable_v<Handler, error_code, std::size_t>)
      std::move(handler)(code, count);
    else
      std::move(handler)(code);
  }
};

/// Erases `handler`. It is called on its own executor; a handler of `home` itself is called without another hop.
template <class F>
Operation make_operation(F&& handler, const asio::any_io_executor& home) {
  using Here = Completion<std::decay_t<F>>;
  auto slot = asio::get_associated_cancellation_slot(handler);
  const asio::any_io_executor& executor = asio::get_associated_executor(handler, home);  // often home itself
  if (&executor == &home || executor == home) return {{std::in_place_type<Here>, std::forward<F>(handler)}, slot};
  asio::any_io_executor elsewhere = executor;  // it may lie in the handler
  return {[here = Here(std::forward<F>(handler)), executor = std::move(elsewhere)](const error_code& code,
                                                                                   std::size_t count) mutable {
            asio::dispatch(executor, [here = std::move(here), code, count]() mutable { std::move(here)(code, count); });
          },
          slot};
}

}  // namespace kumasim
