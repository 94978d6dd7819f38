/// Removes Dataplanes and zone proxies that have been offline for too long (Kuma: pkg/gc/collector.go).
#pragma once

#include "kumasim/runtime/clock.hpp"
#include "kumasim/runtime/log.hpp"
#include "kumasim/runtime/timer.hpp"
#include "reference-cp/manager/manager.hpp"

namespace kumasim::cp {

class GarbageCollector {
 public:
  struct Ages {
    Duration dataplane_max;
    Duration zone_proxy_max;
  };

  /// All must outlive it.
  GarbageCollector(const Clock& clock, Log& log, Manager& manager, Ages ages)
      : clock_(clock), log_(log), manager_(manager), ages_(ages) {}

  /// Looks once in a minute until the process ends.
  asio::awaitable<void> run(Timers& timers);
  /// What was never connected stays: somebody wrote it for a proxy that is still to come.
  asio::awaitable<void> collect();

  static constexpr Duration interval = std::chrono::minutes(1);

 private:
  asio::awaitable<void> collect(const Kind& insights, const Kind& resources, Duration age_max);

  const Clock& clock_;
  Log& log_;
  Manager& manager_;
  Ages ages_;
};

}  // namespace kumasim::cp
