/// The list of events.
#include "kumasim/scenario/event.hpp"

#include <algorithm>

namespace kumasim::scenario {

const std::vector<EventKind>& event_kinds() {
  static const std::vector<EventKind> all{
      {"proxy.acked", "a proxy took an update of its configuration", {"process", "service", "type"}},
      {"proxy.nacked", "a proxy refused an update", {"process", "service", "type"}},
      {"ads.opened", "a proxy has a stream to the control plane", {"process", "service"}},
      {"ads.closed", "the stream of a proxy to the control plane is over", {"process", "service"}},
      {"process.started", "a process starts anew in the run", {"process", "service"}},
      {"process.killed", "a fault ended a process", {"process", "service"}},
      {"call.failed", "a call got no answer, or one that is not 2xx or 3xx", {"process", "service", "to"}},
      {"call.denied", "access control refused a call", {"process", "service", "to"}},
      {"resource.applied", "the control plane took a resource of `changes`", {"type", "name"}},
      {"resource.deleted", "the control plane deleted a resource of `changes`", {"type", "name"}},
      {"fault.begun", "a fault struck", {"fault"}},
      {"fault.ended", "a fault was undone", {"fault"}},
  };
  return all;
}

const EventKind* find_event_kind(std::string_view name) {
  auto found = std::ranges::find(event_kinds(), name, &EventKind::name);
  return found == event_kinds().end() ? nullptr : &*found;
}

}  // namespace kumasim::scenario
