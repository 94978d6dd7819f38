/// Merge of `spec.default`.
#include "reference-cp/policy/single_conf.hpp"

#include <vector>

#include "reference-cp/policy/conf_read.hpp"
#include "reference-cp/policy/matching.hpp"
#include "reference-cp/policy/merge.hpp"

namespace kumasim::cp::policy {

nlohmann::json single_conf(const MatchedPolicies& policies) {
  std::vector<nlohmann::json> confs;
  for (const PolicyPtr& policy : policies.policies)
    if (const nlohmann::json& conf = at(policy->resource->spec, "default"); conf.is_object()) confs.push_back(conf);
  std::vector<nlohmann::json> merged = merge_confs(confs);
  return merged.empty() ? nlohmann::json::object() : std::move(merged.front());
}

}  // namespace kumasim::cp::policy
