#include "kumasim/scenario/messages.hpp"

#include <algorithm>
#include <map>

#include "kumasim/envoy/event_kind.hpp"

namespace kumasim::scenario {
namespace {

/// What befalls a process and belongs beside its messages.
bool befalls(sim::EventKind kind) {
  using enum sim::EventKind;
  return kind == start || kind == kill || kind == pause || kind == resume || kind == fault ||
         kind == sim::TrafficKind::call;
}

}  // namespace

std::optional<sim::TraceEvent> MessageRecorder::sender_of(const sim::TraceEvent& event) const {
  if (event.process == 0 || recent_.empty()) return {};
  if (event.cause < recent_.front().id || event.cause > recent_.back().id) return {};
  const sim::TraceEvent& sender = recent_[static_cast<std::size_t>(event.cause - recent_.front().id)];
  if (sender.process == 0 || sender.process == event.process) return {};
  return sender;
}

void MessageRecorder::on_event(const sim::TraceEvent& event) {
  // An effect has the id of the event during which it happened.
  bool effect = !recent_.empty() && event.id <= recent_.back().id;
  std::optional<sim::TraceEvent> sent;
  if (!effect) {
    sent = sender_of(event);
    recent_.push_back(event);
    if (recent_.size() > limits_.recent) recent_.pop_front();
  }
  if (!sent && !befalls(event.kind)) return;
  if (event.time > moment_ && ++after_ > limits_.after) return;
  kept_.push_back({event, sent, effect});
  if (event.time <= moment_ && kept_.size() > limits_.before) kept_.pop_front();
}

Messages MessageRecorder::messages(const std::function<std::string(std::uint32_t)>& name_of, MonotonicTime up) const {
  Messages out;
  out.moment = moment_ - up;
  // By the order in which they happened: ids count events, and what an event did comes after it.
  std::map<std::pair<std::uint64_t, std::size_t>, MessageEvent> events;
  auto add = [&](const sim::TraceEvent& event, std::size_t rank, std::string what) {
    auto [found, added] = events.try_emplace({event.id, rank});
    if (added) found->second = {event.id, event.time - up, name_of(event.process), {}};
    if (!what.empty()) found->second.what = std::move(what);
  };
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    const Kept& kept = kept_[i];
    add(kept.taken, kept.effect ? i + 1 : 0, sim::traffic_text(kept.taken.kind));
    if (kept.sent) add(*kept.sent, 0, "");
  }
  std::map<std::uint64_t, std::size_t> place;
  for (const auto& [key, event] : events) {
    if (key.second == 0) place[key.first] = out.events.size();
    out.events.push_back(event);
  }
  for (const Kept& kept : kept_) {
    if (kept.sent) out.list.push_back({place.at(kept.sent->id), place.at(kept.taken.id)});
  }
  return out;
}

}  // namespace kumasim::scenario
