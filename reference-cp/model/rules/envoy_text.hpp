/// Envoy resources that people write as text in a policy: whether a text can be one, without Envoy's descriptors.
///
/// The control plane's xDS side parses them as protobuf; here the form is checked: YAML or JSON, an object, a known
/// message's required name. Messages are as Kuma words them.
#pragma once

#include <string>
#include <string_view>

namespace kumasim::cp {

/// Why this is no message of this type ("Cluster", "Listener", "Filter", "HttpFilter", "VirtualHost"); "" for a good
/// one. A `whole` message also has what Envoy requires; a patch need not.
std::string envoy_message_error(std::string_view text, std::string_view type, bool whole);

/// Why this is no google.protobuf.Any with an `@type`; "" for a good one.
std::string envoy_any_error(std::string_view text);

}  // namespace kumasim::cp
