/// Texts that a matcher takes, and texts that it just does not take.
#pragma once

#include <string>
#include <vector>

#include "scenarios/behaviour/regex_example.hpp"

namespace envoy::type::matcher::v3 {
class StringMatcher;
}
namespace envoy::config::route::v3 {
class HeaderMatcher;
}

namespace kumasim::test {

using scenario::example_of_regex;

std::string example_of(const ::envoy::type::matcher::v3::StringMatcher& matcher);

/// A value with which the matcher, its inversion left aside, holds.
std::string example_of(const ::envoy::config::route::v3::HeaderMatcher& matcher);

/// One character more, one less, another case.
std::vector<std::string> near_misses(const std::string& text);

}  // namespace kumasim::test
