/// Health, readiness and metrics of the control plane itself, on a port of their own.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include <prometheus/registry.h>

#include "kumasim/transport/http.hpp"
#include "reference-cp/app/kuma_cp/hds_server.hpp"
#include "reference-cp/app/kuma_cp/reconciler.hpp"
#include "reference-cp/app/kuma_cp/rollout.hpp"

namespace kumasim::cp {

/// This control plane among others, in metrics.
struct InstanceInfo {
  std::string id;
  std::string cluster;  ///< "" while a zone does not know it
  bool leads = true;
};

class Diagnostics {
 public:
  /// `ready` tells whether every server of the control plane is up; `federated`, of a zone under Global, whether it is
  /// connected to it, and is empty for others; `zones_behind`, of Global, names the zones that are connected and have
  /// not answered all that there is for them; `follows_store`, of one that shares its store, whether it sees what
  /// others write; `about` tells who it is, where that is to be shown. `registry` has what other parts count. What is
  /// referred to must outlive it.
  Diagnostics(const prometheus::Registry& registry, const Reconciler& reconciler, const HdsCounts& hds,
              std::function<bool()> ready, std::function<bool()> federated = {},
              std::function<std::set<std::string>()> zones_behind = {}, std::function<bool()> follows_store = {},
              std::function<InstanceInfo()> about = {})
      : registry_(registry),
        reconciler_(reconciler),
        hds_(hds),
        ready_(std::move(ready)),
        federated_(std::move(federated)),
        zones_behind_(std::move(zones_behind)),
        follows_store_(std::move(follows_store)),
        about_(std::move(about)) {}

  /// GET /healthy, /ready, /metrics (Prometheus' text format), and /rollout?policy=TYPE/MESH/NAME&... (see rollout()),
  /// which says `connectedToGlobal`, too, where there is one, `zonesBehind` where there are zones, and `followsStore`
  /// where others share its store. This port knows no users, and /rollout costs work and names proxies: only who asks
  /// on this machine is answered, others get 403.
  HttpResponse handle(const HttpRequest& request) const;

 private:
  std::string metrics() const;
  std::vector<prometheus::MetricFamily> counts() const;

  const prometheus::Registry& registry_;
  const Reconciler& reconciler_;
  const HdsCounts& hds_;
  std::function<bool()> ready_, federated_;
  std::function<std::set<std::string>()> zones_behind_;
  std::function<bool()> follows_store_;
  std::function<InstanceInfo()> about_;
  mutable PolicySubjects subjects_;
};

}  // namespace kumasim::cp
