/// Tag selectors of Kuma's source/destination policies, and which of two is more specific.
#pragma once

#include <nlohmann/json.hpp>

#include "reference-cp/xds/endpoint.hpp"

namespace kumasim::cp::policy::legacy {

/// Every tag of the selector is there, with its value or any value for "*". The empty selector matches all.
bool matches(const Tags& selector, const Tags& tags);

/// Specificity: more tags first, then more exact ones (Kuma docs, "How Kuma chooses the right policy to apply").
struct Rank {
  int exact = 0;
  int wildcard = 0;
  Rank operator+(const Rank& other) const { return {exact + other.exact, wildcard + other.wildcard}; }
};
Rank rank(const Tags& selector);
/// Negative, zero or positive.
int compare(const Rank& a, const Rank& b);

/// `{match: {...}}`
Tags selector_of(const nlohmann::json& json);

}  // namespace kumasim::cp::policy::legacy
