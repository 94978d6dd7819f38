/// Plain HTTP requests that come over HTTP/2 (Go's clients choose it where TLS offers it).
#pragma once

#include <memory>

#include "kumasim/transport/http.hpp"
#include "kumasim/transport/http2_exchange.hpp"

namespace kumasim {

/// Waits for the whole request, asks the handler, answers.
asio::awaitable<void> http2_serve(std::shared_ptr<Http2Exchange> exchange, HttpPeer peer, const HttpHandler& handler);

}  // namespace kumasim
