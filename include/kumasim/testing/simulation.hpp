/// What the body of a simulated test is given: a world of its own, the faults that strike it, and a way to run
/// coroutines as processes of it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "kumasim/sim/world.hpp"
#include "kumasim/testing/fault_injector.hpp"
#include "kumasim/testing/topology.hpp"

namespace kumasim::testing {

/// One run. The faults strike while it runs; nothing runs but in run_for().
class Simulation {
 public:
  /// The code of a process, as a program's main(): it is called anew in each life.
  using Main = std::function<asio::awaitable<void>(Runtime&)>;

  Simulation(std::uint64_t seed, const Topology& topology, FaultPlan faults);

  /// Starts a process, which others reach by its name. An exception that escapes its main fails the test. What `main`
  /// refers to lives as long as the test's body; its coroutines are destroyed after it, and must not touch it then.
  sim::Process& start(std::string name, Main main);
  /// So much virtual time passes.
  void run_for(Duration time) { world_.run_for(time); }

  /// For what start() and run_for() do not do: links, kills, disks, clocks, steps.
  sim::World& world() { return world_; }
  const Topology& topology() const { return topology_; }
  const FaultPlan& faults() const { return injector_.plan(); }

 private:
  sim::Process& process(const std::string& name);

  sim::World world_;
  Topology topology_;
  FaultInjector injector_;
};

}  // namespace kumasim::testing
