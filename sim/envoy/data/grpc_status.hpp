/// Statuses of gRPC in the headers of simulated requests and answers, and Envoy's ways between them and HTTP's.
#pragma once

#include <optional>
#include <string>

#include "sim/envoy/data/exchange.hpp"

namespace kumasim::sim::proxy {

/// `grpc-status`; trailers stand among the headers. -1: it is none of gRPC's. nullopt: there is none.
std::optional<int> grpc_status(const Headers& headers);

/// Envoy: Grpc::Utility::httpToGrpcStatus.
int grpc_of_http(int status);
/// Envoy: Grpc::Utility::grpcToHttpStatus; 500 for what is no status of gRPC.
int http_of_grpc(int status);

/// Turns an answer into one of gRPC, as Envoy does with its own: 200 and a status, unless it has one, the body as its
/// message. Its other headers stay.
void make_grpc(Response& response, int status);

}  // namespace kumasim::sim::proxy
