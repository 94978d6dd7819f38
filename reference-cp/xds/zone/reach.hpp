/// Which of a zone's proxies a write can change.
#pragma once

#include "reference-cp/xds/mesh_view.hpp"

namespace kumasim::cp {

struct ZoneReach {
  bool ingresses = false, egresses = false;

  bool any() const { return ingresses || egresses; }
  bool of(bool ingress) const { return ingress ? ingresses : egresses; }
  void merge(const ZoneReach& other);
};

/// Errs on the side of more: a kind that it does not know reaches both.
ZoneReach zone_reach(const ResourceChange& change);

}  // namespace kumasim::cp
