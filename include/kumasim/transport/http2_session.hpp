/// HTTP/2 (RFC 9113) without I/O, over libnghttp2: bytes in give events, bytes out are taken in batches.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "kumasim/runtime/error.hpp"
#include "kumasim/runtime/time.hpp"
#include "kumasim/transport/headers.hpp"
#include "kumasim/transport/output.hpp"

namespace kumasim {

struct Http2Limits {
  std::uint32_t streams_max = 1000;  ///< concurrent streams that the peer may open
  std::uint32_t stream_window_bytes = 1 << 20;
  std::uint32_t connection_window_bytes = 8 << 20;
  std::size_t header_bytes_max = 64 * 1024;
  std::size_t output_batch_bytes_max = 32 * 1024;
  /// A connection that was silent for this long is pinged, and closed where it stays silent for the timeout; 0: never.
  Duration keepalive_interval = Duration::zero();
  Duration keepalive_timeout = std::chrono::seconds(15);
  /// A server: bodies and messages of all streams that were received and not yet dealt with. What is more is refused.
  std::size_t received_bytes_max = 64 << 20;
  /// A server ends a connection whose streams are reset more often ("rapid reset", CVE-2023-44487): so many at once,
  /// and so many a second for long; nghttp2's own figures.
  std::uint32_t resets_burst_max = 1000;
  std::uint32_t resets_per_second_max = 33;
};

enum class Http2Role : std::uint8_t { server, client };

/// RFC 9113, section 7.
enum class Http2Error : std::uint32_t {
  no_error = 0,
  protocol_error = 1,
  internal_error = 2,
  flow_control_error = 3,
  refused_stream = 7,
  cancel = 8,
  enhance_your_calm = 11,
};

/// What bytes of the peer meant. No call of these may destroy the session.
class Http2Events {
 public:
  virtual ~Http2Events() = default;
  /// A request (server) or the final response (client), pseudo-headers first.
  virtual void on_headers(std::int32_t stream, Headers headers) = 0;
  virtual void on_trailers(std::int32_t stream, Headers trailers) = 0;
  /// The receiver must give the bytes back to the window with consume().
  virtual void on_data(std::int32_t stream, std::string_view bytes) = 0;
  /// The peer sends no more on this stream.
  virtual void on_remote_end(std::int32_t stream) = 0;
  /// Both directions are over, or the stream was reset, or the peer will not handle it.
  virtual void on_closed(std::int32_t stream, std::uint32_t code) = 0;
  /// Queued bytes of this stream went out.
  virtual void on_sent(std::int32_t stream) = 0;
};

class Http2Session {
 public:
  /// `events` must outlive the session. SETTINGS are queued at once.
  Http2Session(Http2Role role, const Http2Limits& limits, Http2Events& events);
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;
  ~Http2Session();

  /// An error ends the connection; output may still hold a GOAWAY for the peer.
  Result<> feed(std::string_view bytes);

  /// Appends frames to `output` until it holds about `output_batch_bytes_max` or there is no more to send.
  void take_output(Output& output);

  /// True once nothing more will be read or sent: both sides said GOAWAY, or a protocol error.
  bool finished() const;

  /// Client: opens a stream. unavailable where the connection takes no more.
  Result<std::int32_t> request(const Headers& headers, bool end);
  /// Server: response headers; `end` for a response without a body (trailers-only in gRPC).
  void respond(std::int32_t stream, const Headers& headers, bool end);

  /// Queues data. Ignored on a stream that is closed or was ended.
  void send(std::int32_t stream, Slice slice);
  /// Ends the own direction after what is queued, with trailers where there are some.
  void end(std::int32_t stream, std::optional<Headers> trailers);
  std::size_t queued_bytes(std::int32_t stream) const;

  void consume(std::int32_t stream, std::size_t bytes);
  void reset(std::int32_t stream, Http2Error code);
  void ping();
  /// No new streams; the connection finishes once the open ones are over.
  void go_away(Http2Error code = Http2Error::no_error);

  /// Streams so far that the peer has reset, or that were reset here for an error.
  std::uint64_t resets() const;

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace kumasim
