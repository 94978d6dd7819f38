/// Bytes of a simulated stream arrive complete and in order, whatever the delays, the loss, the ties and the pieces.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/sim/echo.hpp"

namespace kumasim {
namespace {

using namespace testing;
using sim::World;

asio::awaitable<void> send_pieces(Runtime& runtime, std::vector<std::string> pieces) {
  auto stream = co_await runtime.network.connect({"receiver", 7});
  for (const auto& piece : pieces) {
    co_await asio::async_write(stream, asio::buffer(piece), asio::use_awaitable);
    auto pause = runtime.random.below(3);
    if (pause > 0) co_await sleep(runtime.timers, Duration(static_cast<std::int64_t>(pause * 100'000)));
  }
  stream.shutdown_send();
  char byte;
  co_await stream.async_read_some(asio::buffer(&byte, 1));
}

asio::awaitable<void> receive_all(Runtime& runtime, std::string& out, bool& ended) {
  auto listener = runtime.network.listen({"", 7});
  auto stream = co_await listener.accept();
  std::vector<char> bytes(5000);
  try {
    for (;;) {
      auto size = 1 + runtime.random.below(bytes.size());
      auto count = co_await stream.async_read_some(asio::buffer(bytes.data(), size));
      out.append(bytes.data(), count);
    }
  } catch (const boost::system::system_error& error) {
    ended = error.code() == asio::error::eof;
  }
}

RC_GTEST_PROP(VirtualStream, DeliversEveryByteInOrder, ()) {
  auto seed = *rc::gen::arbitrary<std::uint64_t>();
  auto sizes = *rc::gen::scale(0.3, rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 60'000)));
  auto jitter = *rc::gen::inRange(0, 50'000'000);
  auto loss = *rc::gen::inRange(0, 300'000);
  auto cut_at = *rc::gen::inRange(0, 200);
  std::vector<std::string> pieces;
  std::string sent;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    std::string piece;
    for (int k = 0; k < sizes[i]; ++k) piece += static_cast<char>(i * 31 + static_cast<std::size_t>(k) * 7);
    sent += piece;
    pieces.push_back(std::move(piece));
  }
  World world({.seed = seed});
  world.network().set_default_link({.delay = sim::DelayLaw::uniform({.min = 0s, .max = Duration(jitter)}),
                                    .loss_ppm = static_cast<std::uint32_t>(loss)});
  std::string received;
  bool ended = false;
  auto& receiver = world.add_process("receiver");
  auto& sender = world.add_process("sender");
  receiver.start([&](Runtime& runtime) {
    spawn(runtime.executor, runtime.log, "receiver", receive_all(runtime, received, ended));
  });
  sender.start([&](Runtime& runtime) { spawn(runtime.executor, runtime.log, "sender", send_pieces(runtime, pieces)); });
  world.schedule(at(cut_at * 1ms), [&] { world.network().partition(sender, receiver); });
  world.schedule(at(cut_at * 1ms + 5s), [&] { world.network().heal(sender, receiver); });
  world.run_until(at(2h));
  RC_ASSERT(received == sent);
  RC_ASSERT(ended);
}

}  // namespace
}  // namespace kumasim
