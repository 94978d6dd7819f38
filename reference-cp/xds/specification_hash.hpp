/// A name for what a resource says, whatever control plane holds it and under whatever name.
#pragma once

#include <string>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/content_hash.hpp"

namespace kumasim::cp {

/// Of its canonical specification alone: a zone holds what Global gave it with other labels.
inline std::string specification_hash(const Resource& resource) {
  ContentHash hash;
  hash.add(resource.spec.dump());
  return hash.hex();
}

}  // namespace kumasim::cp
