#include "tools/cli/run_digests.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kumasim/sim/world.hpp"
#include "tools/cli/arguments.hpp"

namespace kumasim::cli {
namespace {

class Digesting final : public sim::TraceSink {
 public:
  void on_event(const sim::TraceEvent& event) override {
    // The cause is part of it: two runs may do the same for another reason.
    digest_.add(event.time, event.process, event.kind, sim::mix(event.digest, event.cause));
    if (++count % RunDigests::stride == 0) marks.push_back(digest_.value());
  }
  void finish() {
    if (count % RunDigests::stride != 0) marks.push_back(digest_.value());
  }

  std::uint64_t count = 0;
  std::vector<std::uint64_t> marks;

 private:
  sim::Fingerprint digest_;
};

class Picking final : public sim::TraceSink {
 public:
  explicit Picking(EventRange range) : range_(range) {}
  void on_event(const sim::TraceEvent& event) override {
    ++count_;
    if (count_ >= range_.first && count_ <= range_.last) events.push_back(event);
  }
  std::vector<sim::TraceEvent> events;

 private:
  EventRange range_;
  std::uint64_t count_ = 0;
};

std::string hex(std::uint64_t value) { return fmt::format("{:016x}", value); }
std::uint64_t from_hex(const nlohmann::json& value) { return std::stoull(value.get<std::string>(), nullptr, 16); }

}  // namespace

std::string RunDigests::text() const {
  nlohmann::json out{{"kind", "kumasim run digests"},
                     {"scenario", scenario},
                     {"commit", commit},
                     {"plantedBug", planted_bug},
                     {"seed", seed},
                     {"events", events},
                     {"stride", stride},
                     {"fingerprint", hex(fingerprint)},
                     {"marks", nlohmann::json::array()}};
  for (std::uint64_t mark : marks) out["marks"].push_back(hex(mark));
  return out.dump() + "\n";
}

Result<RunDigests> RunDigests::parse(std::string_view text) {
  try {
    nlohmann::json json = nlohmann::json::parse(text);
    RunDigests out;
    if (json.at("kind") != "kumasim run digests" || json.at("stride") != stride)
      return fail(Code::invalid_argument, "is not what `kumasim diverge --save` of this version writes");
    out.scenario = json.at("scenario");
    out.commit = json.at("commit");
    out.planted_bug = json.at("plantedBug");
    out.seed = json.at("seed");
    out.events = json.at("events");
    out.fingerprint = from_hex(json.at("fingerprint"));
    for (const nlohmann::json& mark : json.at("marks")) out.marks.push_back(from_hex(mark));
    return out;
  } catch (const std::exception&) {
    return fail(Code::invalid_argument, "is not what `kumasim diverge --save` writes");
  }
}

RunDigests digests_of(const sim::Replay& replay) {
  Digesting sink;
  RunDigests out;
  replay([&](sim::World& world) { world.set_trace(&sink); },
         [&](sim::World& world) {
           world.set_trace(nullptr);
           out.fingerprint = world.fingerprint();
         });
  sink.finish();
  out.events = sink.count;
  out.marks = std::move(sink.marks);
  return out;
}

std::optional<EventRange> parse_events(std::string_view text) {
  EventRange out;
  std::size_t dots = text.find("..");
  if (dots == std::string_view::npos || !read_whole(text.substr(0, dots), out.first) ||
      !read_whole(text.substr(dots + 2), out.last) || out.first == 0 || out.first > out.last)
    return std::nullopt;
  return out;
}

std::optional<EventRange> first_differing(const RunDigests& a, const RunDigests& b) {
  if (a.events == b.events && a.marks == b.marks) return std::nullopt;
  std::size_t low = 0, high = std::min(a.marks.size(), b.marks.size());
  while (low < high) {
    std::size_t middle = low + (high - low) / 2;
    if (a.marks[middle] == b.marks[middle])
      low = middle + 1;
    else
      high = middle;
  }
  return EventRange{low * RunDigests::stride + 1, (low + 1) * RunDigests::stride};
}

std::vector<std::string> event_lines(const sim::Replay& replay, EventRange range) {
  Picking sink(range);
  std::vector<std::string> out;
  replay([&](sim::World& world) { world.set_trace(&sink); },
         [&](sim::World& world) {
           world.set_trace(nullptr);
           for (const sim::TraceEvent& event : sink.events)
             out.push_back(sim::to_json_line(event, world.process_name(event.process)));
         });
  return out;
}

}  // namespace kumasim::cli
