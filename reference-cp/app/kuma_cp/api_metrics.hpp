/// What the API server counts, by the names, labels and buckets of Kuma's (slok/go-http-metrics, prefix api_server).
#pragma once

#include <string>

#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "kumasim/runtime/time.hpp"
#include "kumasim/transport/http.hpp"

namespace kumasim::cp {

class ApiMetrics {
 public:
  /// The registry must outlive it, and has none of these names yet.
  explicit ApiMetrics(prometheus::Registry& registry);

  /// `handler` is handler_name() of the path.
  void began(const std::string& handler);
  /// Without an answer where the request failed: then only its end counts.
  void ended(const std::string& handler, const std::string& method, const HttpResponse* answer, Duration took);

 private:
  prometheus::Family<prometheus::Histogram>& durations_;
  prometheus::Family<prometheus::Histogram>& sizes_;
  prometheus::Family<prometheus::Gauge>& inflight_;
};

}  // namespace kumasim::cp
