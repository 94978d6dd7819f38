/// Health, readiness and metrics of the control plane itself, on a port of their own.
#pragma once

#include <functional>

#include "kumasim/transport/http.hpp"
#include "reference-cp/app/kuma_cp/hds_server.hpp"
#include "reference-cp/app/kuma_cp/reconciler.hpp"
#include "reference-cp/app/kuma_cp/rollout.hpp"

namespace kumasim::cp {

class Diagnostics {
 public:
  /// `ready` tells whether every server of the control plane is up. What is referred to must outlive it.
  Diagnostics(const Reconciler& reconciler, const HdsCounts& hds, std::function<bool()> ready)
      : reconciler_(reconciler), hds_(hds), ready_(std::move(ready)) {}

  /// GET /healthy, /ready, /metrics (Prometheus' text format), and /rollout?policy=TYPE/MESH/NAME&... (see rollout()).
  /// This port knows no users, and /rollout costs work and names proxies: only who asks on this machine is answered,
  /// others get 403.
  HttpResponse handle(const HttpRequest& request) const;

 private:
  std::string metrics() const;

  const Reconciler& reconciler_;
  const HdsCounts& hds_;
  std::function<bool()> ready_;
  mutable PolicySubjects subjects_;
};

}  // namespace kumasim::cp
