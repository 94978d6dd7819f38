#include "sim/envoy/data/grpc_status.hpp"

#include <charconv>

#include "kumasim/transport/grpc_status.hpp"
#include "sim/envoy/config/string_match.hpp"

namespace kumasim::sim::proxy {
namespace {

constexpr int invalid = -1;

constexpr int number(GrpcCode code) { return static_cast<int>(code); }

}  // namespace

std::optional<int> grpc_status(const Headers& headers) {
  auto text = find_header(headers, "grpc-status");
  if (!text || text->empty()) return std::nullopt;
  int out = invalid;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), out);
  bool whole = error == std::errc() && end == text->data() + text->size();
  return whole && out >= 0 && out <= number(GrpcCode::unauthenticated) ? out : invalid;
}

int grpc_of_http(int status) {
  switch (status) {
    case 400: return number(GrpcCode::internal);
    case 401: return number(GrpcCode::unauthenticated);
    case 403: return number(GrpcCode::permission_denied);
    case 404: return number(GrpcCode::unimplemented);
    case 429:
    case 502:
    case 503:
    case 504: return number(GrpcCode::unavailable);
    default: return number(GrpcCode::unknown);
  }
}

int http_of_grpc(int status) {
  if (status == invalid) return 500;
  switch (static_cast<GrpcCode>(status)) {
    case GrpcCode::ok: return 200;
    case GrpcCode::cancelled: return 499;
    case GrpcCode::invalid_argument:
    case GrpcCode::failed_precondition:
    case GrpcCode::out_of_range: return 400;
    case GrpcCode::deadline_exceeded: return 504;
    case GrpcCode::not_found: return 404;
    case GrpcCode::already_exists:
    case GrpcCode::aborted: return 409;
    case GrpcCode::permission_denied: return 403;
    case GrpcCode::resource_exhausted: return 429;
    case GrpcCode::unimplemented: return 501;
    case GrpcCode::unavailable: return 503;
    case GrpcCode::unauthenticated: return 401;
    case GrpcCode::unknown:
    case GrpcCode::internal:
    case GrpcCode::data_loss: break;
  }
  return 500;
}

void make_grpc(Response& response, int status) {
  response.status = 200;
  std::erase_if(response.headers, [](const auto& header) { return header.first == "content-type"; });
  response.headers.emplace_back("content-type", "application/grpc");
  const bool told = grpc_status(response.headers).has_value();
  for (const auto& [name, value] : to_trailers({static_cast<GrpcCode>(status), std::move(response.body)}))
    if (name != "grpc-status" || !told) response.headers.emplace_back(name, value);
  response.body.clear();
}

}  // namespace kumasim::sim::proxy
