/// Alternatives of tag selectors.
#include "reference-cp/policy/legacy/source_expression.hpp"

#include <map>
#include <string>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/policy/conf_read.hpp"
#include "reference-cp/policy/legacy/tag_selector.hpp"
#include "reference-cp/policy/mesh_fault_injection/faults.hpp"

namespace kumasim::cp::policy::legacy {

std::string source_expression(const Resource& policy) {
  std::string alternatives;
  const auto& sources = list_at(policy.spec, "sources");
  for (const auto& source : sources) {
    Tags selector = selector_of(source);
    std::map<std::string, std::string> tags(selector.begin(), selector.end());
    alternatives += (alternatives.empty() ? "" : "|") + mesh_fault_injection::tags_expression(tags);
  }
  return sources.size() > 1 ? "(" + alternatives + ")" : alternatives;
}

}  // namespace kumasim::cp::policy::legacy
