/// An ExternalService as an endpoint of its own address.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "reference-cp/xds/mesh_view.hpp"

namespace kumasim::cp {

/// nullopt where its certificates cannot be read.
std::optional<Endpoint> external_endpoint(const MeshView& mesh, const Resource& service);

/// By kuma.io/service; none in a mesh with zone egress.
std::map<std::string, std::vector<Endpoint>> all_external_services(const MeshView& mesh);

/// A data source's bytes into `out`; false where there is a source that cannot be read.
bool load_data_source(const MeshView& mesh, const nlohmann::json& source, std::string& out);

}  // namespace kumasim::cp
