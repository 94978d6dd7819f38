/// Go's text/template, as far as host names use it: whether a template can be read.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "kumasim/runtime/error.hpp"

namespace kumasim::cp {

/// Go's message for an action that does not close or holds a character that no action has; "" for a good template.
std::string go_template_error(std::string_view text);

/// A template over named texts: `{{.name}}`, with or without blanks and trimming dashes. Anything else that an action
/// holds is an error in Go's words; an unknown name becomes "<no value>".
Result<std::string> render_go_template(std::string_view text, const std::map<std::string, std::string>& values);

/// Text in double quotes as Go's %q prints it.
std::string go_quoted(std::string_view text);

}  // namespace kumasim::cp
