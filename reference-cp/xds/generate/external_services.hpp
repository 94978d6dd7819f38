/// ExternalServices as a proxy without zone egress reaches them: by their own addresses, not over EDS.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "reference-cp/xds/envoy/external_endpoint.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp::generators {

/// kuma.io/service -> endpoints, of the ExternalServices whose most specific TrafficPermission names the proxy as
/// source (Kuma docs, "External Service": a permission is needed, with mutual TLS or without). Empty in a mesh with
/// zone egress. An ExternalService whose certificates cannot be read is left out, never reached without them.
std::map<std::string, std::vector<Endpoint>> external_services(const MeshView& mesh, const ProxyView& proxy);

using cp::external_endpoint;
using cp::load_data_source;

}  // namespace kumasim::cp::generators
