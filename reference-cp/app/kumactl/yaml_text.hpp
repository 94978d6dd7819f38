/// JSON values as YAML text in the layout that Kuma's programs print: keys sorted, lists not indented.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace kumasim::cp {

/// Ends with a line break. Reads back as the same value.
std::string yaml_text(const nlohmann::json& value);

}  // namespace kumasim::cp
