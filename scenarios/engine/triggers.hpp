/// Faults that wait for events: counts what they wait for, draws them, and puts them into the world's time.
#pragma once

#include <deque>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "kumasim/scenario/event.hpp"
#include "kumasim/scenario/plan.hpp"
#include "kumasim/scenario/world.hpp"
#include "kumasim/sim/seeded_random.hpp"

namespace kumasim::scenario {

class Triggers {
 public:
  /// `act` carries out what a fired fault does, when its time has come.
  Triggers(const Scenario& scenario, const Plan& plan, MeshWorld& world, std::function<void(const Action&)> act);

  /// Asked at the first event of each kind, after what waited for it: where it gives a scenario, that takes the place
  /// of the scenario that this was made with. It has one more fault, its last, which waits for the first event of this
  /// kind.
  using Branch = std::function<const Scenario*(const Event& event, Duration at)>;
  void on_first(Branch branch) { branch_ = std::move(branch); }

  bool any() const { return !waiting_.empty() || branch_; }
  void see(const Event& event);
  /// Events that are told by two samples in a row, for a world that does not tell them itself.
  void compare(const StateSample& before, const StateSample& now);

 private:
  struct Waiting {
    std::size_t fault;
    sim::SeededRandom random;
    std::size_t seen = 0;
    std::uint64_t turn = 0;
    Duration busy = Duration(-1);  // an earlier one lasts until then
  };
  void fire(Waiting& waiting, const Event& event);

  const Scenario* scenario_;
  std::uint64_t seed_;
  MeshWorld& world_;
  std::function<void(const Action&)> act_;
  std::vector<Waiting> waiting_;
  std::deque<Action> fired_;  // stay where they are
  Branch branch_;
  std::set<std::string_view> known_;  // names of events that have been
};

/// An event about a process; `type` is left out where it is empty.
Event event_of(const Scenario& scenario, std::string_view name, const std::string& process, std::string type = {});

}  // namespace kumasim::scenario
