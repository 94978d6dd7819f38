/// The faults of a run that go on: begins and ends them in a world, its load or its resources, and knows who is cut off
/// by them.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "kumasim/scenario/world.hpp"
#include "scenarios/engine/authority_faults.hpp"
#include "scenarios/engine/load_generator.hpp"
#include "scenarios/engine/resource_faults.hpp"

namespace kumasim::scenario {

class ActiveFaults {
 public:
  ActiveFaults(MeshWorld& world, LoadGenerator& load, ResourceFaults& resources, AuthorityFaults& authorities)
      : world_(world), load_(load), resources_(resources), authorities_(authorities) {}

  /// Begins one, or, where its kind heals another, ends what there is of that between those that it names. The answer:
  /// those of which nothing is left by that.
  std::vector<FaultOrder> begin(const FaultOrder& order);
  /// False, and nothing, where it has ended before.
  bool end(const FaultOrder& order);

  /// Something of a kind that cuts lies on a way between the two.
  bool cut(const std::string& a, const std::string& b) const;

 private:
  std::vector<FaultOrder> heal(const FaultOrder& order);
  void note_cuts();
  void begin_there(const FaultOrder& order);
  void end_there(const FaultOrder& order);

  MeshWorld& world_;
  LoadGenerator& load_;
  ResourceFaults& resources_;
  AuthorityFaults& authorities_;
  std::vector<FaultOrder> active_;
  std::set<Way> cut_;
};

}  // namespace kumasim::scenario
