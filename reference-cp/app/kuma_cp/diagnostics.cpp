#include "reference-cp/app/kuma_cp/diagnostics.hpp"

#include <set>

#include <fmt/format.h>

#include "kumasim/transport/url.hpp"
#include "reference-cp/app/kuma_cp/rollout.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/rest/authentication.hpp"

namespace kumasim::cp {
namespace {

HttpResponse text(int status, std::string body) {
  return {.status = status, .headers = {{"content-type", "text/plain; charset=utf-8"}}, .body = std::move(body)};
}

}  // namespace

HttpResponse Diagnostics::handle(const HttpRequest& request) const {
  Target target = parse_target(request.target);
  const std::string& path = target.path;
  if (path == "/healthy") return {.status = 200, .headers = {}, .body = {}};
  if (path == "/ready") return {.status = ready_() ? 200 : 503, .headers = {}, .body = {}};
  if (path == "/metrics")
    return {
        .status = 200, .headers = {{"content-type", "text/plain; version=0.0.4; charset=utf-8"}}, .body = metrics()};
  if (path == "/rollout") {
    if (!is_direct_loopback(request)) return text(403, "403 forbidden: answered on this machine only\n");
    std::set<std::string> policies;
    for (auto& [key, value] : target.query)
      if (key == "policy") policies.insert(std::move(value));
    if (policies.size() > rollout_policies_max)
      return text(400, fmt::format("400 bad request: at most {} policies\n", rollout_policies_max));
    nlohmann::json out = rollout(reconciler_, policies, subjects_);
    if (federated_) out["connectedToGlobal"] = federated_();
    if (zones_behind_) out["zonesBehind"] = zones_behind_();
    return {.status = 200, .headers = {{"content-type", "application/json"}}, .body = out.dump()};
  }
  return text(404, "404 page not found\n");
}

std::string Diagnostics::metrics() const {
  std::string out;
  auto metric = [&](const char* name, const char* type, const char* help, std::uint64_t value) {
    out += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n{0} {3}\n", name, help, type, value);
  };
  const ReconcilerCounts& counts = reconciler_.counts();
  std::uint64_t sent = 0, acknowledged = 0, rejected = 0;
  for (const auto& [key, proxy] : reconciler_.proxies())
    for (const auto& [type, each] : proxy->subscription.counts) {
      sent += each.sent;
      acknowledged += each.acknowledged;
      rejected += each.rejected;
    }
  metric("xds_streams_active", "gauge", "Number of connected proxies", reconciler_.proxies().size());
  metric("xds_responses_sent", "gauge", "Responses sent on the open streams", sent);
  metric("xds_responses_acknowledged", "gauge", "Responses acknowledged on the open streams", acknowledged);
  metric("xds_responses_rejected", "gauge", "Responses rejected on the open streams", rejected);
  metric("cert_generation", "counter", "Number of generated certificates", reconciler_.identities().issued());
  metric("reconciler_changes", "counter", "Changes heard from the store", counts.changes);
  metric("reconciler_batches", "counter", "Batches of changes", counts.batches);
  metric("xds_generations", "counter", "Configurations generated", counts.generations);
  metric("xds_pushes", "counter", "Configurations that differed and were pushed", counts.pushes);
  metric("hds_streams_active", "gauge", "Number of open streams of health discovery", hds_.streams);
  metric("hds_requests_received", "counter", "Requests for what is to be probed", hds_.requests);
  metric("hds_responses_sent", "counter", "Reports of proxies on what they probe", hds_.reports);
  metric("hds_generations", "counter", "Looks at whether a proxy is to probe something else", hds_.generations);
  metric("hds_generation_errors", "counter", "Such looks that found no Dataplane or failed", hds_.generation_errors);
  metric("reconciler_failures", "counter", "Steps that failed, and resources that were left out", counts.failures);
  out +=
      "# HELP mesh_step_failed Steps that fail for a mesh just now; an empty mesh stands for the zone\n"
      "# TYPE mesh_step_failed gauge\n";
  for (const auto& [mesh, steps] : reconciler_.failed())
    for (const auto& [step, reason] : steps)
      out += fmt::format("mesh_step_failed{{mesh=\"{}\",step=\"{}\"}} 1\n", mesh, step);
  out +=
      "# HELP mesh_resources_left_out Resources that a mesh could not take in\n"
      "# TYPE mesh_resources_left_out gauge\n";
  for (const auto& [mesh, subjects] : reconciler_.views().left_out())
    out += fmt::format("mesh_resources_left_out{{mesh=\"{}\"}} {}\n", mesh, subjects.size());
  out += "# HELP resources_count Number of resources in the store\n# TYPE resources_count gauge\n";
  for (const Kind* kind : kinds())
    out += fmt::format("resources_count{{resource_type=\"{}\"}} {}\n", kind->type(),
                       reconciler_.views().count(kind->type()));
  return out;
}

}  // namespace kumasim::cp
