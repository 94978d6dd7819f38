/// Which planted bugs this program has: kuma-cp none, kuma-cp-planted all (each links a source of its own).
#pragma once

#include <string>

#include "kumasim/runtime/error.hpp"
#include "reference-cp/policy/planted_bugs.hpp"

namespace kumasim::cp {

/// The variable that names one.
inline constexpr const char* planted_bug_variable = "KUMASIM_PLANTED_BUG";

/// The bug of that name, none for "". Code::unsupported in a program without bugs.
Result<policy::PlantedBugs> planted_bugs_of_this_program(const std::string& name);

}  // namespace kumasim::cp
