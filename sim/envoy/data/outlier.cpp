#include "sim/envoy/data/outlier.hpp"

#include <algorithm>
#include <cmath>

namespace kumasim::sim::proxy {

bool OutlierDetector::report(const Records& all, OutlierRecord& host, Origin origin, int status, MonotonicTime now,
                             Random& random) {
  if (origin == Origin::server) return answered(all, host, status, now, random);
  const bool good = origin == Origin::connected || origin == Origin::stands;
  if (rules_.split) return local(all, host, good, now, random);
  // Without the split, what fails here counts as the status that the caller gets, or would by HTTP.
  return origin != Origin::connected && answered(all, host, status, now, random);
}

bool OutlierDetector::answered(const Records& all, OutlierRecord& host, int status, MonotonicTime now, Random& random) {
  ++host.external.total;
  if (status < 500) {
    ++host.external.good;
    host.consecutive_5xx = host.consecutive_gateway = 0;
    return false;
  }
  bool changed = false;
  if (status < 502 || status > 504) {
    host.consecutive_gateway = 0;
  } else if (++host.consecutive_gateway == rules_.consecutive_gateway) {
    if (!host.ejected) changed = eject(all, host, "consecutive_gateway_failure", rules_.enforcing_gateway, now, random);
    host.consecutive_gateway = 0;
  }
  if (++host.consecutive_5xx == rules_.consecutive_5xx) {
    if (!host.ejected) changed |= eject(all, host, "consecutive_5xx", rules_.enforcing_5xx, now, random);
    host.consecutive_5xx = 0;
  }
  return changed;
}

bool OutlierDetector::local(const Records& all, OutlierRecord& host, bool good, MonotonicTime now, Random& random) {
  ++host.local.total;
  if (good) {
    ++host.local.good;
    host.consecutive_local = 0;
    return false;
  }
  if (++host.consecutive_local != rules_.consecutive_local) return false;
  host.consecutive_local = 0;
  return !host.ejected && eject(all, host, "consecutive_local_origin_failure", rules_.enforcing_local, now, random);
}

bool OutlierDetector::eject(const Records& all, OutlierRecord& host, const char* type, std::uint32_t enforcing,
                            MonotonicTime now, Random& random) {
  stats_.add(prefix_ + "ejections_detected_" + type);
  auto out = static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](auto* r) { return r->ejected; }));
  bool room = (out + 1) * 100 <= std::size_t{std::min(rules_.max_ejection_percent, 100u)} * all.size();
  if (!room && !(rules_.always_one && out == 0)) {
    stats_.add(prefix_ + "ejections_overflow");
    return false;
  }
  if (enforcing < 100 && random.below(100) >= enforcing) return false;
  stats_.add(prefix_ + "ejections_enforced_total");
  stats_.add(prefix_ + "ejections_enforced_" + type);
  host.ejected = true;
  host.ejected_at = now;
  if (rules_.base_ejection * host.backoff < rules_.max_ejection + rules_.base_ejection) ++host.backoff;
  return true;
}

/// Hosts whose success rate lies below the mean by more than so many standard deviations, and hosts that fail more than
/// so much, among those with enough requests.
bool OutlierDetector::rates(const Records& all, OutlierRecord::Bucket OutlierRecord::* bucket, bool local,
                            MonotonicTime now, Random& random) {
  if (all.size() < rules_.success_hosts_min && all.size() < rules_.failure_hosts_min) return false;
  std::vector<std::pair<OutlierRecord*, double>> by_success, by_failure;
  double sum = 0;
  for (auto* host : all) {
    const auto& b = host->*bucket;
    if (host->ejected || b.total == 0) continue;
    auto rate = static_cast<double>(b.good) * 100.0 / static_cast<double>(b.total);
    if (b.total >= rules_.success_volume) {
      by_success.emplace_back(host, rate);
      sum += rate;
    }
    if (b.total >= rules_.failure_volume) by_failure.emplace_back(host, rate);
  }
  bool changed = false;
  if (!by_success.empty() && by_success.size() >= rules_.success_hosts_min) {
    auto count = static_cast<double>(by_success.size());
    auto mean = sum / count;
    double variance = 0;
    for (const auto& [host, rate] : by_success) variance += (rate - mean) * (rate - mean);
    auto least = mean - rules_.success_stdev_thousandths / 1000.0 * std::sqrt(variance / count);
    for (const auto& [host, rate] : by_success)
      if (rate < least)
        changed |= eject(all, *host, local ? "local_origin_success_rate" : "success_rate",
                         local ? rules_.enforcing_local_success : rules_.enforcing_success, now, random);
  }
  if (!by_failure.empty() && by_failure.size() >= rules_.failure_hosts_min)
    for (const auto& [host, rate] : by_failure)
      if (!host->ejected && 100.0 - rate >= rules_.failure_threshold)
        changed |= eject(all, *host, local ? "local_origin_failure_percentage" : "failure_percentage",
                         local ? rules_.enforcing_local_failure : rules_.enforcing_failure, now, random);
  return changed;
}

bool OutlierDetector::passed(OutlierRecord& host, MonotonicTime now) const {
  if (!rules_.check_returns || !host.ejected) return false;
  take_back(host, now);
  return true;
}

void OutlierDetector::take_back(OutlierRecord& host, MonotonicTime now) {
  host.ejected = false;
  host.returned_at = now;
  host.consecutive_5xx = host.consecutive_gateway = host.consecutive_local = 0;
}

bool OutlierDetector::interval(const Records& all, MonotonicTime now, Random& random) {
  bool changed = false;
  for (auto* host : all) {
    if (!host->ejected) continue;
    if (std::min(rules_.base_ejection * host->backoff, rules_.max_ejection) > now - host->ejected_at) continue;
    take_back(*host, now);
    changed = true;
  }
  changed |= rates(all, &OutlierRecord::external, false, now, random);
  changed |= rates(all, &OutlierRecord::local, true, now, random);
  for (auto* host : all) {
    host->external = host->local = {};
    bool well = !host->ejected && host->returned_at && now - *host->returned_at >= rules_.interval;
    if (well && host->backoff > 0) --host->backoff;
  }
  return changed;
}

bool OutlierDetector::waiting(const Records& all) {
  return std::any_of(all.begin(), all.end(), [](auto* r) { return r->ejected || r->backoff > 0; });
}

}  // namespace kumasim::sim::proxy
