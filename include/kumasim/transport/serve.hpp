/// One port for HTTP/1.1, HTTP/2 and gRPC, with or without TLS, as Kuma's dataplane port 5678 is.
#pragma once

#include <memory>

#include "kumasim/runtime/runtime.hpp"
#include "kumasim/transport/grpc.hpp"
#include "kumasim/transport/http.hpp"

namespace kumasim {

struct ServeLimits {
  HttpLimits http = {};
  /// Silent peers are pinged as Kuma's servers do (every 15 s, pkg/dp-server), so that a lost proxy is noticed.
  GrpcLimits grpc = {.http2 = {.keepalive_interval = std::chrono::seconds(15)}};
  Duration handshake_max = std::chrono::seconds(10);
  std::size_t connections_max = 100'000;
};

/// Serves one connection to its end. What it speaks is told by ALPN, or else by its first bytes (RFC 9113, 3.4).
/// Requests of type application/grpc go to `grpc`, all others to `http`; one that is null answers UNIMPLEMENTED or 404.
asio::awaitable<void> serve_connection(Stream stream, HttpHandler http, GrpcHandler grpc, Timers& timers, Log& log,
                                       ServeLimits limits = {});

/// Accepts until the listener is closed, and serves each connection as a task of its own, after a TLS handshake where
/// there is a context. `listener` and the parts of `runtime` must outlive the connections.
asio::awaitable<void> serve_listener(const Runtime& runtime, Listener& listener, std::shared_ptr<const TlsContext> tls,
                                     HttpHandler http, GrpcHandler grpc, ServeLimits limits = {});

}  // namespace kumasim
