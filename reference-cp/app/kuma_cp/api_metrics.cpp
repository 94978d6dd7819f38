#include "reference-cp/app/kuma_cp/api_metrics.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

namespace kumasim::cp {
namespace {

/// Seconds; those that Prometheus' library for Go has where none are given.
const prometheus::Histogram::BucketBoundaries times{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};
const prometheus::Histogram::BucketBoundaries bytes{1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};

/// A client may say anything; what is counted by it must have an end.
std::string method_label(const std::string& method) {
  static constexpr std::array known =
      std::to_array<std::string_view>({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"});
  return std::ranges::find(known, method) == known.end() ? "other" : method;
}

}  // namespace

ApiMetrics::ApiMetrics(prometheus::Registry& registry)
    : durations_(prometheus::BuildHistogram()
                     .Name("api_server_http_request_duration_seconds")
                     .Help("The latency of the HTTP requests.")
                     .Register(registry)),
      sizes_(prometheus::BuildHistogram()
                 .Name("api_server_http_response_size_bytes")
                 .Help("The size of the HTTP responses.")
                 .Register(registry)),
      inflight_(prometheus::BuildGauge()
                    .Name("api_server_http_requests_inflight")
                    .Help("The number of inflight requests being handled at the same time.")
                    .Register(registry)) {}

void ApiMetrics::began(const std::string& handler) {
  inflight_.Add({{"service", ""}, {"handler", handler}}).Increment();
}

void ApiMetrics::ended(const std::string& handler, const std::string& method, const HttpResponse* answer,
                       Duration took) {
  inflight_.Add({{"service", ""}, {"handler", handler}}).Decrement();
  if (answer == nullptr) return;
  const prometheus::Labels labels{{"service", ""},
                                  {"handler", handler},
                                  {"method", method_label(method)},
                                  {"code", std::to_string(answer->status)}};
  durations_.Add(labels, times).Observe(std::chrono::duration<double>(took).count());
  sizes_.Add(labels, bytes).Observe(static_cast<double>(answer->body.size()));
}

}  // namespace kumasim::cp
