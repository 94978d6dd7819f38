#include "scenarios/behaviour/fact_text.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kumasim/scenario/quantity.hpp"

namespace kumasim::scenario {

using namespace sim::proxy;

namespace {

constexpr double nanoseconds_an_hour = 3600e9;

std::string part_text(const Fraction& part) {
  if (part.per == 0) return "0%";
  return percent_text(
      static_cast<std::int64_t>(std::llround(1e6 * static_cast<double>(part.count) / static_cast<double>(part.per))));
}

std::string headers_text(const std::vector<HeaderMatch>& headers) {
  std::string out;
  for (const HeaderMatch& header : headers)
    // Kuma's own header says which clients are meant; whether it matched is part of the evaluation.
    if (header.name != "x-kuma-tags") out += " if " + header.name;
  return out;
}

std::string locality_text(const Locality& locality, bool weighted) {
  std::string name;
  for (char c : locality.name)
    if (c != '/' || (!name.empty() && name.back() != '/')) name += c;
  while (name.ends_with('/')) name.pop_back();
  if (name.empty()) name = "no locality";
  return weighted ? fmt::format("{} weight {}", name, locality.weight) : name;
}

}  // namespace

Fact duration_fact(Duration value) {
  if (value <= Duration::zero()) return {"none"};
  return {duration_text(value), value.count()};
}

Fact count_fact(std::uint64_t value) {
  // What Kuma means by no limit is the largest number that the field holds.
  if (value >= 0xFFFFFFFFu) return {"none"};
  return {std::to_string(value), static_cast<std::int64_t>(value)};
}

Fact merged(const std::vector<std::pair<std::string, Fact>>& parts) {
  if (parts.empty()) return {"none"};
  Fact out = parts.front().second;
  if (std::ranges::all_of(parts, [&](const auto& part) { return part.second == out; })) return out;
  std::map<std::string, std::vector<std::string>> by_text;
  for (const auto& [label, fact] : parts) {
    auto& labels = by_text[fact.text];
    if (std::ranges::find(labels, label) == labels.end()) labels.push_back(label);
  }
  out.text.clear();
  out.number.reset();
  out.parts.clear();
  for (const auto& [label, fact] : parts) out.parts.emplace_back(fact.text, label);
  for (const auto& [text, labels] : by_text)
    out.text += fmt::format("{}{} ({})", out.text.empty() ? "" : ", ", text, fmt::join(labels, ", "));
  return out;
}

std::string retry_text(const RetryPolicy& policy) {
  static constexpr std::pair<unsigned, const char*> names[] = {
      {RetryPolicy::on_5xx, "5xx"},
      {RetryPolicy::on_gateway_error, "gateway-error"},
      {RetryPolicy::on_connect_failure, "connect-failure"},
      {RetryPolicy::on_reset, "reset"},
      {RetryPolicy::on_reset_before_request, "reset-before-request"},
      {RetryPolicy::on_retriable_4xx, "retriable-4xx"},
      {RetryPolicy::on_refused_stream, "refused-stream"},
      {RetryPolicy::on_headers, "headers"},
  };
  std::vector<std::string> out;
  for (const auto& [bit, name] : names)
    if ((policy.on & bit) != 0) out.emplace_back(name);
  if ((policy.on & RetryPolicy::on_status_codes) != 0)
    for (int code : policy.status_codes) out.push_back(std::to_string(code));
  std::string text = out.empty() ? "nothing" : fmt::format("{}", fmt::join(out, " "));
  return fmt::format("{}, back-off {} to {}{}", text, duration_text(policy.backoff_base),
                     duration_text(policy.backoff_max), policy.avoid_previous_hosts ? ", another host" : "");
}

std::string delay_text(const FaultFilter& fault) {
  if (fault.delay <= Duration::zero() || fault.delay_share.count == 0) return {};
  return fmt::format("{} for {}{}", duration_text(fault.delay), part_text(fault.delay_share),
                     headers_text(fault.headers));
}

std::string abort_text(const FaultFilter& fault) {
  if (fault.abort_status == 0 || fault.abort_share.count == 0) return {};
  return fmt::format("{} for {}{}", fault.abort_status, part_text(fault.abort_share), headers_text(fault.headers));
}

Fact rate_limit_fact(const RateLimitFilter& limit) {
  if (limit.tokens_max == 0 || limit.enabled.count == 0 || limit.enforced.count == 0 ||
      limit.fill_interval <= Duration::zero())
    return {"none"};
  double an_hour = static_cast<double>(limit.tokens_per_fill) * nanoseconds_an_hour /
                   static_cast<double>(limit.fill_interval.count());
  return {fmt::format("{} in {}, then {}", limit.tokens_max, duration_text(limit.fill_interval), limit.status),
          std::llround(an_hour)};
}

std::string outlier_text(const Cluster& cluster) {
  if (!cluster.outlier) return "none";
  const OutlierDetection& found = *cluster.outlier;
  std::vector<std::string> by;
  if (found.enforcing_5xx > 0) by.push_back(fmt::format("{} of 5xx", found.consecutive_5xx));
  if (found.enforcing_gateway > 0) by.push_back(fmt::format("{} of gateways", found.consecutive_gateway));
  if (found.split && found.enforcing_local > 0)
    by.push_back(fmt::format("{} of local origin", found.consecutive_local));
  if (found.enforcing_success > 0)
    by.push_back(fmt::format("success rate {:.2f} deviations below", found.success_stdev_thousandths / 1000.0));
  if (found.enforcing_failure > 0) by.push_back(fmt::format("{}% failures", found.failure_threshold));
  return fmt::format("{} every {}, out for {}, at most {}%",
                     by.empty() ? "nothing" : fmt::format("{}", fmt::join(by, " or ")), duration_text(found.interval),
                     duration_text(found.base_ejection), found.max_ejection_percent);
}

std::string balancing_text(const Cluster& cluster, const std::vector<HashPolicy>& hash) {
  switch (cluster.lb) {
    case Cluster::Lb::round_robin: return "round-robin";
    case Cluster::Lb::random: return "random";
    case Cluster::Lb::provided: return "as the destination address says";
    case Cluster::Lb::least_request: return fmt::format("least-request of {}", cluster.choice_count);
    case Cluster::Lb::ring_hash:
    case Cluster::Lb::maglev: break;
  }
  std::string out = cluster.lb == Cluster::Lb::maglev ? "maglev" : "ring-hash";
  for (const HashPolicy& policy : hash) {
    switch (policy.kind) {
      case HashPolicy::Kind::header: out += " by header " + policy.name; break;
      case HashPolicy::Kind::cookie: out += " by cookie " + policy.name; break;
      case HashPolicy::Kind::query_parameter: out += " by parameter " + policy.name; break;
      case HashPolicy::Kind::source_ip: out += " by source address"; break;
      case HashPolicy::Kind::nothing: break;
    }
  }
  return out;
}

std::string failover_text(const LoadAssignment* assignment, bool weighted) {
  if (assignment == nullptr) return "none";
  std::map<std::uint32_t, std::vector<std::string>> levels;
  for (const Locality& locality : assignment->localities)
    if (!locality.endpoints.empty()) levels[locality.priority].push_back(locality_text(locality, weighted));
  std::size_t localities = 0;
  for (const auto& [priority, names] : levels) localities += names.size();
  if (localities < 2) return "none";
  std::string out;
  for (auto& [priority, names] : levels) {
    std::ranges::sort(names);
    out += fmt::format("{}{}", out.empty() ? "" : ", then ", fmt::join(names, " and "));
  }
  if (assignment->overprovisioning_percent != 140)
    out += fmt::format(", overprovisioning {}%", assignment->overprovisioning_percent);
  return out;
}

std::string edits_text(const HeaderEdits& edits) {
  std::string out;
  for (const auto& put : edits.put) {
    bool adds = put.action == HeaderEdits::Action::append || put.action == HeaderEdits::Action::add_if_absent;
    out += fmt::format("{}{}{}: {}", out.empty() ? "" : ", ", adds ? "+" : "=", put.name, put.value);
  }
  for (const std::string& name : edits.remove) out += fmt::format("{}-{}", out.empty() ? "" : ", ", name);
  return out;
}

std::string redirect_text(const Redirect& to) {
  std::string out = fmt::format("redirect {}", to.status);
  if (!to.scheme.empty()) out += " scheme " + to.scheme;
  if (!to.host.empty()) out += " host " + to.host;
  if (to.port != 0) out += fmt::format(" port {}", to.port);
  if (!to.path.empty()) out += " path " + to.path;
  if (!to.prefix.empty()) out += " prefix " + to.prefix;
  return out;
}

}  // namespace kumasim::scenario
