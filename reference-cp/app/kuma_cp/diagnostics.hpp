/// Health, readiness and metrics of the control plane itself, on a port of their own.
#pragma once

#include <functional>

#include "kumasim/transport/http.hpp"
#include "reference-cp/app/kuma_cp/reconciler.hpp"

namespace kumasim::cp {

class Diagnostics {
 public:
  /// `ready` tells whether every server of the control plane is up.
  Diagnostics(const Reconciler& reconciler, std::function<bool()> ready)
      : reconciler_(reconciler), ready_(std::move(ready)) {}

  /// GET /healthy, /ready, /metrics (Prometheus' text format).
  HttpResponse handle(const HttpRequest& request) const;

 private:
  std::string metrics() const;

  const Reconciler& reconciler_;
  std::function<bool()> ready_;
};

}  // namespace kumasim::cp
