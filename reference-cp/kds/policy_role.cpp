#include "reference-cp/kds/policy_role.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace kumasim::cp::kds {
namespace {

using nlohmann::json;

bool has_items(const json& spec, const char* list) {
  auto found = spec.find(list);
  return found != spec.end() && !found->empty();
}

/// An item about a destination of the policy's own namespace.
bool is_producers(const json& item, std::string_view name_space) {
  const json target = item.value("targetRef", json::object());
  const std::string kind = target.value("kind", "");
  if (kind != "MeshService" && kind != "MeshHTTPRoute") return false;
  const std::string place = target.value("namespace", "");
  return !target.value("name", "").empty() && (place.empty() || place == name_space);
}

}  // namespace

std::string policy_role(const json& spec, std::string_view name_space) {
  if (name_space.empty()) return "system";
  const bool has_to = has_items(spec, "to"), has_from = has_items(spec, "from");
  if (has_to && has_from) return "";
  if (!has_to) return "workload-owner";
  const json& items = spec["to"];
  const auto produced = std::ranges::count_if(items, [&](const json& item) { return is_producers(item, name_space); });
  if (produced == 0) return "consumer";
  return produced == static_cast<std::ptrdiff_t>(items.size()) ? producer_role : "";
}

}  // namespace kumasim::cp::kds
