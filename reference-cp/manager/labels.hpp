/// The labels that the control plane adds to a resource: mesh, origin, zone, environment, type of proxy.
#pragma once

#include <map>
#include <string>

#include "reference-cp/model/kind.hpp"

namespace kumasim::cp {

enum class CpMode { zone, global };

struct LabelOptions {
  CpMode mode = CpMode::zone;
  std::string zone = "default";
  std::string environment = "universal";
};

/// `resource.meta.labels` with what Kuma adds; labels that are set already stay, but for kuma.io/proxy-type.
std::map<std::string, std::string> compute_labels(const Resource& resource, const LabelOptions& options);

}  // namespace kumasim::cp
