/// What the subscriptions of an insight tell: the streams of its proxy or zone.
#pragma once

#include <algorithm>

#include <nlohmann/json.hpp>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {

/// The stream has begun and not ended.
inline bool is_open(const nlohmann::json& subscription) {
  return has(subscription, "connectTime") && !has(subscription, "disconnectTime");
}

/// Some stream of the insight's proxy, or zone, is open. False for nullptr.
inline bool is_connected(const Resource* insight) {
  return insight != nullptr && std::ranges::any_of(at(insight->spec, "subscriptions"), is_open);
}

}  // namespace kumasim::cp
