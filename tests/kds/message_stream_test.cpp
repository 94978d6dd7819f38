/// A peer that does not read cannot make this side hold what it likes.
#include <gtest/gtest.h>

#include "app/in_world.hpp"
#include "kds/zones_bed.hpp"
#include "reference-cp/kds/message_stream.hpp"

namespace kumasim::cp::kds::testing {
namespace {

struct Bed {
  explicit Bed(const Runtime& given) : runtime(given), listener(given.network.listen({"", kds_port})) {}

  asio::awaitable<void> write_too_much(GrpcServerStream stream) {
    auto outbox = std::make_shared<Outbox>(runtime.executor, MessageStream::of(stream), 1'000'000);
    spawn(runtime.executor, runtime.log, "writer", Outbox::run(outbox, runtime.timers, 1min));
    for (int i = 0; i < 2; ++i) {
      const auto number = outbox->put(std::string(900'000, 'a'));
      EXPECT_TRUE(outbox->is_waiting(number));
      co_await sleep(runtime.timers, 1ms);
      EXPECT_FALSE(outbox->is_waiting(number)) << "it is on its way";
    }
    const auto waits = outbox->put(std::string(600'000, 'b'));
    co_await sleep(runtime.timers, 1ms);
    EXPECT_TRUE(outbox->is_waiting(waits)) << "the one before has not been taken";
    EXPECT_FALSE(outbox->closed());
    outbox->put(std::string(400'001, 'c'));
    EXPECT_TRUE(outbox->closed());
    co_await stream.wait_over();
  }

  Runtime runtime;
  Listener listener;
};

TEST(Outbox, MoreThanItsLimitEndsTheStream) {
  cp::testing::run_with<Bed>([](Bed& bed) -> asio::awaitable<void> {
    GrpcHandler handler = [&bed](GrpcServerStream stream) { return bed.write_too_much(std::move(stream)); };
    spawn(bed.runtime.executor, bed.runtime.log, "server",
          serve_listener(bed.runtime, bed.listener, nullptr, nullptr, std::move(handler)));
    auto client = co_await GrpcClient::connect(bed.runtime, {"kuma-cp", kds_port}, {});
    auto stream = client->open("/any");
    co_await stream->write(std::string("begin"));
    co_await sleep(bed.runtime.timers, 10s);
    EXPECT_TRUE(stream->over());
    EXPECT_EQ((co_await stream->status()).code, GrpcCode::resource_exhausted);
  });
}

std::string request(const std::string& nonce, const std::string& subscribe, const std::string& unsubscribe) {
  Request out;
  out.mutable_node()->set_id("east");
  out.set_type_url("Secret");
  out.set_response_nonce(nonce);
  if (!subscribe.empty()) out.add_resource_names_subscribe(subscribe);
  if (!unsubscribe.empty()) out.add_resource_names_unsubscribe(unsubscribe);
  return out.SerializeAsString();
}

/// Answers what it has not read, and asks anew.
asio::awaitable<void> guess(Runtime& runtime, std::optional<GrpcStatus>& out) {
  auto client = co_await GrpcClient::connect(runtime, {"global", kds_port}, {});
  auto stream = client->open("/kuma.mesh.v1alpha1.KDSSyncService/GlobalToZoneSync", {{"client-id", "east"}});
  co_await stream->write(request("", "*", ""));
  for (int nonce = 1; nonce < 20; ++nonce) {
    co_await sleep(runtime.timers, 100ms);
    co_await stream->write(request(std::to_string(nonce), "", "*"));
    co_await stream->write(request("", "*", ""));
  }
  out = co_await stream->status();
}

TEST(GivingStream, WhoAnswersWhatWasNotSentIsDisconnected) {
  Zones zones;
  zones.create(zones.global(), mesh("m"));
  zones.create(zones.global(), secret("large", std::string(1 << 20, 'A')));
  std::optional<GrpcStatus> status;
  zones.world.add_process("caller").start(
      [&](Runtime& runtime) { spawn(runtime.executor, runtime.log, "guess", guess(runtime, status)); });
  zones.world.run_for(10s);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->code, GrpcCode::resource_exhausted) << status->message;
}

}  // namespace
}  // namespace kumasim::cp::kds::testing
