/// The examples by kind, in the parts that examples.hpp looks through.
#pragma once

#include <map>
#include <string_view>

namespace kumasim::cp::examples {

using List = std::map<std::string_view, std::string_view>;

const List& core();
const List& destinations();
const List& policies();
const List& old_policies();

}  // namespace kumasim::cp::examples
