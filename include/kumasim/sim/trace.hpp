/// What a run did, event by event, for people and for comparing runs.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

#include "kumasim/runtime/time.hpp"
#include "kumasim/sim/event_kind.hpp"

namespace kumasim::sim {

/// `cause` is the id of the event during which this one was scheduled; 0 where it was scheduled from outside.
struct TraceEvent {
  std::uint64_t id = 0;  ///< counts from 1
  std::uint64_t cause = 0;
  MonotonicTime time{};
  std::uint32_t process = 0;  ///< 0: the world itself
  EventKind kind{};
  std::uint64_t digest = 0;
  bool operator==(const TraceEvent&) const = default;
};

class TraceSink {
 public:
  virtual ~TraceSink() = default;
  virtual void on_event(const TraceEvent& event) = 0;
};

/// One JSON object a line: {"id":7,"cause":3,"t":1500000,"process":"web-1","kind":"timer","digest":"00ab.."}.
class JsonLinesTrace final : public TraceSink {
 public:
  /// `name_of` gives a process's name from its number.
  JsonLinesTrace(std::ostream& out, std::function<std::string(std::uint32_t)> name_of);
  void on_event(const TraceEvent& event) override;

 private:
  std::ostream& out_;
  std::function<std::string(std::uint32_t)> name_of_;
};

/// {"id":..} of one event, without a line end.
std::string to_json_line(const TraceEvent& event, std::string_view process_name);

}  // namespace kumasim::sim
