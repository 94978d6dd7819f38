/// gRPC C++ as the independent peer (reference-cp/decisions/0001): its client against our server, our client against
/// its server, over TLS, in both cases with bytes as messages.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/rpc_method.h>
#include <grpcpp/support/sync_stream.h>

#include "kumasim/transport/serve.hpp"
#include "tests/transport/certificates.hpp"
#include "tests/transport/two_worlds.hpp"

namespace kumasim {
namespace {

using namespace std::chrono_literals;

std::string to_text(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return {};
  std::string text;
  for (const auto& slice : slices) text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return text;
}

grpc::ByteBuffer to_buffer(const std::string& text) {
  grpc::Slice slice(text);
  return grpc::ByteBuffer(&slice, 1);
}

/// Generic synchronous calls of gRPC's client.
struct PeerCall {
  using Stream = grpc::ClientReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>;

  PeerCall(const std::shared_ptr<grpc::Channel>& channel, const char* path) {
    grpc::internal::RpcMethod method(path, grpc::internal::RpcMethod::BIDI_STREAMING, channel);
    stream.reset(grpc::internal::ClientReaderWriterFactory<grpc::ByteBuffer, grpc::ByteBuffer>::Create(
        channel.get(), method, &context));
  }
  bool write(const std::string& message) { return stream->Write(to_buffer(message)); }
  std::optional<std::string> read() {
    grpc::ByteBuffer buffer;
    if (!stream->Read(&buffer)) return std::nullopt;
    return to_text(buffer);
  }

  grpc::ClientContext context;
  std::unique_ptr<Stream> stream;
};

class GrpcInterop : public testing::TwoWorlds {
 protected:
  asio::awaitable<void> handle(GrpcServerStream stream) {
    ++calls;
    if (stream.path() == "/test/echo") {
      while (auto message = co_await stream.read()) co_await stream.write(std::move(*message));
      if (stream.cancelled()) ++cancelled;
      metadata = std::string(stream.metadata().get("x-node"));
    } else if (stream.path() == "/test/early") {
      co_await stream.read();
      stream.finish(GrpcCode::failed_precondition, "enough: \xc3\xbc");
    } else {
      stream.finish(GrpcCode::unimplemented, "unknown method " + stream.path());
    }
  }

  /// Our server, and `peer` on a thread of its own with a channel to it.
  void against_our_server(std::function<void(const std::shared_ptr<grpc::Channel>&)> peer,
                          grpc::ChannelArguments arguments = {}) {
    TlsOptions options{.role = TlsRole::server, .certificate_pem = leaf.certificate_pem, .key_pem = leaf.key_pem,
                       .peer = TlsPeerCheck::none, .alpn = {"h2", "http/1.1"}};
    auto tls = std::make_shared<const TlsContext>(*TlsContext::create(options));
    world->server([this, tls](Runtime& runtime) -> asio::awaitable<void> {
      auto listener = runtime.network.listen({"127.0.0.1", 0});
      port = listener.port();
      GrpcHandler grpc = [this](GrpcServerStream stream) { return handle(std::move(stream)); };
      co_await serve_listener(runtime, listener, tls, nullptr, grpc);
    });
    arguments.SetInt(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, -1);
    std::atomic<bool> done = false;
    std::thread thread;
    world->client([&](Runtime& runtime) -> asio::awaitable<void> {
      auto address = co_await server_address(runtime);
      thread = std::thread([&, address] {
        grpc::SslCredentialsOptions trust;
        trust.pem_root_certs = authority.certificate_pem;
        peer(grpc::CreateCustomChannel(to_string(address), grpc::SslCredentials(trust), arguments));
        done = true;
      });
      while (!done) co_await sleep(runtime.timers, 2ms);
    });
    world->run();
    thread.join();
  }

  TlsIdentity authority = testing::make_authority("ca");
  TlsIdentity leaf = testing::make_leaf(authority, {});
  std::atomic<int> calls = 0;
  std::atomic<int> cancelled = 0;
  std::string metadata;
};

TEST_P(GrpcInterop, ItsClientStreamsBothWays) {
  against_our_server([](const std::shared_ptr<grpc::Channel>& channel) {
    PeerCall call(channel, "/test/echo");
    for (std::size_t size : {0u, 1u, 16'384u, 100'000u, 5'000'000u}) {
      std::string message(size, static_cast<char>('a' + size % 26));
      EXPECT_TRUE(call.write(message));
      auto echo = call.read();
      EXPECT_TRUE(echo && *echo == message) << size;
    }
    call.stream->WritesDone();
    EXPECT_FALSE(call.read());
    auto status = call.stream->Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
  });
}

TEST_P(GrpcInterop, ItsClientGetsStatusesAndSendsMetadata) {
  against_our_server([](const std::shared_ptr<grpc::Channel>& channel) {
    PeerCall unknown(channel, "/test/nothing");
    auto status = unknown.stream->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
    EXPECT_EQ(status.error_message(), "unknown method /test/nothing");
    PeerCall early(channel, "/test/early");
    EXPECT_TRUE(early.write("x"));
    status = early.stream->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_EQ(status.error_message(), "enough: \xc3\xbc");
  });
  EXPECT_EQ(calls, 2);
}

TEST_P(GrpcInterop, ItsClientCancels) {
  against_our_server([this](const std::shared_ptr<grpc::Channel>& channel) {
    PeerCall call(channel, "/test/echo");
    EXPECT_TRUE(call.write("x"));
    EXPECT_EQ(call.read(), "x");
    call.context.TryCancel();
    EXPECT_EQ(call.stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
    for (auto i = 0; i < 1000 && cancelled == 0; ++i) std::this_thread::sleep_for(1ms);
    EXPECT_EQ(cancelled, 1);
  });
}

TEST_P(GrpcInterop, ItsKeepalivePingsNeverMeetGoaway) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  against_our_server(
      [](const std::shared_ptr<grpc::Channel>& channel) {
        PeerCall call(channel, "/test/echo");
        EXPECT_TRUE(call.write("before"));
        EXPECT_EQ(call.read(), "before");
        std::this_thread::sleep_for(1s);
        EXPECT_TRUE(call.write("after"));
        EXPECT_EQ(call.read(), "after");
      },
      arguments);
}

TEST_P(GrpcInterop, ItsClientHasManyStreamsAtOnce) {
  against_our_server([](const std::shared_ptr<grpc::Channel>& channel) {
    std::vector<std::unique_ptr<PeerCall>> open;
    for (auto i = 0; i < 200; ++i) {
      open.push_back(std::make_unique<PeerCall>(channel, "/test/echo"));
      EXPECT_TRUE(open.back()->write(std::to_string(i)));
    }
    for (auto i = 0; i < 200; ++i) EXPECT_EQ(open[static_cast<std::size_t>(i)]->read(), std::to_string(i));
    for (auto& call : open) {
      call->stream->WritesDone();
      EXPECT_TRUE(call->stream->Finish().ok());
    }
  });
}

/// gRPC's server: echoes every message.
class PeerEcho : public grpc::ServerGenericBidiReactor {
 public:
  PeerEcho() { StartRead(&buffer_); }
  void OnReadDone(bool ok) override {
    if (ok) return StartWrite(&buffer_);
    Finish(grpc::Status(grpc::StatusCode::OK, ""));
  }
  void OnWriteDone(bool ok) override {
    if (ok) StartRead(&buffer_);
  }
  void OnDone() override { delete this; }

 private:
  grpc::ByteBuffer buffer_;
};

class PeerService : public grpc::CallbackGenericService {
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    if (context->method() == "/test/echo") return new PeerEcho;
    return grpc::CallbackGenericService::CreateReactor(context);
  }
};

TEST_P(GrpcInterop, OurClientTalksToItsServer) {
  grpc::SslServerCredentialsOptions secure(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  secure.pem_root_certs = authority.certificate_pem;
  secure.pem_key_cert_pairs.push_back({leaf.key_pem, leaf.certificate_pem});
  PeerService service;
  grpc::ServerBuilder builder;
  auto chosen = 0;
  builder.SetMaxReceiveMessageSize(-1);
  builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(secure), &chosen);
  builder.RegisterCallbackGenericService(&service);
  auto server = builder.BuildAndStart();
  ASSERT_TRUE(server);
  auto context = TlsContext::create({.certificate_pem = leaf.certificate_pem, .key_pem = leaf.key_pem,
                                     .trust_pem = authority.certificate_pem, .alpn = {"h2"}});
  world->client([&](Runtime& runtime) -> asio::awaitable<void> {
    Address address{"127.0.0.1", static_cast<std::uint16_t>(chosen)};
    auto client = co_await GrpcClient::connect(runtime, address, {.tls = &*context});
    EXPECT_TRUE(client) << client.error().message;
    if (!client) co_return;
    auto stream = client->open("/test/echo", {{"x-node", "n"}});
    for (std::size_t size : {0u, 1u, 16'384u, 100'000u, 5'000'000u}) {
      std::string message(size, static_cast<char>('a' + size % 26));
      EXPECT_TRUE(co_await stream->write(message));
      auto echo = co_await stream->read();
      EXPECT_TRUE(echo && *echo == message) << size;
    }
    stream->finish_sending();
    EXPECT_FALSE(co_await stream->read());
    EXPECT_TRUE((co_await stream->status()).ok());
    auto unknown = co_await client->call("/test/nothing", "", 5s);
    EXPECT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, Code::unsupported) << unknown.error().message;
  });
  world->run();
  // The world does not run any more, so the connection would not end by itself.
  server->Shutdown(std::chrono::system_clock::now());
}

INSTANTIATE_TEST_SUITE_P(Worlds, GrpcInterop, ::testing::Values("live"), [](const auto& info) {
  return std::string(info.param);
});

}  // namespace
}  // namespace kumasim
