/// A simulated run that is looked at from within: its commits, what the proxies were sent, and its state at its end.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kumasim/scenario/plan.hpp"
#include "kumasim/scenario/report.hpp"
#include "kumasim/scenario/runner.hpp"
#include "scenarios/engine/sim_tap.hpp"
#include "scenarios/inspect/commit_log.hpp"
#include "scenarios/inspect/conversation.hpp"

namespace kumasim::scenario {

class SimWorld;

struct RecordOptions {
  std::uint64_t seed = 1;
  std::string planted_bug = {};
  std::optional<Duration> until = {};  ///< the run stops there; absent: it goes to its end
};

/// It is the run of that seed, event by event: looking changes nothing of it.
class RecordedRun {
 public:
  /// `scenario` must outlive it. REQUIRES: faults_refused() names nothing of it for the simulated world.
  RecordedRun(const Scenario& scenario, RecordOptions options, const Progress& progress = {});
  ~RecordedRun();
  RecordedRun(const RecordedRun&) = delete;
  RecordedRun& operator=(const RecordedRun&) = delete;

  const Scenario& scenario() const { return scenario_; }
  const Plan& plan() const { return plan_; }
  /// Judged where it went to its end. Its problems say why where the mesh did not come up, and nothing below is set.
  const WorldRun& run() const { return run_; }
  bool came_up() const { return came_up_; }

  /// Where it stopped.
  Duration now() const { return now_; }
  const Observations& seen() const { return seen_; }
  const StateSample& state() const { return state_; }
  SimWorld& world() const { return *world_; }
  const CommitLog& commits() const { return commits_; }
  /// REQUIRES: an instance of the scenario.
  const Conversation& conversation(const std::string& process) const { return conversations_.at(process); }
  /// Faults that have begun and not ended at that moment.
  std::vector<FaultSpan> faults_at(Duration when) const;
  /// Of calendar time.
  WallTime wall(Duration when) const;

 private:
  void hear_log(const LogRecord& record);
  Duration time() const;

  const Scenario& scenario_;
  Plan plan_;
  WorldRun run_;
  SimTap tap_;
  std::map<std::string, Conversation> conversations_;
  CommitLog commits_;
  std::unique_ptr<SimWorld> world_;
  bool came_up_ = false;
  Duration now_{};
  Observations seen_;
  StateSample state_;
};

}  // namespace kumasim::scenario
