/// Drives an Http2Session over a Stream: one reader, one writer, a watchdog, and the handlers of its streams.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "kumasim/runtime/log.hpp"
#include "kumasim/runtime/stream.hpp"
#include "kumasim/runtime/timer.hpp"
#include "kumasim/runtime/wait_list.hpp"
#include "kumasim/transport/http2_exchange.hpp"
#include "kumasim/transport/http2_session.hpp"

namespace kumasim {

class Http2Connection : public std::enable_shared_from_this<Http2Connection>, private Http2Events {
 public:
  struct Options {
    Http2Role role = Http2Role::server;
    Http2Limits limits = {};
    std::size_t message_bytes_max = 16 * 1024 * 1024;
    std::size_t body_bytes_max = 16 * 1024 * 1024;
  };
  using ExchangePtr = std::shared_ptr<Http2Exchange>;
  /// A server's new request: its headers are there, its body may not be. Called outside the session.
  using OnRequest = std::function<void(Http2Connection&, ExchangePtr)>;

  Http2Connection(Stream stream, Options options, Timers& timers, Log& log, OnRequest on_request);

  /// Reads until the connection is over, then waits for its writer and its handlers. `received` was read before.
  static asio::awaitable<void> run(std::shared_ptr<Http2Connection> self, std::string received);

  /// Runs the handler of a request, which the connection waits for.
  void start(std::string name, ExchangePtr exchange, asio::awaitable<void> handler);

  /// Client: opens a stream; `end` where nothing but the headers is sent.
  Result<ExchangePtr> open(const Headers& headers, Http2Exchange::Form form, bool end);

  void respond(Http2Exchange& exchange, const Headers& headers, bool end);
  void send(Http2Exchange& exchange, Slice slice);
  void end(Http2Exchange& exchange, std::optional<Headers> trailers);
  void reset(Http2Exchange& exchange, Http2Error code);
  std::size_t queued_bytes(const Http2Exchange& exchange) const { return session_.queued_bytes(exchange.id); }
  /// Lets the peer send as much again as was received and read.
  void give_back(Http2Exchange& exchange);

  /// Says GOAWAY as well as it can and ends the connection.
  void close();
  bool over() const { return over_; }
  /// Why it is over.
  const std::string& why() const { return why_; }
  asio::awaitable<void> wait_over();

  const Options& options() const { return options_; }
  const Address& remote() const { return remote_; }
  Timers& timers() const { return timers_; }

 private:
  void on_headers(std::int32_t stream, Headers headers) override;
  void on_trailers(std::int32_t stream, Headers trailers) override;
  void on_data(std::int32_t stream, std::string_view bytes) override;
  void on_remote_end(std::int32_t stream) override;
  void on_closed(std::int32_t stream, std::uint32_t code) override;
  void on_sent(std::int32_t stream) override;

  asio::awaitable<void> read(std::string received);
  bool take(std::string_view bytes);
  asio::awaitable<void> drain();
  static asio::awaitable<void> write(std::shared_ptr<Http2Connection> self);
  static asio::awaitable<void> watch(std::shared_ptr<Http2Connection> self);
  static asio::awaitable<void> handle(std::shared_ptr<Http2Connection> self, ExchangePtr exchange,
                                      asio::awaitable<void> handler);
  asio::awaitable<void> pause(Duration time);
  void shut(std::string why);
  Http2Exchange* find(std::int32_t stream) const;
  void refuse(Http2Exchange& exchange, GrpcStatus status);
  /// Brings what the exchange holds into the connection's sum.
  void recount(Http2Exchange& exchange, std::size_t held);
  /// Streams are reset more often than the limits allow.
  bool reset_too_often();

  Stream stream_;
  const Address remote_;
  const Options options_;
  Timers& timers_;
  Log& log_;
  const OnRequest on_request_;
  Http2Session session_;
  std::map<std::int32_t, ExchangePtr> exchanges_;
  std::vector<ExchangePtr> arrived_;  // requests of the bytes that are being fed

  MonotonicTime last_received_ = {};
  std::size_t held_ = 0;  // bytes of requests, see Http2Limits::received_bytes_max
  std::uint64_t resets_seen_ = 0;
  Duration reset_credit_{};  // what it is worth at most, less what resets have cost lately
  MonotonicTime reset_time_;
  std::size_t handlers_ = 0;
  bool writer_runs_ = false;
  bool writer_busy_ = false;
  bool stopping_ = false;
  bool over_ = false;
  std::string why_;
  std::optional<Timer> watch_timer_;
  WaitList wake_;     // the writer
  WaitList changed_;  // whoever waits for the end
};

}  // namespace kumasim
