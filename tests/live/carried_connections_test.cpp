/// Connections are known from their first segment on; what becomes of those that are reset, silenced or forgotten.
#include <gtest/gtest.h>

#include "scenarios/live/carried_connections.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;
using live::TcpSegment;
using Questions = std::vector<CarriedConnections::Question>;

class Carried : public testing::Test {
 protected:
  /// From one of two ends, at ports 4 and 7 of the switch.
  CarriedConnections::Verdict see(TcpSegment segment, bool client = true) {
    segment.from = client ? client_ : server_;
    segment.to = client ? server_ : client_;
    return connections_.see({.from = client ? 4u : 7u, .to = client ? 7u : 4u}, MonotonicTime(now_), segment);
  }
  void connect() {
    see({.sequence = 99, .syn = true});
    see({.sequence = 499, .acknowledged = 100, .syn = true, .ack = true}, false);
    see({.sequence = 100, .acknowledged = 500, .ack = true});
  }
  static TcpSegment read(const live::Frame& frame) { return *live::read_segment(frame); }

  TcpSegment::End client_{.hardware = {2}, .address = 9, .port = 40000}, server_{.address = 1, .port = 80};
  Duration now_ = 1s;
  CarriedConnections connections_;
};

TEST_F(Carried, AreForgottenWhenBothEndsHaveEndedOrOneResets) {
  connect();
  EXPECT_EQ(connections_.count(), 1u);
  see({.sequence = 100, .acknowledged = 500, .ack = true, .fin = true});
  EXPECT_EQ(connections_.count(), 1u);
  see({.sequence = 500, .acknowledged = 101, .ack = true, .fin = true}, false);
  EXPECT_EQ(connections_.count(), 0u);
  EXPECT_TRUE(see({.sequence = 101, .acknowledged = 501, .ack = true}).carried);
  connect();
  EXPECT_TRUE(see({.sequence = 500, .rst = true}, false).carried);
  EXPECT_EQ(connections_.count(), 0u);
}

TEST_F(Carried, AResetAsksBothEndsAndRefusesWhatTheyReply) {
  connect();
  see({.sequence = 100, .acknowledged = 500, .ack = true, .payload_bytes = 30});
  see({.sequence = 500, .acknowledged = 130, .ack = true}, false);
  EXPECT_TRUE(connections_.reset({.from = 4, .to = 6}).empty()) << "others";
  Questions questions = connections_.reset({.from = 7, .to = 4});
  ASSERT_EQ(questions.size(), 2u);
  for (const auto& [to, frame] : questions) {
    TcpSegment asked = read(frame);
    bool to_client = asked.to == client_;
    EXPECT_EQ(to, to_client ? 4u : 7u);
    EXPECT_EQ(asked.sequence, to_client ? 499u : 129u) << "what it has acknowledged";
    EXPECT_EQ(asked.acknowledged, to_client ? 130u : 500u);
    EXPECT_EQ(asked.payload_bytes, 1u);
  }
  EXPECT_TRUE(connections_.reset({.from = 7, .to = 4}).empty()) << "once";
  auto verdict = see({.sequence = 130, .acknowledged = 507, .ack = true});
  EXPECT_FALSE(verdict.carried);
  ASSERT_TRUE(verdict.back);
  EXPECT_EQ(read(*verdict.back).sequence, 507u);
  EXPECT_TRUE(read(*verdict.back).rst);
  EXPECT_EQ(read(*verdict.back).to, client_);
  EXPECT_EQ(connections_.count(), 1u) << "the server does not know yet";
  EXPECT_FALSE(see({.sequence = 507, .acknowledged = 130, .ack = true}, false).carried);
  EXPECT_EQ(connections_.count(), 0u);
}

TEST_F(Carried, ThoseThatAreBeingMadeAreNotReset) {
  see({.sequence = 99, .syn = true});
  EXPECT_TRUE(connections_.reset({.from = 4, .to = 7}).empty());
  EXPECT_TRUE(see({.sequence = 499, .acknowledged = 100, .syn = true, .ack = true}, false).carried);
}

TEST_F(Carried, SilenceIsForThoseThatThereAre) {
  connect();
  connections_.silence({.from = 7, .to = 4});
  auto verdict = see({.sequence = 100, .acknowledged = 500, .ack = true, .payload_bytes = 3});
  EXPECT_FALSE(verdict.carried || verdict.back);
  EXPECT_FALSE(see({.sequence = 500, .rst = true}, false).carried);
  connect();  // the same ports again
  EXPECT_TRUE(see({.sequence = 100, .acknowledged = 500, .ack = true, .payload_bytes = 3}).carried);
}

TEST_F(Carried, OnlyIdleOnesAreForgotten) {
  connect();
  now_ = 3s;
  EXPECT_TRUE(connections_.forget_idle({.from = 4, .to = 7}, MonotonicTime(1s), true).empty());
  EXPECT_EQ(connections_.forget_idle({.from = 4, .to = 7}, MonotonicTime(1500ms), true).size(), 2u);
  connect();
  EXPECT_TRUE(connections_.forget_idle({.from = 4, .to = 7}, MonotonicTime(4s), false).empty());
  EXPECT_FALSE(see({.sequence = 100, .acknowledged = 500, .ack = true}).carried);
}

}  // namespace
}  // namespace kumasim::scenario
