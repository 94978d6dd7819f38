/// What a seed makes of one fault: whom it strikes, for how long, with which values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kumasim/runtime/random.hpp"
#include "kumasim/scenario/plan.hpp"

namespace kumasim::scenario {

/// When a fault strikes, and after which event.
struct Occasion {
  Duration at{};
  std::uint64_t turn = 0;    ///< how many times it has struck before
  std::string process = {};  ///< that the event is about; "" for none
};

/// The seed of a fault's own stream.
std::uint64_t fault_seed(std::uint64_t seed, std::size_t fault);

/// Its beginnings and ends in the order of time. One that finds nobody to strike does nothing.
std::vector<Action> draw_fault(const Scenario& scenario, std::size_t fault, const Occasion& occasion, Random& random);

/// "when proxy.nacked (process=web-0), each time: proc.kill".
std::string trigger_text(const Fault& fault);

}  // namespace kumasim::scenario
