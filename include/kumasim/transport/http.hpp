/// HTTP as the control plane sees it: a request, a response, a handler; a server over one stream, and a client.
///
/// Bodies are whole strings with a named limit. HTTP/1.1 and HTTP/2 give the same types.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "kumasim/runtime/asio.hpp"
#include "kumasim/runtime/error.hpp"
#include "kumasim/runtime/network.hpp"
#include "kumasim/runtime/timer.hpp"
#include "kumasim/transport/headers.hpp"
#include "kumasim/transport/tls.hpp"

namespace kumasim {

/// Who asks. `tls` is null on a plain connection.
struct HttpPeer {
  Address address;
  std::shared_ptr<const TlsPeer> tls;
};

struct HttpRequest {
  std::string method = "GET";
  std::string target = "/";  ///< path and query as sent, still escaped (parse_target, url.hpp)
  Headers headers = {};
  std::string body = {};
  HttpPeer peer = {};
};

struct HttpResponse {
  int status = 200;
  Headers headers = {};
  std::string body = {};
  std::string cause = {};  ///< of a failure that the body keeps from the client: for the log of who made it; never sent
};

/// Content-Length and Connection are the transport's; an exception becomes 500.
using HttpHandler = std::function<asio::awaitable<HttpResponse>(HttpRequest)>;

/// What a server or client takes from its peer.
struct HttpLimits {
  std::size_t header_bytes_max = 64 * 1024;
  std::size_t body_bytes_max = 16 * 1024 * 1024;
  Duration idle_max = std::chrono::minutes(5);              ///< a kept connection without a request
  Duration request_duration_max = std::chrono::minutes(1);  ///< from the first byte to the end of a request
  Duration answer_duration_max = std::chrono::minutes(1);   ///< for the peer to take an answer
};

/// Serves HTTP/1.1 until the peer leaves, breaks the protocol or a limit, or asks to close. Answers 400 to what is no
/// HTTP, 431 and 413 to what is too large, 408 to what is too slow, and then closes. Throws only when cancelled.
asio::awaitable<void> serve_http(Stream stream, HttpHandler handler, HttpLimits limits, Timers& timers);

/// The same, where `received` was already read from the stream.
asio::awaitable<void> serve_http(Stream stream, std::string received, const HttpHandler& handler,
                                 const HttpLimits& limits, Timers& timers);

/// One request on a connection of its own. `request.target` is taken from `url` where it is "/" or empty. `tls` is
/// for https; its options must have a clock. `timeout` spans all of it. Errors: invalid_argument, unavailable,
/// deadline_exceeded, resource_exhausted (a limit), data_loss (not HTTP). A status is never an error.
asio::awaitable<Result<HttpResponse>> http_call(Network& network, Timers& timers, std::string url, HttpRequest request,
                                                const TlsContext* tls, Duration timeout, HttpLimits limits = {});

/// A client that keeps its connections, for many requests to one server.
class HttpClient {
 public:
  struct Options {
    const TlsContext* tls = nullptr;  ///< must outlive the client
    HttpLimits limits = {};
    std::size_t idle_connections_max = 4;
  };

  /// `base` as `http://host:port`; its path is put before every target.
  HttpClient(Network& network, Timers& timers, std::string base, Options options);
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;

  /// As http_call. A kept connection that the server had closed meanwhile is replaced once.
  asio::awaitable<Result<HttpResponse>> call(HttpRequest request, Duration timeout);

  /// Connections opened so far.
  std::size_t connections_opened() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// "Not Found" for 404; empty for an unknown one.
std::string_view http_reason(int status);

}  // namespace kumasim
