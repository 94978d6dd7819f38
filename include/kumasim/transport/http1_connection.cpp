/// HTTP/1.1 asked with Beast.
#include "kumasim/transport/http1_connection.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "kumasim/runtime/system_error.hpp"

namespace kumasim {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

http::request<http::string_body> to_message(const HttpRequest& request) {
  http::request<http::string_body> message;
  message.version(11);
  message.method_string(request.method);
  message.target(request.target);
  for (const auto& field : request.headers) message.insert(field.name, field.value);
  message.body() = request.body;
  auto bodyless = request.method == "GET" || request.method == "HEAD" || request.method == "DELETE";
  if (!request.body.empty() || !bodyless) message.content_length(request.body.size());
  return message;
}

Error read_error(const error_code& code) {
  if (code == http::error::header_limit || code == http::error::body_limit || code == http::error::buffer_overflow)
    return {Code::resource_exhausted, "the answer is larger than the limit"};
  if (code == http::error::end_of_stream || code == http::error::partial_message)
    return {Code::unavailable, "the server closed the connection before it had answered"};
  if (code.category() == http::make_error_code(http::error::bad_method).category())
    return {Code::data_loss, "the answer is no HTTP: " + code.message()};
  return to_error(code, "reading the answer");
}

}  // namespace

struct Http1Connection::State {
  Stream stream;
  beast::flat_buffer buffer;
};

Http1Connection::Http1Connection(Stream stream)
    : state_(std::make_unique<State>(State{std::move(stream), beast::flat_buffer()})) {}

Http1Connection::~Http1Connection() = default;

asio::awaitable<Http1Connection::Outcome> Http1Connection::call(const HttpRequest& request, const HttpLimits& limits) {
  auto message = to_message(request);
  error_code code;
  co_await http::async_write(state_->stream, message, asio::redirect_error(asio::use_awaitable, code));
  // A server may answer and close before it has read all: its answer counts more than the failed write.
  auto write_failed = code;
  http::response_parser<http::string_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
  parser.body_limit(limits.body_bytes_max);
  if (request.method == "HEAD") parser.skip(true);
  code = {};
  co_await http::async_read_header(state_->stream, state_->buffer, parser,
                                   asio::redirect_error(asio::use_awaitable, code));
  if (!code && parser.get().result_int() == 100) {
    Outcome outcome{.response = fail(Code::data_loss, "the server asked to continue what was not announced")};
    co_return outcome;
  }
  if (!code)
    co_await http::async_read(state_->stream, state_->buffer, parser, asio::redirect_error(asio::use_awaitable, code));
  // Being cancelled is the caller's doing (a time limit, say), no outcome of the call.
  if (code == asio::error::operation_aborted) throw boost::system::system_error(code);
  if (code) {
    Outcome outcome{.response = fail(write_failed ? to_error(write_failed, "sending the request") : read_error(code))};
    outcome.untouched = !parser.got_some() && tls_fault(code) == TlsFault::none;
    co_return outcome;
  }
  Outcome outcome{.response = HttpResponse{}};
  auto& answer = parser.get();
  outcome.response->status = static_cast<int>(answer.result_int());
  for (const auto& field : answer.base())
    outcome.response->headers.add(std::string(field.name_string()), std::string(field.value()));
  outcome.response->body = std::move(answer.body());
  outcome.reusable = parser.keep_alive() && !write_failed;
  co_return outcome;
}

asio::awaitable<Result<Stream>> http_connect(Network& network, const Url& url, const TlsContext* tls) {
  if (url.tls && !tls) co_return fail(Code::invalid_argument, "https needs a TLS context");
  if (url.tls && !tls->options().clock) co_return fail(Code::invalid_argument, "the TLS context has no clock");
  try {
    auto stream = co_await network.connect({url.host, url.port});
    if (url.tls) stream = co_await tls_connect(std::move(stream), *tls, *tls->options().clock, url.host);
    co_return stream;
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::operation_aborted) throw;
    co_return fail(to_error(error, "connecting to " + to_string(Address{url.host, url.port})));
  }
}

}  // namespace kumasim
