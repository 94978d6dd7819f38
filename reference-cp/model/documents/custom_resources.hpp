/// CustomResourceDefinitions (apiextensions.k8s.io/v1), read off the tables.
#pragma once

#include <nlohmann/json.hpp>

#include "reference-cp/model/documents/kubernetes_kinds.hpp"

namespace kumasim::cp {

/// The definition of one kind in the group kuma.io. Its schema is structural, as version 1 of the API wants it.
nlohmann::json custom_resource_definition(const KubernetesKind& kind);

}  // namespace kumasim::cp
