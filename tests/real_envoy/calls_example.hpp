/// Texts that a matcher takes, and texts that it just does not take.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace envoy::type::matcher::v3 {
class StringMatcher;
}
namespace envoy::config::route::v3 {
class HeaderMatcher;
}

namespace kumasim::test {

/// A text that the expression matches in full, for what routes are written with: literals, classes, groups,
/// alternatives and quantifiers. Others may come out as a text that does not match.
std::string example_of_regex(std::string_view expression);

std::string example_of(const ::envoy::type::matcher::v3::StringMatcher& matcher);

/// A value with which the matcher, its inversion left aside, holds.
std::string example_of(const ::envoy::config::route::v3::HeaderMatcher& matcher);

/// One character more, one less, another case.
std::vector<std::string> near_misses(const std::string& text);

}  // namespace kumasim::test
