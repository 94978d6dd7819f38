#include "kumasim/transport/http2_server.hpp"

#include "kumasim/runtime/task.hpp"
#include "kumasim/transport/http2_connection.hpp"

namespace kumasim {

namespace {

HttpRequest to_request(Http2Exchange& exchange, HttpPeer peer) {
  HttpRequest request{.method = std::string(exchange.headers.get(":method")),
                      .target = std::string(exchange.headers.get(":path"))};
  if (auto authority = exchange.headers.get(":authority"); !authority.empty())
    request.headers.add("Host", std::string(authority));
  for (const auto& field : exchange.headers)
    if (!field.name.starts_with(':')) request.headers.add(field.name, field.value);
  request.body = std::move(exchange.body);
  request.peer = std::move(peer);
  return request;
}

std::string lower(std::string text) {
  for (auto& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

/// RFC 9113, 8.2.2: fields of the connection have no place in HTTP/2.
bool of_connection(const std::string& name) {
  return name == "connection" || name == "transfer-encoding" || name == "keep-alive" || name == "upgrade" ||
         name == "proxy-connection" || name == "content-length";
}

void answer(Http2Exchange& exchange, HttpResponse response, bool head) {
  if (!exchange.connection) return;
  auto& connection = *exchange.connection;
  Headers headers{{":status", std::to_string(response.status)}};
  for (const auto& field : response.headers)
    if (auto name = lower(field.name); !of_connection(name)) headers.add(std::move(name), field.value);
  auto bodyless = response.status == 204 || response.status == 304;
  if (!bodyless) headers.add("content-length", std::to_string(response.body.size()));
  auto end = head || bodyless || response.body.empty();
  connection.respond(exchange, headers, end);
  if (end) return;
  connection.send(exchange, whole(std::make_shared<const std::string>(std::move(response.body))));
  connection.end(exchange, std::nullopt);
}

asio::awaitable<void> whole_request(std::shared_ptr<Http2Exchange> exchange) {
  while (!exchange->input_over()) co_await exchange->readable.wait();
}

asio::awaitable<void> end_of(std::shared_ptr<Http2Exchange> exchange) {
  while (!exchange->closed) co_await exchange->readable.wait();
}

HttpResponse plain(int status) {
  HttpResponse response{.status = status, .headers = {{"content-type", "text/plain; charset=utf-8"}}};
  response.body = std::to_string(status) + " " + std::string(http_reason(status));
  return response;
}

}  // namespace

asio::awaitable<void> http2_serve(std::shared_ptr<Http2Exchange> exchange, HttpPeer peer, const HttpHandler& handler,
                                  const HttpLimits& limits, Timers& timers) {
  if (!exchange->input_over()) {
    auto all = co_await with_timeout(timers, limits.request_duration_max, whole_request(exchange));
    if (!all && all.error().code == Code::cancelled) co_return;
  }
  if (exchange->closed) co_return;
  auto head = exchange->headers.get(":method") == "HEAD";
  HttpResponse response = plain(500);
  if (!exchange->violation.ok()) {
    response = plain(exchange->violation.code == GrpcCode::unavailable ? 503 : 413);
  } else if (!exchange->input_over()) {
    response = plain(408);
  } else {
    try {
      auto task = handler(to_request(*exchange, std::move(peer)));
      response = co_await std::move(task);
    } catch (const boost::system::system_error& error) {
      if (error.code() == asio::error::operation_aborted) throw;
    } catch (const std::exception&) {
    }
  }
  answer(*exchange, std::move(response), head);
  if (exchange->closed) co_return;
  // A peer that does not read its answers must not make us hold them for ever.
  co_await with_timeout(timers, limits.answer_duration_max, end_of(exchange));
  if (!exchange->closed && exchange->connection) exchange->connection->reset(*exchange, Http2Error::cancel);
}

}  // namespace kumasim
