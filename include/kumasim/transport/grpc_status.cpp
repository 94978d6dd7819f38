#include "kumasim/transport/grpc_status.hpp"

#include <cassert>
#include <charconv>

#include "kumasim/transport/url.hpp"

namespace kumasim {

namespace {

/// Only what is not printable ASCII, and '%', is escaped, and a space at either end, where no field of HTTP/2 may have
/// one (RFC 9113, 8.2.1).
std::string encode_message(std::string_view message) {
  std::string out;
  for (std::size_t i = 0; i < message.size(); ++i) {
    char c = message[i];
    bool at_end = i == 0 || i + 1 == message.size();
    if (c >= ' ' && c <= '~' && c != '%' && (c != ' ' || !at_end))
      out.push_back(c);
    else
      out += percent_encode({&c, 1});
  }
  return out;
}

GrpcCode code_of_http(std::string_view status) {
  if (status == "400") return GrpcCode::internal;
  if (status == "401") return GrpcCode::unauthenticated;
  if (status == "403") return GrpcCode::permission_denied;
  if (status == "404") return GrpcCode::unimplemented;
  if (status == "429" || status == "502" || status == "503" || status == "504") return GrpcCode::unavailable;
  return GrpcCode::unknown;
}

}  // namespace

std::string_view to_string(GrpcCode code) {
  static constexpr std::string_view names[] = {
      "OK",           "CANCELLED",         "UNKNOWN",            "INVALID_ARGUMENT",  "DEADLINE_EXCEEDED",
      "NOT_FOUND",    "ALREADY_EXISTS",    "PERMISSION_DENIED",  "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",      "OUT_OF_RANGE",      "UNIMPLEMENTED",      "INTERNAL",          "UNAVAILABLE",
      "DATA_LOSS",    "UNAUTHENTICATED"};
  return names[static_cast<std::size_t>(code)];
}

Error to_error(const GrpcStatus& status) {
  assert(!status.ok());
  auto code = Code::internal;
  switch (status.code) {
    case GrpcCode::cancelled: code = Code::cancelled; break;
    case GrpcCode::invalid_argument:
    case GrpcCode::failed_precondition:
    case GrpcCode::out_of_range: code = Code::invalid_argument; break;
    case GrpcCode::deadline_exceeded: code = Code::deadline_exceeded; break;
    case GrpcCode::not_found: code = Code::not_found; break;
    case GrpcCode::already_exists: code = Code::already_exists; break;
    case GrpcCode::permission_denied: code = Code::permission_denied; break;
    case GrpcCode::resource_exhausted: code = Code::resource_exhausted; break;
    case GrpcCode::aborted: code = Code::conflict; break;
    case GrpcCode::unimplemented: code = Code::unsupported; break;
    case GrpcCode::unavailable: code = Code::unavailable; break;
    case GrpcCode::data_loss: code = Code::data_loss; break;
    case GrpcCode::unauthenticated: code = Code::unauthenticated; break;
    case GrpcCode::ok:
    case GrpcCode::unknown:
    case GrpcCode::internal: break;
  }
  return {code, status.message.empty() ? std::string(to_string(status.code)) : status.message};
}

GrpcStatus to_status(const Error& error) {
  switch (error.code) {
    case Code::invalid_argument: return {GrpcCode::invalid_argument, error.message};
    case Code::not_found: return {GrpcCode::not_found, error.message};
    case Code::already_exists: return {GrpcCode::already_exists, error.message};
    case Code::conflict: return {GrpcCode::aborted, error.message};
    case Code::permission_denied: return {GrpcCode::permission_denied, error.message};
    case Code::unauthenticated: return {GrpcCode::unauthenticated, error.message};
    case Code::unavailable: return {GrpcCode::unavailable, error.message};
    case Code::deadline_exceeded: return {GrpcCode::deadline_exceeded, error.message};
    case Code::cancelled: return {GrpcCode::cancelled, error.message};
    case Code::resource_exhausted: return {GrpcCode::resource_exhausted, error.message};
    case Code::data_loss: return {GrpcCode::data_loss, error.message};
    case Code::unsupported: return {GrpcCode::unimplemented, error.message};
    case Code::internal: break;
  }
  return {GrpcCode::internal, error.message};
}

Headers to_trailers(const GrpcStatus& status) {
  Headers trailers{{"grpc-status", std::to_string(static_cast<int>(status.code))}};
  if (!status.message.empty()) trailers.add("grpc-message", encode_message(status.message));
  return trailers;
}

GrpcStatus status_of(const Headers& trailers, std::string_view http_status) {
  auto number = trailers.get("grpc-status");
  auto message = percent_decode(trailers.get("grpc-message"));
  if (number.empty()) {
    if (!http_status.empty() && http_status != "200")
      return {code_of_http(http_status), "HTTP status " + std::string(http_status)};
    return {GrpcCode::unknown, "the server sent no grpc-status"};
  }
  auto value = 0;
  auto [end, code] = std::from_chars(number.data(), number.data() + number.size(), value);
  auto known = code == std::errc() && end == number.data() + number.size() && value >= 0 && value <= 16;
  return {known ? static_cast<GrpcCode>(value) : GrpcCode::unknown, std::move(message)};
}

}  // namespace kumasim
