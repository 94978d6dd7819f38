/// Plain HTTP requests that come over HTTP/2 (Go's clients choose it where TLS offers it).
#pragma once

#include <memory>

#include "kumasim/transport/http.hpp"
#include "kumasim/transport/http2_exchange.hpp"

namespace kumasim {

/// Waits for the whole request, asks the handler, answers, and waits until the answer has gone. Gives 408 to a request
/// that is too slow, 413 to one that is too large, 503 where all requests of the connection are. The parts outlive it.
asio::awaitable<void> http2_serve(std::shared_ptr<Http2Exchange> exchange, HttpPeer peer, const HttpHandler& handler,
                                  const HttpLimits& limits, Timers& timers);

}  // namespace kumasim
