#include "reference-cp/app/kuma_cp/generation_metrics.hpp"

#include <chrono>

namespace kumasim::cp {
namespace {

/// As all of Kuma's summaries.
const prometheus::Summary::Quantiles quantiles{{0.5, 0.05}, {0.9, 0.01}, {0.99, 0.001}};

double milliseconds(Duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

prometheus::Family<prometheus::Summary>& summary(prometheus::Registry& to, const char* name, const char* help) {
  return prometheus::BuildSummary().Name(name).Help(help).Register(to);
}

prometheus::Counter& counter(prometheus::Registry& to, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(to).Add({});
}

}  // namespace

GenerationMetrics::GenerationMetrics(prometheus::Registry& registry)
    : xds_(summary(registry, "xds_generation", "Milliseconds that it took to make a proxy's configuration")),
      xds_errors_(counter(registry, "xds_generation_errors", "Number of times that this failed")),
      hds_(summary(registry, "hds_generation", "Milliseconds that it took to find what a proxy is to probe")),
      vips_(summary(registry, "vip_generation", "Milliseconds that it took to find a mesh's virtual addresses")),
      vip_errors_(counter(registry, "vip_generation_errors", "Number of times that this failed")) {}

void GenerationMetrics::xds_generated(const std::string& proxy_type, bool changed, Duration took) {
  prometheus::Summary*& known = known_[{proxy_type, changed}];
  if (known == nullptr)
    known = &xds_.Add({{"proxy_type", proxy_type}, {"result", changed ? "changed" : "generated"}}, quantiles);
  known->Observe(milliseconds(took));
}

void GenerationMetrics::hds_generated(Duration took) { hds_.Add({}, quantiles).Observe(milliseconds(took)); }

void GenerationMetrics::vips_generated(Duration took) { vips_.Add({}, quantiles).Observe(milliseconds(took)); }

}  // namespace kumasim::cp
