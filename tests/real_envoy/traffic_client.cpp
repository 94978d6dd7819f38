#include "tests/real_envoy/traffic_client.hpp"

#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <openssl/ssl.h>
#include <sys/time.h>

#include "kumasim/runtime/freed.hpp"
#include "tests/real_envoy/traffic_redirect.hpp"
#include "tests/real_envoy/traffic_socket.hpp"

namespace kumasim::test {
namespace {

namespace http = boost::beast::http;

constexpr timeval patience{.tv_sec = 20, .tv_usec = 0};

/// A connection, over TLS where that is asked for; any certificate is taken.
class Connection {
 public:
  Connection(const GeneratedCall& call, std::uint16_t own_port) {
    auto there = socket_address(call.call.address, call.call.port);
    auto here = socket_address(there.family() == AF_INET6 ? "::" : "0.0.0.0", own_port);
    socket_ = FileDescriptor(::socket(there.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    int on = 1;
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (call.redirected) ::setsockopt(socket_.get(), SOL_SOCKET, SO_MARK, &redirected_mark, sizeof redirected_mark);
    connected_ =
        ::bind(socket_.get(), here.get(), here.size()) == 0 && ::connect(socket_.get(), there.get(), there.size()) == 0;
    if (!connected_ || call.tls == CallTls::none) return;
    context_.reset(::SSL_CTX_new(::TLS_client_method()));
    ssl_.reset(::SSL_new(context_.get()));
    if (!call.server_name.empty()) ::SSL_set_tlsext_host_name(ssl_.get(), call.server_name.c_str());
    if (call.tls == CallTls::handshake) {
      ::SSL_set_fd(ssl_.get(), socket_.get());
      secured_ = ::SSL_connect(ssl_.get()) == 1;
      if (!secured_) usable_ = false;
    } else {
      say_hello();
    }
  }
  ~Connection() {
    if (secured_) ::SSL_shutdown(ssl_.get());
  }

  bool connected() const { return connected_; }

  void send(std::string_view bytes) {
    if (!connected_ || !usable_) return;
    if (secured_)
      ::SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
    else
      ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }

  /// Some bytes; none: closed, or nothing came.
  std::string receive() {
    if (!connected_ || !usable_) return {};
    char buffer[16384];
    auto count = secured_ ? ::SSL_read(ssl_.get(), buffer, sizeof buffer)
                          : static_cast<int>(::recv(socket_.get(), buffer, sizeof buffer, 0));
    return count > 0 ? std::string(buffer, static_cast<std::size_t>(count)) : std::string();
  }

 private:
  /// The ClientHello's bytes alone.
  void say_hello() {
    auto* in = ::BIO_new(::BIO_s_mem());
    auto* out = ::BIO_new(::BIO_s_mem());
    ::SSL_set_bio(ssl_.get(), in, out);
    ::SSL_connect(ssl_.get());
    char* bytes = nullptr;
    auto size = BIO_get_mem_data(out, &bytes);
    send({bytes, static_cast<std::size_t>(size)});
  }

  FileDescriptor socket_;
  std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>> context_;
  std::unique_ptr<SSL, Freed<SSL_free>> ssl_;
  bool connected_ = false, secured_ = false, usable_ = true;
};

std::string text_of(const sim::Call& call) {
  auto out = call.method + " " + call.path + " HTTP/1.1\r\nhost: " + call.authority + "\r\n";
  for (const auto& [name, value] : call.headers) out += name + ": " + value + "\r\n";
  if (call.method != "GET" && call.method != "HEAD") out += "content-length: 0\r\n";
  return out + "connection: close\r\n\r\n";
}

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

/// An answer is read to where its framing ends it (RFC 9112, 6.3): Envoy closes a connection about a second after that.
void read_answer(Connection& connection, bool asked_for_head, ClientAnswer& out) {
  http::response_parser<http::string_body> parser;
  parser.eager(true);
  parser.skip(asked_for_head);
  boost::system::error_code error;
  std::string unread;
  while (!parser.is_done()) {
    std::string more = connection.receive();
    if (more.empty()) break;
    unread += more;
    unread.erase(0, parser.put(boost::asio::buffer(unread), error));
    if (error && error != http::error::need_more) break;
  }
  if (!parser.is_header_done()) return;
  out.status = static_cast<int>(parser.get().result_int());
  for (const auto& field : parser.get()) out.headers.emplace_back(lowered(field.name_string()), field.value());
  out.body = parser.get().body();
}

}  // namespace

ClientAnswer make_call(const GeneratedCall& generated, std::uint16_t own_port) {
  Connection connection(generated, own_port);
  ClientAnswer out{.connected = connection.connected()};
  if (generated.call.protocol == sim::CallProtocol::tcp) {
    if (generated.tls != CallTls::hello) connection.send(generated.call.body);
    if (connection.receive() == "pong") out.status = 200;
    return out;
  }
  connection.send(text_of(generated.call));
  read_answer(connection, generated.call.method == "HEAD", out);
  return out;
}

}  // namespace kumasim::test
