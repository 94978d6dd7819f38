/// The kinds as Kubernetes' API server knows them: the tables of the model, and three kinds that exist there only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reference-cp/model/kind.hpp"

namespace kumasim::cp {

/// A column of `kubectl get` (`additionalPrinterColumns`). One with a priority is shown by `-o wide` only.
struct PrinterColumn {
  std::string name;
  std::string path;  // JSONPath, as in ".spec.zone"
  int priority = 0;
};

struct KubernetesKind {
  std::string type;        // "MeshTimeout"
  std::string short_name;  // "" for none
  std::string text;        // one line for people
  bool namespaced = true;
  bool has_mesh = false;  // a field `mesh` beside the specification
  /// nullptr: kept as it is, for the control plane judges it (the kinds that Kuma keeps in protobuf).
  SchemaPtr spec;
  bool spec_is_status = false;  // what others have in `spec` is in `status`
  SchemaPtr status;             // nullptr for none
  bool status_apart = false;    // written by its own request (`subresources.status`)
  std::vector<PrinterColumn> columns;
};

/// By Kubernetes' rule: "MeshTLS" is "meshtlses", "MeshRetry" is "meshretries".
std::string kubernetes_plural(std::string_view type);

/// Every kind that Kuma installs a definition of, in the order of their plurals. Secrets are Kubernetes' own, and what
/// the control plane keeps for itself (Config) is in a ConfigMap.
std::vector<KubernetesKind> kubernetes_kinds();

}  // namespace kumasim::cp
