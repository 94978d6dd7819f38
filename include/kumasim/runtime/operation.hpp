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

/// Erases `handler`. It is called on its own executor; a handler of `home` itself is called without another hop.
template <class F>
Operation make_operation(F&& handler, const asio::any_io_executor& home) {
  using Handler = std::decay_t<F>;
  auto slot = asio::get_associated_cancellation_slot(handler);
  constexpr auto call = [](Handler& target, const error_code& code, std::size_t count) {
    if constexpr (std::is_invocable_v<Handler, error_code, std::size_t>)
      std::move(target)(code, count);
    else
      std::move(target)(code);
  };
  const asio::any_io_executor& executor = asio::get_associated_executor(handler, home);  // often home itself
  if (&executor == &home || executor == home)
    return {[handler = std::forward<F>(handler), call](const error_code& code, std::size_t count) mutable {
              call(handler, code, count);
            },
            slot};
  asio::any_io_executor elsewhere = executor;  // it may lie in the handler
  return {[handler = std::forward<F>(handler), executor = std::move(elsewhere), call](const error_code& code,
                                                                                      std::size_t count) mutable {
            asio::dispatch(executor,
                           [handler = std::move(handler), code, count, call]() mutable { call(handler, code, count); });
          },
          slot};
}

}  // namespace kumasim
