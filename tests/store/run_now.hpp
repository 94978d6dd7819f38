/// Runs a coroutine that waits for nothing outside itself, as the operations of a store do.
#pragma once

#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace kumasim::cp::testing {

/// Runs it on the executor, by steps that say whether there was anything to do, until it ends.
template <class T, class Step>
T run_by(const boost::asio::any_io_executor& executor, Step step, boost::asio::awaitable<T> task) {
  std::optional<T> out;
  std::exception_ptr thrown;
  bool ended = false;
  auto keep = [](boost::asio::awaitable<T> inner, std::optional<T>& to) -> boost::asio::awaitable<void> {
    to.emplace(co_await std::move(inner));
  };
  boost::asio::co_spawn(executor, keep(std::move(task), out), [&](std::exception_ptr error) {
    thrown = error;
    ended = true;
  });
  while (!ended && step()) {
  }
  if (thrown) std::rethrow_exception(thrown);
  return *std::move(out);
}

/// Runs it, and what else is pending there, until it ends.
template <class T>
T run_on(boost::asio::io_context& context, boost::asio::awaitable<T> task) {
  context.restart();
  return run_by(context.get_executor(), [&] { return context.run_one() != 0; }, std::move(task));
}

template <class T>
T run_now(boost::asio::awaitable<T> task) {
  boost::asio::io_context context;
  return run_on(context, std::move(task));
}

}  // namespace kumasim::cp::testing
