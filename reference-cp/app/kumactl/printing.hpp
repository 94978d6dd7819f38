/// What several commands print in the same way.
#pragma once

#include <iosfwd>
#include <string>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/error.hpp"
#include "reference-cp/model/kind.hpp"

namespace kumasim::cp {

/// As "yaml" or "json"; invalid_argument for any other format.
Result<> print_formatted(std::ostream& out, const nlohmann::ordered_json& value, const std::string& format);

/// One resource; of a kind that Kuma keeps in protobuf, YAML has the metadata before the specification, as Kuma prints
/// it.
Result<> print_resource(std::ostream& out, const Kind& kind, const nlohmann::ordered_json& value,
                        const std::string& format);

/// The tags of a dataplane's inbounds, or of its gateway, or of an external service: "kuma.io/service=a,b version=v1".
std::string tags_text(const nlohmann::json& resource);

}  // namespace kumasim::cp
