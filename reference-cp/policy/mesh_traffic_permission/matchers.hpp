/// MeshTrafficPermission's `rules` as Envoy's generic matchers.
#pragma once

#include <optional>
#include <span>

namespace xds::type::matcher::v3 {
class Matcher;
}

namespace kumasim::cp::policy {
struct InboundRule;

namespace mesh_traffic_permission {

/// Each entry in order: its denied, then its allowed clients; who matches nothing is denied.
xds::type::matcher::v3::Matcher matcher(std::span<const InboundRule> rules);

/// What would be denied if shadow denials were real; nullopt where no entry has any.
std::optional<xds::type::matcher::v3::Matcher> shadow_matcher(std::span<const InboundRule> rules);

}  // namespace mesh_traffic_permission
}  // namespace kumasim::cp::policy
