/// Dataplanes that proxies bring along: registered when their stream opens, removed some time after it has closed.
#pragma once

#include <map>

#include "kumasim/runtime/runtime.hpp"
#include "reference-cp/app/kuma_cp/config.hpp"
#include "reference-cp/app/kuma_cp/insights.hpp"
#include "reference-cp/app/kuma_cp/reconciler.hpp"
#include "reference-cp/manager/manager.hpp"

namespace kumasim::cp {

class Lifecycle {
 public:
  Lifecycle(const Runtime& runtime, const Config& config, Manager& manager, Reconciler& reconciler, Insights& insights)
      : runtime_(runtime), config_(config), manager_(manager), reconciler_(reconciler), insights_(insights) {}

  /// Stores the Dataplane of the node's metadata (`dataplane.resource`), where there is one. invalid_argument where it
  /// is no Dataplane, or not the one that the node says it is.
  asio::awaitable<Result<>> connected(ProxyPtr proxy);
  /// Removes after the deregistration delay what `connected` stored, unless the proxy has come back, here or elsewhere.
  asio::awaitable<void> disconnected(ProxyPtr proxy);

 private:
  Runtime runtime_;
  const Config& config_;
  Manager& manager_;
  Reconciler& reconciler_;
  Insights& insights_;
};

}  // namespace kumasim::cp
