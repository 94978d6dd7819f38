/// The messages of gRPC's health service (grpc.health.v1.Health/Check), for who asks and for who answers.
#pragma once

#include <string>

#include "sim/envoy/data/exchange.hpp"

namespace kumasim::sim::proxy {

inline constexpr auto grpc_health_path = "/grpc.health.v1.Health/Check";

/// A HealthCheckRequest as a body of gRPC; "" asks for the server as a whole.
std::string grpc_health_request(const std::string& service);
/// SERVING, or NOT_SERVING.
Response grpc_health_response(bool serving);
/// The answer is whole, its status is OK, and it says SERVING. Trailers stand among the headers.
bool grpc_serving(const Response& response);

}  // namespace kumasim::sim::proxy
