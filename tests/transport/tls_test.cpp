/// TLS over both worlds: who is accepted, who is refused and why, and the stream that comes of it.
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "kumasim/runtime/task.hpp"
#include "kumasim/sim/world.hpp"
#include "kumasim/transport/serve.hpp"
#include "kumasim/transport/tls.hpp"
#include "tests/transport/certificates.hpp"
#include "tests/transport/password_watch.hpp"
#include "tests/transport/two_worlds.hpp"

namespace kumasim {
namespace {

using namespace std::chrono_literals;
using testing::LeafOptions;

/// 2026-01-01T00:00:00Z, where simulated worlds start; the live world is later, all others are far from both.
constexpr WallTime start_of_2026{std::chrono::seconds(1'767'225'600)};

class Tls : public testing::TwoWorlds {
 protected:
  Tls() {
    server_options.role = TlsRole::server;
    server_options.certificate_pem = server_leaf.certificate_pem;
    server_options.key_pem = server_leaf.key_pem;
    server_options.trust_pem = authority.certificate_pem;
    client_options.certificate_pem = client_leaf.certificate_pem;
    client_options.key_pem = client_leaf.key_pem;
    client_options.trust_pem = authority.certificate_pem;
  }

  /// One connection: the client sends "ping", the server answers "pong". What each end met is kept.
  void meet() {
    auto server_context = TlsContext::create(server_options);
    auto client_context = TlsContext::create(client_options);
    ASSERT_TRUE(server_context) << server_context.error().message;
    ASSERT_TRUE(client_context) << client_context.error().message;
    world->server([&](Runtime& runtime) -> asio::awaitable<void> {
      auto listener = runtime.network.listen({"", 0});
      port = listener.port();
      auto plain = co_await listener.accept();
      try {
        auto stream = co_await tls_accept(std::move(plain), *server_context, runtime.clock);
        server_peer = tls_peer(stream);
        char bytes[4];
        co_await asio::async_read(stream, asio::buffer(bytes), asio::use_awaitable);
        co_await asio::async_write(stream, asio::buffer(std::string_view("pong")), asio::use_awaitable);
        stream.shutdown_send();
        co_await stream.async_read_some(asio::buffer(bytes));
      } catch (const boost::system::system_error& error) {
        server_error = error.code();
      }
      server_done = true;
    });
    world->client([&](Runtime& runtime) -> asio::awaitable<void> {
      auto address = co_await server_address(runtime);
      auto plain = co_await runtime.network.connect(address);
      try {
        auto stream = co_await tls_connect(std::move(plain), *client_context, runtime.clock, server_name);
        client_peer = tls_peer(stream);
        co_await asio::async_write(stream, asio::buffer(std::string_view("ping")), asio::use_awaitable);
        char bytes[4];
        co_await asio::async_read(stream, asio::buffer(bytes), asio::use_awaitable);
        answer.assign(bytes, 4);
        co_await stream.async_read_some(asio::buffer(bytes));
      } catch (const boost::system::system_error& error) {
        client_error = error.code();
      }
      for (auto i = 0; i < 1000 && !server_done; ++i) co_await sleep(runtime.timers, 1ms);
    });
    world->run();
  }

  TlsIdentity authority = testing::make_authority("ca");
  TlsIdentity other_authority = testing::make_authority("another ca");
  TlsIdentity server_leaf = testing::make_leaf(authority, {});
  TlsIdentity client_leaf = testing::make_leaf(
      authority, {.common_name = "web", .names = {"URI:spiffe://default/web", "URI:kuma://kuma.io/version/v1"}});
  TlsOptions server_options, client_options;
  std::string server_name = "localhost";
  std::shared_ptr<const TlsPeer> server_peer, client_peer;
  error_code server_error, client_error;
  std::string answer;
  bool server_done = false;
};

/// A stream whose write, once held, completes no sooner than the stream is closed, and then well: the order in which
/// a socket's completion may meet a close.
class LateWrites : public StreamImpl {
 public:
  LateWrites(Stream below, std::shared_ptr<bool> hold) : below_(std::move(below)), hold_(std::move(hold)) {}

  void read(MutableBuffers buffers, Operation operation) override {
    below_.async_read_some(buffers, asio::bind_cancellation_slot(operation.slot, std::move(operation.complete)));
  }
  void write(ConstBuffers buffers, Operation operation) override {
    if (!*hold_)
      return (void)below_.async_write_some(
          buffers, asio::bind_cancellation_slot(operation.slot, std::move(operation.complete)));
    for (const auto& buffer : buffers) held_bytes_ += buffer.size();
    held_ = std::move(operation.complete);
  }
  void shutdown_send() override { below_.shutdown_send(); }
  void close() override {
    below_.close();
    if (held_)
      asio::post(below_.get_executor(), [complete = std::move(held_), bytes = held_bytes_]() mutable {
        complete({}, bytes);
      });
  }
  Address local() const override { return below_.local(); }
  Address remote() const override { return below_.remote(); }

 private:
  Stream below_;
  std::shared_ptr<bool> hold_;
  OnceFunction<void(error_code, std::size_t)> held_;
  std::size_t held_bytes_ = 0;
};

TEST(TlsContexts, NobodyIsAskedForThePasswordOfAnEncryptedText) {
  testing::PasswordWatch watch;
  const TlsIdentity authority = testing::make_authority("ca");
  const std::string certificate = testing::encrypted_pem("CERTIFICATE");
  auto field = [&](const TlsIdentity& identity, const std::string& trust) {
    TlsOptions options;
    options.role = TlsRole::server;
    options.certificate_pem = identity.certificate_pem;
    options.key_pem = identity.key_pem;
    options.trust_pem = trust;
    auto made = TlsContext::create(options);
    return made ? std::string("made") : made.error().field;
  };
  EXPECT_EQ(field({certificate, authority.key_pem}, ""), "certificate_pem");
  EXPECT_EQ(field({authority.certificate_pem, testing::encrypted_pem("RSA PRIVATE KEY")}, ""), "key_pem");
  EXPECT_EQ(field(authority, authority.certificate_pem + certificate), "trust_pem");
  EXPECT_EQ(field({authority.certificate_pem + certificate, authority.key_pem}, ""), "made");
  EXPECT_FALSE(watch.asked());
}

TEST_P(Tls, AWriteUnderWayEndsWithTheStream) {
  server_options.peer = TlsPeerCheck::none;
  auto hold = std::make_shared<bool>(false);
  auto server_context = TlsContext::create(server_options);
  auto client_context = TlsContext::create(client_options);
  bool started = false, released = false;
  world->server([&](Runtime& runtime) -> asio::awaitable<void> {
    auto listener = runtime.network.listen({"", 0});
    port = listener.port();
    auto plain = co_await listener.accept();
    Stream late(std::make_unique<LateWrites>(std::move(plain), hold), runtime.executor);
    auto stream = co_await tls_accept(std::move(late), *server_context, runtime.clock);
    auto handler = [&](GrpcServerStream call) -> asio::awaitable<void> {
      *hold = true;
      started = true;
      co_await call.write("never sent");
      co_await call.wait_over();
    };
    co_await serve_connection(std::move(stream), nullptr, handler, runtime.timers, runtime.log);
    released = true;
  });
  world->client([&](Runtime& runtime) -> asio::awaitable<void> {
    auto address = co_await server_address(runtime);
    auto plain = co_await runtime.network.connect(address);
    auto stream = co_await tls_connect(std::move(plain), *client_context, runtime.clock, server_name);
    GrpcClient client(std::move(stream), runtime.timers, runtime.log, "server", {});
    auto call = client.open("/x");
    for (auto i = 0; i < 2000 && !started; ++i) co_await sleep(runtime.timers, 1ms);
    co_await sleep(runtime.timers, 20ms);
    client.close();
    for (auto i = 0; i < 5000 && !released; ++i) co_await sleep(runtime.timers, 1ms);
  });
  world->run();
  EXPECT_TRUE(started);
  EXPECT_TRUE(released) << "the connection waits for a write that never ends";
}

TEST_P(Tls, BothEndsLearnWhoTheOtherIs) {
  server_options.alpn = {"h2", "http/1.1"};
  client_options.alpn = {"http/1.1", "h2"};
  meet();
  EXPECT_EQ(answer, "pong") << client_error.message() << " / " << server_error.message();
  EXPECT_EQ(client_error, asio::error::eof) << "close_notify is a proper end";
  ASSERT_TRUE(server_peer && client_peer);
  EXPECT_EQ(server_peer->uri_sans,
            (std::vector<std::string>{"spiffe://default/web", "kuma://kuma.io/version/v1"}));
  EXPECT_EQ(server_peer->spiffe_id(), "spiffe://default/web");
  EXPECT_EQ(server_peer->certificate_pem, client_leaf.certificate_pem);
  EXPECT_EQ(server_peer->server_name, "localhost");
  EXPECT_EQ(server_peer->alpn, "h2") << "the server's preference wins";
  EXPECT_EQ(client_peer->alpn, "h2");
  EXPECT_EQ(client_peer->subject, "CN=localhost");
  EXPECT_EQ(client_peer->dns_sans, (std::vector<std::string>{"localhost", "server"}));
  EXPECT_EQ(client_peer->version, "TLSv1.3");
}

TEST_P(Tls, SpeaksTls12) {
  client_options.version_max = TlsVersion::v1_2;
  meet();
  EXPECT_EQ(answer, "pong");
  EXPECT_EQ(client_peer->version, "TLSv1.2");
}

TEST_P(Tls, AddressesAreVerifiedAsAddresses) {
  server_name = "127.0.0.1";
  meet();
  EXPECT_EQ(answer, "pong") << client_error.message();
  EXPECT_EQ(server_peer->server_name, "");
}

TEST_P(Tls, ClientRefusesAServerOfAnotherAuthority) {
  client_options.trust_pem = other_authority.certificate_pem;
  meet();
  EXPECT_EQ(answer, "");
  EXPECT_EQ(tls_fault(client_error), TlsFault::certificate_untrusted) << client_error.message();
  EXPECT_EQ(tls_fault(server_error), TlsFault::refused_by_peer) << server_error.message();
}

TEST_P(Tls, ClientRefusesAServerOfAnotherName) {
  server_name = "cp.example";
  meet();
  EXPECT_EQ(tls_fault(client_error), TlsFault::name_mismatch) << client_error.message();
}

TEST_P(Tls, ClientTakesAnotherNameWhereItDoesNotVerifyHosts) {
  server_name = "cp.example";
  client_options.verify_host = false;
  meet();
  EXPECT_EQ(answer, "pong");
  EXPECT_EQ(server_peer->server_name, "cp.example");
}

TEST_P(Tls, ServerRefusesAClientWithoutCertificate) {
  client_options.certificate_pem.clear();
  client_options.key_pem.clear();
  meet();
  EXPECT_EQ(answer, "");
  EXPECT_EQ(tls_fault(server_error), TlsFault::certificate_missing) << server_error.message();
  EXPECT_EQ(tls_fault(client_error), TlsFault::refused_by_peer) << client_error.message();
}

TEST_P(Tls, ServerRefusesAClientOfAnotherAuthority) {
  auto stranger = testing::make_leaf(other_authority, {.common_name = "stranger"});
  client_options.certificate_pem = stranger.certificate_pem;
  client_options.key_pem = stranger.key_pem;
  meet();
  EXPECT_EQ(answer, "");
  EXPECT_EQ(tls_fault(server_error), TlsFault::certificate_untrusted) << server_error.message();
  EXPECT_EQ(tls_fault(client_error), TlsFault::refused_by_peer) << client_error.message();
}

TEST_P(Tls, OptionalCertificatesMayBeMissingButNotWrong) {
  server_options.peer = TlsPeerCheck::optional;
  client_options.certificate_pem.clear();
  client_options.key_pem.clear();
  meet();
  EXPECT_EQ(answer, "pong");
  EXPECT_EQ(server_peer->certificate_pem, "");
}

TEST_P(Tls, RequestedCertificatesAreTakenUnjudged) {
  auto stranger = testing::make_leaf(other_authority, {.common_name = "stranger"});
  client_options.certificate_pem = stranger.certificate_pem;
  client_options.key_pem = stranger.key_pem;
  server_options.peer = TlsPeerCheck::request;
  meet();
  EXPECT_EQ(answer, "pong");
  EXPECT_EQ(server_peer->certificate_pem, stranger.certificate_pem);
}

TEST_P(Tls, CertificatesAreJudgedAtTheTimeOfTheClock) {
  auto expired = testing::make_leaf(authority, {.not_after = start_of_2026 - 1s});
  server_options.certificate_pem = expired.certificate_pem;
  server_options.key_pem = expired.key_pem;
  meet();
  EXPECT_EQ(tls_fault(client_error), TlsFault::certificate_expired) << client_error.message();
  EXPECT_EQ(client_error.message(), "certificate has expired");
}

TEST_P(Tls, CertificatesMayBeTooEarly) {
  auto early = testing::make_leaf(authority, {.not_before = WallTime(std::chrono::seconds(3'900'000'000))});
  server_options.certificate_pem = early.certificate_pem;
  server_options.key_pem = early.key_pem;
  meet();
  EXPECT_EQ(tls_fault(client_error), TlsFault::certificate_not_yet_valid) << client_error.message();
}

TEST_P(Tls, IntermediatesAreSentAndMayBeTheTrust) {
  server_options.certificate_pem = server_leaf.certificate_pem + authority.certificate_pem;
  meet();
  EXPECT_EQ(answer, "pong");
  EXPECT_EQ(client_peer->chain_pem, server_options.certificate_pem);
}

TEST_P(Tls, LargeTransfersGoBothWaysAtOnce) {
  auto server_context = TlsContext::create(server_options);
  auto client_context = TlsContext::create(client_options);
  std::string sent(3'000'000, '\0');
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 2654435761u >> 13);
  std::string back(sent.size(), '\0');
  world->server([&](Runtime& runtime) -> asio::awaitable<void> {
    auto listener = runtime.network.listen({"", 0});
    port = listener.port();
    auto stream = co_await tls_accept(co_await listener.accept(), *server_context, runtime.clock);
    std::string piece(10'000, '\0');
    for (std::size_t echoed = 0; echoed < sent.size();) {
      auto count = co_await stream.async_read_some(asio::buffer(piece));
      co_await asio::async_write(stream, asio::buffer(piece.data(), count), asio::use_awaitable);
      echoed += count;
    }
    co_await stream.async_read_some(asio::buffer(piece));
  });
  world->client([&](Runtime& runtime) -> asio::awaitable<void> {
    auto address = co_await server_address(runtime);
    auto plain = co_await runtime.network.connect(address);
    auto stream = co_await tls_connect(std::move(plain), *client_context, runtime.clock, server_name);
    auto write = [&]() -> asio::awaitable<void> {
      // Pieces of every size: short ones are gathered, long ones are cut into records.
      auto view = std::string_view(sent);
      std::vector<asio::const_buffer> pieces;
      for (std::size_t at = 0, size = 1; at < view.size(); at += size, size = size * 3 % 50'021)
        pieces.push_back(asio::buffer(view.substr(at, size)));
      co_await asio::async_write(stream, pieces, asio::use_awaitable);
    };
    auto writing = write();
    asio::co_spawn(runtime.executor, std::move(writing), [](std::exception_ptr) {});
    co_await asio::async_read(stream, asio::buffer(back), asio::use_awaitable);
  });
  world->run();
  EXPECT_TRUE(back == sent);
}

TEST_P(Tls, BytesThatAreNoTlsAreRefused) {
  auto server_context = TlsContext::create(server_options);
  world->server([&](Runtime& runtime) -> asio::awaitable<void> {
    auto listener = runtime.network.listen({"", 0});
    port = listener.port();
    auto plain = co_await listener.accept();
    try {
      co_await tls_accept(std::move(plain), *server_context, runtime.clock);
    } catch (const boost::system::system_error& error) {
      server_error = error.code();
    }
    server_done = true;
  });
  world->client([&](Runtime& runtime) -> asio::awaitable<void> {
    auto stream = co_await runtime.network.connect(co_await server_address(runtime));
    co_await asio::async_write(stream, asio::buffer(std::string_view("GET / HTTP/1.1\r\n\r\n")), asio::use_awaitable);
    stream.shutdown_send();
    for (auto i = 0; i < 1000 && !server_done; ++i) co_await sleep(runtime.timers, 1ms);
  });
  world->run();
  EXPECT_EQ(tls_fault(server_error), TlsFault::protocol) << server_error.message();
}

KUMASIM_TWO_WORLDS(Tls);

/// Waits for ever: for what the peer never sends, or for a peer that never takes what is sent.
asio::awaitable<void> wait_on(Runtime& runtime, Stream below, const TlsContext& context, bool accepts, bool writes,
                              std::shared_ptr<int>) {
  auto handshake = accepts ? tls_accept(std::move(below), context, runtime.clock)
                           : tls_connect(std::move(below), context, runtime.clock, "server");
  auto stream = co_await std::move(handshake);
  std::string bytes(4'000'000, 'x');
  if (writes)
    co_await asio::async_write(stream, asio::buffer(bytes), asio::use_awaitable);
  else
    co_await stream.async_read_some(asio::buffer(bytes));
}

class TlsStreams : public ::testing::TestWithParam<bool> {};

TEST_P(TlsStreams, LetWhoWaitsForThemGoWithTheProcess) {
  bool writes = GetParam();
  auto authority = testing::make_authority("ca");
  auto leaf = testing::make_leaf(authority, {});
  auto server_context = TlsContext::create({.role = TlsRole::server,
                                            .certificate_pem = leaf.certificate_pem,
                                            .key_pem = leaf.key_pem,
                                            .peer = TlsPeerCheck::none});
  auto client_context = TlsContext::create({.trust_pem = authority.certificate_pem});
  ASSERT_TRUE(server_context && client_context);
  auto serve = [&](Runtime& runtime, std::shared_ptr<int> mark) -> asio::awaitable<void> {
    auto listener = runtime.network.listen({"", 443});
    auto below = co_await listener.accept();
    co_await wait_on(runtime, std::move(below), *server_context, true, writes, std::move(mark));
  };
  auto call = [&](Runtime& runtime, std::shared_ptr<int> mark) -> asio::awaitable<void> {
    co_await sleep(runtime.timers, 1ms);
    auto below = co_await runtime.network.connect({"server", 443});
    co_await wait_on(runtime, std::move(below), *client_context, false, writes, std::move(mark));
  };
  std::weak_ptr<int> at_server, at_client;  // of what lies in the frames
  {
    sim::World world;
    auto start = [&](const char* name, auto main, std::weak_ptr<int>& seen) {
      world.add_process(name).start([main, name, &seen](Runtime& runtime) {
        auto mark = std::make_shared<int>(0);
        seen = mark;
        spawn(runtime.executor, runtime.log, name, main(runtime, std::move(mark)));
      });
    };
    start("server", serve, at_server);
    start("client", call, at_client);
    world.run_for(10s);
    EXPECT_FALSE(at_server.expired());
    EXPECT_FALSE(at_client.expired());
    world.find_process("server")->kill();
    EXPECT_TRUE(at_server.expired());
    EXPECT_FALSE(at_client.expired()) << "nothing has arrived there yet";
  }
  EXPECT_TRUE(at_client.expired());
}

INSTANTIATE_TEST_SUITE_P(Both, TlsStreams, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "writes" : "reads"; });

TEST(TlsContext, NamesTheFieldThatIsWrong) {
  auto authority = testing::make_authority("ca");
  auto leaf = testing::make_leaf(authority, {});
  auto other = testing::make_leaf(authority, {});
  auto field = [](TlsOptions options) {
    auto context = TlsContext::create(options);
    return context ? std::string("none") : context.error().field;
  };
  EXPECT_EQ(field({.role = TlsRole::server}), "certificate_pem");
  EXPECT_EQ(field({.certificate_pem = "x", .key_pem = leaf.key_pem}), "certificate_pem");
  EXPECT_EQ(field({.certificate_pem = leaf.certificate_pem, .key_pem = "x"}), "key_pem");
  EXPECT_EQ(field({.certificate_pem = leaf.certificate_pem, .key_pem = other.key_pem}), "key_pem");
  EXPECT_EQ(field({.trust_pem = "x"}), "trust_pem");
  EXPECT_EQ(field({.ciphers_tls12 = "no such cipher"}), "ciphers_tls12");
  EXPECT_EQ(field({.trust_pem = authority.certificate_pem}), "none");
}

}  // namespace
}  // namespace kumasim
