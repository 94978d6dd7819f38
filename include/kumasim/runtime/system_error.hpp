/// Where Asio's error codes and exceptions become the project's errors.
#pragma once

#include <string>

#include "kumasim/runtime/asio.hpp"
#include "kumasim/runtime/error.hpp"

namespace kumasim {

/// A closed, refused, reset or unreachable peer is `unavailable`; a cancelled operation is `cancelled`.
inline Error to_error(const error_code& code, std::string_view what = {}) {
  auto kind = Code::unavailable;
  if (code == asio::error::operation_aborted) kind = Code::cancelled;
  if (code == asio::error::timed_out) kind = Code::deadline_exceeded;
  if (code == asio::error::address_in_use) kind = Code::already_exists;
  if (code == asio::error::access_denied) kind = Code::permission_denied;
  auto text = std::string(what);
  if (!text.empty()) text += ": ";
  return {kind, text + code.message()};
}

inline Error to_error(const boost::system::system_error& error, std::string_view what = {}) {
  return to_error(error.code(), what);
}

}  // namespace kumasim
