/// The modifications of all matched policies, those of the most specific last.
#include "reference-cp/policy/mesh_proxy_patch/apply.hpp"

#include "reference-cp/policy/conf_read.hpp"
#include "reference-cp/policy/mesh_proxy_patch/modifications.hpp"
#include "reference-cp/policy/single_conf.hpp"

namespace kumasim::cp::policy::mesh_proxy_patch {

Result<> apply(ResourceSet& resources, const MatchedPolicies& policies) {
  return apply_modifications(resources, list_at(single_conf(policies), "appendModifications"),
                             Origin::mesh_proxy_patch);
}

}  // namespace kumasim::cp::policy::mesh_proxy_patch
