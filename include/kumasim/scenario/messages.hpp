/// The messages between processes around a moment of a simulated run: what a Lamport diagram of them is drawn from.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "kumasim/runtime/time.hpp"
#include "kumasim/sim/trace.hpp"

namespace kumasim::scenario {

/// An event that sent or took a message, or that befell a process: its kill, its start, a fault.
struct MessageEvent {
  std::uint64_t id = 0;  // in the trace
  Duration at{};         // from the moment when the mesh was up
  std::string process;   // "world" for the simulator itself
  std::string what;      // "request", "kill"; "" where it sent only
};

/// Places in Messages::events.
struct Message {
  std::size_t sent = 0, taken = 0;
};

struct Messages {
  Duration moment{};                 // of the failure
  std::vector<MessageEvent> events;  // in the order in which they happened
  std::vector<Message> list;         // in the order in which they were taken
};

/// {"momentSeconds", "events": [{"id", "atSeconds", "process", "what"}], "messages": [[sent, taken]]}
nlohmann::json messages_json(const Messages& messages);

struct MessageLimits {
  std::size_t before = 40;  // messages and what befell processes, up to the moment
  std::size_t after = 16;
  std::size_t recent = 100'000;  // events among which the sending of a message is looked for
};

/// Listens to a run and keeps the messages around a moment, which a first run has found out. A message is an event of
/// one process that an event of another one caused.
class MessageRecorder final : public sim::TraceSink {
 public:
  explicit MessageRecorder(MonotonicTime moment, MessageLimits limits = {}) : moment_(moment), limits_(limits) {}
  void on_event(const sim::TraceEvent& event) override;

  /// `name_of` gives a process's name from its number; `up` is when the mesh was up.
  Messages messages(const std::function<std::string(std::uint32_t)>& name_of, MonotonicTime up) const;

 private:
  struct Kept {
    sim::TraceEvent taken;
    std::optional<sim::TraceEvent> sent;  // absent where it is no message
    bool effect = false;                  // happened during the event that has this id too
  };
  std::optional<sim::TraceEvent> sender_of(const sim::TraceEvent& event) const;

  MonotonicTime moment_;
  MessageLimits limits_;
  std::deque<sim::TraceEvent> recent_;  // ids without a gap
  std::deque<Kept> kept_;
  std::size_t after_ = 0;
};

}  // namespace kumasim::scenario
