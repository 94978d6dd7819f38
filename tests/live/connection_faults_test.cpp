/// What each fault of connections does to those of real sockets.
#include <gtest/gtest.h>

#include <string>

#include "tests/live/links_bed.hpp"

namespace kumasim::scenario {
namespace {

class ConnectionFaults : public LinksBed {};

TEST_F(ConnectionFaults, AResetIsToldToBothEndsOfIdleConnections) {
  ASSERT_NO_FATAL_FAILURE(make("{fault: tcp.reset, at: 1s, between: [web, backend]}"));
  Talk &first = connected(), &second = connected();
  echo(first);
  for (Talk* talk : {&first, &second}) say(*talk, "");  // waits for what does not come
  begin();
  EXPECT_TRUE(until([&] { return first.failed && second.failed && server_failed_.size() == 2; }, 5s));
  for (error_code failed : {first.failed, second.failed, server_failed_.at(0), server_failed_.at(1)})
    EXPECT_EQ(failed, asio::error::connection_reset);
  echo(connected());
}

TEST_F(ConnectionFaults, AResetIsToldToBothEndsOfABusyOne) {
  ASSERT_NO_FATAL_FAILURE(make("{fault: tcp.reset, at: 1s, between: [web, backend]}"));
  Talk& talk = connected();
  say(talk, std::string(20'000'000, 'x'));
  EXPECT_FALSE(until([&] { return talk.failed.failed(); }, 20ms));
  begin();
  EXPECT_TRUE(until([&] { return talk.failed && !server_failed_.empty(); }));
  EXPECT_TRUE(talk.failed == asio::error::connection_reset || talk.failed == asio::error::broken_pipe) << talk.failed;
  EXPECT_TRUE(server_failed_.at(0) == asio::error::connection_reset || server_failed_.at(0) == asio::error::broken_pipe)
      << server_failed_.at(0);
}

TEST_F(ConnectionFaults, AResetIsToldBesideAPartition) {
  ASSERT_NO_FATAL_FAILURE(
      make("{fault: net.partition, at: 1s, for: 5s, between: [web, backend]}\n"
           "  - {fault: tcp.reset, at: 2s, between: [web, backend]}"));
  Talk& talk = connected();
  say(talk, "");
  begin();
  begin(1);
  EXPECT_TRUE(until([&] { return talk.failed && !server_failed_.empty(); }));
  EXPECT_EQ(talk.failed, asio::error::connection_reset);
}

TEST_F(ConnectionFaults, HalfOpenConnectionsAreDeadAndNobodyIsTold) {
  ASSERT_NO_FATAL_FAILURE(make("{fault: tcp.halfOpen, at: 1s, between: [web, backend]}"));
  Talk& talk = connected();
  echo(talk);
  begin();
  say(talk, "hello");
  echo(connected());
  EXPECT_FALSE(until([&] { return !talk.back.empty() || talk.failed || !server_failed_.empty(); }, 100ms));
}

TEST_F(ConnectionFaults, NewConnectionsAreRefusedAndThoseThatAreGoOn) {
  ASSERT_NO_FATAL_FAILURE(make("{fault: tcp.refuse, at: 1s, for: 5s, between: [web, backend], direction: oneWay}"));
  Talk& talk = connected();
  begin();
  echo(talk);
  Talk& refused = connect();
  EXPECT_TRUE(until([&] { return refused.failed.failed(); }));
  EXPECT_EQ(refused.failed, asio::error::connection_refused);
  end();
  echo(connected());
}

TEST_F(ConnectionFaults, NewConnectionsHangAndThoseThatAreGoOn) {
  ASSERT_NO_FATAL_FAILURE(make("{fault: tcp.hang, at: 1s, for: 5s, between: [web, backend], direction: oneWay}"));
  Talk& talk = connected();
  begin();
  echo(talk);
  Talk& hanging = connect();
  EXPECT_FALSE(until([&] { return hanging.stream || hanging.failed; }, 100ms));
  end();
  echo(connected());
}

TEST_F(ConnectionFaults, TheirEndArrivesLate) {
  ASSERT_NO_FATAL_FAILURE(make("{fault: tcp.slowClose, at: 1s, for: 5s, between: [web, backend], late: 600ms}"));
  Talk& talk = connected();
  echo(talk);
  begin();
  talk.stream->shutdown_send();
  EXPECT_FALSE(until([&] { return !server_failed_.empty(); }, 100ms));
  EXPECT_TRUE(until([&] { return !server_failed_.empty(); }));
  EXPECT_EQ(server_failed_.at(0), asio::error::eof);
}

TEST_F(ConnectionFaults, IdleConnectionsAreForgotten) {
  ASSERT_NO_FATAL_FAILURE(
      make("{fault: tcp.idleKill, at: 1s, for: 5s, between: [web, backend], idle: 300ms, how: reset}"));
  Talk& idle = connected();
  say(idle, "");
  EXPECT_FALSE(until([&] { return idle.failed.failed(); }, 350ms));
  Talk& busy = connected();
  say(busy, "hello");
  begin();
  EXPECT_TRUE(until([&] { return idle.failed.failed(); }));
  EXPECT_EQ(idle.failed, asio::error::connection_reset);
  EXPECT_TRUE(until([&] { return busy.back == "hello"; }));
}

}  // namespace
}  // namespace kumasim::scenario
