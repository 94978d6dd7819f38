#include "kumasim/transport/http2_session.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <map>

#include <nghttp2/nghttp2.h>

namespace kumasim {

namespace {

struct Outgoing {
  std::deque<Slice> slices;
  std::size_t bytes = 0;
  bool ended = false;
  std::optional<Headers> trailers;
};

struct Incoming {
  Headers headers;
  std::size_t bytes = 0;
};

template <auto function>
struct Deleted {
  template <class T>
  void operator()(T* pointer) const {
    function(pointer);
  }
};
using Session = std::unique_ptr<nghttp2_session, Deleted<nghttp2_session_del>>;
using Callbacks = std::unique_ptr<nghttp2_session_callbacks, Deleted<nghttp2_session_callbacks_del>>;
using Option = std::unique_ptr<nghttp2_option, Deleted<nghttp2_option_del>>;

std::string_view text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

std::vector<nghttp2_nv> to_fields(const Headers& headers) {
  std::vector<nghttp2_nv> fields;
  fields.reserve(headers.size());
  for (const auto& [name, value] : headers) {
    auto* n = reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data()));
    auto* v = reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data()));
    fields.push_back({n, v, name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  return fields;
}

}  // namespace

struct Http2Session::State {
  State(Http2Role r, const Http2Limits& l, Http2Events& e) : role(r), limits(l), events(e) {}

  Outgoing* outgoing(std::int32_t id) {
    auto found = streams.find(id);
    return found == streams.end() ? nullptr : &found->second;
  }

  Http2Role role;
  Http2Limits limits;
  Http2Events& events;
  Session session;
  std::map<std::int32_t, Outgoing> streams;
  std::map<std::int32_t, Incoming> heads;  // header blocks being received
  std::uint64_t resets = 0;
  Output* output = nullptr;                // set during take_output
};

namespace {

using State = Http2Session::State;

State& of(void* user) { return *static_cast<State*>(user); }

ssize_t on_send(nghttp2_session*, const std::uint8_t* data, std::size_t size, int, void* user) {
  auto& state = of(user);
  if (state.output->bytes() >= state.limits.output_batch_bytes_max) return NGHTTP2_ERR_WOULDBLOCK;
  state.output->copy(text(data, size));
  return static_cast<ssize_t>(size);
}

/// A DATA frame: its header is copied, its payload is moved out of the stream's queue without a copy.
int on_send_data(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* head, std::size_t size,
                 nghttp2_data_source*, void* user) {
  auto& state = of(user);
  if (state.output->bytes() >= state.limits.output_batch_bytes_max) return NGHTTP2_ERR_WOULDBLOCK;
  auto* stream = state.outgoing(frame->hd.stream_id);
  assert(stream && stream->bytes >= size && frame->data.padlen == 0);
  state.output->copy(text(head, 9));
  stream->bytes -= size;
  while (size > 0) {
    auto& front = stream->slices.front();
    auto part = front;
    part.size = std::min(size, front.size);
    state.output->share(part);
    size -= part.size;
    front.offset += part.size;
    front.size -= part.size;
    if (front.size == 0) stream->slices.pop_front();
  }
  state.events.on_sent(frame->hd.stream_id);
  return 0;
}

ssize_t on_read_data(nghttp2_session* session, std::int32_t id, std::uint8_t*, std::size_t size_max,
                     std::uint32_t* flags, nghttp2_data_source*, void* user) {
  auto* stream = of(user).outgoing(id);
  if (!stream) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  auto size = std::min(size_max, stream->bytes);
  if (size == 0 && !stream->ended) return NGHTTP2_ERR_DEFERRED;
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (size == stream->bytes && stream->ended) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (stream->trailers) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      auto fields = to_fields(*stream->trailers);
      nghttp2_submit_trailer(session, id, fields.data(), fields.size());
    }
  }
  return static_cast<ssize_t>(size);
}

int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  of(user).heads[frame->hd.stream_id] = {};
  return 0;
}

int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
              const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
  auto& state = of(user);
  auto& head = state.heads[frame->hd.stream_id];
  head.bytes += name_size + value_size + 32;  // as RFC 9113, 6.5.2, counts a field
  if (head.bytes > state.limits.header_bytes_max) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  head.headers.add(std::string(text(name, name_size)), std::string(text(value, value_size)));
  return 0;
}

void take_headers(State& state, const nghttp2_frame& frame) {
  auto id = frame.hd.stream_id;
  auto headers = std::move(state.heads[id].headers);
  state.heads.erase(id);
  auto status = headers.get(":status");
  if (frame.headers.cat == NGHTTP2_HCAT_REQUEST) {
    state.streams[id];
    state.events.on_headers(id, std::move(headers));
  } else if (!status.empty()) {
    if (!status.starts_with('1')) state.events.on_headers(id, std::move(headers));
  } else {
    state.events.on_trailers(id, std::move(headers));
  }
}

int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  auto& state = of(user);
  if (frame->hd.type == NGHTTP2_HEADERS) take_headers(state, *frame);
  if (frame->hd.type == NGHTTP2_RST_STREAM) ++state.resets;
  auto carries_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
  if (carries_end && frame->hd.flags & NGHTTP2_FLAG_END_STREAM) state.events.on_remote_end(frame->hd.stream_id);
  return 0;
}

/// The connection's window is given back at once: a stream that nobody reads must not hold up the others.
int on_data_chunk(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* data, std::size_t size,
                  void* user) {
  nghttp2_session_consume_connection(session, size);
  of(user).events.on_data(id, text(data, size));
  return 0;
}

int on_stream_close(nghttp2_session*, std::int32_t id, std::uint32_t code, void* user) {
  auto& state = of(user);
  state.streams.erase(id);
  state.heads.erase(id);
  state.events.on_closed(id, code);
  return 0;
}

/// A server that has answered before the client ended: the client may stop (RFC 9113, 8.1).
int on_frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  if (frame->hd.type == NGHTTP2_RST_STREAM && frame->rst_stream.error_code != NGHTTP2_NO_ERROR) ++of(user).resets;
  auto carries_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
  if (of(user).role != Http2Role::server || !carries_end || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) return 0;
  auto id = frame->hd.stream_id;
  if (nghttp2_session_get_stream_remote_close(session, id) == 0)
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR);
  return 0;
}

Callbacks callbacks() {
  nghttp2_session_callbacks* made = nullptr;
  nghttp2_session_callbacks_new(&made);
  nghttp2_session_callbacks_set_send_callback(made, on_send);
  nghttp2_session_callbacks_set_send_data_callback(made, on_send_data);
  nghttp2_session_callbacks_set_on_begin_headers_callback(made, on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(made, on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(made, on_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, on_data_chunk);
  nghttp2_session_callbacks_set_on_stream_close_callback(made, on_stream_close);
  nghttp2_session_callbacks_set_on_frame_send_callback(made, on_frame_sent);
  return Callbacks(made);
}

Option options() {
  nghttp2_option* made = nullptr;
  nghttp2_option_new(&made);
  nghttp2_option_set_no_auto_window_update(made, 1);
  nghttp2_option_set_no_closed_streams(made, 1);
  // The library meters resets by the machine's clock, which simulated time must not see; Http2Connection meters them.
  constexpr auto unlimited = std::numeric_limits<std::uint64_t>::max();
  nghttp2_option_set_stream_reset_rate_limit(made, unlimited, 0);
  return Option(made);
}

}  // namespace

Http2Session::Http2Session(Http2Role role, const Http2Limits& limits, Http2Events& events)
    : state_(std::make_unique<State>(role, limits, events)) {
  auto calls = callbacks();
  auto option = options();
  nghttp2_session* made = nullptr;
  if (role == Http2Role::server)
    nghttp2_session_server_new2(&made, calls.get(), state_.get(), option.get());
  else
    nghttp2_session_client_new2(&made, calls.get(), state_.get(), option.get());
  state_->session.reset(made);
  std::vector<nghttp2_settings_entry> settings{
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window_bytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.header_bytes_max)}};
  if (role == Http2Role::server)
    settings.push_back({NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streams_max});
  else
    settings.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
  nghttp2_submit_settings(made, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(made, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<std::int32_t>(limits.connection_window_bytes));
}

Http2Session::~Http2Session() = default;

Result<> Http2Session::feed(std::string_view bytes) {
  auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  auto taken = nghttp2_session_mem_recv(state_->session.get(), data, bytes.size());
  if (taken < 0) return fail(Code::data_loss, nghttp2_strerror(static_cast<int>(taken)));
  return {};
}

void Http2Session::take_output(Output& output) {
  state_->output = &output;
  nghttp2_session_send(state_->session.get());
  state_->output = nullptr;
}

bool Http2Session::finished() const {
  auto* session = state_->session.get();
  return nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0;
}

Result<std::int32_t> Http2Session::request(const Headers& headers, bool end) {
  auto fields = to_fields(headers);
  nghttp2_data_provider provider{.source = {}, .read_callback = on_read_data};
  auto* session = state_->session.get();
  if (nghttp2_session_check_request_allowed(session) == 0)
    return fail(Code::unavailable, "the connection takes no new streams");
  auto id = nghttp2_submit_request(session, nullptr, fields.data(), fields.size(), end ? nullptr : &provider, nullptr);
  if (id < 0) return fail(Code::unavailable, nghttp2_strerror(id));
  state_->streams[id].ended = end;
  return id;
}

void Http2Session::respond(std::int32_t stream, const Headers& headers, bool end) {
  auto* queue = state_->outgoing(stream);
  if (!queue || queue->ended) return;
  queue->ended = end;
  auto fields = to_fields(headers);
  nghttp2_data_provider provider{.source = {}, .read_callback = on_read_data};
  nghttp2_submit_response(state_->session.get(), stream, fields.data(), fields.size(), end ? nullptr : &provider);
}

void Http2Session::send(std::int32_t stream, Slice slice) {
  auto* queue = state_->outgoing(stream);
  if (!queue || queue->ended || slice.size == 0) return;
  queue->bytes += slice.size;
  queue->slices.push_back(std::move(slice));
  nghttp2_session_resume_data(state_->session.get(), stream);
}

void Http2Session::end(std::int32_t stream, std::optional<Headers> trailers) {
  auto* queue = state_->outgoing(stream);
  if (!queue || queue->ended) return;
  queue->ended = true;
  queue->trailers = std::move(trailers);
  nghttp2_session_resume_data(state_->session.get(), stream);
}

std::size_t Http2Session::queued_bytes(std::int32_t stream) const {
  auto* queue = state_->outgoing(stream);
  return queue ? queue->bytes : 0;
}

void Http2Session::consume(std::int32_t stream, std::size_t bytes) {
  if (bytes == 0) return;
  nghttp2_session_consume_stream(state_->session.get(), stream, bytes);
}

void Http2Session::reset(std::int32_t stream, Http2Error code) {
  if (!state_->outgoing(stream)) return;
  nghttp2_submit_rst_stream(state_->session.get(), NGHTTP2_FLAG_NONE, stream, static_cast<std::uint32_t>(code));
}

void Http2Session::ping() { nghttp2_submit_ping(state_->session.get(), NGHTTP2_FLAG_NONE, nullptr); }

void Http2Session::go_away(Http2Error code) {
  auto* session = state_->session.get();
  auto last = nghttp2_session_get_last_proc_stream_id(session);
  nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE, last, static_cast<std::uint32_t>(code), nullptr, 0);
}

std::uint64_t Http2Session::resets() const { return state_->resets; }

}  // namespace kumasim
