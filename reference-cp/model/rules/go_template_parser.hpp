/// Whether a text can be read as a template of Go's text/template (https://pkg.go.dev/text/template).
#pragma once

#include <string>
#include <string_view>

namespace kumasim::cp {

/// Go's message, "template: :1: unclosed action" say; "" for a good template. Functions are Go's own and `label`, which
/// Kuma gives to templates of host names and identities.
std::string go_template_parse_error(std::string_view text);

}  // namespace kumasim::cp
