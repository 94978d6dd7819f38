/// Ranges and choices of a document replaced by what a seed drew for them.
#pragma once

#include <nlohmann/json.hpp>

#include "kumasim/scenario/plan.hpp"

namespace kumasim::scenario {

/// Then a part can be left out without moving what is drawn for the others: each fault's stream hangs on its place in
/// the file. What is drawn during the run (triggers, repeated faults, patterns of several processes) stays a range.
/// REQUIRES: `scenario` and `plan` were made of `document`.
nlohmann::json narrowed(const nlohmann::json& document, const Scenario& scenario, const Plan& plan);

}  // namespace kumasim::scenario
