/// The reference of faults and of the events that they can wait for, read off their lists.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace kumasim::scenario {

/// {"faults": [{"name", "text", "strikes", "lasts", "end", "worlds", "drawn", "parameters"}], "events": [...]}.
nlohmann::json fault_reference_json();
std::string fault_reference_yaml();
/// For a terminal.
std::string fault_reference_text();
/// The committed scenarios/faults.md.
std::string fault_reference_markdown();

}  // namespace kumasim::scenario
