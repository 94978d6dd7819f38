/// The table of facts.
#include "scenarios/behaviour/fact.hpp"

#include <algorithm>

namespace kumasim::scenario {
namespace {

using Measure = FactMeasure;

const FactKind table[] = {
    {FactId::configuration,
     "configuration",
     "configuration",
     "configuration",
     Measure::text,
     {"MeshProxyPatch", "ProxyTemplate"}},
    {FactId::access,
     "access",
     "",
     "access",
     Measure::text,
     {"MeshTrafficPermission", "TrafficPermission", "Mesh", "MeshHTTPRoute", "MeshTCPRoute", "TrafficRoute"}},
    {FactId::transport, "transport", "", "transport", Measure::text, {"Mesh", "MeshTLS"}},
    {FactId::protocol,
     "protocol",
     "protocol",
     "protocol",
     Measure::text,
     {"MeshHTTPRoute", "MeshTCPRoute", "MeshService", "MeshExternalService", "ExternalService"}},
    {FactId::route, "route", "route", "route", Measure::text, {"MeshHTTPRoute", "MeshTCPRoute", "TrafficRoute"}},
    {FactId::answer, "answer", "answer of the proxy", "route", Measure::text, {"MeshHTTPRoute"}},
    {FactId::rewrite, "rewrite", "rewrite", "route", Measure::text, {"MeshHTTPRoute", "TrafficRoute"}},
    {FactId::mirror, "mirror", "mirror", "route", Measure::text, {"MeshHTTPRoute"}},
    {FactId::timeout, "timeout", "timeout", "timeout", Measure::duration, {"MeshTimeout", "Timeout"}},
    {FactId::try_timeout, "try-timeout", "timeout of one try", "timeout", Measure::duration, {"MeshRetry", "Retry"}},
    {FactId::connect_timeout,
     "connect-timeout",
     "connect timeout",
     "timeout",
     Measure::duration,
     {"MeshTimeout", "Timeout"}},
    {FactId::idle_timeout, "idle-timeout", "idle timeout", "timeout", Measure::duration, {"MeshTimeout", "Timeout"}},
    {FactId::stream_idle_timeout,
     "stream-idle-timeout",
     "stream idle timeout",
     "timeout",
     Measure::duration,
     {"MeshTimeout", "Timeout"}},
    {FactId::inbound_timeout,
     "inbound-timeout",
     "timeout at the server's proxy",
     "timeout",
     Measure::duration,
     {"MeshTimeout", "Timeout"}},
    {FactId::inbound_idle_timeout,
     "inbound-idle-timeout",
     "stream idle timeout at the server's proxy",
     "timeout",
     Measure::duration,
     {"MeshTimeout", "Timeout"}},
    {FactId::retries, "retries", "retries", "retry", Measure::count, {"MeshRetry", "Retry"}},
    {FactId::retry_on, "retry-on", "retry on", "retry", Measure::text, {"MeshRetry", "Retry"}},
    {FactId::fault_delay,
     "fault-delay",
     "injected delay",
     "fault",
     Measure::text,
     {"MeshFaultInjection", "FaultInjection"}},
    {FactId::fault_abort,
     "fault-abort",
     "injected abort",
     "fault",
     Measure::text,
     {"MeshFaultInjection", "FaultInjection"}},
    {FactId::rate_limit, "rate-limit", "rate limit", "rate-limit", Measure::rate, {"MeshRateLimit", "RateLimit"}},
    {FactId::max_connections,
     "max-connections",
     "most connections",
     "circuit-breaker",
     Measure::count,
     {"MeshCircuitBreaker", "CircuitBreaker"}},
    {FactId::max_pending,
     "max-pending",
     "most pending requests",
     "circuit-breaker",
     Measure::count,
     {"MeshCircuitBreaker", "CircuitBreaker"}},
    {FactId::max_requests,
     "max-requests",
     "most requests at a time",
     "circuit-breaker",
     Measure::count,
     {"MeshCircuitBreaker", "CircuitBreaker"}},
    {FactId::max_retries,
     "max-retries",
     "most retries at a time",
     "circuit-breaker",
     Measure::count,
     {"MeshCircuitBreaker", "CircuitBreaker"}},
    {FactId::outlier_detection,
     "outlier-detection",
     "outlier detection",
     "outlier-detection",
     Measure::text,
     {"MeshCircuitBreaker", "CircuitBreaker"}},
    {FactId::balancing,
     "balancing",
     "load balancing",
     "balancing",
     Measure::text,
     {"MeshLoadBalancingStrategy", "TrafficRoute"}},
    {FactId::failover, "failover", "failover", "failover", Measure::text, {"MeshLoadBalancingStrategy", "Mesh"}},
};

}  // namespace

std::span<const FactKind> fact_kinds() { return table; }

const FactKind& fact_kind(FactId id) { return *std::ranges::find(table, id, &FactKind::id); }

const FactKind* find_fact(std::string_view name) {
  const auto* found = std::ranges::find(table, name, &FactKind::name);
  return found == std::end(table) ? nullptr : found;
}

}  // namespace kumasim::scenario
