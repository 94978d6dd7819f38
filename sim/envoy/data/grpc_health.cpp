#include "sim/envoy/data/grpc_health.hpp"

#include "kumasim/transport/grpc_frame.hpp"
#include "sim/envoy/config/string_match.hpp"

namespace kumasim::sim::proxy {
namespace {

std::string framed(const std::string& message) { return grpc_frame_head(message.size()) + message; }

/// HealthCheckResponse with field 1, `status`.
std::string status_message(char status) { return {'\x08', status}; }
constexpr char serving = 1, not_serving = 2;

}  // namespace

std::string grpc_health_request(const std::string& service) {
  if (service.empty()) return framed("");
  std::string message = "\x0a";  // field 1, `service`
  auto left = service.size();
  for (; left >= 0x80; left >>= 7) message.push_back(static_cast<char>((left & 0x7f) | 0x80));
  message.push_back(static_cast<char>(left));
  return framed(message + service);
}

Response grpc_health_response(bool is_serving) {
  return {.status = 200,
          .headers = {{"content-type", "application/grpc"}, {"grpc-status", "0"}},
          .body = framed(status_message(is_serving ? serving : not_serving))};
}

bool grpc_serving(const Response& response) {
  auto type = find_header(response.headers, "content-type").value_or("");
  return response.status == 200 && type.starts_with("application/grpc") &&
         find_header(response.headers, "grpc-status").value_or("") == "0" &&
         response.body == framed(status_message(serving));
}

}  // namespace kumasim::sim::proxy
