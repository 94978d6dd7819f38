#include "scenarios/behaviour/resource_difference.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace kumasim::scenario {

std::string ResourceDifference::text() const { return fmt::format("{} {} {}", type, name, state); }

std::vector<ResourceDifference> resource_differences(const Deployment& before, const Deployment& after) {
  std::vector<ResourceDifference> out;
  auto add = [&](const Deployment::Key& key, const char* state) { out.push_back({key[0], key[1], key[2], state}); };
  for (const auto& [key, resource] : before.resources()) {
    auto now = after.resources().find(key);
    if (now == after.resources().end())
      add(key, "removed");
    else if (now->second != resource)
      add(key, "changed");
  }
  for (const auto& [key, resource] : after.resources())
    if (!before.resources().contains(key)) add(key, "added");
  std::ranges::sort(out);
  return out;
}

}  // namespace kumasim::scenario
