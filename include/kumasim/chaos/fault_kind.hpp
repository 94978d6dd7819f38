/// The kinds of faults that a seed may draw, with the ranges that are drawn from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kumasim/runtime/time.hpp"

namespace kumasim::chaos {

/// A parameter of a fault: drawn uniformly from low .. high in steps of `step`, or one of `words`.
struct Parameter {
  enum class Unit : std::uint8_t { microseconds, milliseconds, hundredths_of_percent, number, word };
  std::string name;
  Unit unit = Unit::milliseconds;
  std::int64_t low = 0, high = 0, step = 1;
  std::vector<std::string> words = {};
  bool control_plane = false;  // only where the control plane is struck: instances have none of it
};

struct FaultKind {
  enum class Victim : std::uint8_t {
    process,   // an instance or the control plane
    instance,  // an instance only
    way,       // between two that talk to one another
    service,   // all instances of a service
    some,      // some instances of a service that has several, in one go; others are left
    control_plane,
    zone_control_plane,
    global,   // with zones under it
    replica,  // one of several control planes with one store
    moving,   // the control plane of a zone under such ones
    shared_store,
    mesh,      // what is applied to a mesh
    resource,  // one of the scenario's
    spare,     // one without which nobody may do more than with it
    changed,   // one that the scenario changes
    load,      // one of the scenario's, or all
  };
  std::string name;  // as scenario files have it
  Victim victim = Victim::process;
  Duration least{}, most{};  // of its length; both 0: it is over at once
  bool disables = false;     // a process that it strikes serves nobody meanwhile
  bool recoverable = true;   // nothing of it stays once it is over
  bool http = false;         // only where a service is called by HTTP
  bool of_store = false;     // by a store that was made to obey it when the run began
  std::vector<Parameter> parameters = {};
  std::vector<std::string> shapes = {};    // of partitions among all processes, in place of a way
  std::vector<std::string> shown_by = {};  // kinds without which nothing of it is seen

  bool lasts() const { return most > Duration(0); }
};

/// The same list for all scenarios, in this order.
const std::vector<FaultKind>& fault_kinds();

/// Null for a name that no seed draws.
const FaultKind* find_fault_kind(std::string_view name);

}  // namespace kumasim::chaos
