/// HTTP/1.1 served with Beast.
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "kumasim/runtime/task.hpp"
#include "kumasim/transport/http.hpp"

namespace kumasim {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using Parser = http::request_parser<http::string_body>;
using Response = http::response<http::string_body>;

/// How long a closing server listens to a peer that still sends, so that its last answer is not lost to a reset.
constexpr Duration linger_max = std::chrono::seconds(1);

enum class Part { header, body };

/// As a value, so that a time limit can be told from a failure.
asio::awaitable<error_code> read_part(Stream& stream, beast::flat_buffer& buffer, Parser& parser, Part part) {
  error_code code;
  auto token = asio::redirect_error(asio::use_awaitable, code);
  if (part == Part::header)
    co_await http::async_read_header(stream, buffer, parser, token);
  else
    co_await http::async_read(stream, buffer, parser, token);
  co_return code;
}

asio::awaitable<error_code> first_bytes(Stream& stream, beast::flat_buffer& buffer) {
  error_code code;
  auto into = buffer.prepare(4096);
  auto count = co_await stream.async_read_some(into, asio::redirect_error(asio::use_awaitable, code));
  buffer.commit(count);
  co_return code;
}

HttpResponse plain(int status, std::string_view why) {
  HttpResponse response{.status = status, .headers = {{"Content-Type", "text/plain; charset=utf-8"}}};
  response.body = std::to_string(status) + " " + std::string(http_reason(status));
  if (!why.empty()) response.body += ": " + std::string(why);
  return response;
}

/// What to answer to a request that could not be read; status 0 where there is nobody to answer.
HttpResponse refusal(const error_code& code) {
  if (code == http::error::header_limit || code == http::error::buffer_overflow) return plain(431, "");
  if (code == http::error::body_limit) return plain(413, "");
  if (code == http::error::end_of_stream || code == http::error::partial_message) return {.status = 0};
  if (code.category() == http::make_error_code(http::error::bad_method).category()) return plain(400, code.message());
  return {.status = 0};
}

HttpRequest take_request(Parser& parser, const HttpPeer& peer) {
  auto& message = parser.get();
  HttpRequest request{.method = std::string(message.method_string()), .target = std::string(message.target())};
  for (const auto& field : message.base())
    request.headers.add(std::string(field.name_string()), std::string(field.value()));
  request.body = std::move(message.body());
  request.peer = peer;
  return request;
}

bool no_body(int status) { return status == 204 || status == 304 || status < 200; }

asio::awaitable<error_code> send(Stream& stream, HttpResponse response, bool head, bool keep) {
  Response message{static_cast<http::status>(response.status), 11};
  for (const auto& field : response.headers)
    if (!equal_without_case(field.name, "content-length") && !equal_without_case(field.name, "connection"))
      message.insert(field.name, field.value);
  message.keep_alive(keep);
  if (!no_body(response.status)) message.content_length(response.body.size());
  if (!head && !no_body(response.status)) message.body() = std::move(response.body);
  error_code code;
  http::response_serializer<http::string_body> serializer{message};
  co_await http::async_write(stream, serializer, asio::redirect_error(asio::use_awaitable, code));
  co_return code;
}

asio::awaitable<HttpResponse> answer(const HttpHandler& handler, HttpRequest request) {
  try {
    co_return co_await handler(std::move(request));
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::operation_aborted) throw;
  } catch (const std::exception&) {
  }
  co_return plain(500, "");
}

asio::awaitable<void> linger(Stream& stream) {
  error_code code;
  char scratch[1024];
  while (!code)
    co_await stream.async_read_some(asio::buffer(scratch), asio::redirect_error(asio::use_awaitable, code));
}

/// One request and its answer. True where another may follow.
asio::awaitable<bool> serve_one(Stream& stream, beast::flat_buffer& buffer, const HttpHandler& handler,
                                const HttpLimits& limits, Timers& timers, const HttpPeer& peer) {
  if (buffer.size() == 0) {
    auto arrived = co_await with_timeout(timers, limits.idle_max, first_bytes(stream, buffer));
    if (!arrived || *arrived) co_return false;
  }
  Parser parser;
  parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
  parser.body_limit(limits.body_bytes_max);
  auto deadline = timers.now() + limits.request_duration_max;
  auto read = co_await with_timeout(timers, deadline - timers.now(), read_part(stream, buffer, parser, Part::header));
  if (read && !*read && equal_without_case(parser.get()[http::field::expect], "100-continue")) {
    error_code code;
    co_await asio::async_write(stream, asio::buffer(std::string_view("HTTP/1.1 100 Continue\r\n\r\n")),
                               asio::redirect_error(asio::use_awaitable, code));
  }
  if (read && !*read && !parser.is_done())
    read = co_await with_timeout(timers, deadline - timers.now(), read_part(stream, buffer, parser, Part::body));
  if (!read || *read) {
    auto late = timers.now() >= deadline;
    auto response = late ? plain(408, "") : read ? refusal(*read) : HttpResponse{.status = 0};
    if (response.status != 0) {
      auto refused = send(stream, std::move(response), false, false);
      co_await with_timeout(timers, limits.answer_duration_max, std::move(refused));
    }
    co_return false;
  }
  auto keep = parser.keep_alive();
  auto request = take_request(parser, peer);
  auto head = request.method == "HEAD";
  auto response = co_await answer(handler, std::move(request));
  auto sending = send(stream, std::move(response), head, keep);
  auto sent = co_await with_timeout(timers, limits.answer_duration_max, std::move(sending));
  co_return keep && sent && !*sent;
}

}  // namespace

std::string_view http_reason(int status) {
  auto text = http::obsolete_reason(static_cast<http::status>(status));
  return {text.data(), text.size()};
}

asio::awaitable<void> serve_http(Stream stream, HttpHandler handler, HttpLimits limits, Timers& timers) {
  co_await serve_http(std::move(stream), std::string(), handler, limits, timers);
}

asio::awaitable<void> serve_http(Stream stream, std::string received, const HttpHandler& handler,
                                 const HttpLimits& limits, Timers& timers) {
  beast::flat_buffer buffer(limits.header_bytes_max + 64 * 1024);
  auto into = buffer.prepare(received.size());
  std::copy(received.begin(), received.end(), static_cast<char*>(into.data()));
  buffer.commit(received.size());
  HttpPeer peer{.address = stream.remote(), .tls = tls_peer(stream)};
  while (co_await serve_one(stream, buffer, handler, limits, timers, peer)) {
  }
  stream.shutdown_send();
  co_await with_timeout(timers, linger_max, linger(stream));
}

}  // namespace kumasim
