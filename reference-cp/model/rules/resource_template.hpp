/// Go's text/template as Kuma runs it over a resource: named texts as fields, its labels by the function `label`.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "kumasim/runtime/error.hpp"

namespace kumasim::cp {

/// `{{ .Field }}`, `{{ label "key" }}`, `{{ "key" | label }}` and constant texts, with comments and trimming dashes.
/// Errors are Go's; other actions (if, range, variables, Go's own functions) are refused as unsupported.
Result<std::string> render_resource_template(std::string_view text, const std::map<std::string, std::string>& fields,
                                             const std::map<std::string, std::string>& labels);

}  // namespace kumasim::cp
