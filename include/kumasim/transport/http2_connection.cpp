#include "kumasim/transport/http2_connection.hpp"

#include <algorithm>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include "kumasim/runtime/task.hpp"
#include "kumasim/transport/grpc_status.hpp"
#include "kumasim/transport/read_buffer.hpp"

namespace kumasim {

namespace {

/// How long a connection that ends by its own will waits for its last frames to go out.
constexpr Duration drain_max = std::chrono::seconds(1);

/// Each reset costs the time in which one is allowed.
Duration reset_cost(const Http2Limits& limits) {
  return Duration(std::chrono::seconds(1)) / std::max<std::uint32_t>(limits.resets_per_second_max, 1);
}

/// Runs at the end of a scope, also where its coroutine is destroyed.
template <class F>
struct AtEnd {
  F run;
  explicit AtEnd(F f) : run(std::move(f)) {}
  AtEnd(const AtEnd&) = delete;
  AtEnd& operator=(const AtEnd&) = delete;
  ~AtEnd() { run(); }
};

}  // namespace

Http2Connection::Http2Connection(Stream stream, Options options, Timers& timers, Log& log, OnRequest on_request)
    : stream_(std::move(stream)),
      remote_(stream_.remote()),
      options_(options),
      timers_(timers),
      log_(log),
      on_request_(std::move(on_request)),
      session_(options.role, options_.limits, *this),
      reset_credit_(reset_cost(options_.limits) * options_.limits.resets_burst_max),
      reset_time_(timers.now()),
      wake_(stream_.get_executor()),
      changed_(stream_.get_executor()) {}

asio::awaitable<void> Http2Connection::run(std::shared_ptr<Http2Connection> self, std::string received) {
  AtEnd at_end([self] {
    self->shut("the connection was abandoned");
    self->stream_.close();
  });
  auto executor = self->stream_.get_executor();
  self->writer_runs_ = true;
  spawn(executor, self->log_, "http2.writer", write(self));
  if (self->options_.limits.keepalive_interval > Duration::zero()) {
    self->watch_timer_.emplace(self->timers_);
    self->last_received_ = self->timers_.now();
    spawn(executor, self->log_, "http2.watchdog", watch(self));
  }
  co_await self->read(std::move(received));
  if (self->stopping_) co_await with_timeout(self->timers_, drain_max, self->drain());
  self->stream_.close();
  self->wake_.notify_all();
  while (self->writer_runs_ || self->handlers_ > 0) co_await self->changed_.wait();
}

asio::awaitable<void> Http2Connection::read(std::string received) {
  ReadBuffer buffer;
  error_code code;
  auto go_on = take(received);
  while (go_on) {
    auto count = co_await stream_.async_read_some(buffer.room(), asio::redirect_error(asio::use_awaitable, code));
    if (code) {
      shut(code == asio::error::eof ? "the peer closed the connection" : "the connection failed: " + code.message());
      co_return;
    }
    last_received_ = timers_.now();
    go_on = take(buffer.got(count));
  }
}

/// False once no more should be read.
bool Http2Connection::take(std::string_view bytes) {
  auto fed = session_.feed(bytes);
  auto arrived = std::exchange(arrived_, {});
  for (auto& exchange : arrived)
    if (on_request_) on_request_(*this, std::move(exchange));
  wake_.notify_all();
  if (options_.role == Http2Role::server && reset_too_often()) {
    log_.warn("http2", "peer resets too many streams, connection closed", {{"peer", to_string(remote_)}});
    session_.go_away(Http2Error::enhance_your_calm);
    stopping_ = true;
    shut("the peer reset too many streams");
    return false;
  }
  if (fed && !session_.finished()) return true;
  stopping_ = true;
  shut(fed ? "the connection was ended by GOAWAY" : "HTTP/2 protocol error: " + fed.error().message);
  return false;
}

bool Http2Connection::reset_too_often() {
  auto resets = session_.resets() - std::exchange(resets_seen_, session_.resets());
  auto now = timers_.now();
  auto cost = reset_cost(options_.limits);
  auto most = cost * options_.limits.resets_burst_max;
  reset_credit_ = std::min<Duration>(most, reset_credit_ + (now - std::exchange(reset_time_, now)));
  reset_credit_ -= cost * static_cast<std::int64_t>(resets);
  return reset_credit_ < Duration::zero();
}

asio::awaitable<void> Http2Connection::drain() {
  while (writer_runs_) co_await changed_.wait();
}

asio::awaitable<void> Http2Connection::write(std::shared_ptr<Http2Connection> self) {
  AtEnd at_end([self] {
    self->writer_runs_ = false;
    self->changed_.notify_all();
  });
  Output output;
  error_code code;
  while (!code) {
    output.clear();
    self->session_.take_output(output);
    if (!output.empty()) {
      auto buffers = output.buffers();
      self->writer_busy_ = true;
      co_await asio::async_write(self->stream_, buffers, asio::redirect_error(asio::use_awaitable, code));
      self->writer_busy_ = false;
      continue;
    }
    output.release();  // a connection at rest holds no room for what it has sent
    if (self->stopping_ || self->over_ || self->session_.finished()) break;
    co_await self->wake_.wait();
  }
  // The reader sees the end and winds up.
  self->stream_.close();
}

/// Ends early where the connection is over: the caller looks.
asio::awaitable<void> Http2Connection::pause(Duration time) {
  watch_timer_->expires_after(time);
  try {
    co_await watch_timer_->async_wait();
  } catch (const boost::system::system_error&) {
    // Cancelled because the connection is over.
  }
}

/// As in grpc-go (internal/transport/http2_client.go, keepalive) the interval counts from what was read last: a peer
/// that goes silent is given up after the interval and the timeout, whenever it does.
asio::awaitable<void> Http2Connection::watch(std::shared_ptr<Http2Connection> self) {
  const auto& limits = self->options_.limits;
  MonotonicTime pinged{}, before{};
  bool waits = false;  // for something to come after a ping
  while (!self->over_) {
    const MonotonicTime now = self->timers_.now();
    waits = waits && self->last_received_ == before;
    if (waits && now >= pinged + limits.keepalive_timeout) {
      self->log_.info("http2", "peer is silent, connection closed", {{"peer", to_string(self->remote_)}});
      self->shut("the peer did not answer a keepalive ping");
      co_return self->stream_.close();
    }
    if (!waits && now >= self->last_received_ + limits.keepalive_interval) {
      before = self->last_received_;
      pinged = now;
      waits = true;
      self->session_.ping();
      self->wake_.notify_all();
    }
    const MonotonicTime due = waits ? std::min(pinged + limits.keepalive_timeout, now + limits.keepalive_interval)
                                    : self->last_received_ + limits.keepalive_interval;
    co_await self->pause(due - now);
  }
}

void Http2Connection::start(std::string name, ExchangePtr exchange, asio::awaitable<void> handler) {
  ++handlers_;
  auto task = handle(shared_from_this(), std::move(exchange), std::move(handler));
  spawn(stream_.get_executor(), log_, std::move(name), std::move(task));
}

asio::awaitable<void> Http2Connection::handle(std::shared_ptr<Http2Connection> self, ExchangePtr exchange,
                                              asio::awaitable<void> handler) {
  AtEnd at_end([self, exchange] {
    self->recount(*exchange, 0);
    exchange->abandoned = true;
    --self->handlers_;
    self->changed_.notify_all();
  });
  co_await std::move(handler);
}

Result<Http2Connection::ExchangePtr> Http2Connection::open(const Headers& headers, Http2Exchange::Form form, bool end) {
  if (over_ || stopping_) return fail(Code::unavailable, why_.empty() ? "the connection is closing" : why_);
  auto id = session_.request(headers, end);
  if (!id) return fail(id.error());
  auto exchange = std::make_shared<Http2Exchange>(stream_.get_executor(), *id, form, options_.message_bytes_max);
  exchange->connection = this;
  exchange->headers_sent = true;
  exchange->ended = end;
  exchanges_[*id] = exchange;
  wake_.notify_all();
  return exchange;
}

void Http2Connection::respond(Http2Exchange& exchange, const Headers& headers, bool end) {
  exchange.headers_sent = true;
  exchange.ended = exchange.ended || end;
  session_.respond(exchange.id, headers, end);
  wake_.notify_all();
}

void Http2Connection::send(Http2Exchange& exchange, Slice slice) {
  session_.send(exchange.id, std::move(slice));
  wake_.notify_all();
}

void Http2Connection::end(Http2Exchange& exchange, std::optional<Headers> trailers) {
  exchange.ended = true;
  session_.end(exchange.id, std::move(trailers));
  wake_.notify_all();
}

void Http2Connection::reset(Http2Exchange& exchange, Http2Error code) {
  exchange.ended = true;
  session_.reset(exchange.id, code);
  wake_.notify_all();
}

void Http2Connection::recount(Http2Exchange& exchange, std::size_t held) {
  held_ = held_ - std::exchange(exchange.held, held) + held;
}

void Http2Connection::give_back(Http2Exchange& exchange) {
  if (exchange.form == Http2Exchange::Form::messages) recount(exchange, exchange.deframer.bytes());
  if (exchange.unconsumed == 0) return;
  session_.consume(exchange.id, std::exchange(exchange.unconsumed, 0));
  wake_.notify_all();
}

void Http2Connection::close() {
  if (over_) return;
  session_.go_away();
  stopping_ = true;
  shut("closed here");
  // A writer that the peer holds up would hold up the end as well.
  if (writer_busy_ || !writer_runs_) stream_.close();
}

asio::awaitable<void> Http2Connection::wait_over() {
  while (!over_) co_await changed_.wait();
}

void Http2Connection::shut(std::string why) {
  if (over_) return;
  over_ = true;
  why_ = std::move(why);
  auto open = std::exchange(exchanges_, {});
  for (auto& [id, exchange] : open) {
    exchange->connection = nullptr;
    exchange->closed = true;
    exchange->lost = true;
    exchange->why = why_;
    exchange->readable.notify_all();
    exchange->writable.notify_all();
  }
  if (watch_timer_) watch_timer_->cancel();
  wake_.notify_all();
  changed_.notify_all();
}

Http2Exchange* Http2Connection::find(std::int32_t stream) const {
  auto found = exchanges_.find(stream);
  return found == exchanges_.end() ? nullptr : found->second.get();
}

void Http2Connection::on_headers(std::int32_t stream, Headers headers) {
  if (options_.role == Http2Role::client) {
    auto* exchange = find(stream);
    if (!exchange) return;
    exchange->deframer.set_encoding(headers.get("grpc-encoding"));
    exchange->headers = std::move(headers);
    exchange->headers_received = true;
    return exchange->readable.notify_all();
  }
  auto grpc = headers.get("content-type").starts_with("application/grpc");
  auto form = grpc ? Http2Exchange::Form::messages : Http2Exchange::Form::body;
  auto exchange = std::make_shared<Http2Exchange>(stream_.get_executor(), stream, form, options_.message_bytes_max);
  exchange->connection = this;
  exchange->deframer.set_encoding(headers.get("grpc-encoding"));
  exchange->headers = std::move(headers);
  exchange->headers_received = true;
  exchanges_[stream] = exchange;
  arrived_.push_back(std::move(exchange));
}

void Http2Connection::on_trailers(std::int32_t stream, Headers trailers) {
  if (auto* exchange = find(stream)) exchange->trailers = std::move(trailers);
}

void Http2Connection::on_data(std::int32_t stream, std::string_view bytes) {
  auto* exchange = find(stream);
  if (!exchange || exchange->abandoned) return session_.consume(stream, bytes.size());
  exchange->unconsumed += bytes.size();
  auto messages = exchange->form == Http2Exchange::Form::messages;
  if (exchange->violation.ok()) {
    if (messages) {
      auto status = exchange->deframer.feed(bytes);
      if (!status.ok()) refuse(*exchange, std::move(status));
    } else if (exchange->body.size() + bytes.size() > options_.body_bytes_max) {
      refuse(*exchange, {GrpcCode::resource_exhausted, "the body is larger than the limit"});
    } else {
      exchange->body += bytes;
    }
  }
  if (options_.role == Http2Role::server && exchange->violation.ok()) {
    recount(*exchange, messages ? exchange->deframer.bytes() : exchange->body.size());
    if (held_ > options_.limits.received_bytes_max)
      refuse(*exchange, {messages ? GrpcCode::resource_exhausted : GrpcCode::unavailable,
                         "the requests of this connection are larger than the limit"});
  }
  // Whole messages that nobody has read hold the window back; an unfinished one must be let in.
  if (!messages || exchange->deframer.messages() == 0 || !exchange->violation.ok()) give_back(*exchange);
  exchange->readable.notify_all();
}

/// The peer broke a limit. A server answers when it has something to answer with (grpc: here; HTTP: its handler does).
void Http2Connection::refuse(Http2Exchange& exchange, GrpcStatus status) {
  exchange.violation = status;
  exchange.body = {};
  recount(exchange, 0);
  if (options_.role == Http2Role::client) return reset(exchange, Http2Error::cancel);
  if (exchange.form == Http2Exchange::Form::body || exchange.ended) return;
  if (exchange.headers_sent) return end(exchange, to_trailers(status));
  Headers headers{{":status", "200"}, {"content-type", "application/grpc"}};
  for (const auto& field : to_trailers(status)) headers.add(field.name, field.value);
  respond(exchange, headers, true);
}

void Http2Connection::on_remote_end(std::int32_t stream) {
  auto* exchange = find(stream);
  if (!exchange) return;
  exchange->remote_ended = true;
  exchange->readable.notify_all();
}

void Http2Connection::on_closed(std::int32_t stream, std::uint32_t code) {
  auto found = exchanges_.find(stream);
  if (found == exchanges_.end()) return;
  auto exchange = std::move(found->second);
  exchanges_.erase(found);
  exchange->connection = nullptr;
  exchange->closed = true;
  exchange->close_code = code;
  exchange->readable.notify_all();
  exchange->writable.notify_all();
}

void Http2Connection::on_sent(std::int32_t stream) {
  if (auto* exchange = find(stream)) exchange->writable.notify_all();
}

}  // namespace kumasim
