/// gRPC over both worlds: messages of every size both ways, half close, cancel, limits, and a server that dies.
#include <gtest/gtest.h>

#include "kumasim/sim/world.hpp"
#include "kumasim/transport/serve.hpp"
#include "tests/transport/certificates.hpp"
#include "tests/transport/two_worlds.hpp"

namespace kumasim {
namespace {

using namespace std::chrono_literals;

std::string message_of(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (i * 7 + size) % 26);
  return text;
}

class Grpc : public testing::TwoWorlds {
 protected:
  asio::awaitable<void> handle(Runtime& runtime, GrpcServerStream stream) {
    if (stream.path() == "/echo") {
      while (auto message = co_await stream.read()) co_await stream.write(std::move(*message));
      if (stream.cancelled()) ++cancelled;
    } else if (stream.path() == "/fail") {
      stream.finish(GrpcCode::permission_denied, "no: \xc3\xbc 100%\n");
    } else if (stream.path() == "/late-fail") {
      co_await stream.write("one");
      stream.finish(GrpcCode::data_loss, "after a message");
    } else if (stream.path() == "/hang") {
      co_await stream.wait_over();
      ++cancelled;
    } else if (stream.path() == "/throw") {
      throw std::runtime_error("a bug");
    } else if (stream.path() == "/count") {
      // Slices that all messages share.
      auto shared = std::make_shared<const std::string>(message_of(10'000));
      for (auto i = 0; i < 100; ++i)
        co_await stream.write({shared, std::make_shared<const std::string>(std::to_string(i)), shared});
    } else if (stream.path() == "/drop") {
      auto fill = [](GrpcServerStream to) -> asio::awaitable<void> {
        for (auto i = 0; i < 100; ++i) co_await to.write(message_of(100'000));
      };
      spawn(runtime.executor, runtime.log, "fill", fill(stream));
      co_await sleep(runtime.timers, 300ms);
      stream.drop({GrpcCode::resource_exhausted, "never read"});
    } else if (stream.path() == "/drop-idle") {
      stream.drop({GrpcCode::internal, "why"});
    } else if (stream.path() == "/early") {
      co_await stream.read();
      stream.finish();
    } else if (stream.path() == "/slow-reader") {
      co_await sleep(runtime.timers, 500ms);
      std::size_t bytes = 0;
      while (auto message = co_await stream.read()) bytes += message->size();
      co_await stream.write(std::to_string(bytes));
    } else {
      stream.finish(GrpcCode::unimplemented, "unknown method");
    }
    ++handled;
  }

  void serve() {
    world->server([this](Runtime& runtime) -> asio::awaitable<void> {
      auto listener = runtime.network.listen({"", 0});
      port = listener.port();
      auto grpc = [this, &runtime](GrpcServerStream stream) { return handle(runtime, std::move(stream)); };
      co_await serve_listener(runtime, listener, tls, nullptr, grpc, limits);
    });
  }

  asio::awaitable<GrpcClient> connect(Runtime& runtime) {
    auto address = co_await server_address(runtime);
    auto client = co_await GrpcClient::connect(runtime, address, client_options);
    if (!client) throw std::runtime_error(client.error().message);
    co_return std::move(*client);
  }

  std::shared_ptr<const TlsContext> tls;
  ServeLimits limits;
  GrpcClientOptions client_options;
  int cancelled = 0;
  int handled = 0;
};

TEST_P(Grpc, EchoesMessagesOfEverySize) {
  serve();
  world->client([this](Runtime& runtime) -> asio::awaitable<void> {
    auto client = co_await connect(runtime);
    auto stream = client.open("/echo");
    for (std::size_t size : {0u, 1u, 5u, 16'383u, 16'384u, 65'535u, 65'536u, 1'000'000u, 5'000'000u, 0u}) {
      auto message = message_of(size);
      EXPECT_TRUE(co_await stream->write(message));
      auto echo = co_await stream->read();
      EXPECT_TRUE(echo && *echo == message) << size;
    }
    stream->finish_sending();
    EXPECT_FALSE(co_await stream->read());
    auto status = co_await stream->status();
    EXPECT_TRUE(status.ok()) << status.message;
    EXPECT_EQ(stream->metadata().get("content-type"), "application/grpc");
    EXPECT_FALSE(co_await stream->write("late"));
  });
  world->run();
}

TEST_P(Grpc, WorksOverMutualTls) {
  auto authority = testing::make_authority("ca");
  auto server = testing::make_leaf(authority, {});
  auto leaf = testing::make_leaf(authority, {.names = {"URI:spiffe://default/web"}});
  tls = std::make_shared<const TlsContext>(*TlsContext::create({.role = TlsRole::server,
                                                                .certificate_pem = server.certificate_pem,
                                                                .key_pem = server.key_pem,
                                                                .trust_pem = authority.certificate_pem,
                                                                .alpn = {"h2", "http/1.1"}}));
  auto context = TlsContext::create({.certificate_pem = leaf.certificate_pem,
                                     .key_pem = leaf.key_pem,
                                     .trust_pem = authority.certificate_pem,
                                     .alpn = {"h2"}});
  client_options.tls = &*context;
  serve();
  world->client([this](Runtime& runtime) -> asio::awaitable<void> {
    auto client = co_await connect(runtime);
    auto answer = co_await client.call("/echo", message_of(200'000), 5s);
    EXPECT_TRUE(answer && *answer == message_of(200'000)) << (answer ? "other bytes" : answer.error().message);
  });
  world->run();
}

TEST_P(Grpc, StatusesArrive) {
  serve();
  world->client([this](Runtime& runtime) -> asio::awaitable<void> {
    auto client = co_await connect(runtime);
    auto fail = client.open("/fail");
    EXPECT_EQ(co_await fail->status(), (GrpcStatus{GrpcCode::permission_denied, "no: \xc3\xbc 100%\n"}));
    auto late = client.open("/late-fail");
    EXPECT_EQ(co_await late->read(), "one");
    EXPECT_FALSE(co_await late->read());
    EXPECT_EQ(co_await late->status(), (GrpcStatus{GrpcCode::data_loss, "after a message"}));
    auto unknown = co_await client.call("/nothing", "", 5s);
    EXPECT_EQ(unknown.error().code, Code::unsupported);
    auto bug = co_await client.call("/throw", "", 5s);
    EXPECT_EQ(bug.error().code, Code::internal);
  });
  world->run();
}

TEST_P(Grpc, SharedSlicesMakeManyMessages) {
  serve();
  world->client([this](Runtime& runtime) -> asio::awaitable<void> {
    auto client = co_await connect(runtime);
    auto stream = client.open("/count");
    stream->finish_sending();
    for (auto i = 0; i < 100; ++i) {
      auto message = co_await stream->read();
      EXPECT_TRUE(message && *message == message_of(10'000) + std::to_string(i) + message_of(10'000)) << i;
    }
    EXPECT_FALSE(co_await stream->read());
    EXPECT_TRUE((co_await stream->status()).ok());
  });
  world->run();
}

TEST_P(Grpc, ManyStreamsShareAConnection) {
  serve();
  auto ended = 0;
  world->client([&](Runtime& runtime) -> asio::awaitable<void> {
    auto client = co_await connect(runtime);
    auto talk = [](GrpcClientStream stream, int number, int& count) -> asio::awaitable<void> {
      for (auto i = 0; i < 3; ++i) {
        auto message = std::to_string(number) + "/" + std::to_string(i);
        co_await stream.write(message);
        EXPECT_EQ(co_await stream.read(), message);
      }
      stream.finish_sending();
      EXPECT_FALSE(co_await stream.read());
      EXPECT_TRUE((co_await stream.status()).ok());
      ++count;
    };
    for (auto i = 0; i < 500; ++i) {
      auto stream = client.open("/echo");
      EXPECT_TRUE(stream);
      spawn(runtime.executor, runtime.log, "talk", talk(std::move(*stream), i, ended));
    }
    while (ended < 500) co_await sleep(runtime.timers, 1ms);
  });
  world->run();
  EXPECT_EQ(ended, 500);
}

TEST_P(Grpc, MoreStreamsThanAllowedWaitTheirTurn) {
  limits.grpc.http2.streams_max = 2;
  serve();
  world->client([this](Runtime& runtime) -> asio::awaitable<void> {
    auto client = co_await connect(runtime);
    auto first = co_await client.call("/echo", "x", 5s);  // the server's settings have come
    EXPECT_TRUE(first);
    auto a = client.open("/echo");
    auto b = client.open("/echo");
    auto c = client.open("/echo");
    co_await c->write("third");
    co_await a->write("first");
    EXPECT_EQ(co_await a->read(), "first");
    a->finish_sending();
    EXPECT_EQ(co_await c->read(), "third");
  });
  world->run();
}

TEST_P(Grpc, CancelReachesTheServer) {
  serve();
  world->client([this](Runtime& runtime) -> asio::awaitable<void> {
    auto client = co_await connect(runtime);
    auto stream = client.open("/echo");
    co_await stream->write("x");
    EXPECT_EQ(co_await stream->read(), "x");
    stream->cancel();
    EXPECT_EQ((co_await stream->status()).code, GrpcCode::cancelled);
    {
      auto dropped = client.open("/hang");
      co_await sleep(runtime.timers, 20ms);
    }
    for (auto i = 0; i < 1000 && cancelled < 2; ++i) co_await sleep(runtime.timers, 1ms);
    EXPECT_EQ(cancelled, 2);
    EXPECT_TRUE(co_await client.call("/echo", "still", 5s));
  });
  world->run();
}

TEST_P(Grpc, UnaryCallsEndInTime) {
  serve();
  world->client([this](Runtime& runtime) -> asio::awaitable<void> {
    auto client = co_await connect(runtime);
    auto late = co_await client.call("/hang", "", 50ms);
    EXPECT_FALSE(late);
    EXPECT_EQ(late.error().code, Code::deadline_exceeded);
    EXPECT_TRUE(co_await client.call("/echo", "", 5s));
  });
  world->run();
}

TEST_P(Grpc, ServerMayAnswerBeforeTheClientEnds) {
  serve();
  world->client([this](Runtime& runtime) -> asio::awaitable<void> {
    auto client = co_await connect(runtime);
    auto stream = client.open("/early");
    co_await stream->write("x");
    auto status = co_await stream->status();
    EXPECT_TRUE(status.ok()) << status.message;
    while (!stream->over()) co_await sleep(runtime.timers, 1ms);
    EXPECT_FALSE(co_await stream->write("late"));
  });
  world->run();
}

TEST_P(Grpc, MessagesLargerThanTheLimitEndTheCall) {
  limits.grpc.message_bytes_max = 1000;
  client_options.limits.message_bytes_max = 5000;
  serve();
  world->client([this](Runtime& runtime) -> asio::awaitable<void> {
    auto client = co_await connect(runtime);
    auto stream = client.open("/echo");
    co_await stream->write(message_of(1000));
    EXPECT_TRUE(co_await stream->read());
    co_await stream->write(message_of(1001));
    EXPECT_FALSE(co_await stream->read());
    auto status = co_await stream->status();
    EXPECT_EQ(status.code, GrpcCode::resource_exhausted);
    EXPECT_EQ(status.message, "received message larger than max (1001 vs. 1000)");
    auto large = client.open("/count");
    EXPECT_FALSE(co_await large->read());
    EXPECT_EQ((co_await large->status()).code, GrpcCode::resource_exhausted);
    EXPECT_TRUE(client.connected());
  });
  world->run();
}

TEST_P(Grpc, UnreadMessagesOfAConnectionAreBoundedTogether) {
  limits.grpc.http2.received_bytes_max = 100'000;
  serve();
  world->client([this](Runtime& runtime) -> asio::awaitable<void> {
    auto client = co_await connect(runtime);
    auto first = client.open("/slow-reader");
    auto second = client.open("/slow-reader");
    co_await first->write(message_of(80'000));
    first->finish_sending();
    co_await sleep(runtime.timers, 50ms);
    co_await second->write(message_of(80'000));
    EXPECT_EQ((co_await second->status()).code, GrpcCode::resource_exhausted);
    EXPECT_EQ(co_await first->read(), "80000");
    EXPECT_TRUE((co_await first->status()).ok());
    EXPECT_TRUE(co_await client.call("/echo", message_of(90'000), 5s)) << "what was read counts no more";
  });
  world->run();
}

TEST_P(Grpc, ADroppedCallEndsThoughTheClientReadsNothing) {
  serve();
  world->client([this](Runtime& runtime) -> asio::awaitable<void> {
    auto client = co_await connect(runtime);
    auto stuck = client.open("/drop");
    auto status = co_await stuck->read();  // one message taken; those behind it hold the window
    EXPECT_TRUE(status);
    while (!stuck->over()) co_await sleep(runtime.timers, 1ms);
    EXPECT_EQ((co_await stuck->status()).code, GrpcCode::resource_exhausted);
    auto idle = co_await client.call("/drop-idle", "", 5s);
    EXPECT_EQ(idle.error().code, Code::internal);
    EXPECT_EQ(idle.error().message, "why");
  });
  world->run();
}

TEST_P(Grpc, ASlowReaderHoldsItsSenderBackAndNobodyElse) {
  serve();
  world->client([this](Runtime& runtime) -> asio::awaitable<void> {
    auto client = co_await connect(runtime);
    auto stream = client.open("/slow-reader");
    auto sent = 0;
    auto fill = [](GrpcClientStream& to, int& count) -> asio::awaitable<void> {
      for (; count < 200; ++count) co_await to.write(message_of(50'000));
      to.finish_sending();
    };
    spawn(runtime.executor, runtime.log, "fill", fill(*stream, sent));
    co_await sleep(runtime.timers, 300ms);
    EXPECT_LT(sent, 40) << "one window of 1 MiB and the queues";
    EXPECT_TRUE(co_await client.call("/echo", "beside it", 5s));
    EXPECT_EQ(co_await stream->read(), "10000000");
    EXPECT_TRUE((co_await stream->status()).ok());
  });
  world->run();
}

TEST_P(Grpc, ConnectingToNobodyFails) {
  world->client([](Runtime& runtime) -> asio::awaitable<void> {
    auto client = co_await GrpcClient::connect(runtime, {"127.0.0.1", 1}, {.connect_timeout = 2s});
    EXPECT_FALSE(client);
    EXPECT_EQ(client.error().code, Code::unavailable) << client.error().message;
  });
  world->run();
}

TEST_P(Grpc, ClosingTheClientEndsItsCallsAtBothEnds) {
  serve();
  world->client([this](Runtime& runtime) -> asio::awaitable<void> {
    auto client = co_await connect(runtime);
    auto stream = client.open("/hang");
    co_await sleep(runtime.timers, 20ms);
    client.close();
    EXPECT_FALSE(client.connected());
    EXPECT_EQ((co_await stream->status()).code, GrpcCode::unavailable);
    EXPECT_FALSE(client.open("/echo"));
    for (auto i = 0; i < 1000 && cancelled < 1; ++i) co_await sleep(runtime.timers, 1ms);
    EXPECT_EQ(cancelled, 1);
  });
  world->run();
}

KUMASIM_TWO_WORLDS(Grpc);

/// Echo server and a client that tells how its call ended, for what only a simulated world can do to them.
struct Pair {
  explicit Pair(std::uint64_t seed) : world({.seed = seed}) {
    server.start([](Runtime& runtime) {
      auto serve = [](Runtime& rt) -> asio::awaitable<void> {
        auto listener = rt.network.listen({"", 5678});
        auto echo = [](GrpcServerStream stream) -> asio::awaitable<void> {
          while (auto message = co_await stream.read()) co_await stream.write(std::move(*message));
        };
        co_await serve_listener(rt, listener, nullptr, nullptr, echo);
      };
      spawn(runtime.executor, runtime.log, "server", serve(runtime));
    });
    client.start([this](Runtime& runtime) {
      auto talk = [](Runtime& rt, Pair& pair) -> asio::awaitable<void> {
        for (;;) {
          auto connection = co_await GrpcClient::connect(rt, {"server", 5678}, {.limits = pair.limits});
          if (!connection) {
            co_await sleep(rt.timers, 100ms);
            continue;
          }
          auto stream = connection->open("/echo");
          while (stream && co_await stream->write(message_of(3000)) && co_await stream->read()) {
            ++pair.echoes;
            if (pair.falls_silent && !co_await stream->read()) break;
            co_await sleep(rt.timers, 1ms);
          }
          if (stream) pair.statuses.push_back(co_await stream->status());
        }
      };
      spawn(runtime.executor, runtime.log, "client", talk(runtime, *this));
    });
  }

  GrpcLimits limits{.http2 = {.keepalive_interval = 2s, .keepalive_timeout = 1s}};
  bool falls_silent = false;  ///< after one echo
  int echoes = 0;
  std::vector<GrpcStatus> statuses;
  sim::World world;
  sim::Process& server = world.add_process("server");
  sim::Process& client = world.add_process("client");
};

/// One that answered a ping at once, and whose timeout is longer than the interval.
TEST(GrpcSimulated, KeepaliveCountsFromTheLastAnswer) {
  Pair pair(1);
  pair.limits = {.http2 = {.keepalive_interval = 1s, .keepalive_timeout = 3s}};
  pair.falls_silent = true;
  pair.world.run_for(1'500ms);
  pair.world.network().partition(pair.client, pair.server);
  pair.world.run_for(3'400ms);
  EXPECT_TRUE(pair.statuses.empty());
  pair.world.run_for(200ms);  // a ping 1 s after the answer, and 3 s for its own
  EXPECT_EQ(pair.statuses.size(), 1u);
}

TEST(GrpcSimulated, AKilledServerIsNoticedAndFoundAgain) {
  Pair pair(1);
  pair.world.run_for(1s);
  EXPECT_GT(pair.echoes, 100);
  EXPECT_TRUE(pair.statuses.empty());
  pair.server.kill();
  pair.world.run_for(1s);
  ASSERT_EQ(pair.statuses.size(), 1u);
  EXPECT_EQ(pair.statuses[0].code, GrpcCode::unavailable);
  auto before = pair.echoes;
  pair.server.restart();
  pair.world.run_for(2s);
  EXPECT_GT(pair.echoes, before + 100);
}

TEST(GrpcSimulated, KillsAtAnyInstantLeaveNothingBehind) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Pair pair(seed);
    for (auto i = 0; i < 40; ++i) {
      pair.world.run_for(std::chrono::microseconds(pair.world.random().below(40'000)));
      (pair.world.random().below(2) == 0 ? pair.server : pair.client).restart();
    }
    pair.world.run_for(1s);
    auto before = pair.echoes;
    pair.world.run_for(1s);
    EXPECT_GT(pair.echoes, before);
  }
}

TEST(GrpcSimulated, KeepaliveNoticesAPartition) {
  Pair pair(1);
  pair.world.run_for(1s);
  pair.world.network().partition(pair.client, pair.server);
  pair.world.run_for(2'900ms);
  EXPECT_TRUE(pair.statuses.empty());
  pair.world.run_for(200ms);  // the interval and the timeout after what came last
  ASSERT_EQ(pair.statuses.size(), 1u);
  EXPECT_EQ(pair.statuses[0], (GrpcStatus{GrpcCode::unavailable, "the peer did not answer a keepalive ping"}));
  pair.world.network().heal_all();
  auto before = pair.echoes;
  pair.world.run_for(4s);
  EXPECT_GT(pair.echoes, before);
}

TEST(GrpcSimulated, OneSeedGivesOneRun) {
  auto fingerprint = [](std::uint64_t seed) {
    Pair pair(seed);
    pair.world.run_for(1s);
    pair.server.restart();
    pair.world.run_for(1s);
    return pair.world.fingerprint();
  };
  EXPECT_EQ(fingerprint(7), fingerprint(7));
  EXPECT_NE(fingerprint(7), fingerprint(8));
}

}  // namespace
}  // namespace kumasim
