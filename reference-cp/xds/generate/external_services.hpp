/// ExternalServices as a proxy without zone egress reaches them: by their own addresses, not over EDS.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp::generators {

/// kuma.io/service -> endpoints, of the ExternalServices whose most specific TrafficPermission names the proxy as
/// source (Kuma docs, "External Service": a permission is needed, with mutual TLS or without). Empty in a mesh with
/// zone egress. An ExternalService whose certificates cannot be read is left out, never reached without them.
std::map<std::string, std::vector<Endpoint>> external_services(const MeshView& mesh, const ProxyView& proxy);

/// One by its own address; nullopt where its certificates cannot be read.
std::optional<Endpoint> external_endpoint(const MeshView& mesh, const Resource& service);

/// A data source's bytes into `out`; false where there is a source that cannot be read.
bool load_data_source(const MeshView& mesh, const nlohmann::json& source, std::string& out);

}  // namespace kumasim::cp::generators
