/// What a mesh offers on virtual addresses: an outbound for each port, and the names that resolve to them.
#pragma once

#include <vector>

#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp {

std::vector<Outbound> vip_outbounds(const MeshView& mesh);
std::vector<VipDomains> vip_domains(const MeshView& mesh);

}  // namespace kumasim::cp
