/// Values of faults' parameters: from the text of a scenario file, and back.
#pragma once

#include <expected>
#include <string>

#include <nlohmann/json.hpp>

#include "kumasim/fault/catalogue.hpp"
#include "kumasim/runtime/random.hpp"
#include "kumasim/scenario/scenario.hpp"

namespace kumasim::scenario {

/// One value, not a range and not a law of delays; the error is what is wrong with it.
std::expected<std::int64_t, std::string> parse_fault_number(const fault::Parameter& parameter,
                                                            const nlohmann::json& value);

/// The parameter's fallback. REQUIRES: it has one; the catalogue's are valid.
FaultValue fallback_of(const fault::Parameter& parameter);

/// Fixes a range.
FaultValue draw(const fault::Parameter& parameter, const FaultValue& value, Random& random);

/// Uniform in the span, in steps of a millisecond, which read well in a report.
Duration draw(const Span& span, Random& random);

/// "5%", "100000 bytes/s", "40ms to 80ms".
std::string text_of(const fault::Parameter& parameter, const FaultValue& value);

}  // namespace kumasim::scenario
