#include "sim/apps/script.hpp"

#include <memory>

namespace kumasim::sim {

ScriptRunner::ScriptRunner(proxy::Fabric& fabric, Process& process, Processor& processor, CallObserver observer)
    : process_(process), processor_(processor), client_(fabric, process), observer_(std::move(observer)) {}

void ScriptRunner::run(const Script& script, std::uint64_t factor, Done done) {
  run_from(script, 0, factor, std::move(done));
}

void ScriptRunner::run_from(const Script& script, std::size_t at, std::uint64_t factor, Done done) {
  if (at == script.size()) return done(true);
  run_step(script[at], factor, [this, &script, at, factor, done = std::move(done)](bool ok) mutable {
    if (!ok) return done(false);
    run_from(script, at + 1, factor, std::move(done));
  });
}

void ScriptRunner::run_step(const ScriptStep& step, std::uint64_t factor, Done done) {
  if (step.call) {
    const ScriptCall& call = *step.call;
    bool left_out =
        call.probability_ppm < 1'000'000 && process_.runtime().random.below(1'000'000) >= call.probability_ppm;
    if (left_out) return done(true);
    if (!call.at_once) return run_calls(call, call.times, std::move(done));
    Done one = all_of(call.times, std::move(done));
    for (std::uint32_t i = 0; i < call.times; ++i) run_call(call, one);
    return;
  }
  if (step.sleep) {
    auto time = step.sleep->draw(process_.runtime().random);
    processor_.work(stretched(time, factor), [done = std::move(done)] { done(true); });
    return;
  }
  if (step.together.empty()) return done(true);
  Done one = all_of(step.together.size(), std::move(done));
  for (const ScriptStep& part : step.together) run_step(part, factor, one);
}

void ScriptRunner::run_calls(const ScriptCall& call, std::uint32_t left, Done done) {
  if (left == 0) return done(true);
  run_call(call, [this, &call, left, done = std::move(done)](bool ok) mutable {
    if (!ok) return done(false);
    run_calls(call, left - 1, std::move(done));
  });
}

void ScriptRunner::run_call(const ScriptCall& call, Done done) {
  client_.call(call.call, call.retries, [this, &call, done = std::move(done)](CallResult result) {
    if (observer_) observer_(call, result);
    done(result.ok());
  });
}

/// To be called `count` times; the last time calls `done`.
ScriptRunner::Done ScriptRunner::all_of(std::size_t count, Done done) {
  struct Rest {
    std::size_t left;
    bool ok;
    Done done;
  };
  auto rest = std::make_shared<Rest>(Rest{count, true, std::move(done)});
  return [rest](bool ok) {
    rest->ok &= ok;
    if (--rest->left == 0) rest->done(rest->ok);
  };
}

}  // namespace kumasim::sim
