/// A scenario's application as the simulator runs it.
#pragma once

#include <cstdint>

#include "kumasim/scenario/scenario.hpp"
#include "scenarios/engine/dataplane.hpp"
#include "sim/apps/instance.hpp"

namespace kumasim::scenario {

/// `seed` is the run's. Its calls go to the outbound listeners of its own sidecar.
sim::InstanceOptions application_of(const Scenario& scenario, const Instance& instance, const DataplanePorts& ports,
                                    std::uint64_t seed);

/// A call of an instance to a service, through its sidecar.
sim::Call outbound_call(const Scenario& scenario, const Instance& from, const std::string& to,
                        const DataplanePorts& ports);

void add_head(const RequestHead& head, sim::Call& call);

sim::ClientRetries to_sim(const Retries& retries);

}  // namespace kumasim::scenario
