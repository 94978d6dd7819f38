#include "sim/envoy/envoy_bugs.hpp"

namespace kumasim::sim {

const std::vector<std::string>& EnvoyBugs::names() {
  static const std::vector<std::string> all{"envoy-forgets-refused-clusters", "envoy-cut-by-rotation"};
  return all;
}

std::optional<EnvoyBugs> EnvoyBugs::from_name(std::string_view name) {
  if (name == names()[0]) return EnvoyBugs{.forgets_refused_clusters = true};
  if (name == names()[1]) return EnvoyBugs{.cut_by_rotation = true};
  return std::nullopt;
}

}  // namespace kumasim::sim
