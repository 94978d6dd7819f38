/// A targetRef policy taken apart: whom it selects and what it says to whom.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/policy/merge.hpp"
#include "reference-cp/policy/target_ref.hpp"

namespace kumasim::cp::policy {

/// One entry of `to`, `from` or `rules`.
struct Entry {
  TargetRef target_ref;  ///< the whole mesh for `rules`
  nlohmann::json conf;   ///< its `default`, in the form that merges (see shape_of)
  std::size_t index = 0;
};

struct Policy {
  ResourcePtr resource;
  TargetRef target_ref;  ///< top level
  std::vector<Entry> to, from, rules;
};
using PolicyPtr = std::shared_ptr<const Policy>;

/// REQUIRES: `resource` is of a targetRef policy kind, and valid.
PolicyPtr decode_policy(ResourcePtr resource);

/// How confs of a kind merge.
const MergeShape& shape_of(std::string_view type);

/// The label `kuma.io/display-name`, else the name (names of synchronised policies carry a suffix).
std::string display_name(const Meta& meta);
/// The label `kuma.io/effect: shadow`: the policy is to be looked at, not to take effect.
bool is_shadow(const Meta& meta);

}  // namespace kumasim::cp::policy
