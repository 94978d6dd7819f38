#include "scenarios/inspect/recorded_run.hpp"

#include <algorithm>
#include <iterator>

#include "kumasim/runtime/log.hpp"
#include "scenarios/engine/sim_world.hpp"

namespace kumasim::scenario {

RecordedRun::RecordedRun(const Scenario& scenario, RecordOptions options, const Progress& progress)
    : scenario_(scenario),
      plan_(make_plan(scenario, options.seed)),
      run_{.world = "sim", .seed = options.seed, .planted_bug = options.planted_bug} {
  for (const std::string& process : scenario.processes())
    if (!scenario.is_control_plane(process) && !scenario.is_store(process)) conversations_[process];
  tap_.discovery = [this](const DiscoveryMessage& message) {
    conversations_.at(std::string(message.process)).hear(time(), message);
  };
  tap_.started = [this](const std::string& process, const std::string& bootstrap) {
    conversations_.at(process).begin(bootstrap);
  };
  tap_.written = [this](const cp::Change& change) { commits_.add(time(), change); };
  tap_.logged = [this](const LogRecord& record) { hear_log(record); };
  world_ = std::make_unique<SimWorld>(
      scenario,
      SimWorldOptions{.seed = options.seed, .planted_bug = options.planted_bug, .attach = {}, .log = {}, .tap = &tap_});
  RunWatch watch{.until = options.until, .look = [this](const Observations& seen) {
                   came_up_ = true;
                   seen_ = seen;
                 }};
  run_scenario(scenario, plan_, *world_, run_, progress, {}, watch);
  commits_.shift(run_.setup);
  for (auto& [process, conversation] : conversations_) conversation.shift(run_.setup);
  now_ = world_->now();
  state_ = world_->sample();
}

RecordedRun::~RecordedRun() = default;

Duration RecordedRun::time() const { return world_->simulation().now().time_since_epoch(); }

/// The control plane says at debug level when it makes a snapshot and when it pushes.
void RecordedRun::hear_log(const LogRecord& record) {
  bool made = record.message == "snapshot made", pushed = record.message == "pushed";
  if (!made && !pushed) return;
  auto field = [&](std::string_view key) {
    auto found = std::ranges::find(record.fields, key, &LogField::key);
    return found == record.fields.end() ? std::string() : found->value;
  };
  auto proxy = conversations_.find(field("proxy"));
  if (proxy == conversations_.end()) return;
  if (made) proxy->second.note_made(time());
  if (pushed) proxy->second.note_pushed(time(), field("type"), field("nonce"));
}

std::vector<FaultSpan> RecordedRun::faults_at(Duration when) const {
  std::vector<FaultSpan> out;
  std::ranges::copy_if(seen_.faults, std::back_inserter(out), [&](const FaultSpan& fault) {
    return fault.begin <= when && (!fault.end || *fault.end > when);
  });
  return out;
}

WallTime RecordedRun::wall(Duration when) const { return world_->simulation().wall_now() + (when - now_); }

}  // namespace kumasim::scenario
