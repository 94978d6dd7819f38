/// Why a task ended that was to go on.
#pragma once

#include <exception>
#include <optional>
#include <string>

#include "kumasim/runtime/asio.hpp"
#include "kumasim/runtime/system_error.hpp"

namespace kumasim::cp {

/// Runs it; what it threw, in words, or nothing where it returned. Being cancelled passes through.
inline asio::awaitable<std::optional<std::string>> failure_of(asio::awaitable<void> task) {
  try {
    co_await std::move(task);
    co_return std::nullopt;
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::operation_aborted) throw;
    co_return error.code().message();
  } catch (const std::exception& error) {
    co_return error.what();
  }
}

}  // namespace kumasim::cp
