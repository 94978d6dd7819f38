/// What is true of a call without time: whether it may pass, where it goes, how long it may take. One table names all.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kumasim::scenario {

enum class FactId : std::uint8_t {
  configuration,
  access,
  transport,
  protocol,
  route,
  answer,
  rewrite,
  mirror,
  timeout,
  try_timeout,
  connect_timeout,
  idle_timeout,
  stream_idle_timeout,
  inbound_timeout,
  inbound_idle_timeout,
  retries,
  retry_on,
  fault_delay,
  fault_abort,
  rate_limit,
  max_connections,
  max_pending,
  max_requests,
  max_retries,
  outlier_detection,
  balancing,
  failover
};

/// How a fact's number is written in a question: `== 5s`, `== 3`, `== 10%`, `== 100/s`. Text has no number.
enum class FactMeasure : std::uint8_t { text, count, duration, percent, rate };

struct FactKind {
  FactId id;
  std::string_view name;      ///< as questions and JSON have it: "try-timeout"
  std::string_view label;     ///< as a line for people has it: "timeout of one try"; "" where the values say it all
  std::string_view category;  ///< of changes, for --fail-on
  FactMeasure measure = FactMeasure::text;
  std::vector<std::string_view> policies;  ///< kinds that decide it; those of gateways for calls from outside only
};

/// In the order in which they are printed.
std::span<const FactKind> fact_kinds();
const FactKind& fact_kind(FactId id);
/// nullptr where there is none of this name.
const FactKind* find_fact(std::string_view name);

struct Fact {
  std::string text;                         ///< "allowed", "15s", "version=v1 90%, version=v2 10%"
  std::optional<std::int64_t> number = {};  ///< nanoseconds, a count, or parts of a million; none: there is no limit
  std::string why = {};                     ///< the proxy's own reason: a filter chain, a rule, a route
  std::vector<std::pair<std::string, std::string>> parts = {};  ///< text and whose, of several that differ; else empty
  /// Two facts are one where they say the same, for whatever reason.
  bool operator==(const Fact& other) const { return text == other.text; }
};

using Facts = std::map<FactId, Fact>;

}  // namespace kumasim::scenario
