/// Events of a run that faults can wait for: the list of them, and what one says.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kumasim::scenario {

/// One kind of event. A fault asks for it by name, and for values of its fields.
struct EventKind {
  std::string_view name;  // "proxy.acked"
  std::string_view text;  // one line for people
  std::vector<std::string_view> fields;
};

/// All kinds, in the order of the reference.
const std::vector<EventKind>& event_kinds();
/// Null where there is none of that name.
const EventKind* find_event_kind(std::string_view name);

struct Event {
  std::string_view name;
  std::map<std::string, std::string> fields;
};
using EventSink = std::function<void(const Event&)>;

}  // namespace kumasim::scenario
