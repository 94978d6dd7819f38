/// Why a run cannot count as passed whatever its expectations say.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kumasim/runtime/time.hpp"

namespace kumasim::scenario {

struct Problem {
  enum class Kind {
    set_up,          // the mesh did not come up, or the world cannot carry the scenario out
    interrupted,     // by a signal
    load,            // more calls than an engine can keep
    refused_change,  // the control plane refused to apply or delete a resource
    control_plane,   // a task of the control plane failed, or its store could not be opened
    process,         // a process ended that nobody had killed, or did not start
    internal,        // kumasim itself failed
  };
  Kind kind = Kind::internal;
  std::string text;
  std::optional<Duration> at = {};  // absent before the run began
};

/// "refused-change", as reports for programs have it.
std::string_view to_string(Problem::Kind kind);

/// "at 12s: text".
std::string text_of(const Problem& problem);

}  // namespace kumasim::scenario
