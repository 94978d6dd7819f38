/// The table of a store that replicas of a control plane share: a process of the simulated world that keeps it on its
/// disk, checks the versions of what is committed, and tells all replicas in the order of commits. It has the row that
/// says who leads, too.
#pragma once

#include <functional>
#include <string>

#include "kumasim/sim/process.hpp"

namespace kumasim::scenario {

struct StoreTable {
  /// Who leads has the lease no more, and nobody has it. Nothing where the process is down.
  std::function<void()> take_lease;
};

/// Starts it in a process that is down; what was committed outlives a kill. `failed` is told, in every life, why it
/// could not start.
StoreTable start_store_table(sim::Process& process, std::function<void(std::string)> failed);

}  // namespace kumasim::scenario
