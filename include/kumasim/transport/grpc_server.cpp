/// The server's side of gRPC calls.
#include "kumasim/transport/grpc_exchange.hpp"
#include "kumasim/transport/http2_connection.hpp"

namespace kumasim {

GrpcServerStream::GrpcServerStream(std::shared_ptr<Http2Exchange> exchange, HttpPeer peer)
    : exchange_(std::move(exchange)), peer_(std::move(peer)), path_(exchange_->headers.get(":path")) {}

const Headers& GrpcServerStream::metadata() const { return exchange_->headers; }

asio::awaitable<std::optional<std::string>> GrpcServerStream::read() const { return grpc_read(exchange_); }

namespace {

/// The response's headers go before the first message.
void announce(Http2Exchange& exchange) {
  if (exchange.headers_sent || !exchange.connection) return;
  exchange.connection->respond(exchange, {{":status", "200"}, {"content-type", "application/grpc"}}, false);
}

}  // namespace

asio::awaitable<bool> GrpcServerStream::write(GrpcSlices slices) const {
  announce(*exchange_);
  return grpc_write(exchange_, std::move(slices));
}

asio::awaitable<bool> GrpcServerStream::write(std::string message) const {
  return write(GrpcSlices{std::make_shared<const std::string>(std::move(message))});
}

void GrpcServerStream::finish(GrpcStatus status) const {
  auto& exchange = *exchange_;
  if (!exchange.connection || exchange.ended) return;
  auto trailers = to_trailers(status);
  if (exchange.headers_sent) return exchange.connection->end(exchange, std::move(trailers));
  Headers headers{{":status", "200"}, {"content-type", "application/grpc"}};
  for (const auto& field : trailers) headers.add(field.name, field.value);
  exchange.connection->respond(exchange, headers, true);
}

void GrpcServerStream::drop(GrpcStatus status) const {
  auto& exchange = *exchange_;
  if (!exchange.connection) return;
  if (exchange.connection->queued_bytes(exchange) == 0) return finish(std::move(status));
  auto code = status.code == GrpcCode::resource_exhausted ? Http2Error::enhance_your_calm : Http2Error::internal_error;
  exchange.connection->reset(exchange, code);
}

bool GrpcServerStream::cancelled() const { return exchange_->closed && (exchange_->lost || !exchange_->ended); }
bool GrpcServerStream::over() const { return exchange_->closed || exchange_->ended; }

namespace {

asio::awaitable<void> wait_until_over(std::shared_ptr<Http2Exchange> exchange) {
  while (!exchange->closed) co_await exchange->readable.wait();
}

}  // namespace

asio::awaitable<void> GrpcServerStream::wait_over() const { return wait_until_over(exchange_); }

asio::awaitable<void> grpc_serve(std::shared_ptr<Http2Exchange> exchange, HttpPeer peer, const GrpcHandler& handler,
                                 Log& log) {
  GrpcServerStream stream(exchange, std::move(peer));
  GrpcStatus status;
  try {
    co_await handler(stream);
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::operation_aborted) status = {GrpcCode::cancelled, "the server is shutting down"};
    else status = {GrpcCode::internal, "internal error"};
    log.warn("grpc", "handler failed", {{"path", stream.path()}, {"error", error.code().message()}});
  } catch (const std::exception& error) {
    status = {GrpcCode::internal, "internal error"};
    log.error("grpc", "handler failed", {{"path", stream.path()}, {"error", error.what()}});
  }
  stream.finish(std::move(status));
}

}  // namespace kumasim
