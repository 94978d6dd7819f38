/// The heart of the control plane: what a proxy of a mesh is to hold.
#pragma once

#include "reference-cp/xds/generate_options.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/proxy_view.hpp"
#include "reference-cp/xds/snapshot.hpp"

namespace kumasim::cp {

/// Pure: the same views give the same bytes. No clock, no I/O, no locks.
Snapshot generate(const MeshView& mesh, const ProxyView& proxy, const GenerateOptions& options = {});

}  // namespace kumasim::cp
