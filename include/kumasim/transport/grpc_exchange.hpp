/// What both ends of a gRPC call do with their HTTP/2 stream.
#pragma once

#include <memory>

#include "kumasim/transport/grpc.hpp"
#include "kumasim/transport/http2_exchange.hpp"

namespace kumasim {

asio::awaitable<std::optional<std::string>> grpc_read(std::shared_ptr<Http2Exchange> exchange);
asio::awaitable<bool> grpc_write(std::shared_ptr<Http2Exchange> exchange, GrpcSlices slices);

/// The handler of one request of a gRPC content type, with its status at the end.
asio::awaitable<void> grpc_serve(std::shared_ptr<Http2Exchange> exchange, HttpPeer peer, const GrpcHandler& handler,
                                 Log& log);

}  // namespace kumasim
