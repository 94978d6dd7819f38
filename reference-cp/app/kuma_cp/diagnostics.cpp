#include "reference-cp/app/kuma_cp/diagnostics.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include <fmt/format.h>
#include <prometheus/text_serializer.h>

#include "kumasim/transport/url.hpp"
#include "reference-cp/app/command_line/version.hpp"
#include "reference-cp/app/kuma_cp/rollout.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/rest/authentication.hpp"

namespace kumasim::cp {
namespace {

HttpResponse text(int status, std::string body) {
  return {.status = status, .headers = {{"content-type", "text/plain; charset=utf-8"}}, .body = std::move(body)};
}

prometheus::MetricFamily family(const char* name, prometheus::MetricType type, const char* help) {
  return {.name = name, .help = help, .type = type, .metric = {}};
}

prometheus::ClientMetric gauge(std::vector<prometheus::ClientMetric::Label> labels, std::size_t value) {
  prometheus::ClientMetric out;
  out.label = std::move(labels);
  out.gauge.value = static_cast<double>(value);
  return out;
}

/// One number without labels.
prometheus::MetricFamily single(const char* name, prometheus::MetricType type, const char* help, std::uint64_t value) {
  prometheus::MetricFamily out = family(name, type, help);
  out.metric.push_back(gauge({}, value));
  out.metric.back().counter.value = static_cast<double>(value);
  return out;
}

/// What the build was made from is unknown (version.hpp), which Kuma says so, too (pkg/metrics/components).
void show(const InstanceInfo& about, std::vector<prometheus::MetricFamily>& out) {
  using enum prometheus::MetricType;
  auto& info = out.emplace_back(family("cp_info", Gauge, "Static information about the CP instance"));
  info.metric.push_back(gauge({{"build_date", "unknown"},
                               {"cluster_id", about.cluster},
                               {"git_commit", "unknown"},
                               {"git_tag", "unknown"},
                               {"instance_id", about.id},
                               {"product", kuma_product},
                               {"version", kuma_version}},
                              1));
  out.push_back(single("leader", Gauge, "1 where this instance leads", about.leads ? 1 : 0));
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
    if (follows_store_) out["followsStore"] = follows_store_();
    return {.status = 200, .headers = {{"content-type", "application/json"}}, .body = out.dump()};
  }
  return text(404, "404 page not found\n");
}

std::string Diagnostics::metrics() const {
  std::vector<prometheus::MetricFamily> families = counts();
  std::ranges::move(registry_.Collect(), std::back_inserter(families));
  return prometheus::TextSerializer().prometheus::Serializer::Serialize(families);
}

std::vector<prometheus::MetricFamily> Diagnostics::counts() const {
  using enum prometheus::MetricType;
  const ReconcilerCounts& counts = reconciler_.counts();
  std::uint64_t sent = 0, acknowledged = 0, rejected = 0;
  for (const auto& [key, proxy] : reconciler_.proxies())
    for (const auto& [type, each] : proxy->subscription.counts) {
      sent += each.sent;
      acknowledged += each.acknowledged;
      rejected += each.rejected;
    }
  std::vector<prometheus::MetricFamily> out{
      single("xds_streams_active", Gauge, "Number of connected proxies", reconciler_.proxies().size()),
      single("xds_responses_sent", Gauge, "Responses sent on the open streams", sent),
      single("xds_responses_acknowledged", Gauge, "Responses acknowledged on the open streams", acknowledged),
      single("xds_responses_rejected", Gauge, "Responses rejected on the open streams", rejected),
      single("cert_generation", Counter, "Number of generated certificates", reconciler_.identities().issued()),
      single("reconciler_changes", Counter, "Changes heard from the store", counts.changes),
      single("reconciler_batches", Counter, "Batches of changes", counts.batches),
      single("xds_generations", Counter, "Configurations generated", counts.generations),
      single("xds_pushes", Counter, "Configurations that differed and were pushed", counts.pushes),
      single("hds_streams_active", Gauge, "Number of open streams of health discovery", hds_.streams),
      single("hds_requests_received", Counter, "Requests for what is to be probed", hds_.requests),
      single("hds_responses_sent", Counter, "Reports of proxies on what they probe", hds_.reports),
      single("hds_generations", Counter, "Looks at whether a proxy is to probe something else", hds_.generations),
      single("hds_generation_errors", Counter, "Such looks that found no Dataplane or failed", hds_.generation_errors),
      single("reconciler_failures", Counter, "Steps that failed, and resources that were left out", counts.failures)};
  if (about_) show(about_(), out);
  auto& failed = out.emplace_back(
      family("mesh_step_failed", Gauge, "Steps that fail for a mesh just now; an empty mesh stands for the zone"));
  for (const auto& [mesh, steps] : reconciler_.failed())
    for (const auto& [step, reason] : steps) failed.metric.push_back(gauge({{"mesh", mesh}, {"step", step}}, 1));
  auto& left_out =
      out.emplace_back(family("mesh_resources_left_out", Gauge, "Resources that a mesh could not take in"));
  for (const auto& [mesh, subjects] : reconciler_.views().left_out())
    left_out.metric.push_back(gauge({{"mesh", mesh}}, subjects.size()));
  auto& resources = out.emplace_back(family("resources_count", Gauge, "Number of resources in the store"));
  for (const Kind* kind : kinds())
    resources.metric.push_back(
        gauge({{"resource_type", std::string(kind->type())}}, reconciler_.views().count(kind->type())));
  return out;
}

}  // namespace kumasim::cp
