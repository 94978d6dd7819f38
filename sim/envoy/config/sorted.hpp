/// The entries of a protobuf map by key: its own order differs between processes and must not show.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

namespace kumasim::sim::proxy {

/// Pairs of a key and a pointer to its value; the map must outlive them.
template <class Map>
auto sorted(const Map& map) {
  std::vector<std::pair<typename Map::key_type, const typename Map::mapped_type*>> out;
  for (const auto& [key, value] : map) out.emplace_back(key, &value);
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return out;
}

}  // namespace kumasim::sim::proxy
