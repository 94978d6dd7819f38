/// What came of one call and why: commit, snapshot, push, ACK, the proxies' state, the pick, and the fault that
/// matters.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "scenarios/inspect/recorded_run.hpp"
#include "scenarios/inspect/why.hpp"

namespace kumasim::scenario {

struct ExplainedStep {
  CallStep step;
  std::string type = {}, name = {};  ///< of the resource behind it, where it is told of for the first time
  std::optional<Why> why = {};
  bool newer = false;  ///< the call met another version than the proxy ran when the call began
};

/// An endpoint of the called service.
struct EndpointState {
  std::string address, process;  ///< process "" for an address that nobody has
  bool known = false;            ///< to the caller's proxy
  bool up = false;
  std::string trouble = {};  ///< what the caller's proxy holds against it; "" for nothing
};

/// A fault that may have made the call what it was.
struct Suspect {
  FaultSpan fault;
  bool in_force = false;     ///< while the call was on its way
  std::string strikes = {};  ///< who had to do with the call; "" where nobody
};

struct Explanation {
  std::size_t number = 0;  ///< from 1
  CallRecord call;
  std::string server = {};  ///< the process whose endpoint was picked; "" where none was
  std::vector<ExplainedStep> way = {};
  std::vector<EndpointState> endpoints = {};
  std::set<std::string> panics = {};   ///< clusters of the caller's proxy, as in HostHealth
  std::vector<FaultSpan> faults = {};  ///< in force while it was on its way
  /// The last call of the same flow that succeeded before, and what happened since then.
  std::optional<std::size_t> last_ok = {};
  std::vector<TimelineEntry> since = {};
  std::vector<const Commit*> commits = {};
  std::vector<std::pair<std::string, const Push*>> pushes = {};  ///< to the proxies on its way
  std::vector<Suspect> suspects = {};  ///< the most probable first; empty where there was no fault before
};

/// `whole` went to its end, `then` to the moment when the call began; `call` is its place in whole.seen().calls.
Explanation explain(const RecordedRun& whole, const RecordedRun& then, std::size_t call);

nlohmann::json explanation_json(const RecordedRun& whole, const RecordedRun& then, const Explanation& explanation);
std::string explanation_text(const RecordedRun& whole, const RecordedRun& then, const Explanation& explanation);

/// "web-0 -> backend/: status 503 UF after 3.1ms"
std::string call_text(const CallRecord& call);

}  // namespace kumasim::scenario
