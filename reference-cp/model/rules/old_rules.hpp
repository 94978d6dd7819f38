/// Rules that the old policies (those with sources and destinations) share.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "reference-cp/model/rules/tags.hpp"
#include "reference-cp/model/violation.hpp"

namespace kumasim::cp {

/// At least one tag in a selector.
extern const TagRules any_tags;
/// At least one tag, and kuma.io/service among them.
extern const TagRules service_tags;
/// kuma.io/service and nothing else.
extern const TagRules only_service_tag;

/// `sources` and `destinations` of a specification.
void validate_sides(const nlohmann::json& spec, const TagRules& sources, const TagRules& destinations, Violations& out);

/// Whether a duration in protobuf's text is there and is zero.
bool is_zero_duration(const nlohmann::json& object, std::string_view field);

/// "has to be greater than 0 when defined" of a protobuf duration or an unsigned number.
void positive_when_defined(const nlohmann::json& object, std::string_view field, const Path& path, Violations& out);

/// A percentage that has to be there (FaultInjection's and mirrors').
void validate_needed_percentage(const nlohmann::json& object, const Path& path, Violations& out);

/// A number outside [0, 100] is a violation with this message; an absent one is fine.
void validate_range_100(const nlohmann::json& number, const Path& path, const char* message, Violations& out);

/// kuma.system.v1alpha1.DataSource, where it is there.
void validate_data_source(const nlohmann::json& source, const Path& path, Violations& out);

/// Protocols as the tag kuma.io/protocol names them, in any case.
bool is_protocol(std::string_view text);
std::string lower_case(std::string_view text);

/// `address` of a proxy: an IP address or a domain name that is not the unspecified address.
void validate_proxy_address(const std::string& address, const Path& path, Violations& out);

/// Whether a listener at this address takes what is sent to 127.0.0.1, where Envoy's admin API is.
bool takes_loopback(std::string_view address);

}  // namespace kumasim::cp
