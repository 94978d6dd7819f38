/// The course of a run: what came of the calls and how the processes fared, over time; for curves and replays.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "kumasim/runtime/time.hpp"
#include "kumasim/scenario/observation.hpp"

namespace kumasim::scenario {

struct Scenario;

/// From `begin` on, up to `end`.
struct Interval {
  Duration begin{};
  Duration end{};
  bool operator==(const Interval&) const = default;
};

/// What came of the calls of one flow that began in one slot.
struct FlowSlot {
  std::size_t calls = 0, ok = 0, denied = 0, failed = 0;
  Duration p50{}, p99{};  // 0 where there was no call; `never` where an unanswered call stands there
};

struct FlowCourse {
  std::string from, to;
  std::vector<FlowSlot> slots;
};

/// How many configuration updates a proxy had taken and refused in this life, from a time on.
struct ConfigurationStep {
  Duration at{};
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
};

struct ProcessCourse {
  std::string process;
  std::string service = {};  // "" for a control plane
  std::vector<Interval> down = {};
  std::vector<Interval> cut_off = {};                  // from the control plane; as it was sampled
  std::vector<ConfigurationStep> configurations = {};  // as they were sampled; the first is that of the start
};

/// Time counts from the moment when the mesh was up and is cut into slots of one length; a call belongs to the slot in
/// which it began. Empty where the mesh did not come up.
struct Course {
  Duration slot_length{};
  Duration length{};                   // of the run, or to the last call where that began later
  std::vector<FlowCourse> flows = {};  // in the order of Scenario::flows(), each with as many slots
  std::vector<FaultSpan> faults = {};
  std::vector<ProcessCourse> processes = {};  // the control plane, then the instances in the order of the file
};

/// Slots are so long, in a round number, that there are at most this many.
inline constexpr std::int64_t course_slots_max = 200;

/// The least round length of which at most `parts_max` make up `length`: 1 s, 2 s, 5 s, 10 s, 15 s, 30 s and so on.
/// REQUIRES: parts_max > 0.
Duration round_part(Duration length, std::int64_t parts_max);

Course course_of(const Scenario& scenario, const Observations& seen);

/// {"slotSeconds", "seconds", "flows": [{"from", "to", "calls": [one number a slot], ..}], "faults", "processes"}; a
/// latency is null where there was no call or its call was not answered.
nlohmann::json course_json(const Course& course);

}  // namespace kumasim::scenario
