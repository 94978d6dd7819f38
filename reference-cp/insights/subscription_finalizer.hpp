/// Ends subscriptions that nobody keeps up: those of a control plane that died, whose proxies did not come back.
///
/// Who serves a stream counts up its subscription's `generation` twice in the idle time; one that has not moved from
/// one look to the next is over (Kuma: pkg/gc/finalizer.go, metrics.dataplane.idleTimeout; at Global, of zones,
/// metrics.zone.idleTimeout).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "kumasim/runtime/clock.hpp"
#include "kumasim/runtime/log.hpp"
#include "kumasim/runtime/timer.hpp"
#include "reference-cp/manager/labels.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::cp {

class SubscriptionFinalizer {
 public:
  /// Whether this control plane itself serves the stream; those are not judged.
  using Alive = std::function<bool(const Resource& insight, const std::string& subscription)>;

  /// All must outlive it. Global judges the streams of zones, for those of proxies are the zones' business.
  SubscriptionFinalizer(const Clock& clock, Log& log, Store& store, Alive alive, CpMode mode = CpMode::zone)
      : clock_(clock), log_(log), store_(store), alive_(std::move(alive)), mode_(mode) {}

  /// Looks once in each idle time, until the process ends.
  asio::awaitable<void> run(Timers& timers, Duration idle_time);
  asio::awaitable<void> look();

 private:
  /// Of the open subscriptions by id.
  using Generations = std::map<std::string, std::uint64_t>;
  using Watched = std::map<std::pair<const Kind*, ResourceKey>, Generations>;

  asio::awaitable<void> judge(ResourcePtr insight, Watched& next);

  const Clock& clock_;
  Log& log_;
  Store& store_;
  Alive alive_;
  CpMode mode_;
  Watched watched_;  ///< as they were at the last look
};

}  // namespace kumasim::cp
