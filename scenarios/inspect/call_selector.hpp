/// Which call of a run is meant.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "kumasim/scenario/observation.hpp"
#include "kumasim/scenario/scenario.hpp"
#include "kumasim/scenario/verdict.hpp"

namespace kumasim::scenario {

/// A number, or the first call of a flow: at or after a time, or of those that failed.
struct CallSelector {
  std::size_t number = 0;              ///< from 1, in the order in which the calls began; 0: by the rest
  std::string from, to;                ///< "" for any
  std::set<std::string> callers = {};  ///< processes of `from` in the zone that was named; empty: of any zone
  Duration at{};
  bool failed = false;
};

/// "4711", "web -> backend", "web@west -> backend @ 61.2s". The error is for people.
std::expected<CallSelector, std::string> parse_call(std::string_view text, const Scenario& scenario);
/// "web -> backend", "web@west -> backend" or "any": its first call that failed.
std::expected<CallSelector, std::string> parse_failed(std::string_view text, const Scenario& scenario);

/// Its place in the run's calls; nothing where there is no such call.
std::optional<std::size_t> find_call(const CallSelector& selector, const Observations& seen);
/// The call that a broken expectation names.
std::optional<std::size_t> find_call(const Verdict& verdict, const Observations& seen);

}  // namespace kumasim::scenario
