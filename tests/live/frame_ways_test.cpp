/// What happens to frames by the links that they pass.
#include <gtest/gtest.h>

#include <algorithm>

#include "scenarios/live/frame_ways.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;
using Fate = live::EthernetSwitch::Fate;
using Kind = Fate::Kind;

constexpr std::size_t headers = 54;

live::Frame frame_with(std::size_t payload_bytes, std::uint16_t port = 40000) {
  return live::frame_of({.from = {.address = 1, .port = port},
                         .to = {.address = 2, .port = 80},
                         .acknowledged = 7,
                         .ack = true,
                         .payload_bytes = payload_bytes});
}

class Ways : public testing::Test {
 protected:
  Fate pass(live::Frame& frame) { return ways_.pass({.from = 0, .to = 1, .now = MonotonicTime(now_), .frame = frame}); }
  Fate pass(std::size_t payload_bytes = 0, std::uint16_t port = 40000) {
    live::Frame frame = frame_with(payload_bytes, port);
    return pass(frame);
  }
  /// A link that takes no time but what it is changed to.
  template <class Change>
  void set(Change change) {
    FrameWay way;
    change(way.link);
    ways_.set(0, 1, std::move(way));
  }

  Duration now_ = 1s;
  FrameWays ways_{1};
};

TEST_F(Ways, DelayIsOfTheLawAndOrderIsOfAConnection) {
  EXPECT_EQ(pass().delay, 0ms);
  set([&](sim::LinkOptions& link) { link.delay = sim::DelayLaw::uniform({.min = 10ms, .max = 30ms}); });
  Duration least = 1s, most{};
  for (int i = 0; i < 1000; ++i) {
    Duration delay = pass().delay;
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  EXPECT_GE(least, 10ms);
  EXPECT_LE(most, 30ms);
  EXPECT_GT(most - least, 15ms);
  EXPECT_EQ(pass(0, 1).flow, pass(9, 1).flow);
  EXPECT_NE(pass(0, 1).flow, pass(0, 2).flow);
  live::Frame arp = frame_with(0);
  arp[13] = 6;
  EXPECT_EQ(pass(arp).delay, 0ms);
}

TEST_F(Ways, CorrelatedDelaysResembleOneAnother) {
  auto step = [&](std::uint32_t correlation_ppm) {
    set([&](sim::LinkOptions& link) {
      link.delay = sim::DelayLaw::uniform({.min = 10ms, .max = 30ms});
      link.delay_correlation_ppm = correlation_ppm;
    });
    Duration sum{}, last = pass().delay;
    for (int i = 0; i < 1000; ++i) {
      Duration delay = pass().delay;
      sum += delay > last ? delay - last : last - delay;
      last = delay;
    }
    return sum;
  };
  Duration rough = step(0), smooth = step(900'000);
  EXPECT_LT(smooth, rough / 3);
  EXPECT_GT(smooth, 0ms);
}

TEST_F(Ways, LossesAreAsManyAndAsLongInARowAsAskedFor) {
  for (std::uint32_t burst : {1u, 10u}) {
    set([&](sim::LinkOptions& link) {
      link.loss_ppm = 200'000;
      link.loss_burst = burst;
    });
    int lost = 0, bursts = 0;
    bool last = false;
    for (int i = 0; i < 50'000; ++i) {
      bool now = pass().kind == Kind::lost;
      lost += now ? 1 : 0;
      bursts += now && !last ? 1 : 0;
      last = now;
    }
    EXPECT_NEAR(lost, 10'000, 1'000) << burst;
    EXPECT_NEAR(static_cast<double>(lost) / bursts, burst == 1 ? 1.25 : 10, burst == 1 ? 0.1 : 1.5);
  }
}

TEST_F(Ways, ABottleneckPassesSoManyBytesASecondAndHoldsSoMany) {
  set([&](sim::LinkOptions& link) {
    link.delay = sim::DelayLaw::constant(5ms);
    link.bottleneck_bytes_per_second = 100'000;
  });
  EXPECT_EQ(pass(1000 - headers).delay, 15ms);
  EXPECT_EQ(pass(1000 - headers).delay, 25ms);
  now_ += 20ms;
  EXPECT_EQ(pass(1000 - headers).delay, 15ms) << "all has left it";
  int passed = 1;
  while (passed < 1000 && pass(1000 - headers).kind == Kind::arrives) ++passed;
  EXPECT_EQ(passed, static_cast<int>(FrameWays::queue_bytes_max / 1000));
  now_ += 10ms;
  EXPECT_EQ(pass(1000 - headers).kind, Kind::arrives);
}

TEST_F(Ways, ASlowConnectionIsSlowByItself) {
  set([&](sim::LinkOptions& link) { link.bytes_per_second = 100'000; });
  EXPECT_EQ(pass(1000 - headers, 1).delay, 10ms);
  EXPECT_EQ(pass(1000 - headers, 1).delay, 20ms);
  EXPECT_EQ(pass(1000 - headers, 2).delay, 10ms);
  set([&](sim::LinkOptions& link) { link.bytes_per_second = 0; });
  EXPECT_EQ(pass(1000 - headers, 1).delay, 0ms);
}

TEST_F(Ways, TheEndOfAConnectionArrivesLaterThanAllElse) {
  set([&](sim::LinkOptions& link) {
    link.delay = sim::DelayLaw::constant(5ms);
    link.close_delay = 2s;
  });
  live::Frame end = live::frame_of({.from = {.port = 1}, .to = {.port = 80}, .ack = true, .fin = true});
  Fate late = pass(end);
  EXPECT_EQ(late.delay, 2005ms);
  EXPECT_EQ(pass(0, 1).delay, 5ms);
  EXPECT_NE(late.flow, pass(0, 1).flow);
}

TEST_F(Ways, AWrongBitIsInThePayload) {
  set([&](sim::LinkOptions& link) { link.corrupt_ppm = 1'000'000; });
  live::Frame before = frame_with(100), frame = before, empty = frame_with(0), still = empty;
  pass(frame);
  pass(empty);
  EXPECT_EQ(empty, still);
  int differing = 0;
  for (std::size_t at = headers; at < frame.size(); ++at) differing += frame[at] != before[at] ? 1 : 0;
  EXPECT_EQ(differing, 1);
}

TEST_F(Ways, AClogHoldsAndItsEndIsTold) {
  EXPECT_FALSE(ways_.set(0, 1, {.clogged = true}));
  EXPECT_EQ(pass().kind, Kind::held);
  EXPECT_FALSE(ways_.set(0, 1, {.link = {.delay = sim::DelayLaw::constant(1ms)}, .clogged = true}));
  EXPECT_TRUE(ways_.set(0, 1, {}));
  EXPECT_EQ(pass().kind, Kind::arrives);
}

TEST_F(Ways, NothingPassesThatIsCut) {
  ways_.set(0, 1, {.cut = true});
  EXPECT_EQ(pass().kind, Kind::lost);
  ways_.set(0, 1, {});
  EXPECT_EQ(pass().kind, Kind::arrives);
}

TEST_F(Ways, DoorsAreForRequestsAlone) {
  live::Frame request = live::frame_of({.from = {.port = 1}, .to = {.port = 2}, .sequence = 5, .syn = true});
  ways_.set(0, 1, {.door = sim::Door::refusing});
  EXPECT_EQ(pass().kind, Kind::arrives);
  Fate refused = pass(request);
  EXPECT_EQ(refused.kind, Kind::lost);
  ASSERT_TRUE(refused.back);
  EXPECT_TRUE(live::read_segment(*refused.back)->rst);
  ways_.set(0, 1, {.door = sim::Door::silent});
  Fate swallowed = pass(request);
  EXPECT_EQ(swallowed.kind, Kind::lost);
  EXPECT_FALSE(swallowed.back);
  ways_.set(0, 1, {});
  EXPECT_EQ(pass(request).kind, Kind::arrives);
}

}  // namespace
}  // namespace kumasim::scenario
