/// The two worlds that a scenario can run in.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kumasim/scenario/world.hpp"

namespace kumasim::cp {
class Store;
}
namespace kumasim::sim {
class World;
}

namespace kumasim::scenario {

struct SimTap;

struct SimWorldOptions {
  std::uint64_t seed = 1;
  std::string planted_bug;                  // "" for none
  std::function<void(sim::World&)> attach;  // before the first event; for traces
  std::function<void(std::string)> log;     // lines that the processes log; empty: dropped
  const SimTap* tap = nullptr;              // who looks at the run from within; must outlive the world
  // Is shown the store of each control plane, in each of its lives, before anything of that life is written.
  std::function<void(const std::string& process, cp::Store& store)> on_store = {};
};

/// The real control plane, simulated proxies and applications, on virtual time.
std::unique_ptr<MeshWorld> make_sim_world(const Scenario& scenario, SimWorldOptions options);

struct LiveWorldOptions {
  std::uint64_t seed = 1;  // of what links lose, delay and spoil
  std::string planted_bug;
  std::string programs;  // folder of kuma-cp, kuma-dp and kumasim-echo
  std::string envoy;     // Envoy's executable; a path or a name in PATH
  std::map<std::string, std::string> sidecars = {};  // process -> another kuma-dp for it than that of `programs`
};

/// Real processes on this machine's loopback: kuma-cp, kuma-dp with Envoy and kumasim-echo for each instance. All of
/// them end with the world. Where a scenario has zones, links or partitions, each is in a network namespace of its own,
/// which needs root. set_up refuses faults that faults_refused() names for this world.
std::unique_ptr<MeshWorld> make_live_world(const Scenario& scenario, LiveWorldOptions options);

/// Bugs that can be planted to see that a scenario catches them.
const std::vector<std::string>& planted_bugs();

}  // namespace kumasim::scenario
