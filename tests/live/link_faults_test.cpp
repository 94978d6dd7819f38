/// What each fault of links does to what real sockets send.
#include <gtest/gtest.h>

#include <bit>
#include <string>

#include "tests/live/links_bed.hpp"

namespace kumasim::scenario {
namespace {

class LinkFaults : public LinksBed {};

TEST_F(LinkFaults, DelaysBeginAndEndWhileConnectionsGoOn) {
  ASSERT_NO_FATAL_FAILURE(make("{fault: net.delay, at: 1s, for: 5s, between: [web, backend], delay: 150ms}"));
  Talk& talk = connected();
  EXPECT_LT(echo(talk), 300ms);
  begin();
  EXPECT_GE(echo(talk), 300ms);
  end();
  EXPECT_LT(echo(talk), 300ms);
}

TEST_F(LinkFaults, ABottleneckIsAsNarrowAsItSays) {
  ASSERT_NO_FATAL_FAILURE(
      make("{fault: net.rate, at: 1s, for: 5s, between: [web, backend], bandwidth: 100000, direction: oneWay}"));
  Talk& talk = connected();
  begin();
  Duration took = echo(talk, std::string(30'000, 'x'));
  EXPECT_GE(took, 300ms);
  EXPECT_LT(took, 3s);
}

TEST_F(LinkFaults, WhoReadsSlowlyHoldsUpItsOwnConnectionAlone) {
  ASSERT_NO_FATAL_FAILURE(make("{fault: load.slowClient, at: 1s, for: 5s, target: backend-0, bandwidth: 100000}"));
  Talk &slow = connected(), &other = connected();
  begin();
  say(slow, std::string(30'000, 'x'));
  echo(other);
  EXPECT_TRUE(slow.back.empty());
  EXPECT_TRUE(until([&] { return !slow.back.empty(); }));
  EXPECT_GE(slow.took, 300ms);
}

TEST_F(LinkFaults, LossesAreSentAgain) {
  ASSERT_NO_FATAL_FAILURE(make("{fault: net.loss, at: 1s, for: 5s, between: [web, backend], loss: 5%}"));
  Talk& talk = connected();
  begin();
  std::string text;
  for (int i = 0; text.size() < 50'000; ++i) text += std::to_string(i) + " ";
  echo(talk, text);
  EXPECT_TRUE(talk.back == text);
}

TEST_F(LinkFaults, WrongBitsArrive) {
  ASSERT_NO_FATAL_FAILURE(
      make("{fault: net.corrupt, at: 1s, for: 5s, between: [web, backend], share: 100%, direction: oneWay}"));
  Talk& talk = connected();
  begin();
  std::string text(1000, 'x');
  echo(talk, text);
  int wrong = 0;
  for (std::size_t i = 0; i < talk.back.size(); ++i)
    wrong += std::popcount(static_cast<unsigned>(static_cast<unsigned char>(talk.back[i] ^ text[i])));
  EXPECT_EQ(wrong, 1);
  end();
  echo(talk, text);
  EXPECT_EQ(talk.back, text);
}

TEST_F(LinkFaults, WhatIsCutIsSentAgainAfterTheEnd) {
  ASSERT_NO_FATAL_FAILURE(
      make("{fault: net.partition, at: 1s, for: 5s, between: [web, backend], direction: otherWay}"));
  Talk& talk = connected();
  begin();
  say(talk, "hello");
  EXPECT_FALSE(until([&] { return !talk.back.empty() || talk.failed; }, 100ms));
  end();
  EXPECT_TRUE(until([&] { return talk.back == "hello"; }));
}

TEST_F(LinkFaults, WhatIsCloggedArrivesAfterTheEnd) {
  ASSERT_NO_FATAL_FAILURE(make("{fault: net.clog, at: 1s, for: 5s, between: [web, backend]}"));
  Talk& talk = connected();
  begin();
  say(talk, "hello");
  Talk& second = connect();
  EXPECT_FALSE(until([&] { return !talk.back.empty() || second.stream || talk.failed; }, 100ms));
  end();
  EXPECT_TRUE(until([&] { return talk.back == "hello" && second.stream; }));
  echo(second);
}

}  // namespace
}  // namespace kumasim::scenario
