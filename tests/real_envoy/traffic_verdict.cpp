#include "tests/real_envoy/traffic_verdict.hpp"

#include <fmt/format.h>

namespace kumasim::test {
namespace {

bool faulty(const TrafficVerdict& verdict) { return verdict.flags.contains("FI") || verdict.flags.contains("DI"); }
bool limited(const TrafficVerdict& verdict) { return verdict.status == 429 && verdict.flags == "RL"; }

}  // namespace

std::string to_text(const TrafficVerdict& v) {
  auto or_none = [](const std::string& text) { return text.empty() ? "-" : text.c_str(); };
  return fmt::format("{} flags {} cluster {} route {}", v.status, or_none(v.flags), or_none(v.cluster),
                     or_none(v.route));
}

bool agree(const ExpectedVerdict& expected, const TrafficVerdict& real) {
  if (expected.rate_limited && (limited(real) || limited(expected.verdict))) return true;
  if (expected.at_times_faulty && (faulty(real) || faulty(expected.verdict))) return true;
  auto wanted = expected.verdict;
  if (expected.clusters.contains(real.cluster)) wanted.cluster = real.cluster;
  return wanted == real;
}

}  // namespace kumasim::test
