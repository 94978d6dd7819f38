/// What a seed makes of a scenario: every range fixed, every choice made, all actions in order of time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kumasim/scenario/fault_order.hpp"
#include "kumasim/scenario/scenario.hpp"

namespace kumasim::scenario {

/// One thing that the engine does to the world at a time.
struct Action {
  enum class Kind { begin, end, apply, remove };
  Duration at{};
  Kind kind = Kind::begin;
  FaultOrder order;              // begin, end
  nlohmann::json resource;       // apply
  std::string type, mesh, name;  // apply, remove
  std::string zone = {};         // whose control plane is told, as of a Change
  std::string text;              // one line for people: "kill backend-v1-1"
  bool fault = false;            // begins a fault
  bool recovery = false;         // ends one
};

/// A fault that waits for an event of the run. What it does is drawn when it fires.
struct PlannedTrigger {
  std::size_t fault = 0;  // its place in Scenario::faults
  std::string text;       // "when proxy.acked of web-0: proc.kill"
};

/// Random streams of a plan never share state, so that one more fault does not move the load's draws.
struct Plan {
  std::uint64_t seed = 0;
  std::vector<Action> actions;  // by time; equal times in the order of the file
  std::vector<PlannedTrigger> triggers = {};
};

/// REQUIRES: a scenario that load_scenario accepted.
Plan make_plan(const Scenario& scenario, std::uint64_t seed);

/// The plan as lines, for the report: "20s kill backend-v1-1".
std::vector<std::string> plan_lines(const Plan& plan);

}  // namespace kumasim::scenario
