/// Host names of gateway listeners and routes: exact ones, and wildcards ("*.example.com", "*").
#pragma once

#include <algorithm>
#include <ranges>
#include <string_view>

namespace kumasim::cp::gateway {

/// Every host that `name` means is one that `pattern` means.
bool contains(std::string_view pattern, std::string_view name);
/// One of the two contains the other.
bool overlap(std::string_view a, std::string_view b);
/// Exact names come before wildcards, long wildcards before short ones; then by the alphabet.
bool more_exact(std::string_view a, std::string_view b);

template <class Range, class Name>
void sort_by_exactness(Range& range, Name name) {
  std::ranges::stable_sort(range, [](auto&& a, auto&& b) { return more_exact(a, b); }, name);
}

}  // namespace kumasim::cp::gateway
