/// Runs a coroutine that waits for nothing outside itself, as the operations of a store do.
#pragma once

#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace kumasim::cp::testing {

template <class T>
T run_now(boost::asio::awaitable<T> task) {
  boost::asio::io_context context;
  std::optional<T> out;
  std::exception_ptr thrown;
  boost::asio::co_spawn(context, std::move(task), [&](std::exception_ptr error, T value) {
    thrown = error;
    out.emplace(std::move(value));
  });
  context.run();
  if (thrown) std::rethrow_exception(thrown);
  return *std::move(out);
}

}  // namespace kumasim::cp::testing
