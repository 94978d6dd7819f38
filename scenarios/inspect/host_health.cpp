#include "scenarios/inspect/host_health.hpp"

#include <fmt/format.h>

#include "scenarios/engine/destination.hpp"
#include "scenarios/engine/sim_world.hpp"
#include "scenarios/inspect/moments.hpp"
#include "sim/envoy/data/proxy.hpp"
#include "sim/envoy/data/upstream.hpp"
#include "sim/envoy/envoy_process.hpp"

namespace kumasim::scenario {
namespace {

std::string trouble_of(const RecordedRun& run, const sim::proxy::UpstreamHost& host) {
  if (host.outlier.ejected) {
    Duration ago = run.world().simulation().now() - host.outlier.ejected_at;
    return "ejected by outlier detection at " + moment_text(run.now() - ago);
  }
  if (host.check.pending) return "waits for its first health check";
  if (host.check.excluded) return "left out by its health check";
  if (host.check.failed) return "failed its health check";
  if (!host.endpoint.healthy) return "unhealthy as discovered";
  if (host.leaving) return "gone from discovery, kept while its health checks pass";
  if (host.endpoint.degraded || host.check.degraded) return "degraded";
  return {};
}

}  // namespace

std::map<std::string, HostHealth> host_health(const RecordedRun& run, const std::string& process) {
  std::map<std::string, HostHealth> out;
  const sim::EnvoyProcess* envoy = run.world().envoy(process);
  if (envoy == nullptr) return out;
  const Instance& caller = *run.scenario().find_instance(process);
  const std::vector<Destination> called =
      Destinations(run.scenario()).of(*run.scenario().find_service(caller.service), caller);
  for (const auto& [name, upstream] : envoy->data().upstreams()) {
    const std::string service = service_of_cluster(name, called);
    if (service.empty()) continue;
    HostHealth& health = out[service];
    if (upstream->in_panic()) health.panics.insert(name);
    for (const auto& [key, host] : upstream->hosts())
      if (std::string trouble = trouble_of(run, *host); !trouble.empty())
        health.troubles.try_emplace(host->endpoint.text, std::move(trouble));
  }
  return out;
}

}  // namespace kumasim::scenario
