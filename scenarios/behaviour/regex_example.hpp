/// A text that a regular expression matches.
#pragma once

#include <string>
#include <string_view>

namespace kumasim::scenario {

/// In full, for what routes are written with: literals, classes, groups, alternatives and quantifiers. Others may come
/// out as a text that does not match.
std::string example_of_regex(std::string_view expression);

}  // namespace kumasim::scenario
