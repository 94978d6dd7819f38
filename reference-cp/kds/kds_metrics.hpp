/// What KDS counts, by the names and labels of Kuma's metrics (pkg/util/xds, pkg/kds/v2), so that its dashboards show
/// it.
#pragma once

#include <optional>
#include <string>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/summary.h>

#include "kumasim/runtime/time.hpp"
#include "reference-cp/xds/ads/request.hpp"

namespace kumasim::cp::kds {

/// Streams are counted by the side that gives on them, resources that were taken by the side that takes. A kind is what
/// it is called in KDS: "MeshTimeout".
///
/// Quantiles are of the last minute by the machine's clock, in simulated worlds too, where nothing may depend on them.
class KdsMetrics {
 public:
  /// The registry must outlive it, and has none of these names yet.
  explicit KdsMetrics(prometheus::Registry& registry);

  void stream_opened() { streams_active_.Increment(); }
  /// The other side has said which version it is of; "" where it did not: "unknown".
  void client_known(const std::string& version);
  /// `version` as client_known() was told; absent: it was not.
  void stream_closed(const std::optional<std::string>& version);

  void response_sent(const std::string& kind, std::size_t bytes);
  /// A request that answers a response, `delivery` after what was in it was ready; absent: nothing had changed.
  void answered(const std::string& kind, const std::optional<AdsRejection>& refusal, std::optional<Duration> delivery);

  /// One look at what a peer is to be given.
  void generated(Duration took, bool resync, bool event, bool changed);
  void generation_failed() { generation_errors_.Increment(); }

  void resources_taken(Duration took);
  void zones_watched(Duration took);

 private:
  prometheus::Family<prometheus::Counter>& responses_sent_;
  prometheus::Family<prometheus::Histogram>& responses_sent_bytes_;
  prometheus::Family<prometheus::Counter>& requests_received_;
  prometheus::Gauge& streams_active_;
  prometheus::Summary& delivery_;
  prometheus::Family<prometheus::Gauge>& client_versions_;
  prometheus::Family<prometheus::Summary>& generations_;
  prometheus::Counter& generation_errors_;
  prometheus::Histogram& resources_sync_;
  prometheus::Summary& zone_watch_;
};

}  // namespace kumasim::cp::kds
