/// The commit that this binary was built from.
#pragma once

#include <string_view>

namespace kumasim::cli {

/// Twelve digits, with "+" where the tree had changes; "unknown" outside of git.
std::string_view commit();

}  // namespace kumasim::cli
