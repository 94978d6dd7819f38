/// What every world promises of networks, listeners and streams.
#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "tests/contract/world.hpp"

namespace kumasim::testing {
namespace {

using StreamContract = Contract;

struct Pair {
  Listener listener;
  Stream client, server;
};

asio::awaitable<void> accept_one(Listener& listener, Stream& out, Event& done) {
  out = co_await listener.accept();
  done.set();
}

asio::awaitable<Pair> connected(Runtime& runtime) {
  Pair pair;
  pair.listener = runtime.network.listen({"127.0.0.1", 0});
  Event done(runtime.executor);
  spawn(runtime.executor, runtime.log, "accept", accept_one(pair.listener, pair.server, done));
  pair.client = co_await runtime.network.connect({"127.0.0.1", pair.listener.port()});
  co_await done.wait();
  co_return std::move(pair);
}

asio::awaitable<error_code> read_error(Stream& stream) {
  char byte;
  try {
    co_await stream.async_read_some(asio::buffer(&byte, 1));
  } catch (const boost::system::system_error& error) {
    co_return error.code();
  }
  co_return error_code();
}

TEST_P(StreamContract, CarriesBytesBothWaysAndThenTheEnd) {
  run([](Runtime& runtime) -> asio::awaitable<void> {
    auto pair = co_await connected(runtime);
    EXPECT_NE(pair.listener.port(), 0);
    EXPECT_EQ(pair.client.remote().port, pair.listener.port());
    EXPECT_EQ(pair.server.remote().port, pair.client.local().port);
    std::string hello = "hello", world = "world", got(5, ' ');
    co_await asio::async_write(pair.client, asio::buffer(hello), asio::use_awaitable);
    co_await asio::async_read(pair.server, asio::buffer(got), asio::use_awaitable);
    EXPECT_EQ(got, "hello");
    pair.client.shutdown_send();
    EXPECT_EQ(co_await read_error(pair.server), asio::error::eof);
    // The other direction is still open.
    co_await asio::async_write(pair.server, asio::buffer(world), asio::use_awaitable);
    co_await asio::async_read(pair.client, asio::buffer(got), asio::use_awaitable);
    EXPECT_EQ(got, "world");
    pair.server.close();
    EXPECT_EQ(co_await read_error(pair.client), asio::error::eof);
  });
}

TEST_P(StreamContract, ABigTransferKeepsItsOrderUnderBackpressure) {
  run([](Runtime& runtime) -> asio::awaitable<void> {
    auto pair = co_await connected(runtime);
    std::string sent(3'000'000, ' '), got(sent.size(), ' ');
    for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 131 >> 3);
    auto writer = [](Stream& to, const std::string& bytes) -> asio::awaitable<void> {
      co_await asio::async_write(to, asio::buffer(bytes), asio::use_awaitable);
    };
    spawn(runtime.executor, runtime.log, "writer", writer(pair.client, sent));
    co_await sleep(runtime.timers, 10ms);
    co_await asio::async_read(pair.server, asio::buffer(got), asio::use_awaitable);
    EXPECT_TRUE(got == sent);
  });
}

TEST_P(StreamContract, GathersAndScattersBuffers) {
  run([](Runtime& runtime) -> asio::awaitable<void> {
    auto pair = co_await connected(runtime);
    std::string parts[20];
    std::vector<asio::const_buffer> from;
    std::string whole;
    for (int i = 0; i < 20; ++i) {
      parts[i] = std::string(static_cast<std::size_t>(i), static_cast<char>('a' + i));
      from.push_back(asio::buffer(parts[i]));
      whole += parts[i];
    }
    co_await asio::async_write(pair.client, from, asio::use_awaitable);
    std::string first(100, ' '), second(90, ' ');
    std::vector<asio::mutable_buffer> into{asio::buffer(first), asio::buffer(second)};
    co_await asio::async_read(pair.server, into, asio::use_awaitable);
    EXPECT_EQ(first + second, whole);
  });
}

TEST_P(StreamContract, EmptyBuffersCompleteWithNothing) {
  run([](Runtime& runtime) -> asio::awaitable<void> {
    auto pair = co_await connected(runtime);
    char byte;
    EXPECT_EQ(co_await pair.client.async_read_some(asio::buffer(&byte, 0)), 0u);
    EXPECT_EQ(co_await pair.client.async_write_some(asio::buffer(&byte, 0)), 0u);
  });
}

TEST_P(StreamContract, CloseAbortsWhatIsOutstanding) {
  run([](Runtime& runtime) -> asio::awaitable<void> {
    auto pair = co_await connected(runtime);
    Event done(runtime.executor);
    error_code outcome;
    auto reader = [](Stream& from, error_code& code, Event& ended) -> asio::awaitable<void> {
      code = co_await read_error(from);
      ended.set();
    };
    spawn(runtime.executor, runtime.log, "reader", reader(pair.client, outcome, done));
    co_await sleep(runtime.timers, 5ms);
    pair.client.close();
    co_await done.wait();
    EXPECT_EQ(outcome, asio::error::operation_aborted);
  });
}

TEST_P(StreamContract, ACancelledReadLosesNothing) {
  run([](Runtime& runtime) -> asio::awaitable<void> {
    auto pair = co_await connected(runtime);
    auto none = co_await with_timeout(runtime.timers, 10ms, read_error(pair.server));
    EXPECT_TRUE(none);
    EXPECT_EQ(*none, asio::error::operation_aborted);
    std::string hello = "hello", got(5, ' ');
    co_await asio::async_write(pair.client, asio::buffer(hello), asio::use_awaitable);
    co_await asio::async_read(pair.server, asio::buffer(got), asio::use_awaitable);
    EXPECT_EQ(got, "hello");
  });
}

TEST_P(StreamContract, WritingToAClosedPeerFailsInTheEnd) {
  run([](Runtime& runtime) -> asio::awaitable<void> {
    auto pair = co_await connected(runtime);
    pair.server.close();
    std::string bytes(1000, 'x');
    error_code outcome;
    try {
      for (int i = 0; i < 100; ++i) {
        co_await asio::async_write(pair.client, asio::buffer(bytes), asio::use_awaitable);
        co_await sleep(runtime.timers, 2ms);
      }
    } catch (const boost::system::system_error& error) {
      outcome = error.code();
    }
    EXPECT_TRUE(outcome == asio::error::connection_reset || outcome == asio::error::broken_pipe) << outcome.message();
  });
}

TEST_P(StreamContract, NobodyListensMeansRefused) {
  run([](Runtime& runtime) -> asio::awaitable<void> {
    std::uint16_t port = 0;
    {
      auto listener = runtime.network.listen({"127.0.0.1", 0});
      port = listener.port();
    }
    auto stream = co_await with_timeout(runtime.timers, 5s, runtime.network.connect({"127.0.0.1", port}));
    EXPECT_FALSE(stream);
    EXPECT_EQ(stream.error().code, Code::unavailable);
  });
}

TEST_P(StreamContract, UnknownNamesAreUnavailable) {
  run([](Runtime& runtime) -> asio::awaitable<void> {
    auto stream = co_await with_timeout(runtime.timers, 20s, runtime.network.connect({"no-such-host.invalid", 80}));
    EXPECT_FALSE(stream);
  });
}

TEST_P(StreamContract, APortIsTakenOnce) {
  run([](Runtime& runtime) -> asio::awaitable<void> {
    auto listener = runtime.network.listen({"127.0.0.1", 0});
    error_code outcome;
    try {
      runtime.network.listen({"127.0.0.1", listener.port()});
    } catch (const boost::system::system_error& error) {
      outcome = error.code();
    }
    EXPECT_EQ(outcome, asio::error::address_in_use);
    auto port = listener.port();
    listener.close();
    auto again = runtime.network.listen({"127.0.0.1", port});
    EXPECT_EQ(again.port(), port);
    co_return;
  });
}

TEST_P(StreamContract, ClosingAListenerAbortsItsAccept) {
  run([](Runtime& runtime) -> asio::awaitable<void> {
    auto listener = runtime.network.listen({"127.0.0.1", 0});
    Event done(runtime.executor);
    error_code outcome;
    auto accepting = [](Listener& from, error_code& code, Event& ended) -> asio::awaitable<void> {
      try {
        co_await from.accept();
      } catch (const boost::system::system_error& error) {
        code = error.code();
      }
      ended.set();
    };
    spawn(runtime.executor, runtime.log, "accept", accepting(listener, outcome, done));
    co_await sleep(runtime.timers, 5ms);
    listener.close();
    co_await done.wait();
    EXPECT_EQ(outcome, asio::error::operation_aborted);
  });
}

INSTANTIATE_TEST_SUITE_P(Worlds, StreamContract, ::testing::ValuesIn(world_kinds), world_name);

}  // namespace
}  // namespace kumasim::testing
