/// Whether a proxy's resources name each other completely.
#pragma once

#include "kumasim/runtime/error.hpp"

namespace kumasim::cp {

class ResourceSet;
class Snapshot;

/// Every cluster that gets its endpoints over ADS has them, every route configuration that a listener names is there,
/// and nothing else of either kind is; the rule by which Kuma's snapshot cache (go-control-plane) refuses a proxy's new
/// configuration. REQUIRES: `snapshot` is that of `resources`.
Result<> check_references(const ResourceSet& resources, const Snapshot& snapshot);

}  // namespace kumasim::cp
