/// A set of proxies (or of destinations) given by tags, some of them negated.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "reference-cp/xds/endpoint.hpp"

namespace kumasim::cp::policy {

struct Tag {
  std::string key, value;
  bool negated = false;  ///< key != value
  auto operator<=>(const Tag&) const = default;
};

/// The conjunction of its tags; the empty one is everything.
using Subset = std::vector<Tag>;

/// Whether one element (its tags, each key once) lies in the subset. A key that the element does not have satisfies a
/// negated tag only, and an element without any tag lies in the empty subset only.
bool contains(const Subset& subset, const Tags& element);

/// Whether `inner` is for certain a part of `outer` (every point of it is). `inner` may hold several tags of one key.
bool includes(const Subset& outer, const Subset& inner);

/// Whether some element can lie in both; both without negated tags.
bool intersects(const Subset& a, const Subset& b);

std::size_t positives(const Subset& subset);

/// The partition of all elements by these tags: for each key, each of its values and "none of them". Disjoint cells
/// that cover everything, in Kuma's order (most precise last; the first key turns fastest).
std::vector<Subset> partition(std::span<const Tag> sorted_tags);

}  // namespace kumasim::cp::policy
