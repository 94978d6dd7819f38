/// Go's regular expressions (RE2's syntax, https://github.com/google/re2/wiki/Syntax): whether one can be read.
#pragma once

#include <string_view>

namespace kumasim::cp {

bool is_go_regex(std::string_view text);

}  // namespace kumasim::cp
