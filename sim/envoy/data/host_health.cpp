#include "sim/envoy/data/host_health.hpp"

#include <utility>

namespace kumasim::sim::proxy {

HostHealth::Change HostHealth::passed(bool degraded) {
  failures_ = 0;
  auto change = Change::none;
  if (record_.failed) {
    // The first check that passes is enough.
    if (first_ || ++passes_ == rules_.healthy_threshold) {
      record_.failed = record_.excluded = false;
      change = Change::done;
    } else {
      change = Change::pending;
    }
  }
  change = settle(change);
  if (std::exchange(record_.degraded, degraded) != degraded && change == Change::none) change = Change::done;
  return change;
}

HostHealth::Change HostHealth::failed(Failure why) {
  passes_ = 0;
  auto change = Change::none;
  if (!record_.failed) {
    bool at_once = why == Failure::answer || why == Failure::passive;
    if (at_once || ++failures_ == rules_.unhealthy_threshold) {
      record_.failed = true;
      change = Change::done;
    } else {
      change = Change::pending;
    }
  }
  return settle(change);
}

HostHealth::Change HostHealth::settle(Change change) {
  first_ = false;
  return std::exchange(record_.pending, false) ? Change::done : change;
}

Duration HostHealth::wait(bool passed, Change change, bool traffic) const {
  bool pending = change == Change::pending;
  if (!traffic) return passed && !pending ? rules_.no_traffic_healthy : rules_.no_traffic;
  if (passed) return pending ? rules_.healthy_edge : rules_.interval;
  return pending ? rules_.unhealthy_edge : rules_.unhealthy;
}

}  // namespace kumasim::sim::proxy
