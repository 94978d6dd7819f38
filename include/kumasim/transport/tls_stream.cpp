#include "kumasim/transport/tls_stream.hpp"

#include <algorithm>
#include <cassert>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "kumasim/runtime/held_operation.hpp"
#include "kumasim/transport/read_buffer.hpp"

namespace kumasim {

namespace {

/// Plain bytes that one write takes at most: enough to keep a link busy, little enough to stay fair.
constexpr std::size_t write_bytes_max = 4 * TlsEngine::record_bytes_max;

/// Completes an operation through the executor, never inline.
void finish(const asio::any_io_executor& executor, Operation operation, error_code code, std::size_t count) {
  operation.slot.clear();
  asio::post(executor, [complete = std::move(operation.complete), code, count]() mutable { complete(code, count); });
}

}  // namespace

struct TlsStream::State : std::enable_shared_from_this<State> {
  State(Stream stream, std::unique_ptr<TlsEngine> tls)
      : below(std::move(stream)), engine(std::move(tls)), peer(std::make_shared<const TlsPeer>(engine->peer())),
        reader(below.get_executor()), writer(below.get_executor()) {}

  void start_read(MutableBuffers buffers, Operation operation);
  void go_on_reading();
  void end_read(error_code code, std::size_t count);
  void start_write(ConstBuffers buffers, Operation operation);
  void end_write(error_code code);
  void flush();

  Stream below;
  std::unique_ptr<TlsEngine> engine;
  std::shared_ptr<const TlsPeer> peer;

  ReadBuffer input;
  MutableBuffers into;
  HeldOperation reader;
  asio::cancellation_signal read_signal;

  HeldOperation writer;
  std::size_t written = 0;       // plain bytes of the write in progress
  std::string sending;           // ciphertext on its way
  bool flushing = false;
  bool ending = false;           // shut the direction below once all is sent
  error_code broken;             // no more bytes can be sent
  asio::cancellation_signal write_signal;
};

void TlsStream::State::start_read(MutableBuffers buffers, Operation operation) {
  assert(!reader && "one read at a time");
  if (buffers.empty()) return finish(below.get_executor(), std::move(operation), {}, 0);
  into = buffers;
  auto slot = operation.slot;
  if (!reader.hold(operation)) return;
  if (slot.is_connected())
    slot.assign([weak = weak_from_this()](asio::cancellation_type type) {
      if (auto self = weak.lock()) self->read_signal.emit(type);
    });
  go_on_reading();
}

void TlsStream::State::go_on_reading() {
  std::size_t count = 0;
  auto step = TlsEngine::Step::done;
  for (const auto& buffer : into) {
    std::size_t got = 0;
    step = engine->read({static_cast<std::byte*>(buffer.data()), buffer.size()}, got);
    count += got;
    if (step != TlsEngine::Step::done) break;
  }
  flush();  // the engine may answer by itself: a key update, an alert
  if (count > 0) return end_read({}, count);
  if (step == TlsEngine::Step::closed) return end_read(asio::error::eof, 0);
  if (step == TlsEngine::Step::failed) return end_read(engine->error(), 0);
  auto on_input = [self = shared_from_this()](error_code code, std::size_t got) {
    if (!self->reader) return;
    // The end without close_notify may be an attacker's (RFC 8446, 6.1), so it is no proper end.
    if (code) return self->end_read(code == asio::error::eof ? asio::error::connection_reset : code, 0);
    self->engine->feed(self->input.got(got));
    self->go_on_reading();
  };
  below.async_read_some(input.room(), asio::bind_cancellation_slot(read_signal.slot(), std::move(on_input)));
}

void TlsStream::State::end_read(error_code code, std::size_t count) {
  finish(below.get_executor(), reader.take(), code, count);
}

void TlsStream::State::start_write(ConstBuffers buffers, Operation operation) {
  assert(!writer && "one write at a time");
  if (broken) return finish(below.get_executor(), std::move(operation), broken, 0);
  if (buffers.empty()) return finish(below.get_executor(), std::move(operation), {}, 0);
  // Short buffers are gathered into one record; a long one is encrypted where it lies.
  auto bytes = std::min(buffers.bytes(), write_bytes_max);
  engine->expect_output(bytes);
  std::string record;
  record.reserve(std::min(bytes, TlsEngine::record_bytes_max));
  written = 0;
  auto step = TlsEngine::Step::done;
  auto seal = [&](const char* data, std::size_t size) {
    step = engine->write({reinterpret_cast<const std::byte*>(data), size});
    if (step == TlsEngine::Step::done) written += size;
  };
  for (const auto& buffer : buffers) {
    const auto* data = static_cast<const char*>(buffer.data());
    auto left = std::min(buffer.size(), write_bytes_max - written - record.size());
    while (left > 0 && step == TlsEngine::Step::done) {
      auto part = std::min(left, TlsEngine::record_bytes_max - record.size());
      if (record.empty() && part == TlsEngine::record_bytes_max) {
        seal(data, part);
      } else {
        record.append(data, part);
        if (record.size() == TlsEngine::record_bytes_max) {
          seal(record.data(), record.size());
          record.clear();
        }
      }
      data += part;
      left -= part;
    }
  }
  if (!record.empty() && step == TlsEngine::Step::done) seal(record.data(), record.size());
  if (step != TlsEngine::Step::done) {
    broken = step == TlsEngine::Step::failed ? engine->error() : error_code(asio::error::broken_pipe);
    return finish(below.get_executor(), std::move(operation), broken, 0);
  }
  auto slot = operation.slot;
  if (!writer.hold(operation)) return;
  if (slot.is_connected())
    slot.assign([weak = weak_from_this()](asio::cancellation_type type) {
      if (auto self = weak.lock()) self->write_signal.emit(type);
    });
  flush();
}

void TlsStream::State::end_write(error_code code) {
  if (writer) finish(below.get_executor(), writer.take(), code, code ? 0 : written);
}

void TlsStream::State::flush() {
  if (flushing || broken) return;
  std::string().swap(sending);  // a connection at rest holds no room for what it has sent
  engine->take_output(sending);
  if (sending.empty()) {
    end_write({});
    if (std::exchange(ending, false)) below.shutdown_send();
    return;
  }
  flushing = true;
  auto on_sent = [self = shared_from_this()](error_code code, std::size_t) {
    self->flushing = false;
    // A part of a record may be out: nothing that follows could be read.
    if (code) self->broken = code;
    // The stream may have been closed while the bytes went out: the write ends all the same.
    if (self->broken) return self->end_write(self->broken);
    self->flush();
  };
  asio::async_write(below, asio::buffer(sending),
                    asio::bind_cancellation_slot(write_signal.slot(), std::move(on_sent)));
}

TlsStream::TlsStream(Stream below, std::unique_ptr<TlsEngine> engine)
    : state_(std::make_shared<State>(std::move(below), std::move(engine))) {}

TlsStream::~TlsStream() { close(); }

void TlsStream::read(MutableBuffers buffers, Operation operation) {
  state_->start_read(buffers, std::move(operation));
}

void TlsStream::write(ConstBuffers buffers, Operation operation) {
  state_->start_write(buffers, std::move(operation));
}

void TlsStream::shutdown_send() {
  state_->engine->shutdown();
  state_->ending = true;
  state_->flush();
}

void TlsStream::close() {
  if (!state_->broken) state_->broken = asio::error::operation_aborted;
  state_->below.close();
}

Address TlsStream::local() const { return state_->below.local(); }
Address TlsStream::remote() const { return state_->below.remote(); }
std::shared_ptr<const TlsPeer> TlsStream::peer() const { return state_->peer; }

}  // namespace kumasim
