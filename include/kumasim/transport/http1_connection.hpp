/// One client connection that speaks HTTP/1.1; used by http_call and HttpClient.
#pragma once

#include <memory>

#include "kumasim/transport/http.hpp"
#include "kumasim/transport/url.hpp"

namespace kumasim {

class Http1Connection {
 public:
  explicit Http1Connection(Stream stream);
  ~Http1Connection();

  /// How a call ended. `reusable`: the connection takes another request. `untouched`: nothing of an answer came, so the
  /// server may have closed a kept connection before it saw the request.
  struct Outcome {
    Result<HttpResponse> response;
    bool reusable = false;
    bool untouched = false;
  };
  asio::awaitable<Outcome> call(const HttpRequest& request, const HttpLimits& limits);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Connects, and shakes hands where the URL is https.
asio::awaitable<Result<Stream>> http_connect(Network& network, const Url& url, const TlsContext* tls);

}  // namespace kumasim
