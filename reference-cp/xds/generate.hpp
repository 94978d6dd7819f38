/// The heart of the control plane: what a proxy of a mesh is to hold.
#pragma once

#include "kumasim/runtime/error.hpp"
#include "reference-cp/xds/generate_options.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/proxy_view.hpp"
#include "reference-cp/xds/snapshot.hpp"

namespace kumasim::cp {

/// Pure: the same views give the same bytes. No clock, no I/O, no locks. Fails for a builtin gateway whose certificates
/// cannot be read, for a proxy with an admin server and no port of readiness, for an inbound of protocol tls or mysql,
/// and where changes by MeshProxyPatch or ProxyTemplate cannot be done or leave references to nowhere: such a proxy
/// keeps what it has.
Result<Snapshot> try_generate(const MeshView& mesh, const ProxyView& proxy, const GenerateOptions& options = {});
/// Nothing where it fails.
Snapshot generate(const MeshView& mesh, const ProxyView& proxy, const GenerateOptions& options = {});

}  // namespace kumasim::cp
