/// Two HTTP/2 sessions fed from each other's output without I/O, cut in any way.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "kumasim/transport/grpc_frame.hpp"
#include "kumasim/transport/http2_session.hpp"

namespace kumasim {
namespace {

/// Echoes every message where it is the server; collects them where it is the client.
struct Peer : Http2Events {
  Peer(Http2Role r, Http2Limits limits) : role(r), session(r, limits, *this) {}

  void on_headers(std::int32_t stream, Headers headers) override {
    heads[stream] = std::move(headers);
    if (role == Http2Role::server) session.respond(stream, {{":status", "200"}}, false);
  }
  void on_trailers(std::int32_t stream, Headers headers) override { trailers[stream] = std::move(headers); }
  void on_data(std::int32_t stream, std::string_view bytes) override {
    auto& deframer = deframers.try_emplace(stream, 8 << 20).first->second;
    ASSERT_TRUE(deframer.feed(bytes).ok());
    session.consume(stream, bytes.size());
    while (auto message = deframer.next()) {
      if (role == Http2Role::server) send(stream, *message);
      messages[stream].push_back(std::move(*message));
    }
  }
  void on_remote_end(std::int32_t stream) override {
    if (role == Http2Role::server) session.end(stream, Headers{{"grpc-status", "0"}});
  }
  void on_closed(std::int32_t stream, std::uint32_t code) override { closed[stream] = code; }
  void on_sent(std::int32_t) override {}

  void send(std::int32_t stream, const std::string& message) {
    session.send(stream, whole(std::make_shared<const std::string>(grpc_frame_head(message.size()))));
    session.send(stream, whole(std::make_shared<const std::string>(message)));
  }

  std::string output() {
    Output out;
    session.take_output(out);
    std::string bytes;
    for (const auto& buffer : out.buffers()) bytes.append(static_cast<const char*>(buffer.data()), buffer.size());
    return bytes;
  }

  Http2Role role;
  std::map<std::int32_t, Headers> heads, trailers;
  std::map<std::int32_t, GrpcDeframer> deframers;
  std::map<std::int32_t, std::vector<std::string>> messages;
  std::map<std::int32_t, std::uint32_t> closed;
  Http2Session session;
};

/// Carries bytes both ways until both are silent; `cut` says how large the next piece is.
template <class Cut>
void converse(Peer& a, Peer& b, Cut cut) {
  for (auto busy = true; busy;) {
    busy = false;
    for (auto [from, to] : {std::pair(&a, &b), std::pair(&b, &a)}) {
      auto bytes = from->output();
      std::string_view left = bytes;
      busy = busy || !left.empty();
      while (!left.empty()) {
        auto size = std::min<std::size_t>(cut(), left.size());
        ASSERT_TRUE(to->session.feed(left.substr(0, size)));
        left.remove_prefix(size);
      }
    }
  }
}

const Headers request{{":method", "POST"}, {":scheme", "http"}, {":path", "/x"}, {":authority", "a"}};

RC_GTEST_PROP(Http2Session, AnySegmentationGivesTheSameMessages, ()) {
  Http2Limits limits{.stream_window_bytes = 65535, .output_batch_bytes_max = *rc::gen::inRange<std::size_t>(1, 40000)};
  Peer client(Http2Role::client, limits);
  Peer server(Http2Role::server, limits);
  auto pieces = *rc::gen::container<std::vector<std::size_t>>(50, rc::gen::inRange<std::size_t>(1, 9000));
  std::size_t next = 0;
  std::map<std::int32_t, std::vector<std::string>> sent;
  auto streams = *rc::gen::inRange(1, 4);
  for (auto i = 0; i < streams; ++i) {
    auto id = client.session.request(request, false);
    RC_ASSERT(bool(id));
    auto sizes = *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, 30000));
    for (auto size : sizes) {
      sent[*id].push_back(std::string(size, static_cast<char>('a' + i)));
      client.send(*id, sent[*id].back());
    }
    client.session.end(*id, std::nullopt);
  }
  converse(client, server, [&] { return pieces[next++ % pieces.size()]; });
  RC_ASSERT(client.messages == sent);
  RC_ASSERT(server.messages == sent);
  RC_ASSERT(client.closed.size() == static_cast<std::size_t>(streams));
  for (const auto& [id, code] : client.closed) RC_ASSERT(code == 0u);
  for (const auto& [id, fields] : client.trailers) RC_ASSERT(fields.get("grpc-status") == "0");
}

TEST(Http2Session, AnswersEveryPingAndNeverWithGoaway) {
  Peer client(Http2Role::client, {});
  Peer server(Http2Role::server, {});
  auto whole_pieces = [] { return std::size_t{1} << 20; };
  converse(client, server, whole_pieces);
  for (auto i = 0; i < 100; ++i) {
    client.session.ping();
    converse(client, server, whole_pieces);
  }
  EXPECT_FALSE(client.session.finished());
  EXPECT_TRUE(client.session.request(request, true));
}

TEST(Http2Session, RefusesHeadersLargerThanTheLimit) {
  Peer client(Http2Role::client, {});
  Peer server(Http2Role::server, {.header_bytes_max = 1000});
  auto large = request;
  large.add("x-large", std::string(2000, 'x'));
  auto id = client.session.request(large, true);
  ASSERT_TRUE(id);
  converse(client, server, [] { return std::size_t{1} << 20; });
  EXPECT_TRUE(server.heads.empty());
  ASSERT_TRUE(client.closed.contains(*id));
  EXPECT_NE(client.closed[*id], 0u);
  EXPECT_TRUE(client.session.request(request, true)) << "the connection lives on";
}

TEST(Http2Session, GoawayLetsOpenStreamsEndAndRefusesNewOnes) {
  Peer client(Http2Role::client, {});
  Peer server(Http2Role::server, {});
  auto whole_pieces = [] { return std::size_t{1} << 20; };
  auto id = client.session.request(request, false);
  converse(client, server, whole_pieces);
  server.session.go_away();
  converse(client, server, whole_pieces);
  EXPECT_FALSE(client.session.request(request, true));
  client.send(*id, "late");
  client.session.end(*id, std::nullopt);
  converse(client, server, whole_pieces);
  EXPECT_EQ(client.messages[*id], std::vector<std::string>{"late"});
  EXPECT_TRUE(client.session.finished());
}

TEST(Http2Session, AnAnswerBeforeTheEndOfTheRequestIsWholeAndNoError) {
  Peer client(Http2Role::client, {});
  Peer server(Http2Role::server, {});
  auto whole_pieces = [] { return std::size_t{1} << 20; };
  auto id = client.session.request(request, false);
  converse(client, server, whole_pieces);
  server.send(*id, "answer");
  server.session.end(*id, Headers{{"grpc-status", "0"}});
  converse(client, server, whole_pieces);
  EXPECT_EQ(client.messages[*id], std::vector<std::string>{"answer"});
  EXPECT_EQ(client.trailers[*id].get("grpc-status"), "0");
  ASSERT_TRUE(client.closed.contains(*id)) << "the upload was asked to stop";
  EXPECT_EQ(client.closed[*id], 0u);
  EXPECT_EQ(server.session.resets(), 0u) << "the server's own courtesy is no reset of the peer";
  EXPECT_TRUE(client.session.request(request, true)) << "the connection lives on";
}

TEST(Http2Session, CountsResets) {
  Peer client(Http2Role::client, {});
  Peer server(Http2Role::server, {});
  auto whole_pieces = [] { return std::size_t{1} << 20; };
  for (auto i = 0; i < 5; ++i) {
    auto id = client.session.request(request, false);
    converse(client, server, whole_pieces);
    client.session.reset(*id, Http2Error::cancel);
    converse(client, server, whole_pieces);
  }
  EXPECT_EQ(server.session.resets(), 5u);
}

TEST(Http2Session, BytesThatAreNoHttp2EndTheConnection) {
  Peer server(Http2Role::server, {});
  EXPECT_FALSE(server.session.feed("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
}

RC_GTEST_PROP(Http2Session, GarbageAfterThePrefaceNeverCrashes, (const std::string& garbage)) {
  Peer server(Http2Role::server, {});
  Peer client(Http2Role::client, {});
  auto start = client.output();
  RC_ASSERT(bool(server.session.feed(start)));
  if (server.session.feed(garbage)) server.output();
}

}  // namespace
}  // namespace kumasim
