/// The operator of a simulated world, in a process of its own.
#pragma once

#include "kumasim/sim/world.hpp"
#include "scenarios/engine/mesh_operator.hpp"

namespace kumasim::scenario {

class SimOperator : public MeshOperator {
 public:
  SimOperator(sim::World& world, const Scenario& scenario);

  const sim::Process& process() const { return process_; }
  void kill() { process_.kill(); }
  /// Begins to write.
  void start();

 private:
  const Scenario& scenario_;
  sim::Process& process_;
};

}  // namespace kumasim::scenario
