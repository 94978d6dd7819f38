/// Go's text/template, as far as host names use it: whether a template can be read.
#pragma once

#include <string>
#include <string_view>

namespace kumasim::cp {

/// Go's message for an action that does not close or holds a character that no action has; "" for a good template.
std::string go_template_error(std::string_view text);

}  // namespace kumasim::cp
