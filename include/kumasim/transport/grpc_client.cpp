/// The client's side of gRPC: one connection, its calls, and their status.
#include "kumasim/runtime/task.hpp"
#include "kumasim/transport/grpc_exchange.hpp"
#include "kumasim/transport/http2_connection.hpp"

namespace kumasim {

namespace {

GrpcStatus reset_status(std::uint32_t code) {
  switch (static_cast<Http2Error>(code)) {
    case Http2Error::cancel: return {GrpcCode::cancelled, "the call was cancelled"};
    case Http2Error::refused_stream: return {GrpcCode::unavailable, "the server refused the stream"};
    case Http2Error::enhance_your_calm: return {GrpcCode::resource_exhausted, "the server refused the load"};
    default: return {GrpcCode::internal, "the stream was reset with HTTP/2 error " + std::to_string(code)};
  }
}

GrpcStatus final_status(const Http2Exchange& exchange) {
  if (!exchange.violation.ok()) return exchange.violation;
  if (exchange.trailers.has("grpc-status")) return status_of(exchange.trailers, {});
  if (exchange.headers.has("grpc-status")) return status_of(exchange.headers, {});
  if (exchange.lost) return {GrpcCode::unavailable, exchange.why};
  if (exchange.closed && exchange.close_code != 0) return reset_status(exchange.close_code);
  return status_of(exchange.trailers, exchange.headers.get(":status"));
}

asio::awaitable<GrpcStatus> wait_status(std::shared_ptr<Http2Exchange> exchange) {
  while (!exchange->input_over()) {
    // Unread messages would hold back the window, and with it the end.
    while (exchange->deframer.next()) {
    }
    if (exchange->connection) exchange->connection->give_back(*exchange);
    co_await exchange->readable.wait();
  }
  co_return final_status(*exchange);
}

/// gRPC's PROTOCOL-HTTP2.md: at most eight digits and a unit.
std::string timeout_text(Duration timeout) {
  auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
  if (milliseconds < 100'000'000) return std::to_string(milliseconds) + "m";
  return std::to_string(milliseconds / 1000) + "S";
}

}  // namespace

GrpcClientStream::GrpcClientStream(std::shared_ptr<Http2Exchange> exchange) : exchange_(std::move(exchange)) {}

GrpcClientStream::~GrpcClientStream() {
  if (exchange_) cancel();
}

GrpcClientStream& GrpcClientStream::operator=(GrpcClientStream&& other) noexcept {
  if (exchange_ && this != &other) cancel();
  exchange_ = std::move(other.exchange_);
  return *this;
}

asio::awaitable<bool> GrpcClientStream::write(GrpcSlices slices) const {
  return grpc_write(exchange_, std::move(slices));
}

asio::awaitable<bool> GrpcClientStream::write(std::string message) const {
  return write(GrpcSlices{std::make_shared<const std::string>(std::move(message))});
}

void GrpcClientStream::finish_sending() const {
  if (exchange_->connection && !exchange_->ended) exchange_->connection->end(*exchange_, std::nullopt);
}

asio::awaitable<std::optional<std::string>> GrpcClientStream::read() const { return grpc_read(exchange_); }
asio::awaitable<GrpcStatus> GrpcClientStream::status() const { return wait_status(exchange_); }
const Headers& GrpcClientStream::metadata() const { return exchange_->headers; }
bool GrpcClientStream::over() const { return exchange_->closed; }

void GrpcClientStream::cancel() const {
  if (exchange_->connection && !exchange_->closed) exchange_->connection->reset(*exchange_, Http2Error::cancel);
}

asio::awaitable<Result<GrpcClient>> GrpcClient::connect(const Runtime& runtime, Address address,
                                                        GrpcClientOptions options) {
  auto& clock = runtime.clock;
  auto& network = runtime.network;
  auto& timers = runtime.timers;
  auto& log = runtime.log;
  auto name = options.server_name.empty() ? address.host : options.server_name;
  auto authority = options.server_name.empty() ? to_string(address) : options.server_name;
  auto dial = [](Network& over, Clock& now, Address to, const TlsContext* tls,
                 std::string server) -> asio::awaitable<Stream> {
    auto stream = co_await over.connect(std::move(to));
    if (tls) stream = co_await tls_connect(std::move(stream), *tls, now, std::move(server));
    co_return stream;
  };
  auto task = dial(network, clock, address, options.tls, std::move(name));
  auto stream = co_await with_timeout(timers, options.connect_timeout, std::move(task));
  if (!stream) {
    auto error = stream.error();
    error.message = "connecting to " + to_string(address) + ": " + error.message;
    co_return fail(std::move(error));
  }
  co_return GrpcClient(std::move(*stream), timers, log, std::move(authority), options.limits);
}

GrpcClient::GrpcClient(Stream stream, Timers& timers, Log& log, std::string authority, GrpcLimits limits)
    : authority_(std::move(authority)), tls_(tls_peer(stream) != nullptr) {
  auto executor = stream.get_executor();
  Http2Connection::Options options{.role = Http2Role::client, .limits = limits.http2,
                                   .message_bytes_max = limits.message_bytes_max};
  connection_ = std::make_shared<Http2Connection>(std::move(stream), options, timers, log, nullptr);
  spawn(executor, log, "grpc.client", Http2Connection::run(connection_, {}));
}

GrpcClient::~GrpcClient() {
  if (connection_) connection_->close();
}

GrpcClient& GrpcClient::operator=(GrpcClient&& other) noexcept {
  if (connection_ && this != &other) connection_->close();
  connection_ = std::move(other.connection_);
  authority_ = std::move(other.authority_);
  tls_ = other.tls_;
  return *this;
}

Result<GrpcClientStream> GrpcClient::open(std::string path, Headers metadata) {
  Headers headers{{":method", "POST"},
                  {":scheme", tls_ ? "https" : "http"},
                  {":path", std::move(path)},
                  {":authority", authority_},
                  {"te", "trailers"},
                  {"content-type", "application/grpc"},
                  {"user-agent", "kumasim"}};
  for (const auto& field : metadata) headers.add(field.name, field.value);
  auto exchange = connection_->open(headers, Http2Exchange::Form::messages, false);
  if (!exchange) return fail(exchange.error());
  return GrpcClientStream(std::move(*exchange));
}

namespace {

asio::awaitable<Result<std::string>> unary(GrpcClientStream stream, std::string request) {
  co_await stream.write(std::move(request));
  stream.finish_sending();
  auto answer = co_await stream.read();
  auto status = co_await stream.status();
  if (!status.ok()) co_return fail(to_error(status));
  if (!answer) co_return fail(Code::internal, "the server gave no message");
  co_return std::move(*answer);
}

}  // namespace

asio::awaitable<Result<std::string>> GrpcClient::call(std::string path, std::string request, Duration timeout,
                                                      Headers metadata) {
  metadata.add("grpc-timeout", timeout_text(timeout));
  auto stream = open(std::move(path), std::move(metadata));
  if (!stream) co_return fail(stream.error());
  auto& timers = connection_->timers();
  co_return co_await with_timeout(timers, timeout, unary(std::move(*stream), std::move(request)));
}

bool GrpcClient::connected() const { return !connection_->over(); }
std::string GrpcClient::why_over() const { return connection_->over() ? connection_->why() : std::string(); }

namespace {

asio::awaitable<void> wait_connection(std::shared_ptr<Http2Connection> connection) { co_await connection->wait_over(); }

}  // namespace

asio::awaitable<void> GrpcClient::wait_over() const { return wait_connection(connection_); }
void GrpcClient::close() { connection_->close(); }

}  // namespace kumasim
