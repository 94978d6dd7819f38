/// What one HTTP/2 connection may make a server hold, and for how long; in both worlds, asked by a client of its own.
#include <gtest/gtest.h>

#include "kumasim/transport/http2_connection.hpp"
#include "kumasim/transport/serve.hpp"
#include "tests/transport/two_worlds.hpp"

namespace kumasim {
namespace {

using namespace std::chrono_literals;
using Exchange = std::shared_ptr<Http2Exchange>;

constexpr std::size_t huge_bytes = 5'000'000;

asio::awaitable<HttpResponse> tell(HttpRequest request) {
  if (request.target == "/huge") {
    // A client that takes it as messages holds the second back until it has read the first.
    auto body = grpc_frame_head(4) + "held" + grpc_frame_head(huge_bytes) + std::string(huge_bytes, 'x');
    co_return HttpResponse{.body = std::move(body)};
  }
  co_return HttpResponse{.body = std::to_string(request.body.size())};
}

class Http2Server : public testing::TwoWorlds {
 protected:
  void serve() {
    world->server([this](Runtime& runtime) -> asio::awaitable<void> {
      auto listener = runtime.network.listen({"", 0});
      port = listener.port();
      GrpcHandler grpc = [](GrpcServerStream stream) -> asio::awaitable<void> { co_await stream.wait_over(); };
      co_await serve_listener(runtime, listener, nullptr, tell, grpc, limits);
    });
  }

  asio::awaitable<std::shared_ptr<Http2Connection>> connect(Runtime& runtime) {
    auto stream = co_await runtime.network.connect(co_await server_address(runtime));
    Http2Connection::Options options{.role = Http2Role::client};
    auto connection =
        std::make_shared<Http2Connection>(std::move(stream), options, runtime.timers, runtime.log, nullptr);
    spawn(runtime.executor, runtime.log, "client", Http2Connection::run(connection, {}));
    co_return connection;
  }

  static Exchange open(Http2Connection& connection, std::string path,
                       Http2Exchange::Form form = Http2Exchange::Form::body) {
    auto exchange = connection.open(
        {{":method", "POST"}, {":scheme", "http"}, {":path", std::move(path)}, {":authority", "x"}}, form, false);
    EXPECT_TRUE(exchange);
    return *exchange;
  }

  static void send(Http2Connection& connection, Http2Exchange& exchange, std::size_t bytes) {
    connection.send(exchange, whole(std::make_shared<const std::string>(bytes, 'b')));
  }

  static asio::awaitable<void> end_of(Exchange exchange) {
    while (!exchange->closed) co_await exchange->readable.wait();
  }

  /// A whole request, to see that the connection is as good as before.
  static asio::awaitable<std::string> ask(Http2Connection& connection, std::size_t bytes) {
    auto exchange = open(connection, "/ask");
    send(connection, *exchange, bytes);
    connection.end(*exchange, std::nullopt);
    co_await end_of(exchange);
    co_return std::string(exchange->headers.get(":status")) + " " + exchange->body;
  }

  ServeLimits limits;
};

TEST_P(Http2Server, BodiesOfAConnectionAreBoundedTogether) {
  limits.grpc.http2.received_bytes_max = 1'000'000;
  serve();
  world->client([this](Runtime& runtime) -> asio::awaitable<void> {
    auto connection = co_await connect(runtime);
    auto first = open(*connection, "/first");
    send(*connection, *first, 600'000);
    while (connection->queued_bytes(*first) > 0) co_await sleep(runtime.timers, 1ms);
    co_await sleep(runtime.timers, 50ms);
    auto second = open(*connection, "/second");
    send(*connection, *second, 600'000);
    co_await end_of(second);
    EXPECT_EQ(second->headers.get(":status"), "503");
    connection->end(*first, std::nullopt);
    co_await end_of(first);
    EXPECT_EQ(first->headers.get(":status"), "200");
    EXPECT_EQ(first->body, "600000");
    // What was refused or answered counts no more.
    EXPECT_EQ(co_await ask(*connection, 900'000), "200 900000");
    connection->close();
  });
  world->run();
}

TEST_P(Http2Server, ASlowBodyIsRefusedInTime) {
  limits.http.request_duration_max = 100ms;
  serve();
  world->client([this](Runtime& runtime) -> asio::awaitable<void> {
    auto connection = co_await connect(runtime);
    auto slow = open(*connection, "/slow");
    send(*connection, *slow, 10);
    co_await end_of(slow);
    EXPECT_EQ(slow->headers.get(":status"), "408");
    EXPECT_EQ(slow->close_code, 0u) << "RFC 9113, 8.1: NO_ERROR asks to stop the upload and keeps the answer";
    EXPECT_EQ(co_await ask(*connection, 5), "200 5");
    connection->close();
  });
  world->run();
}

TEST_P(Http2Server, AnAnswerBeforeTheEndOfAnUploadArrivesWhole) {
  limits.http.body_bytes_max = 1000;
  serve();
  world->client([this](Runtime& runtime) -> asio::awaitable<void> {
    auto connection = co_await connect(runtime);
    auto upload = open(*connection, "/upload");
    send(*connection, *upload, huge_bytes);
    co_await end_of(upload);
    EXPECT_EQ(upload->headers.get(":status"), "413");
    EXPECT_TRUE(upload->body.starts_with("413 ")) << upload->body;
    EXPECT_EQ(std::to_string(upload->body.size()), upload->headers.get("content-length"));
    EXPECT_TRUE(upload->remote_ended);
    EXPECT_EQ(upload->close_code, 0u);
    EXPECT_EQ(co_await ask(*connection, 7), "200 7");
    connection->close();
  });
  world->run();
}

TEST_P(Http2Server, AnAnswerThatNobodyTakesIsDropped) {
  limits.http.answer_duration_max = 200ms;
  serve();
  world->client([this](Runtime& runtime) -> asio::awaitable<void> {
    auto connection = co_await connect(runtime);
    auto huge = open(*connection, "/huge", Http2Exchange::Form::messages);
    connection->end(*huge, std::nullopt);
    co_await end_of(huge);
    EXPECT_EQ(huge->close_code, static_cast<std::uint32_t>(Http2Error::cancel));
    EXPECT_EQ(co_await ask(*connection, 1), "200 1");
    connection->close();
  });
  world->run();
}

TEST_P(Http2Server, RapidResetsEndTheConnection) {
  limits.grpc.http2.resets_burst_max = 20;
  limits.grpc.http2.resets_per_second_max = 1;
  serve();
  world->client([this](Runtime& runtime) -> asio::awaitable<void> {
    auto connection = co_await connect(runtime);
    auto resets = 0;
    for (; resets < 60 && !connection->over(); ++resets) {
      auto exchange = open(*connection, "/reset");
      co_await sleep(runtime.timers, 2ms);
      if (!exchange->closed) connection->reset(*exchange, Http2Error::cancel);
      co_await sleep(runtime.timers, 2ms);
    }
    EXPECT_GE(resets, 20);
    EXPECT_LT(resets, 40);
    EXPECT_TRUE(connection->over());
  });
  world->run();
}

TEST_P(Http2Server, ResetsAtAModestPaceAreAllowed) {
  limits.grpc.http2.resets_burst_max = 5;
  limits.grpc.http2.resets_per_second_max = 100;
  serve();
  world->client([this](Runtime& runtime) -> asio::awaitable<void> {
    auto connection = co_await connect(runtime);
    for (auto i = 0; i < 25; ++i) {
      auto exchange = open(*connection, "/reset");
      co_await sleep(runtime.timers, 10ms);
      connection->reset(*exchange, Http2Error::cancel);
      co_await sleep(runtime.timers, 10ms);
    }
    EXPECT_EQ(co_await ask(*connection, 3), "200 3");
    connection->close();
  });
  world->run();
}

KUMASIM_TWO_WORLDS(Http2Server);

}  // namespace
}  // namespace kumasim
