/// Which expectations can be asked of a run that has more faults than its author thought of.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/scenario/scenario.hpp"

namespace kumasim::scenario {

/// The times of an expanded scenario.
struct Phases {
  Liveness liveness = {};  // no fault after `after`
  Duration end{};          // of the run
  bool recoverable = true;
  bool slower_links = false;
};

struct Judged {
  nlohmann::json expect = nlohmann::json::array();
  std::vector<std::string> left_out;  // titles
};

/// Of the file's expectations:
/// - safety (no-plaintext; denied, as blocked) is judged wherever the author did, and to the new end where it was to
///   the end; not after a change, which faults may hold up (denied: nor after a fault of the file that writes
///   resources), nor for calls that may arrive after the next one;
/// - what holds to the end of the run is judged after the liveness phase;
/// - what must come to hold, and no later change undoes, is judged in the liveness phase;
/// - counts, shares, rotations and windows before the end are left out: they speak of the author's faults only;
/// - beyond the recoverable budget all but safety is left out;
/// - `sometimes` and `usually` stay.
Judged judged_under_faults(const Scenario& scenario, const Phases& phases);

}  // namespace kumasim::scenario
