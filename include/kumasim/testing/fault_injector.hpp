/// Carries a fault plan out in a world.
#pragma once

#include <cstddef>
#include <map>
#include <utility>
#include <vector>

#include "kumasim/sim/world.hpp"
#include "kumasim/testing/fault_plan.hpp"

namespace kumasim::testing {

/// Processes are looked up when a fault strikes them: the run throws std::invalid_argument where there is none of that
/// name.
class FaultInjector {
 public:
  /// Both must live as long as the world runs. REQUIRES: the world has not run yet.
  FaultInjector(sim::World& world, FaultPlan plan);
  FaultInjector(const FaultInjector&) = delete;
  FaultInjector& operator=(const FaultInjector&) = delete;

  const FaultPlan& plan() const { return plan_; }

 private:
  void turn(std::size_t number, bool on);
  void settle(const Fault& fault, sim::Process& from, sim::Process& to);
  void settle(const Fault& fault, sim::Process& process);
  /// What the faults in force make of the link.
  sim::LinkOptions link(const sim::Process& from, const sim::Process& to);
  /// Whether a fault of this kind is in force, on the way or the process.
  bool any(Fault::Kind kind, const sim::Process& from, const sim::Process* to = nullptr) const;
  sim::Process& process(const std::string& name);

  sim::World& world_;
  FaultPlan plan_;
  std::vector<bool> active_;  // by number in the plan
  // Where a delay or a loss is in force: the links as they were before the first of those in force.
  std::map<std::pair<std::uint32_t, std::uint32_t>, sim::LinkOptions> links_;
};

}  // namespace kumasim::testing
