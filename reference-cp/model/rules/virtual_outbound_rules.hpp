/// What a VirtualOutbound's templates make of a service's tags.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/error.hpp"

namespace kumasim::cp {

/// The tag that a parameter stands for: its `tagKey`, or its name.
std::string parameter_tag(const nlohmann::json& parameter);

/// `conf.host` and `conf.port` of a VirtualOutbound for a service with these tags; errors in Kuma's words.
Result<std::string> virtual_outbound_host(const nlohmann::json& conf, const std::map<std::string, std::string>& tags);
Result<std::uint32_t> virtual_outbound_port(const nlohmann::json& conf, const std::map<std::string, std::string>& tags);

}  // namespace kumasim::cp
