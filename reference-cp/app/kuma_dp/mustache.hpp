/// The variables of a dataplane template: {{name}} and {{a.b}}, as `kuma-dp run --dataplane-var` fills them in.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace kumasim::dp {

/// Mustache's variables: a name without a value gives nothing, `{{name}}` escapes HTML as mustache does, `{{{name}}}`
/// and
/// `{{&name}}` do not, `{{! comment }}` is dropped. Sections are kept as they are: templates of dataplanes have none.
std::string render_template(std::string_view text, const std::map<std::string, std::string>& variables);

}  // namespace kumasim::dp
