/// Virtual addresses of legacy services: which a mesh wants, each keeping the one that it has.
#pragma once

#include <string>
#include <vector>

#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/vip_table.hpp"

namespace kumasim::cp::derive {

/// The table for the mesh's Dataplanes. Addresses come from 240.0.0.0/4, in the order of the names; a name keeps its
/// address of `old`, and no address is given twice while `old` knows it.
VipTable vips(const MeshView& mesh, const VipTable& old);

/// What of a Dataplane the table depends on: a text for each inbound that counts. Where the texts of a mesh's
/// Dataplanes are the same, each once, so is the table.
std::vector<std::string> vip_sources(const Resource& dataplane);

}  // namespace kumasim::cp::derive
