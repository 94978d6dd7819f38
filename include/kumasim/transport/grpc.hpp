/// gRPC over HTTP/2 on any Stream: streams of a server, and a client. Messages are bytes; protobuf is the caller's.
///
/// One implementation runs live and simulated (reference-cp/decisions/0001-grpc-over-nghttp2.md). Everything here
/// belongs to the executor of its stream: no call may come from another thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kumasim/runtime/runtime.hpp"
#include "kumasim/transport/grpc_status.hpp"
#include "kumasim/transport/http.hpp"
#include "kumasim/transport/http2_session.hpp"

namespace kumasim {

class Http2Connection;
struct Http2Exchange;

/// One message in pieces that other messages may share; what is long is not copied on a plain connection.
using GrpcSlices = std::vector<std::shared_ptr<const std::string>>;

struct GrpcLimits {
  Http2Limits http2 = {};
  std::size_t message_bytes_max = 16 * 1024 * 1024;
};

/// A write waits while more than this lies in the stream's queue.
inline constexpr std::size_t grpc_queue_bytes_max = 64 * 1024;

/// A server's side of one call. Copies are handles of the same call; one coroutine may read while another writes.
class GrpcServerStream {
 public:
  GrpcServerStream(std::shared_ptr<Http2Exchange> exchange, HttpPeer peer);

  /// "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources"
  const std::string& path() const { return path_; }
  const Headers& metadata() const;
  const HttpPeer& peer() const { return peer_; }

  /// The next message; nothing once the client has ended its direction or the call is over (see cancelled()).
  asio::awaitable<std::optional<std::string>> read() const;

  /// Takes one message; false where the call is over. Waits until the queue has room: true means on its way, not there.
  asio::awaitable<bool> write(GrpcSlices slices) const;
  asio::awaitable<bool> write(std::string message) const;

  /// Ends the call after what was written. Only the first counts.
  void finish(GrpcStatus status = {}) const;
  void finish(GrpcCode code, std::string message) const { finish({code, std::move(message)}); }

  /// Ends the call at once: by finish() where the client has taken all that was written; else what it has not taken is
  /// dropped, and the call is reset (RESOURCE_EXHAUSTED stays that, anything else shows as INTERNAL).
  void drop(GrpcStatus status) const;

  /// The client went away before the call was finished: reset it, or the connection is gone.
  bool cancelled() const;
  bool over() const;
  /// Completes when the call is over for whatever reason.
  asio::awaitable<void> wait_over() const;

 private:
  std::shared_ptr<Http2Exchange> exchange_;
  HttpPeer peer_;
  std::string path_;
};

/// Runs one call. Where it returns without finish() the status is OK; an exception gives INTERNAL. It is not cancelled
/// when the client goes: read() ends, write() gives false, and the connection waits for it.
using GrpcHandler = std::function<asio::awaitable<void>(GrpcServerStream)>;

/// A client's side of one call. Destroying it cancels a call that is not over.
class GrpcClientStream {
 public:
  explicit GrpcClientStream(std::shared_ptr<Http2Exchange> exchange);
  GrpcClientStream(GrpcClientStream&&) noexcept = default;
  GrpcClientStream& operator=(GrpcClientStream&& other) noexcept;
  ~GrpcClientStream();

  asio::awaitable<bool> write(GrpcSlices slices) const;
  asio::awaitable<bool> write(std::string message) const;
  /// Half close: the server's read() ends after what was written.
  void finish_sending() const;

  /// The next message; nothing once the server has ended the call or it is lost. Then status() tells why.
  asio::awaitable<std::optional<std::string>> read() const;

  /// Waits for the end. UNAVAILABLE where the connection was lost, CANCELLED after cancel().
  asio::awaitable<GrpcStatus> status() const;

  /// The server's initial metadata; empty before its first message.
  const Headers& metadata() const;
  void cancel() const;
  bool over() const;

 private:
  std::shared_ptr<Http2Exchange> exchange_;
};

struct GrpcClientOptions {
  const TlsContext* tls = nullptr;  ///< plain where null; used during connect() only. ALPN should offer h2
  std::string server_name = {};     ///< SNI and :authority; the address's host where empty
  GrpcLimits limits = {};
  Duration connect_timeout = std::chrono::seconds(10);
};

/// One connection to a server; calls share it. Destroying the client ends them.
class GrpcClient {
 public:
  /// unavailable, deadline_exceeded; the parts of `runtime` must outlive the client.
  static asio::awaitable<Result<GrpcClient>> connect(const Runtime& runtime, Address address,
                                                     GrpcClientOptions options);

  /// Over a stream that is ready, such as one that shook hands already.
  GrpcClient(Stream stream, Timers& timers, Log& log, std::string authority, GrpcLimits limits);
  GrpcClient(GrpcClient&&) noexcept = default;
  GrpcClient& operator=(GrpcClient&& other) noexcept;
  ~GrpcClient();

  /// Starts a call of any kind. unavailable where the connection is over. `metadata` names are lower case.
  Result<GrpcClientStream> open(std::string path, Headers metadata = {});

  /// A unary call; `timeout` also goes to the server as grpc-timeout.
  asio::awaitable<Result<std::string>> call(std::string path, std::string request, Duration timeout,
                                            Headers metadata = {});

  bool connected() const;
  /// Why the connection is over; empty while it is not.
  std::string why_over() const;
  asio::awaitable<void> wait_over() const;
  void close();

 private:
  std::shared_ptr<Http2Connection> connection_;
  std::string authority_;
  bool tls_ = false;
};

}  // namespace kumasim
