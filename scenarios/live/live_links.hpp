/// The links of a scenario with real processes, and the faults that strike them, carried by a switch.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "kumasim/scenario/fault_order.hpp"
#include "reference-cp/live/ethernet_switch.hpp"
#include "scenarios/live/frame_ways.hpp"

namespace kumasim::scenario {

/// Belongs to the thread of the run, and the switch to its own: what one is told goes to the other as a task.
class LiveLinks {
 public:
  /// Something in the scenario needs more than the kernel's bridge.
  static bool needed(const Scenario& scenario);

  /// What no link speaks of arrives at once, as does what a process sends itself.
  LiveLinks(const Scenario& scenario, std::uint64_t seed);

  /// Its ports are to be Scenario::processes(), in that order.
  live::EthernetSwitch& ethernet() { return switch_; }

  /// As MeshWorld has them, of kinds that strike ways.
  void begin(const FaultOrder& order, MonotonicTime now);
  void end(const FaultOrder& order);
  bool in_force(std::uint64_t id) const { return active_.contains(id); }

  /// What it does to the connections that there are: at its beginning, and again where it goes on doing so.
  void strike(const FaultOrder& order, MonotonicTime now);
  /// From one time to the next; zero where one is all.
  static Duration period(const FaultOrder& order);

  /// As it is now.
  FrameWay way(const Way& way) const;

 private:
  struct Active {
    FaultOrder order;
    std::set<Way> ways;
  };

  CarriedConnections::Ports ports(const Way& way) const {
    return {.from = ports_.at(way.from), .to = ports_.at(way.to)};
  }
  void tell(const std::vector<Way>& ways);

  std::map<std::string, std::size_t> ports_;
  std::map<Way, sim::LinkOptions> links_;   // without faults
  std::map<std::uint64_t, Active> active_;  // by the order's id
  FrameWays frames_;                        // of the switch's thread, which ends first
  live::EthernetSwitch switch_;
};

}  // namespace kumasim::scenario
