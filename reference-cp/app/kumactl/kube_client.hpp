/// Kubernetes' API server, as far as kumactl asks it.
#pragma once

#include <set>
#include <string>

#include "reference-cp/app/kumactl/kube_config.hpp"

namespace kumasim::live {
class LiveRuntime;
}

namespace kumasim::cp {

/// Names of the CustomResourceDefinitions that the cluster has ("meshes.kuma.io").
Result<std::set<std::string>> installed_definitions(live::LiveRuntime& live, const KubeAccess& access);

}  // namespace kumasim::cp
