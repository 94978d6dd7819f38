/// The recorder of messages: what is one, which are kept, and in which order they are told.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "kumasim/envoy/event_kind.hpp"
#include "kumasim/scenario/messages.hpp"

namespace kumasim::scenario {
namespace {

using namespace std::chrono_literals;
using sim::EventKind;

constexpr MonotonicTime up{10s};

sim::TraceEvent event(std::uint64_t id, std::uint64_t cause, Duration at, std::uint32_t process,
                      EventKind kind = sim::TrafficKind::request) {
  return {.id = id, .cause = cause, .time = up + at, .process = process, .kind = kind};
}

std::string name(std::uint32_t process) {
  return process == 0 ? "world" : std::string(1, static_cast<char>('a' + process - 1));
}

/// "a>b request" for each message, in the order in which they were taken.
std::vector<std::string> told(const Messages& messages) {
  std::vector<std::string> out;
  for (const Message& message : messages.list) {
    const MessageEvent& taken = messages.events[message.taken];
    out.push_back(messages.events[message.sent].process + ">" + taken.process + " " + taken.what);
  }
  return out;
}

TEST(Messages, AreWhatAnotherProcessCaused) {
  MessageRecorder recorder(up + 5s);
  recorder.on_event(event(1, 0, 1s, 1, EventKind::timer));
  recorder.on_event(event(2, 1, 1s, 1, EventKind::post));             // its own
  recorder.on_event(event(3, 2, 2s, 2));                              // a sends b
  recorder.on_event(event(4, 0, 2s, 0, EventKind::engine));           // the engine is no process
  recorder.on_event(event(5, 4, 2s, 2, EventKind::timer));            // and sends nothing
  recorder.on_event(event(6, 3, 3s, 1, sim::TrafficKind::response));  // b answers a
  Messages messages = recorder.messages(name, up);
  EXPECT_EQ(told(messages), (std::vector<std::string>{"a>b request", "b>a response"}));
  ASSERT_EQ(messages.events.size(), 3u) << "the answer was sent by the event that took the request";
  EXPECT_EQ(messages.events[0].what, "");
  EXPECT_EQ(messages.events[1].at, 2s);
  EXPECT_EQ(messages.moment, 5s);
}

TEST(Messages, StandAmongWhatBefellTheProcesses) {
  MessageRecorder recorder(up + 5s);
  recorder.on_event(event(1, 0, 1s, 1, EventKind::timer));
  recorder.on_event(event(2, 1, 2s, 2));
  recorder.on_event(event(2, 2, 2s, 3, EventKind::kill));  // an effect, during the event 2
  recorder.on_event(event(3, 2, 3s, 1, sim::TrafficKind::close));
  Messages messages = recorder.messages(name, up);
  ASSERT_EQ(messages.events.size(), 4u);
  EXPECT_EQ(messages.events[2].what, "kill");
  EXPECT_EQ(messages.events[2].process, "c");
  EXPECT_EQ(told(messages), (std::vector<std::string>{"a>b request", "b>a close"}));
}

TEST(Messages, AreTheLastBeforeTheMomentAndTheFirstAfterIt) {
  MessageRecorder recorder(up + 100s, {.before = 3, .after = 2, .recent = 50});
  for (std::uint64_t i = 1; i <= 200; ++i)
    recorder.on_event(
        event(i, i - 1, Duration(1s) * static_cast<std::int64_t>(i), 1 + static_cast<std::uint32_t>(i % 2)));
  Messages messages = recorder.messages(name, up);
  ASSERT_EQ(messages.list.size(), 5u);
  EXPECT_EQ(messages.events[messages.list.front().taken].at, 98s);
  EXPECT_EQ(messages.events[messages.list.back().taken].at, 102s);
}

TEST(Messages, WhoseSendingIsForgottenAreNone) {
  MessageRecorder recorder(up + 100s, {.recent = 2});
  recorder.on_event(event(1, 0, 1s, 1, EventKind::timer));
  recorder.on_event(event(2, 0, 1s, 1, EventKind::timer));
  recorder.on_event(event(3, 0, 1s, 1, EventKind::timer));
  recorder.on_event(event(4, 1, 1s, 2));
  EXPECT_TRUE(recorder.messages(name, up).list.empty());
}

TEST(Messages, AsJson) {
  MessageRecorder recorder(up + 5s);
  recorder.on_event(event(1, 0, 1s, 1, EventKind::timer));
  recorder.on_event(event(2, 1, 2s, 2));
  nlohmann::json json = messages_json(recorder.messages(name, up));
  EXPECT_EQ(json["momentSeconds"], 5.0);
  EXPECT_EQ(json["messages"], (nlohmann::json::parse("[[0, 1]]")));
  EXPECT_EQ(json["events"][1], (nlohmann::json{{"id", 2}, {"atSeconds", 2.0}, {"process", "b"}, {"what", "request"}}));
}

}  // namespace
}  // namespace kumasim::scenario
