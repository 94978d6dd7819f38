/// Writes ZoneInsights: a zone's subscriptions, its signs of life, and which instance of Global serves its streams.
///
/// Each write reads the insight anew and is tried again where another write overtook it, for several streams, and
/// several instances of Global, write the same one. Where there is no Zone there is no insight.
#pragma once

#include <functional>
#include <memory>

#include "kumasim/runtime/runtime.hpp"
#include "kumasim/runtime/task.hpp"
#include "reference-cp/kds/zone_stream.hpp"
#include "reference-cp/kds/zone_subscription.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::cp::kds {

struct ZoneStatusOptions {
  std::string instance;                                ///< this control plane's
  Duration flush_interval = std::chrono::seconds(10);  ///< multizone.global.kds.zoneInsightFlushInterval
  Duration idle_time = std::chrono::minutes(5);        ///< metrics.zone.idleTimeout
  bool compact_finished = false;                       ///< metrics.zone.compactFinishedSubscriptions
  std::size_t subscription_limit = 10;                 ///< metrics.zone.subscriptionLimit; 0: none is kept
};

class ZoneStatus {
 public:
  /// All must outlive it.
  ZoneStatus(const Runtime& runtime, Store& store, ZoneStatusOptions options)
      : runtime_(runtime), store_(store), options_(std::move(options)) {}

  /// Writes the subscription now, then at most once a flush interval where it has changed, until it ends; the end
  /// itself is the last write, and follow() returns after it. Call `wake` (Event) when the subscription ends, so that
  /// the last write comes at once. A subscription of which no request has come is not written.
  asio::awaitable<void> follow(std::shared_ptr<ZoneSubscription> subscription, Event& wake);

  /// A zone's call of HealthCheck: its time goes into the insight. not_found where there is no Zone.
  asio::awaitable<Result<>> health_check(std::string zone);

  /// The zone has opened a stream here at this time; a stream that is newer in the insight stays. not_found where there
  /// is no Zone.
  asio::awaitable<Result<>> stream_opened(std::string zone, ZoneStream stream, WallTime connected);

 private:
  using Edit = std::function<void(nlohmann::json& spec)>;
  /// Reads, edits and writes, nothing where the edit changes nothing.
  asio::awaitable<Result<>> edit(std::string zone, Edit edit);
  asio::awaitable<Result<>> edit_once(const std::string& zone, const Edit& edit);
  asio::awaitable<void> write(const ZoneSubscription& subscription, std::string& written);

  Runtime runtime_;
  Store& store_;
  ZoneStatusOptions options_;
};

}  // namespace kumasim::cp::kds
