/// Where Kubernetes' API server is and who asks it: a kubeconfig, or what a pod finds in itself.
///
/// Source: Kubernetes docs, "Organizing Cluster Access Using kubeconfig Files" and "Accessing the Kubernetes API from a
/// Pod".
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kumasim/runtime/error.hpp"

namespace kumasim::cp {

struct KubeAccess {
  std::string server;  ///< URL, perhaps with a path
  std::string trust_pem{}, certificate_pem{}, key_pem{};
  bool skip_verify = false;
  std::string authorization{};  ///< the header; "" for none
};

/// What of the machine is looked at.
struct KubeMachine {
  std::string home;
  std::function<std::optional<std::string>(const std::string& name)> variable;
  std::function<Result<std::string>(const std::string& path)> read;
};

/// Of the files that KUBECONFIG names, else of `~/.kube/config`, the current context: what a file before says counts.
/// Without any of them a pod's service account. Refuses ways of authentication that take a program or a plugin.
Result<KubeAccess> kube_access(const KubeMachine& machine);

}  // namespace kumasim::cp
