/// What `kumasim explore` may draw for each seed, and the phase in which a run must show that it has recovered.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "kumasim/scenario/quantity.hpp"

namespace kumasim::scenario {

/// A plain run draws none of it.
struct Swarm {
  int pick_low = 0, pick_high = 3;                           // how many faults
  std::vector<std::string> from = {};                        // their kinds; empty: all that can be drawn
  std::map<std::string, std::array<int, 2>> instances = {};  // service -> least and most of each of its groups
  Span delay{std::chrono::microseconds(100), std::chrono::milliseconds(10)};  // of links, one direction
  bool recoverable = true;  // no more than a mesh must survive; else only safety is judged
};

/// At `after` all faults end; `within` that time the mesh must have converged.
struct Liveness {
  Duration after{};
  Duration within{};
};

}  // namespace kumasim::scenario
