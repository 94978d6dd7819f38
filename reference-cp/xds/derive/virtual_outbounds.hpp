/// Names that VirtualOutbounds give to services.
#pragma once

#include <string>
#include <vector>

#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/vip_table.hpp"

namespace kumasim::cp::derive {

/// The VirtualOutbounds that select these tags; the one with the most specific selector first, of equals the youngest,
/// then the first name.
std::vector<ResourcePtr> matching_virtual_outbounds(const MeshView& mesh, const Tags& tags);

struct NamedOutbound {
  std::string host;
  VipOutbound outbound;
};

/// What they make of the tags. One whose templates give no host or port for these tags is left out.
std::vector<NamedOutbound> named_outbounds(const MeshView& mesh, const Tags& tags);

}  // namespace kumasim::cp::derive
