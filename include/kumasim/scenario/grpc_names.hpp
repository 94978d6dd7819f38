/// The statuses of gRPC by the names that Kuma's policies use.
#pragma once

#include <array>
#include <string_view>

namespace kumasim::scenario {

/// By their numbers (grpc/grpc doc/statuscodes.md).
inline constexpr std::array<std::string_view, 17> grpc_names = {
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};

}  // namespace kumasim::scenario
