/// Go's regular expressions (RE2's syntax, https://github.com/google/re2/wiki/Syntax): whether one can be read.
#pragma once

#include <string>
#include <string_view>

namespace kumasim::cp {

bool is_go_regex(std::string_view text);

/// What Go says of one that cannot be read, after "error parsing regexp: "; "" for a good one. The words are Go's for
/// what lacks its other half or something to repeat, and for a class that has no such name; anything else is told as
/// syntax that it does not know.
std::string go_regex_error(std::string_view text);

}  // namespace kumasim::cp
