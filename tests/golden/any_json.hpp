/// A serialised google.protobuf.Any as canonical protobuf JSON, nested ones too.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace kumasim::cp::golden {

/// An object with the one field "$undecoded" where some message is not known.
nlohmann::json any_to_json(const std::string& any);

}  // namespace kumasim::cp::golden
