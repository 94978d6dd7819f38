/// What the outcomes of a host's health checks make of it, as Envoy's ActiveHealthCheckSession: thresholds, the first
/// check, the time to the next one.
#pragma once

#include <cstdint>

#include "kumasim/runtime/time.hpp"
#include "sim/envoy/config/health_check.hpp"
#include "sim/envoy/data/balancer.hpp"

namespace kumasim::sim::proxy {

class HostHealth {
 public:
  enum class Failure : std::uint8_t {
    answer,     ///< it says no: failed at once
    retriable,  ///< it says no, and it counts by the threshold, as what follows
    network,
    timeout,
    passive  ///< an answer to a call says that it is to be left out
  };
  /// Of what the balancer goes by. `pending`: there would be one, but for the threshold.
  enum class Change : std::uint8_t { none, pending, done };

  HostHealth(const HealthCheck& rules, CheckRecord& record) : rules_(rules), record_(record) {}

  Change passed(bool degraded);
  Change failed(Failure why);
  /// No check is over yet.
  bool first() const { return first_; }
  /// From the end of a check that `passed` to the next one, without jitter. `traffic`: the cluster has had connections.
  Duration wait(bool passed, Change change, bool traffic) const;

 private:
  Change settle(Change change);

  const HealthCheck& rules_;
  CheckRecord& record_;
  bool first_ = true;
  std::uint32_t passes_ = 0, failures_ = 0;  ///< in a row
};

}  // namespace kumasim::sim::proxy
