/// What a seed makes of a scenario: every range fixed, every choice made, all actions in order of time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kumasim/scenario/scenario.hpp"

namespace kumasim::scenario {

/// One thing that the engine does to the world at a time.
struct Action {
  enum class Kind { kill, start, restart, pause, resume, partition, heal, set_link, reset_link, apply, remove };
  Duration at{};
  Kind kind = Kind::kill;
  std::vector<std::string> processes;       // kill .. resume
  std::vector<std::string> side_a, side_b;  // partition .. reset_link
  Link link;                                // set_link
  nlohmann::json resource;                  // apply
  std::string type, mesh, name;             // apply, remove
  std::string text;                         // one line for people: "kill backend-v1-1"
  bool fault = false;                       // begins a fault
  bool recovery = false;                    // ends one
};

/// Random streams of a plan never share state, so that one more fault does not move the load's draws.
struct Plan {
  std::uint64_t seed = 0;
  std::vector<Action> actions;  // by time; equal times in the order of the file
};

/// REQUIRES: a scenario that load_scenario accepted.
Plan make_plan(const Scenario& scenario, std::uint64_t seed);

/// The plan as lines, for the report: "20s kill backend-v1-1".
std::vector<std::string> plan_lines(const Plan& plan);

}  // namespace kumasim::scenario
