/// Of HTTP/2 (RFC 9113) just so much that a request without a body of note is answered with 200.
#include "tests/real_envoy/traffic_applications.hpp"

#include <algorithm>
#include <cerrno>
#include <map>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sim/envoy/config/string_match.hpp"
#include "tests/real_envoy/calls.hpp"
#include "tests/real_envoy/traffic_socket.hpp"

namespace kumasim::test {
namespace {

constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Header names and values of HTTP/2 requests.
class HeaderDecoder {
 public:
  HeaderDecoder() { ::nghttp2_hd_inflate_new(&inflater_); }
  HeaderDecoder(HeaderDecoder&& other) noexcept : inflater_(std::exchange(other.inflater_, nullptr)) {}
  HeaderDecoder& operator=(HeaderDecoder&& other) noexcept {
    std::swap(inflater_, other.inflater_);
    return *this;
  }
  ~HeaderDecoder() {
    if (inflater_) ::nghttp2_hd_inflate_del(inflater_);
  }

  /// The fields of a whole header block; every block has to be decoded, in order.
  sim::Headers read(std::string_view block) {
    sim::Headers out;
    auto* at = reinterpret_cast<const std::uint8_t*>(block.data());
    auto left = block.size();
    for (;;) {
      nghttp2_nv field{};
      int flags = 0;
      auto used = ::nghttp2_hd_inflate_hd2(inflater_, &field, &flags, at, left, 1);
      if (used < 0) return out;
      at += used;
      left -= static_cast<std::size_t>(used);
      if (flags & NGHTTP2_HD_INFLATE_EMIT)
        out.emplace_back(text(field.name, field.namelen), text(field.value, field.valuelen));
      if (flags & NGHTTP2_HD_INFLATE_FINAL) break;
      if (!(flags & NGHTTP2_HD_INFLATE_EMIT) && left == 0) break;
    }
    ::nghttp2_hd_inflate_end_headers(inflater_);
    return out;
  }

 private:
  static std::string_view text(const std::uint8_t* bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
  }
  nghttp2_hd_inflater* inflater_ = nullptr;
};

/// What the applications have heard, of every connection.
class Ear {
 public:
  void hear(HeardRequest request) {
    std::lock_guard lock(mutex_);
    heard_.push_back(std::move(request));
  }
  std::vector<HeardRequest> take() {
    std::lock_guard lock(mutex_);
    return std::exchange(heard_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<HeardRequest> heard_;
};

/// The head of an HTTP/1.1 request without its last empty line.
HeardRequest request_of(std::string_view head, Application place) {
  HeardRequest out{.place = std::move(place), .method = {}, .authority = {}, .path = {}, .headers = {}};
  auto end = std::min(head.find("\r\n"), head.size());
  auto line = head.substr(0, end);
  auto first = line.find(' '), last = line.rfind(' ');
  out.method = line.substr(0, first);
  out.path = line.substr(first + 1, last - first - 1);
  while (end < head.size()) {
    auto at = end + 2;
    end = std::min(head.find("\r\n", at), head.size());
    auto field = head.substr(at, end - at);
    auto colon = std::min(field.find(": "), field.size());
    std::string name(field.substr(0, colon));
    std::string value(colon < field.size() ? field.substr(colon + 2) : std::string_view());
    if (name == "host") out.authority = value;
    out.headers.emplace_back(std::move(name), std::move(value));
  }
  return out;
}

/// What one connection has said, and what it is to be told.
class Conversation {
 public:
  Conversation(Application place, Ear& ear) : place_(std::move(place)), ear_(&ear) {}

  /// The answer to more bytes.
  std::string hear(std::string_view bytes) {
    in_ += bytes;
    if (kind_ == Kind::unknown) decide();
    switch (kind_) {
      case Kind::unknown: return {};
      case Kind::http1: return http1();
      case Kind::http2: return http2();
      case Kind::raw: return std::exchange(in_, {}).empty() ? "" : "pong";
    }
    return {};
  }
  /// A request wanted the connection to be closed in place of an answer.
  bool closed() const { return closed_; }

 private:
  enum class Kind : std::uint8_t { unknown, http1, http2, raw };
  enum Frame : std::uint8_t { data = 0, headers = 1, settings = 4, ping = 6 };
  static constexpr std::uint8_t ack = 1, end_stream = 1, end_headers = 4, priority = 0x20;
  static constexpr std::size_t frame_header_bytes = 9;

  void decide() {
    auto line = std::string_view(in_).substr(0, in_.find("\r\n"));
    if (in_.starts_with(preface)) {
      kind_ = Kind::http2;
      in_.erase(0, preface.size());
      greeting_ = frame(settings, 0, whole_connection(), "");
    } else if (preface.starts_with(in_)) {
      return;
    } else if (line.ends_with(" HTTP/1.1") || line.ends_with(" HTTP/1.0")) {
      kind_ = Kind::http1;
    } else if (in_.front() < 'A' || in_.front() > 'Z') {
      kind_ = Kind::raw;
    }
  }

  std::string http1() {
    std::string out;
    for (;;) {
      auto end = in_.find("\r\n\r\n");
      if (end == std::string::npos) return out;
      auto head = in_.substr(0, end);
      std::size_t body = 0;
      constexpr std::string_view length = "\r\ncontent-length: ";
      if (auto at = head.find(length); at != std::string::npos) body = std::stoul(head.substr(at + length.size()));
      if (in_.size() < end + 4 + body) return out;
      in_.erase(0, end + 4 + body);
      auto heard = request_of(head, place_);
      auto status = sim::proxy::find_header(heard.headers, answer_header).value_or("200");
      auto grpc = sim::proxy::find_header(heard.headers, grpc_answer_header);
      ear_->hear(std::move(heard));
      if (status == answer_silence) continue;
      closed_ |= status == answer_close;
      if (closed_) return out;
      // Answers of these have no content (RFC 9110, 15.3.5 and 15.4.5).
      const bool empty = status == "204" || status == "304";
      out += "HTTP/1.1 " + status + " X\r\n" + application_header + ": " + application_value + "\r\n";
      if (grpc) out += "grpc-status: " + *grpc + "\r\n";
      out += empty ? "\r\n" : "content-length: 2\r\n\r\n";
      if (!empty && !head.starts_with("HEAD ")) out += "ok";
      closed_ = head.contains("\r\nconnection: close");  // the client's own wish: Envoy keeps its connections
      if (closed_) return out;
    }
  }

  std::string http2() {
    std::string out = std::exchange(greeting_, {});
    while (in_.size() >= frame_header_bytes) {
      auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(in_[i]); };
      std::size_t size = static_cast<std::size_t>(byte(0)) << 16 | static_cast<std::size_t>(byte(1)) << 8 | byte(2);
      if (in_.size() < frame_header_bytes + size) break;
      auto type = byte(3), flags = byte(4);
      auto stream = in_.substr(5, 4);
      auto payload = in_.substr(frame_header_bytes, size);
      in_.erase(0, frame_header_bytes + size);
      if (type == settings && !(flags & ack)) out += frame(settings, ack, whole_connection(), "");
      if (type == ping && !(flags & ack)) out += frame(ping, ack, whole_connection(), payload);
      if (type == headers) {
        constexpr std::size_t priority_bytes = 5;
        auto block = std::string_view(payload).substr(flags & priority ? std::min(priority_bytes, size) : 0);
        wanted_[stream] = hear_fields(decoder_.read(block));
      }
      if ((type != headers && type != data) || !(flags & end_stream)) continue;
      auto [status, grpc] = std::exchange(wanted_[stream], {});
      closed_ |= status == answer_close;
      if (closed_) return out;
      if (status == answer_silence) continue;
      auto fields = status_field(status) + field(application_header, application_value);
      if (!grpc.empty()) fields += field("grpc-status", grpc);
      out += frame(headers, end_stream | end_headers, stream, fields);
    }
    return out;
  }

  struct Wanted {
    std::string status, grpc_status;
  };

  Wanted hear_fields(sim::Headers fields) {
    auto value = [&](const char* name) { return sim::proxy::find_header(fields, name).value_or(""); };
    Wanted out{sim::proxy::find_header(fields, answer_header).value_or("200"), value(grpc_answer_header)};
    ear_->hear({place_, value(":method"), value(":authority"), value(":path"), std::move(fields)});
    return out;
  }

  /// A literal with a new name (RFC 7541, 6.2.2).
  static std::string field(const std::string& name, const std::string& value) {
    return std::string{'\0', static_cast<char>(name.size())} + name + static_cast<char>(value.size()) + value;
  }
  /// A literal of the name that stands at 8 in HPACK's static table (RFC 7541, 6.2.2 and appendix A): `:status`.
  static std::string status_field(const std::string& status) {
    return std::string{'\x08', static_cast<char>(status.size())} + status;
  }
  static std::string whole_connection() { return std::string(4, '\0'); }
  static std::string frame(std::uint8_t type, std::uint8_t flags, const std::string& stream,
                           const std::string& payload) {
    std::string out{'\0', '\0', static_cast<char>(payload.size())};
    out += static_cast<char>(type);
    out += static_cast<char>(flags);
    return out + stream + payload;
  }

  Application place_;
  Ear* ear_;
  Kind kind_ = Kind::unknown;
  bool closed_ = false;
  std::string in_, greeting_;
  HeaderDecoder decoder_;
  std::map<std::string, Wanted> wanted_;  ///< by stream
};

}  // namespace

struct Applications::State {
  std::vector<std::pair<FileDescriptor, Application>> listening;
  Ear ear;
  FileDescriptor stop{::eventfd(0, EFD_CLOEXEC)};
  std::thread thread;

  void run() {
    struct Connection {
      FileDescriptor socket;
      Conversation conversation;
    };
    std::map<int, Connection> connections;
    for (;;) {
      std::vector<pollfd> watched{{stop.get(), POLLIN, 0}};
      for (const auto& [socket, place] : listening) watched.push_back({socket.get(), POLLIN, 0});
      auto first = watched.size();
      for (const auto& [fd, connection] : connections) watched.push_back({fd, POLLIN, 0});
      if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) return;
      if (watched.front().revents != 0) return;
      for (std::size_t i = 1; i < watched.size(); ++i) {
        if (watched[i].revents == 0) continue;
        if (i < first) {
          FileDescriptor fresh(::accept4(watched[i].fd, nullptr, nullptr, SOCK_CLOEXEC));
          if (int fd = fresh.get(); fd >= 0)
            connections.emplace(fd, Connection{std::move(fresh), Conversation(listening[i - 1].second, ear)});
          continue;
        }
        char buffer[16384];
        auto count = ::recv(watched[i].fd, buffer, sizeof buffer, 0);
        auto& connection = connections.at(watched[i].fd);
        auto answer = count <= 0 ? "" : connection.conversation.hear({buffer, static_cast<std::size_t>(count)});
        bool over = count <= 0 || connection.conversation.closed();
        if (!answer.empty()) over |= ::send(watched[i].fd, answer.data(), answer.size(), MSG_NOSIGNAL) < 0;
        if (over) connections.erase(watched[i].fd);
      }
    }
  }
};

Applications::Applications(std::unique_ptr<State> state) : state_(std::move(state)) {
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

Applications::~Applications() {
  ::eventfd_write(state_->stop.get(), 1);
  state_->thread.join();
}

std::vector<HeardRequest> Applications::take_heard() { return state_->ear.take(); }

Result<std::unique_ptr<Applications>> Applications::start(const std::set<Application>& places) {
  auto state = std::make_unique<State>();
  for (const auto& [address, port] : places) {
    auto name = socket_address(address, port);
    FileDescriptor socket(::socket(name.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    int on = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(socket.get(), name.get(), name.size()) != 0 || ::listen(socket.get(), 64) != 0)
      return fail(Code::unavailable,
                  fmt::format("cannot listen on {}:{}: {}", address, port, std::generic_category().message(errno)));
    state->listening.emplace_back(std::move(socket), Application{address, port});
  }
  return std::unique_ptr<Applications>(new Applications(std::move(state)));
}

}  // namespace kumasim::test
