/// Resources as people keep them: files in either form, or a scenario; with the Dataplanes that they are about.
#pragma once

#include <expected>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kumasim/scenario/scenario.hpp"

namespace kumasim::scenario {

struct SourceText {
  std::string file;  ///< named in diagnostics
  std::string text;
};

struct PolicySet {
  std::string name;                     ///< the file or the folder
  std::vector<ResourceText> resources;  ///< in the Universal form, in the order of the files
  std::optional<Scenario> scenario;     ///< where one of the texts is one; its resources are among the above
  std::vector<std::string> notes;       ///< what was passed over, for people

  /// Mesh and name of Dataplanes of which a scenario says whom they call: without outbounds they call nobody.
  std::set<std::pair<std::string, std::string>> callers = {};

  std::set<std::string> zones = {};  ///< of a scenario that its Dataplanes are of

  bool has_dataplanes() const;
};

/// Everything that is wrong, in the order of the files. Objects of Kubernetes that are not Kuma's are passed over; a
/// `kind: List` stands for its items. A resource that stands in it twice is an error, but for those of a scenario, of
/// which the last counts.
std::expected<PolicySet, Diagnostics> read_policy_set(std::string name, const std::vector<SourceText>& texts);

/// One Dataplane for each instance of the scenario, which says who calls whom. A Dataplane of the set that has the mesh
/// and the name of an instance stays in its place, with a note.
void add_dataplanes(PolicySet& set, const Scenario& scenario);

}  // namespace kumasim::scenario
