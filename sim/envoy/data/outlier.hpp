/// Outlier detection over the hosts of a cluster, as Envoy's DetectorImpl: consecutive errors, success rate, failure
/// percentage.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kumasim/runtime/random.hpp"
#include "sim/envoy/config/cluster.hpp"
#include "sim/envoy/config/stats.hpp"

namespace kumasim::sim::proxy {

/// What is known of one host.
struct OutlierRecord {
  struct Bucket {
    std::uint64_t total = 0, good = 0;
  };
  std::uint32_t consecutive_5xx = 0, consecutive_gateway = 0, consecutive_local = 0;
  Bucket external, local;  ///< since the last interval
  unsigned backoff = 0;    ///< how many times the base ejection lasts
  bool ejected = false;
  MonotonicTime ejected_at = {};
  std::optional<MonotonicTime> returned_at;
};

/// Where an answer or its absence came from.
enum class Origin : std::uint8_t {
  server,         ///< the upstream's answer
  local_timeout,  ///< none came in time
  local_failure,  ///< no connection, or it ended
  connected,      ///< a request goes out on a connection that stands
  stands          ///< a connection of the TCP proxy does, and no answer will be known of
};

class OutlierDetector {
 public:
  /// Each function is given the cluster's hosts; the objects live in them. True: who can be picked has changed.
  using Records = std::vector<OutlierRecord*>;

  OutlierDetector(const OutlierDetection& rules, Stats& stats, std::string prefix)
      : rules_(rules), stats_(stats), prefix_(std::move(prefix)) {}

  /// `status` is the answer's, or of what the proxy answers in its place.
  bool report(const Records& all, OutlierRecord& host, Origin origin, int status, MonotonicTime now, Random& random);
  /// A health check of the host passed.
  bool passed(OutlierRecord& host, MonotonicTime now) const;
  /// To be called once an interval.
  bool interval(const Records& all, MonotonicTime now, Random& random);
  /// Whether the next interval has something to do without any further report.
  static bool waiting(const Records& all);
  Duration period() const { return rules_.interval; }

 private:
  bool answered(const Records& all, OutlierRecord& host, int status, MonotonicTime now, Random& random);
  bool local(const Records& all, OutlierRecord& host, bool good, MonotonicTime now, Random& random);
  bool rates(const Records& all, OutlierRecord::Bucket OutlierRecord::* bucket, bool local, MonotonicTime now,
             Random& random);
  bool eject(const Records& all, OutlierRecord& host, const char* type, std::uint32_t enforcing, MonotonicTime now,
             Random& random);
  static void take_back(OutlierRecord& host, MonotonicTime now);

  const OutlierDetection& rules_;
  Stats& stats_;
  std::string prefix_;
};

}  // namespace kumasim::sim::proxy
