/// A scenario's document as YAML text that people like to read.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace kumasim::scenario {

/// Fields in the order of the grammar, what fits a line on one line. Reads back as the same value.
std::string document_text(const nlohmann::json& document);

/// Each line of the text as a comment.
std::string comment_text(std::string_view text);

}  // namespace kumasim::scenario
