#include "reference-cp/kds/kds_metrics.hpp"

#include <cmath>

namespace kumasim::cp::kds {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::BuildSummary;

/// As all of Kuma's summaries.
const prometheus::Summary::Quantiles quantiles{{0.5, 0.05}, {0.9, 0.01}, {0.99, 0.001}};

/// 1 KiB to 32 MiB.
prometheus::Histogram::BucketBoundaries sizes() {
  prometheus::Histogram::BucketBoundaries out;
  for (int i = 0; i < 16; ++i) out.push_back(1024 * std::pow(2, i));
  return out;
}

/// Those that Prometheus' library for Go has where none are given; seconds.
const prometheus::Histogram::BucketBoundaries times{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};

double milliseconds(Duration time) { return static_cast<double>(time / std::chrono::milliseconds(1)); }

/// Kuma tells what a user's webhook refused from what else was wrong.
std::string error_type(const std::optional<AdsRejection>& refusal) {
  if (!refusal) return "no_error";
  return refusal->message.find("failed calling webhook") == std::string::npos ? "other" : "user";
}

std::string named(const std::string& version) {
  if (version.empty()) return "unknown";
  return version.find("preview") == std::string::npos ? version : "preview";
}

}  // namespace

KdsMetrics::KdsMetrics(prometheus::Registry& registry)
    : responses_sent_(BuildCounter()
                          .Name("kds_delta_responses_sent")
                          .Help("Number of responses sent by the server to a client")
                          .Register(registry)),
      responses_sent_bytes_(BuildHistogram()
                                .Name("kds_delta_responses_sent_bytes")
                                .Help("Size in bytes of responses sent by the server")
                                .Register(registry)),
      requests_received_(BuildCounter()
                             .Name("kds_delta_requests_received")
                             .Help("Number of confirmations received from clients")
                             .Register(registry)),
      streams_active_(BuildGauge()
                          .Name("kds_delta_streams_active")
                          .Help("Number of open streams on which resources are given")
                          .Register(registry)
                          .Add({})),
      delivery_(BuildSummary()
                    .Name("kds_delta_delivery")
                    .Help("Milliseconds from a change until the client's answer to it")
                    .Register(registry)
                    .Add({}, quantiles)),
      client_versions_(
          BuildGauge().Name("kds_delta_client_versions").Help("Number of clients of each version").Register(registry)),
      generations_(BuildSummary()
                       .Name("kds_delta_generation")
                       .Help("Milliseconds that it took to find what a client is to be given")
                       .Register(registry)),
      generation_errors_(BuildCounter()
                             .Name("kds_delta_generation_errors")
                             .Help("Number of times that this failed")
                             .Register(registry)
                             .Add({})),
      resources_sync_(BuildHistogram()
                          .Name("kds_resources_sync")
                          .Help("Seconds that it took to store what came over KDS")
                          .Register(registry)
                          .Add({}, times)),
      zone_watch_(BuildSummary()
                      .Name("component_zone_watch")
                      .Help("Milliseconds that a look at the zones' signs of life took")
                      .Register(registry)
                      .Add({}, quantiles)) {}

void KdsMetrics::client_known(const std::string& version) {
  client_versions_.Add({{"client_version", named(version)}}).Increment();
}

void KdsMetrics::stream_closed(const std::optional<std::string>& version) {
  streams_active_.Decrement();
  if (!version) return;
  prometheus::Gauge& clients = client_versions_.Add({{"client_version", named(*version)}});
  clients.Decrement();
  // Clients say what they want: what nobody is of any more is not kept.
  if (clients.Value() == 0) client_versions_.Remove(&clients);
}

void KdsMetrics::response_sent(const std::string& kind, std::size_t bytes) {
  responses_sent_.Add({{"type_url", kind}}).Increment();
  responses_sent_bytes_.Add({{"type_url", kind}}, sizes()).Observe(static_cast<double>(bytes));
}

void KdsMetrics::answered(const std::string& kind, const std::optional<AdsRejection>& refusal,
                          std::optional<Duration> delivery) {
  requests_received_
      .Add({{"type_url", kind}, {"confirmation", refusal ? "NACK" : "ACK"}, {"error_type", error_type(refusal)}})
      .Increment();
  if (delivery) delivery_.Observe(milliseconds(*delivery));
}

void KdsMetrics::generated(Duration took, bool resync, bool event, bool changed) {
  const char* reason = resync && event ? "event_and_resync" : resync ? "resync" : "event";
  generations_.Add({{"reason", reason}, {"result", changed ? "changed" : "no_changes"}}, quantiles)
      .Observe(milliseconds(took));
}

void KdsMetrics::resources_taken(Duration took) { resources_sync_.Observe(milliseconds(took) / 1000); }

void KdsMetrics::zones_watched(Duration took) { zone_watch_.Observe(milliseconds(took)); }

}  // namespace kumasim::cp::kds
