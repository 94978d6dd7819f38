/// gRPC's status of a call, and its form in HTTP/2 trailers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kumasim/runtime/error.hpp"
#include "kumasim/transport/headers.hpp"

namespace kumasim {

/// gRPC's codes (grpc/grpc doc/statuscodes.md).
enum class GrpcCode : std::uint8_t {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

struct GrpcStatus {
  GrpcCode code = GrpcCode::ok;
  std::string message = {};

  bool ok() const { return code == GrpcCode::ok; }
  bool operator==(const GrpcStatus&) const = default;
};

std::string_view to_string(GrpcCode code);

/// REQUIRES: !status.ok().
Error to_error(const GrpcStatus& status);
GrpcStatus to_status(const Error& error);

/// `grpc-status` and `grpc-message` (percent-encoded, as gRPC's PROTOCOL-HTTP2.md asks).
Headers to_trailers(const GrpcStatus& status);

/// The status that trailers, or the headers of a trailers-only response, carry. Without one the HTTP status is mapped
/// (grpc/grpc doc/http-grpc-status-mapping.md).
GrpcStatus status_of(const Headers& trailers, std::string_view http_status);

}  // namespace kumasim
