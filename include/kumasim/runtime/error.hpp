/// Errors as values: a closed code for programs, a message for people, a field path where there is one.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace kumasim {

/// What went wrong, as a program may ask it. The names are gRPC's status codes where they have one.
enum class Code : std::uint8_t {
  invalid_argument,
  not_found,
  already_exists,
  conflict,
  permission_denied,
  unauthenticated,
  unavailable,
  deadline_exceeded,
  cancelled,
  resource_exhausted,
  data_loss,
  unsupported,
  internal,
};

constexpr std::string_view to_string(Code code) {
  switch (code) {
    case Code::invalid_argument: return "invalid_argument";
    case Code::not_found: return "not_found";
    case Code::already_exists: return "already_exists";
    case Code::conflict: return "conflict";
    case Code::permission_denied: return "permission_denied";
    case Code::unauthenticated: return "unauthenticated";
    case Code::unavailable: return "unavailable";
    case Code::deadline_exceeded: return "deadline_exceeded";
    case Code::cancelled: return "cancelled";
    case Code::resource_exhausted: return "resource_exhausted";
    case Code::data_loss: return "data_loss";
    case Code::unsupported: return "unsupported";
    case Code::internal: return "internal";
  }
  return "internal";
}

/// Ask the code, never the text. `field` is a path such as `spec.to[0].default.http`, empty where none applies.
struct Error {
  Code code = Code::internal;
  std::string message;
  std::string field = {};
  bool operator==(const Error&) const = default;
};

template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Code code, std::string message, std::string field = {}) {
  return std::unexpected(Error{code, std::move(message), std::move(field)});
}

inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }

}  // namespace kumasim
