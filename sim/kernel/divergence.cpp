/// Comparing two runs by their digests, then by one block of events.
#include "kumasim/sim/divergence.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "kumasim/sim/world.hpp"

namespace kumasim::sim {
namespace {

/// Keeps the events with a number of at least `from`, at most one block of them and what belongs to them.
class Window final : public TraceSink {
 public:
  explicit Window(std::uint64_t from) : from_(from) {}

  void on_event(const TraceEvent& event) override {
    if (event.id >= from_ && event.id < from_ + Kernel::events_per_block) events.push_back(event);
  }

  std::vector<TraceEvent> events;

 private:
  std::uint64_t from_;
};

struct Observed {
  std::vector<TraceEvent> events;
  std::vector<std::string> names;
};

Observed observe(const Replay& replay, std::uint64_t from) {
  Window window(from);
  Observed out;
  replay([&](World& world) { world.set_trace(&window); },
         [&](World& world) {
           world.set_trace(nullptr);
           for (const auto& event : window.events) out.names.push_back(world.process_name(event.process));
         });
  out.events = std::move(window.events);
  return out;
}

RunDigest measure(const Replay& replay) {
  RunDigest digest;
  replay([](World&) {}, [&](World& world) { digest = digest_of(world); });
  return digest;
}

std::string describe(const std::optional<TraceEvent>& event, const std::string& process) {
  if (!event) return "nothing: the run had ended";
  return fmt::format("{} {} {:016x} at {} ns", process, to_string(event->kind), event->digest,
                     event->time.time_since_epoch().count());
}

}  // namespace

RunDigest digest_of(const World& world) {
  return {world.kernel().block_fingerprints(), world.events(), world.fingerprint()};
}

std::optional<std::uint64_t> first_differing_block(const RunDigest& a, const RunDigest& b) {
  if (a.events == b.events && a.fingerprint == b.fingerprint && a.blocks == b.blocks) return std::nullopt;
  std::size_t low = 0;
  auto high = std::min(a.blocks.size(), b.blocks.size());
  while (low < high) {
    auto middle = low + (high - low) / 2;
    if (a.blocks[middle] == b.blocks[middle])
      low = middle + 1;
    else
      high = middle;
  }
  return low * Kernel::events_per_block + 1;
}

std::optional<Divergence> find_divergence(const Replay& first, const Replay& second) {
  auto from = first_differing_block(measure(first), measure(second));
  if (!from) return std::nullopt;
  auto a = observe(first, *from);
  auto b = observe(second, *from);
  auto length = std::max(a.events.size(), b.events.size());
  for (std::size_t i = 0; i < length; ++i) {
    Divergence out;
    if (i < a.events.size()) {
      out.first = a.events[i];
      out.first_process = a.names[i];
    }
    if (i < b.events.size()) {
      out.second = b.events[i];
      out.second_process = b.names[i];
    }
    // The cause is part of it: two runs may do the same for another reason.
    if (out.first != out.second) return out;
  }
  return std::nullopt;
}

std::string to_string(const Divergence& divergence) {
  auto id = divergence.first ? divergence.first->id : divergence.second->id;
  return fmt::format("event {}: {} against {}", id, describe(divergence.first, divergence.first_process),
                     describe(divergence.second, divergence.second_process));
}

}  // namespace kumasim::sim
