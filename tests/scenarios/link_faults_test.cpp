/// What each fault of links, connections and names does to a stream between two simulated processes.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/scenarios/fault_bed.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;

using Lines = std::vector<FaultBed::Line>;

Duration shortest(const Lines& lines) {
  Duration out = Duration::max();
  for (const auto& line : lines) out = std::min(out, line.delay());
  return out;
}

Duration longest(const Lines& lines) {
  Duration out{};
  for (const auto& line : lines) out = std::max(out, line.delay());
  return out;
}

bool in_order(const Lines& lines) {
  return std::ranges::is_sorted(lines, std::less_equal<>(), &FaultBed::Line::number) &&
         std::ranges::adjacent_find(lines, [](const auto& a, const auto& b) { return a.number == b.number; }) ==
             lines.end();
}

TEST(LinkFaults, DelayFollowsItsLawAndEnds) {
  FaultBed bed(
      "- {fault: net.delay, at: 1s, for: 5s, between: [a, b], delay: {law: normal, mean: 100ms, deviation: 10ms}}");
  bed.run(10s);
  EXPECT_LT(longest(bed.lines_between(0s, 900ms)), 1ms);
  Lines slow = bed.lines_between(1s, 5800ms);
  Duration sum{};
  for (const auto& line : slow) sum += line.delay();
  // Lines keep their order, so that a slow one holds up those behind it.
  EXPECT_NEAR(static_cast<double>((sum / static_cast<std::int64_t>(slow.size())).count()), 110e6, 15e6);
  EXPECT_LT(longest(bed.lines_between(7s, 9s)), 1ms);
}

TEST(LinkFaults, DelayOfOneDirectionOnly) {
  FaultBed there("- {fault: net.delay, at: 1s, between: [a, b], delay: 100ms, direction: oneWay}");
  FaultBed back("- {fault: net.delay, at: 1s, between: [a, b], delay: 100ms, direction: otherWay}");
  there.run(3s);
  back.run(3s);
  EXPECT_GE(shortest(there.lines_between(1s, 2s)), 100ms);
  EXPECT_LT(longest(back.lines_between(1s, 2s)), 1ms);
}

TEST(LinkFaults, CorrelatedDelaysBelowAMillisecondStayWithinTheirLaw) {
  FaultBed bed("- {fault: net.delay, at: 0s, target: b-0, delay: [300us, 500us], correlation: 50%}", {.pause = 50ms});
  bed.run(20s);
  Lines lines = bed.lines_between(1s, 19s);
  ASSERT_FALSE(lines.empty());
  EXPECT_GE(shortest(lines), 300us);
  EXPECT_LT(longest(lines), 510us);
}

/// The mean step from one delay to the next.
double roughness(const std::string& correlation) {
  FaultBed bed("- {fault: net.delay, at: 0s, target: b-0, delay: [10ms, 30ms], correlation: " + correlation + "}",
               {.pause = 50ms});
  bed.run(60s);
  double sum = 0;
  for (std::size_t i = 2; i < bed.lines.size(); ++i)
    sum += std::abs(static_cast<double>((bed.lines[i].delay() - bed.lines[i - 1].delay()).count()));
  return sum / static_cast<double>(bed.lines.size());
}

TEST(LinkFaults, CorrelatedDelaysResembleOneAnother) {
  EXPECT_LT(roughness("90%"), roughness("0%") / 3);
  EXPECT_GT(roughness("90%"), 0);
}

/// Of lines that are far enough apart to be independent, how many were lost once or more, and how many of those that
/// follow a lost one.
struct Losses {
  double rate = 0, after_loss = 0;
};
Losses losses(const std::string& fault) {
  FaultBed bed(fault, {.pause = 5ms, .line_bytes = 200});
  bed.run(60s);
  std::size_t lost = 0, both = 0;
  bool last = false;
  for (std::size_t i = 1; i < bed.lines.size(); ++i) {
    // What waits behind a lost one arrives with it; one of its own loss arrives later than the one before.
    bool late = bed.lines[i].delay() >= 200ms && bed.lines[i].at > bed.lines[i - 1].at;
    lost += late ? 1 : 0;
    both += late && last ? 1 : 0;
    last = late;
  }
  return {static_cast<double>(lost) / static_cast<double>(bed.lines.size()),
          static_cast<double>(both) / std::max<double>(static_cast<double>(lost), 1)};
}

TEST(LinkFaults, LossHasItsRate) {
  // With a second from line to line none waits behind another.
  FaultBed bed("- {fault: net.loss, at: 0s, between: [a, b], loss: 20%}", {.pause = 1s});
  bed.run(200s);
  std::size_t lost = 0;
  for (const auto& line : bed.lines) lost += line.delay() >= 200ms ? 1 : 0;
  EXPECT_NEAR(static_cast<double>(lost) / static_cast<double>(bed.lines.size()), 0.2, 0.08);
  EXPECT_TRUE(in_order(bed.lines));
}

TEST(LinkFaults, LossesComeInBursts) {
  Losses single = losses("- {fault: net.loss, at: 0s, between: [a, b], loss: 1%}");
  Losses burst = losses("- {fault: net.loss, at: 0s, between: [a, b], loss: 1%, burst: 10}");
  EXPECT_GT(single.rate, 0);
  EXPECT_GT(burst.after_loss, 5 * single.after_loss);
}

TEST(LinkFaults, ALinkThatLosesAllIsCut) {
  for (const char* burst : {"", ", burst: 5"}) {
    std::string fault = std::string("loss: 100%, between: [a, b]") + burst + "}";
    FaultBed lasting("- {fault: net.loss, at: 1s, for: 30s, " + fault),
        brief("- {fault: net.loss, at: 1s, for: 5s, " + fault);
    lasting.run(60s);
    brief.run(20s);
    EXPECT_TRUE(lasting.lines_between(1010ms, 30s).empty());
    ASSERT_FALSE(lasting.failures.empty());
    EXPECT_EQ(lasting.failures[0].text, "Connection timed out");
    EXPECT_NEAR(static_cast<double>(lasting.failures[0].at.count()), 16e9, 1e9);
    EXPECT_FALSE(lasting.lines_between(40s, 60s).empty());
    EXPECT_TRUE(brief.failures.empty());
    EXPECT_TRUE(in_order(brief.lines));
    EXPECT_EQ(brief.lines.back().number, static_cast<int>(brief.lines.size()));
    for (const auto& line : brief.lines) EXPECT_TRUE(line.at < 1010ms || line.at > 6s) << line.at.count();
  }
}

TEST(LinkFaults, RateAndLossEndWithTheirFault) {
  FaultBed rate("- {fault: net.rate, at: 1s, for: 10s, between: [a, b], bandwidth: 2000}");
  FaultBed loss("- {fault: net.loss, at: 1s, for: 10s, between: [a, b], loss: 80%}");
  for (FaultBed* bed : {&rate, &loss}) {
    bed->run(20s);
    EXPECT_TRUE(in_order(bed->lines));
    EXPECT_EQ(bed->lines.back().number, static_cast<int>(bed->lines.size()));
    Lines after = bed->lines_between(11500ms, 19s);
    ASSERT_FALSE(after.empty());
    EXPECT_LT(longest(after), 1ms);
  }
}

TEST(LinkFaults, RateIsABottleneck) {
  // 100 lines of 1000 bytes a second into 20 000 bytes a second.
  FaultBed bed("- {fault: net.rate, at: 0s, for: 60s, between: [a, b], bandwidth: 20000}", {.line_bytes = 1000});
  bed.run(30s);
  std::size_t bytes = bed.lines.size() * 1000;
  EXPECT_NEAR(static_cast<double>(bytes), 600'000, 30'000);
}

TEST(LinkFaults, APartitionIsSilentUntilConnectionsTimeOut) {
  FaultBed bed("- {fault: net.partition, at: 1s, for: 30s, between: [a, b]}");
  bed.run(60s);
  EXPECT_TRUE(bed.lines_between(2s, 30s).empty());
  ASSERT_FALSE(bed.failures.empty());
  EXPECT_EQ(bed.failures[0].text, "Connection timed out");
  EXPECT_NEAR(static_cast<double>(bed.failures[0].at.count()), 16e9, 1e9);
  EXPECT_FALSE(bed.lines_between(35s, 60s).empty());
}

TEST(LinkFaults, TwoPartitionsOfAWayEndWithTheSecond) {
  FaultBed bed(
      "- {fault: net.partition, at: 1s, for: 3s, between: [a, b]}\n"
      "  - {fault: net.partition, at: 2s, for: 6s, target: b-0}");
  bed.run(12s);
  for (const auto& line : bed.lines) EXPECT_TRUE(line.at < 1010ms || line.at > 8s) << line.at.count();
  EXPECT_GT(bed.lines.back().at, 11s);
}

TEST(LinkFaults, AClogHoldsAndReleasesInOrder) {
  FaultBed bed("- {fault: net.clog, at: 1s, for: 30s, between: [a, b]}");
  bed.run(60s);
  EXPECT_TRUE(bed.failures.empty()) << bed.failures[0].text;
  EXPECT_TRUE(in_order(bed.lines));
  EXPECT_EQ(bed.lines.back().number, static_cast<int>(bed.lines.size()));
  for (const auto& line : bed.lines) EXPECT_TRUE(line.at < 1010ms || line.at >= 31s) << line.at.count();
}

TEST(LinkFaults, AFlappingLinkIsUpAndDown) {
  FaultBed bed("- {fault: net.flap, at: 1s, for: 10s, between: [a, b], period: 2s, down: 50%}");
  bed.run(20s);
  for (Duration down : {1s, 3s, 5s, 7s, 9s}) {
    for (const auto& line : bed.lines) EXPECT_FALSE(line.at > down + 10ms && line.at < down + 1s) << line.at.count();
  }
  EXPECT_TRUE(std::ranges::any_of(bed.lines, [](const auto& line) { return line.at > 4s && line.at < 5s; }));
  EXPECT_TRUE(in_order(bed.lines));
}

TEST(LinkFaults, ASwizzleClogsEachProcessForATime) {
  FaultBed bed("- {fault: net.swizzle, at: 1s, for: 20s, select: {tags: {}, pick: 2}}");
  bed.run(30s);
  EXPECT_TRUE(bed.failures.empty());
  EXPECT_TRUE(in_order(bed.lines));
  auto held = std::ranges::count_if(bed.lines, [](const auto& line) { return line.delay() > 1s; });
  EXPECT_GT(held, 500);
}

TEST(ConnectionFaults, AResetIsToldToBothAtOnce) {
  FaultBed bed("- {fault: tcp.reset, at: 1s, between: [a, b]}");
  bed.run(5s);
  ASSERT_EQ(bed.failures.size(), 1u);
  EXPECT_EQ(bed.failures[0].text, "Connection reset by peer");
  EXPECT_NEAR(static_cast<double>(bed.failures[0].at.count()), 1e9, 2e7);
  EXPECT_GT(bed.lines.back().at, 4900ms);
}

TEST(ConnectionFaults, AHalfOpenConnectionIsNoticedByWhoSendsOnIt) {
  FaultBed bed("- {fault: tcp.halfOpen, at: 1s, between: [a, b]}");
  bed.run(30s);
  ASSERT_EQ(bed.failures.size(), 1u);
  EXPECT_EQ(bed.failures[0].text, "Connection timed out");
  EXPECT_NEAR(static_cast<double>(bed.failures[0].at.count()), 16e9, 1e9);
  EXPECT_TRUE(bed.lines_between(1s, 16s).empty());
  EXPECT_GT(bed.lines.back().at, 29s) << "new connections work";
}

TEST(ConnectionFaults, RefusedConnectionsAreToldAtOnceAndThoseThatAreGoOn) {
  FaultBed bed(
      "- {fault: tcp.refuse, at: 1s, for: 5s, target: b-0, direction: otherWay}\n"
      "  - {fault: tcp.reset, at: 2s, between: [a, b]}");
  bed.run(10s);
  EXPECT_FALSE(bed.lines_between(1100ms, 1900ms).empty());
  ASSERT_GE(bed.failures.size(), 3u);
  EXPECT_EQ(bed.failures[1].text, "Connection refused");
  EXPECT_TRUE(bed.lines_between(2100ms, 6s).empty());
  EXPECT_GT(bed.lines.back().at, 9900ms);
}

TEST(ConnectionFaults, AHangingDoorAnswersWhenItIsOver) {
  FaultBed bed(
      "- {fault: tcp.hang, at: 1s, for: 20s, between: [a, b], direction: oneWay}\n"
      "  - {fault: tcp.reset, at: 2s, between: [a, b]}");
  bed.run(30s);
  ASSERT_EQ(bed.failures.size(), 1u) << bed.failures[1].text;
  EXPECT_FALSE(bed.lines_between(1100ms, 1900ms).empty());
  EXPECT_TRUE(bed.lines_between(2100ms, 20s).empty());
  EXPECT_GT(bed.lines.back().at, 29s);
}

TEST(ConnectionFaults, SlicesAreSmallAndFarBetween) {
  FaultBed bed("- {fault: tcp.slice, at: 1s, for: 10s, between: [a, b], bytes: 10, pause: 1ms}", {.pause = 100ms});
  bed.run(15s);
  EXPECT_EQ(bed.lines_between(0s, 900ms).at(1).read, 100u);
  for (const auto& line : bed.lines_between(1s, 10s)) {
    EXPECT_LE(line.read, 10u);
    EXPECT_GE(line.delay(), 9ms);
  }
  EXPECT_EQ(bed.lines.back().read, 100u);
}

TEST(ConnectionFaults, IdleConnectionsAreForgotten) {
  FaultBed silent("- {fault: tcp.idleKill, at: 0s, between: [a, b], idle: 5s}", {.pause = 10s});
  FaultBed told("- {fault: tcp.idleKill, at: 0s, between: [a, b], idle: 5s, how: reset}", {.pause = 10s});
  FaultBed busy("- {fault: tcp.idleKill, at: 0s, between: [a, b], idle: 5s}", {.pause = 2s});
  for (FaultBed* bed : {&silent, &told, &busy}) bed->run(60s);
  ASSERT_FALSE(silent.failures.empty());
  EXPECT_EQ(silent.failures[0].text, "Connection timed out");
  ASSERT_FALSE(told.failures.empty());
  EXPECT_EQ(told.failures[0].text, "Connection reset by peer");
  EXPECT_LT(told.failures[0].at, silent.failures[0].at);
  EXPECT_TRUE(busy.failures.empty());
}

TEST(NameFaults, LookUpsFailAndAreSlowOfThatNameOnly) {
  const std::string reset = "\n  - {fault: tcp.reset, at: 2s, between: [a, b]}";
  FaultBed failing("- {fault: dns.error, at: 1s, for: 5s, target: a-0, code: tryAgain}" + reset);
  FaultBed other("- {fault: dns.error, at: 1s, for: 5s, target: a-0, name: kuma-cp}" + reset);
  FaultBed slow("- {fault: dns.slow, at: 1s, for: 20s, target: a-0, delay: 3s}" + reset);
  for (FaultBed* bed : {&failing, &other, &slow}) bed->run(10s);
  ASSERT_GE(failing.failures.size(), 2u);
  EXPECT_EQ(failing.failures[1].text, "Host not found (non-authoritative), try again later");
  EXPECT_GT(failing.lines.back().at, 9900ms);
  EXPECT_EQ(other.failures.size(), 1u);
  ASSERT_EQ(slow.failures.size(), 1u);
  // It connects again half a second after the reset, and then looks the name up.
  EXPECT_TRUE(slow.lines_between(2100ms, 5400ms).empty());
  EXPECT_FALSE(slow.lines_between(5500ms, 6s).empty());
}

TEST(NameFaults, AStaleNameLeadsToWhereNobodyIsAnyMore) {
  const std::string move = "- {fault: proc.newAddress, at: 2s, target: b-0}";
  FaultBed fresh(move), stale(move + "\n  - {fault: dns.stale, at: 1s, for: 70s, target: a-0}");
  fresh.run(10s);
  stale.run(150s);
  EXPECT_NE(fresh.process("b-0").address(), "10.0.0.3");
  EXPECT_FALSE(fresh.lines_between(3s, 4s).empty());
  EXPECT_TRUE(stale.lines_between(3s, 62s).empty());
  ASSERT_GE(stale.failures.size(), 2u);
  EXPECT_EQ(stale.failures[1].text, "Connection timed out");
  EXPECT_GT(stale.lines.back().at, 149s);
}

}  // namespace
}  // namespace kumasim::scenario
