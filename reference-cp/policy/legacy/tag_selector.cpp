/// Ranking of tag selectors.
#include "reference-cp/policy/legacy/tag_selector.hpp"

#include <algorithm>

#include "reference-cp/xds/json_read.hpp"

namespace kumasim::cp::policy::legacy {

bool matches(const Tags& selector, const Tags& tags) {
  return std::ranges::all_of(selector, [&](const auto& wanted) {
    auto found = tags.find(wanted.first);
    return found != tags.end() && (wanted.second == "*" || wanted.second == found->second);
  });
}

Rank rank(const Tags& selector) {
  Rank rank;
  for (const auto& [key, value] : selector) ++(value == "*" ? rank.wildcard : rank.exact);
  return rank;
}

int compare(const Rank& a, const Rank& b) {
  int total = a.exact + a.wildcard - b.exact - b.wildcard;
  return total != 0 ? total : a.exact - b.exact;
}

Tags selector_of(const nlohmann::json& json) { return tags_of(at(json, "match")); }

}  // namespace kumasim::cp::policy::legacy
