/// What the faults of bytes, of the ends of connections, of readers and of old names do to one that reads a stream.
#include <gtest/gtest.h>

#include <fstream>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include "kumasim/runtime/task.hpp"
#include "tests/scenarios/fault_bed.hpp"
#include "tests/scenarios/fault_mesh.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;

TEST(StreamFaults, CorruptBytesArriveInTheClear) {
  FaultBed bed("- {fault: net.corrupt, share: 50%, at: 1s, for: 4s, between: [a, b], direction: oneWay}");
  bed.run(10s);
  EXPECT_GT(bed.garbled, 5u) << "a bit of some number is wrong";
  EXPECT_LT(bed.garbled, 400u) << "of most lines it is a blank";
  EXPECT_TRUE(bed.failures.empty());
  for (const auto& line : bed.lines_between(5100ms, 10s)) EXPECT_LT(line.delay(), 5ms);
}

TEST(StreamFaults, TlsEndsConnectionsWithCorruptBytes) {
  EXPECT_EQ(broken("60s", "  faults: [{at: 5s, for: 10s, fault: net.corrupt, share: 30%, target: web-0}]",
                   "  - during: {from: 0s, to: 5s, that: reachable(web -> backend)}\n"
                   "  - during: {from: 5s, to: 15s, that: \"availability(web -> backend) <= 70%\"}\n"
                   "  - during: {from: 50s, to: 60s, that: reachable(web -> backend)}\n"
                   "  - eventually: {after: 15s, within: 45s, that: converged}\n"),
            "");
}

TEST(StreamFaults, ASlowReaderHoldsUpWhoWrites) {
  // 10 000 bytes a second are written, half of them arrive.
  FaultBed bed("- {fault: load.slowClient, bandwidth: 5000, at: 1s, for: 4s, target: b-0}");
  bed.run(20s);
  ASSERT_FALSE(bed.lines_between(4s, 5s).empty());
  for (const auto& line : bed.lines_between(4s, 5s)) EXPECT_GT(line.delay(), 1s);
  EXPECT_LT(bed.lines.back().delay(), 5ms);
  EXPECT_EQ(bed.lines.back().number, static_cast<int>(bed.lines.size()));
}

TEST(StreamFaults, AHerdIsResetAgainAndAgain) {
  FaultBed bed("- {fault: load.reconnectHerd, period: 2s, at: 1s, for: 7s, target: b-0}");
  bed.run(12s);
  std::vector<Duration> at;
  for (const auto& failure : bed.failures) at.push_back(std::chrono::floor<std::chrono::seconds>(failure.at));
  EXPECT_EQ(at, (std::vector<Duration>{1s, 3s, 5s, 7s}));
}

/// When both ends of a connection know of its end: it is closed at 2 s by one of them.
Duration closed_at(const std::string& fault) {
  FaultBed bed(fault);
  Duration out{};
  auto close = [](Runtime& runtime, Duration* told) -> asio::awaitable<void> {
    co_await sleep(runtime.timers, 2s);
    Stream stream = co_await runtime.network.connect({"b-0", 7});
    stream.shutdown_send();
    char byte = 0;
    try {
      co_await stream.async_read_some(asio::buffer(&byte, 1));
    } catch (const boost::system::system_error&) {
      *told = runtime.clock.now().time_since_epoch();
    }
  };
  bed.process("kuma-cp").kill();
  bed.process("kuma-cp").start(
      [&](Runtime& runtime) { spawn(runtime.executor, runtime.log, "closer", close(runtime, &out)); });
  bed.run(20s);
  return out;
}

TEST(StreamFaults, TheEndOfAConnectionIsToldLate) {
  EXPECT_LT(closed_at("[]"), 2100ms);
  Duration both = closed_at("- {fault: tcp.slowClose, late: 3s, at: 1s, target: kuma-cp}");
  EXPECT_GT(both, 8s);
  EXPECT_LT(both, 8100ms);
  Duration one = closed_at("- {fault: tcp.slowClose, late: 3s, direction: oneWay, at: 1s, target: kuma-cp}");
  EXPECT_GT(one, 5s);
  EXPECT_LT(one, 5100ms);
}

TEST(StreamFaults, AnOldAddressIsGivenForSomeTime) {
  const std::string moved = "- {fault: proc.newAddress, at: 2s, target: b-0}";
  FaultBed present(moved, {.pause = 50ms});
  FaultBed late("- {fault: dns.removedLate, late: 5s, at: 1s, target: a-0}\n  " + moved, {.pause = 50ms});
  FaultBed over("- {fault: dns.removedLate, late: 100ms, at: 1s, target: a-0}\n  " + moved, {.pause = 50ms});
  present.run(4s);
  over.run(4s);
  late.run(70s);
  EXPECT_FALSE(present.lines_between(3s, 4s).empty());
  EXPECT_FALSE(over.lines_between(3s, 4s).empty()) << "it looks the name up half a second after the move";
  // Nobody answers there until the connection request times out.
  EXPECT_TRUE(late.lines_between(2100ms, 62s).empty());
  EXPECT_FALSE(late.lines_between(64s, 70s).empty());
}

TEST(StreamFaults, DelaysFollowATrace) {
  std::string file = testing::TempDir() + "delays.txt";
  std::ofstream(file) << "# measured\n20ms\n\n80ms  # once\n";
  FaultBed bed(
      fmt::format("- {{fault: net.delay, delay: {{law: trace, file: {}}}, at: 1s, for: 8s, between: [a, b]}}", file));
  bed.run(10s);
  Duration least = 1s, most{};
  for (const auto& line : bed.lines_between(1500ms, 8500ms)) {
    least = std::min(least, line.delay());
    most = std::max(most, line.delay());
  }
  EXPECT_GE(least, 20ms);
  EXPECT_GT(most, 75ms);
  EXPECT_LT(most, 90ms);
}

}  // namespace
}  // namespace kumasim::scenario
