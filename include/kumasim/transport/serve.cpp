#include "kumasim/transport/serve.hpp"

#include <array>

#include <boost/asio/redirect_error.hpp>

#include "kumasim/runtime/task.hpp"
#include "kumasim/transport/grpc_exchange.hpp"
#include "kumasim/transport/http2_connection.hpp"
#include "kumasim/transport/http2_server.hpp"

namespace kumasim {

namespace {

/// RFC 9113, 3.4.
constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum class Protocol : std::uint8_t { http1, http2, none };

/// Reads as much as tells HTTP/2's preface from everything else.
asio::awaitable<Protocol> sniff(Stream& stream, std::string& received) {
  std::array<char, 4096> buffer;
  while (received.size() < preface.size() && preface.starts_with(received)) {
    error_code code;
    auto count = co_await stream.async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, code));
    if (code) co_return received.empty() ? Protocol::none : Protocol::http1;
    received.append(buffer.data(), count);
  }
  co_return received.starts_with(preface) ? Protocol::http2 : Protocol::http1;
}

asio::awaitable<HttpResponse> not_found(HttpRequest) {
  co_return HttpResponse{.status = 404, .headers = {{"Content-Type", "text/plain"}}, .body = "404 page not found\n"};
}

/// A handler's failure is the peer's 500, without the reason, and a line of the log with it. A query may hold secrets.
asio::awaitable<HttpResponse> answer(const HttpHandler& handler, HttpRequest request, Log& log) {
  auto method = request.method;
  auto path = request.target.substr(0, request.target.find('?'));
  std::string reason;
  try {
    co_return co_await handler(std::move(request));
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::operation_aborted) throw;
    reason = error.code().message();
  } catch (const std::exception& error) {
    reason = error.what();
  }
  log.error("http", "handler failed", {{"method", method}, {"path", path}, {"error", reason}});
  HttpResponse response{.status = 500, .headers = {{"Content-Type", "text/plain; charset=utf-8"}}};
  response.body = "500 " + std::string(http_reason(500));
  co_return response;
}

asio::awaitable<void> unimplemented(GrpcServerStream stream) {
  stream.finish(GrpcCode::unimplemented, "unknown method " + stream.path());
  co_return;
}

asio::awaitable<void> serve_http2(Stream stream, std::string received, const HttpHandler& http,
                                  const GrpcHandler& grpc, Timers& timers, Log& log, const ServeLimits& limits) {
  HttpPeer peer{.address = stream.remote(), .tls = tls_peer(stream)};
  Http2Connection::Options options{.role = Http2Role::server, .limits = limits.grpc.http2,
                                   .message_bytes_max = limits.grpc.message_bytes_max,
                                   .body_bytes_max = limits.http.body_bytes_max};
  auto on_request = [&](Http2Connection& connection, Http2Connection::ExchangePtr exchange) {
    if (exchange->form == Http2Exchange::Form::messages)
      connection.start("grpc.handler", exchange, grpc_serve(exchange, peer, grpc, log));
    else
      connection.start("http2.handler", exchange, http2_serve(exchange, peer, http, limits.http, timers));
  };
  auto connection = std::make_shared<Http2Connection>(std::move(stream), options, timers, log, on_request);
  co_await Http2Connection::run(connection, std::move(received));
}

struct Services {
  HttpHandler http;
  GrpcHandler grpc;
  ServeLimits limits;
  std::shared_ptr<const TlsContext> tls;
  std::size_t connections = 0;
};

asio::awaitable<void> serve_accepted(Stream stream, std::shared_ptr<Services> services, Clock& clock, Timers& timers,
                                     Log& log) {
  struct Count {
    std::shared_ptr<Services> of;
    explicit Count(std::shared_ptr<Services> s) : of(std::move(s)) { ++of->connections; }
    Count(const Count&) = delete;
    Count& operator=(const Count&) = delete;
    ~Count() { --of->connections; }
  };
  Count count(services);
  const auto& limits = services->limits;
  if (services->tls) {
    auto peer = to_string(stream.remote());
    auto task = tls_accept(std::move(stream), *services->tls, clock);
    auto secured = co_await with_timeout(timers, limits.handshake_max, std::move(task));
    if (!secured) {
      log.info("tls", "handshake failed", {{"peer", peer}, {"error", secured.error().message}});
      co_return;
    }
    stream = std::move(*secured);
  }
  co_await serve_connection(std::move(stream), services->http, services->grpc, timers, log, limits);
}

}  // namespace

asio::awaitable<void> serve_connection(Stream stream, HttpHandler http, GrpcHandler grpc, Timers& timers, Log& log,
                                       ServeLimits limits) {
  if (!http) http = not_found;
  if (!grpc) grpc = unimplemented;
  HttpHandler answering = [&http, &log](HttpRequest request) { return answer(http, std::move(request), log); };
  auto peer = tls_peer(stream);
  auto protocol = Protocol::none;
  std::string received;
  if (peer && peer->alpn == "h2") {
    protocol = Protocol::http2;
  } else if (peer && peer->alpn == "http/1.1") {
    protocol = Protocol::http1;
  } else {
    auto told = co_await with_timeout(timers, limits.http.idle_max, sniff(stream, received));
    protocol = told ? *told : Protocol::none;
  }
  if (protocol == Protocol::http1)
    co_await serve_http(std::move(stream), std::move(received), answering, limits.http, timers);
  if (protocol == Protocol::http2)
    co_await serve_http2(std::move(stream), std::move(received), answering, grpc, timers, log, limits);
}

asio::awaitable<void> serve_listener(const Runtime& runtime, Listener& listener, std::shared_ptr<const TlsContext> tls,
                                     HttpHandler http, GrpcHandler grpc, ServeLimits limits) {
  auto& clock = runtime.clock;
  auto& timers = runtime.timers;
  auto& log = runtime.log;
  auto executor = runtime.executor;
  auto services = std::make_shared<Services>(Services{std::move(http), std::move(grpc), limits, std::move(tls)});
  for (;;) {
    error_code failed;
    Stream stream;
    try {
      stream = co_await listener.accept();
    } catch (const boost::system::system_error& error) {
      failed = error.code();
    }
    if (failed == asio::error::operation_aborted) co_return;
    if (failed) {
      // Out of descriptors, say: the listener lives, and a pause lets connections end.
      log.warn("listener", "accept failed", {{"error", failed.message()}});
      co_await sleep(timers, std::chrono::milliseconds(100));
      continue;
    }
    if (services->connections >= limits.connections_max) {
      log.warn("listener", "connection refused: too many", {{"peer", to_string(stream.remote())}});
      continue;
    }
    spawn(executor, log, "connection", serve_accepted(std::move(stream), services, clock, timers, log));
  }
}

}  // namespace kumasim
