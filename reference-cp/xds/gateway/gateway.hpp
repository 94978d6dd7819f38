/// What a builtin gateway is for: listeners for clients outside of the mesh, and routes to the mesh's services.
#pragma once

#include "kumasim/runtime/error.hpp"
#include "reference-cp/xds/generate/generation.hpp"
#include "reference-cp/xds/generate_options.hpp"

namespace kumasim::cp::gateway {

/// Does nothing for other proxies; a gateway that no MeshGateway selects has no listener. Ports of a protocol for which
/// the gateway has a MeshHTTPRoute or MeshTCPRoute are made from these, the others from MeshGatewayRoutes. Fails where
/// a certificate cannot be read; then there is nothing that the proxy could be told.
Result<> generate(generators::Generation& g, const GenerateOptions& options);

}  // namespace kumasim::cp::gateway
