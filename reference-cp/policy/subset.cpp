/// Set algebra on tag subsets, as Kuma defines it for targetRef policies (Kuma's MADR 007).
#include "reference-cp/policy/subset.hpp"

#include <algorithm>

namespace kumasim::cp::policy {

bool contains(const Subset& subset, const Tags& element) {
  if (subset.empty()) return true;
  if (element.empty()) return false;
  bool shares_key = false;
  for (const Tag& tag : subset) {
    auto found = element.find(tag.key);
    if (found == element.end()) {
      if (!tag.negated) return false;
      continue;
    }
    shares_key = true;
    if ((found->second == tag.value) == tag.negated) return false;
  }
  return shares_key || positives(subset) == 0;
}

namespace {

bool includes(const Tag& outer, const Tag& inner) {
  if (outer.negated == inner.negated) return outer.value == inner.value;
  return outer.negated && outer.value != inner.value;
}

}  // namespace

bool includes(const Subset& outer, const Subset& inner) {
  return std::ranges::all_of(outer, [&](const Tag& tag) {
    bool seen = false;
    for (const Tag& other : inner) {
      if (other.key != tag.key) continue;
      seen = true;
      if (!includes(tag, other)) return false;
    }
    return seen;
  });
}

bool intersects(const Subset& a, const Subset& b) {
  for (const Tag& tag : a)
    for (const Tag& other : b)
      if (!tag.negated && !other.negated && tag.key == other.key && tag.value != other.value) return false;
  return true;
}

std::size_t positives(const Subset& subset) {
  return std::size_t(std::ranges::count_if(subset, [](const Tag& tag) { return !tag.negated; }));
}

std::vector<Subset> partition(std::span<const Tag> sorted_tags) {
  struct Dimension {
    std::string key;
    std::vector<std::string> values;
    std::size_t choice = 0;  // 0: the last value, ..., values.size(): none of them
  };
  std::vector<Dimension> dimensions;
  for (const Tag& tag : sorted_tags) {
    if (dimensions.empty() || dimensions.back().key != tag.key) dimensions.push_back({tag.key, {}});
    auto& values = dimensions.back().values;
    if (values.empty() || values.back() != tag.value) values.push_back(tag.value);
  }

  auto current = [&] {
    Subset cell;
    for (const Dimension& d : dimensions) {
      if (d.choice == d.values.size()) {
        for (const std::string& value : d.values) cell.push_back({d.key, value, true});
      } else {
        cell.push_back({d.key, d.values[d.values.size() - 1 - d.choice], false});
      }
    }
    return cell;
  };

  std::vector<Subset> cells;
  for (;;) {  // an odometer that starts on its second position and ends on its first
    bool turned = false;
    for (Dimension& d : dimensions) {
      if (++d.choice <= d.values.size()) {
        turned = true;
        break;
      }
      d.choice = 0;
    }
    cells.push_back(current());
    if (!turned) return cells;
  }
}

}  // namespace kumasim::cp::policy
