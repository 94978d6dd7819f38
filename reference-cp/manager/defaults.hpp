/// The resources that every new mesh and every new control plane gets.
#pragma once

#include <string>
#include <vector>

#include "reference-cp/manager/labels.hpp"
#include "reference-cp/model/resource.hpp"

namespace kumasim::cp {

/// The default policies of a mesh, in Kuma's names: mesh-timeout-all-default, ... `routing` adds the old permission and
/// route.
std::vector<Resource> default_policies(const std::string& mesh, bool routing);

/// The generators of host names for MeshServices and MeshExternalServices.
std::vector<Resource> default_hostname_generators(const LabelOptions& options);

/// The name of the key that signs a mesh's data plane tokens.
std::string dataplane_token_key_name(const std::string& mesh);

}  // namespace kumasim::cp
