/// The client reads an answer to where its framing ends it, whether the server closes the connection or not.
#include <gtest/gtest.h>

#include <chrono>
#include <ostream>
#include <string>
#include <thread>

#include <sys/socket.h>

#include "tests/real_envoy/traffic_client.hpp"
#include "tests/real_envoy/traffic_socket.hpp"

namespace kumasim::test {
namespace {

using namespace std::chrono_literals;

/// Answers one request with some bytes, in two pieces, and then closes the connection or leaves that to its client.
class Server {
 public:
  Server(std::string answer, bool closes) : listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    auto name = socket_address("127.0.0.1", 0);
    sockaddr_in bound{};
    socklen_t size = sizeof bound;
    EXPECT_EQ(::bind(listening_.get(), name.get(), name.size()), 0);
    EXPECT_EQ(::listen(listening_.get(), 1), 0);
    EXPECT_EQ(::getsockname(listening_.get(), reinterpret_cast<sockaddr*>(&bound), &size), 0);
    port_ = ntohs(bound.sin_port);
    thread_ = std::thread([this, answer = std::move(answer), closes] { serve(answer, closes); });
  }
  ~Server() { thread_.join(); }
  std::uint16_t port() const { return port_; }

 private:
  void serve(const std::string& answer, bool closes) const {
    FileDescriptor socket(::accept(listening_.get(), nullptr, nullptr));
    std::string request;
    for (char byte = 0; !request.ends_with("\r\n\r\n") && ::recv(socket.get(), &byte, 1, 0) == 1;) request += byte;
    const auto half = answer.size() / 2;
    ::send(socket.get(), answer.data(), half, MSG_NOSIGNAL);
    std::this_thread::sleep_for(5ms);
    ::send(socket.get(), answer.data() + half, answer.size() - half, MSG_NOSIGNAL);
    char more = 0;
    if (!closes) ::recv(socket.get(), &more, 1, 0);
  }

  FileDescriptor listening_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

struct Answer {
  const char* what;
  const char* method;
  const char* bytes;
  bool closes;
  int status;
};

std::ostream& operator<<(std::ostream& out, const Answer& answer) { return out << answer.what; }

class TrafficClient : public ::testing::TestWithParam<Answer> {};

TEST_P(TrafficClient, ReadsAnAnswerToItsEnd) {
  const Answer& answer = GetParam();
  Server server(answer.bytes, answer.closes);
  GeneratedCall generated;
  generated.call.address = "127.0.0.1";
  generated.call.port = server.port();
  generated.call.method = answer.method;
  generated.call.path = "/";
  generated.call.authority = "a.test";
  const auto start = std::chrono::steady_clock::now();
  const ClientAnswer got = make_call(generated, 0);
  EXPECT_TRUE(got.connected);
  EXPECT_EQ(got.status, answer.status);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
}

INSTANTIATE_TEST_SUITE_P(
    Framings, TrafficClient,
    ::testing::Values(Answer{"length", "GET", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", false, 200},
                      Answer{"no body", "GET", "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", false, 404},
                      Answer{"chunks", "GET",
                             "HTTP/1.1 503 X\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
                             false, 503},
                      Answer{"204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", false, 204},
                      Answer{"304", "GET", "HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n", false, 304},
                      Answer{"HEAD", "HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", false, 200},
                      Answer{"to the end", "GET", "HTTP/1.1 200 OK\r\n\r\nas long as it lasts", true, 200},
                      Answer{"cut short", "GET", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok", true, 200},
                      Answer{"nothing", "GET", "", true, 0}, Answer{"no HTTP", "GET", "pong", true, 0}),
    [](const auto& info) {
      std::string name = info.param.what;
      for (char& c : name)
        if (c == ' ') c = '_';
      return name;
    });

}  // namespace
}  // namespace kumasim::test
