/// What is counted of what is made for proxies, by the names and labels of Kuma's metrics (pkg/xds/metrics,
/// pkg/hds/metrics, pkg/dns/metrics).
#pragma once

#include <map>
#include <string>
#include <utility>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/registry.h>
#include <prometheus/summary.h>

#include "kumasim/runtime/time.hpp"

namespace kumasim::cp {

/// Kuma looks after each proxy once a second and counts that as `skip` where nothing has changed; here nobody looks
/// then, and there is no `skip`.
///
/// Quantiles are of the last minutes by the machine's clock, in simulated worlds too, where nothing may depend on them.
class GenerationMetrics {
 public:
  /// The registry must outlive it, and has none of these names yet.
  explicit GenerationMetrics(prometheus::Registry& registry);

  /// A proxy's configuration was made; `changed`: it differed and was pushed. `proxy_type`: "dataplane", "ingress" or
  /// "egress".
  void xds_generated(const std::string& proxy_type, bool changed, Duration took);
  void xds_failed() { xds_errors_.Increment(); }
  /// A look at what a proxy is to probe.
  void hds_generated(Duration took);
  /// A mesh's virtual addresses.
  void vips_generated(Duration took);
  void vips_failed() { vip_errors_.Increment(); }

 private:
  prometheus::Family<prometheus::Summary>& xds_;
  prometheus::Counter& xds_errors_;
  prometheus::Family<prometheus::Summary>& hds_;
  prometheus::Family<prometheus::Summary>& vips_;
  prometheus::Counter& vip_errors_;
  std::map<std::pair<std::string, bool>, prometheus::Summary*> known_;  ///< of xds_
};

}  // namespace kumasim::cp
