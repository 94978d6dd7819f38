/// The figures of the HTML report that kumasim draws itself, as inline SVG; report.css gives their colours.
#pragma once

#include <string>

#include "kumasim/scenario/report.hpp"

namespace kumasim::scenario {

/// Success and latency of the flows, the faults and the processes' configurations over one axis of time. "" where the
/// mesh did not come up. report.js finds the axis by data-left, data-right and the line of class "cursor".
std::string course_figure(const WorldRun& run);

/// A Lamport diagram: a line down for each process, an arrow for each message. REQUIRES: run.messages.
std::string messages_figure(const WorldRun& run);

}  // namespace kumasim::scenario
