/// What a request makes an application do before it answers: waits and calls, one after the other or side by side.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "kumasim/envoy/call.hpp"
#include "sim/apps/law.hpp"
#include "sim/apps/processor.hpp"
#include "sim/apps/retrying_client.hpp"

namespace kumasim::sim {

struct ScriptCall {
  Call call;
  ClientRetries retries = {};
  std::uint32_t times = 1;
  bool at_once = false;  ///< all of them start together; else each waits for the one before
  std::uint32_t probability_ppm = 1'000'000;
};

/// One of the three.
struct ScriptStep {
  std::optional<DelayLaw> sleep = {};
  std::optional<ScriptCall> call = {};
  std::vector<ScriptStep> together = {};  ///< start at the same time; the step is over when all of them are
};
using Script = std::vector<ScriptStep>;

/// Runs scripts of one application in one life of its process.
class ScriptRunner {
 public:
  /// Every call that a script made, when it is over.
  using CallObserver = std::function<void(const ScriptCall&, const CallResult&)>;

  /// Sleeps last as long as the processor takes for them. REQUIRES: it outlives the runner.
  ScriptRunner(proxy::Fabric& fabric, Process& process, Processor& processor, CallObserver observer);

  /// `done` gets false where a call had no answer below 400. The rest of the script is then left out, but what has
  /// started is waited for. Sleeps are `factor` times as long. REQUIRES: the script outlives it.
  void run(const Script& script, std::uint64_t factor, std::function<void(bool)> done);

 private:
  using Done = std::function<void(bool)>;

  void run_from(const Script& script, std::size_t at, std::uint64_t factor, Done done);
  void run_step(const ScriptStep& step, std::uint64_t factor, Done done);
  void run_calls(const ScriptCall& call, std::uint32_t left, Done done);
  void run_call(const ScriptCall& call, Done done);
  static Done all_of(std::size_t count, Done done);

  Process& process_;
  Processor& processor_;
  RetryingClient client_;
  CallObserver observer_;
};

}  // namespace kumasim::sim
