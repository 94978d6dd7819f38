#include "reference-cp/insights/garbage_collector.hpp"

#include <optional>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/insights/proxy_status.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/rules/values.hpp"
#include "reference-cp/model/timestamp.hpp"

namespace kumasim::cp {
namespace {

constexpr std::string_view component = "garbage-collector";

/// nullopt where it is connected, or never was.
std::optional<WallTime> gone_since(const Resource& insight) {
  const nlohmann::json& list = at(insight.spec, "subscriptions");
  if (!list.is_array() || list.empty() || is_connected(&insight)) return std::nullopt;
  return parse_timestamp(text_at(list.back(), "disconnectTime"));
}

}  // namespace

asio::awaitable<void> GarbageCollector::run(Timers& timers) {
  for (;;) {
    co_await sleep(timers, interval);
    co_await collect();
  }
}

asio::awaitable<void> GarbageCollector::collect() {
  co_await collect(kind::dataplane_insight(), kind::dataplane(), ages_.dataplane_max);
  co_await collect(kind::zone_ingress_insight(), kind::zone_ingress(), ages_.zone_proxy_max);
  co_await collect(kind::zone_egress_insight(), kind::zone_egress(), ages_.zone_proxy_max);
}

asio::awaitable<void> GarbageCollector::collect(const Kind& insights, const Kind& resources, Duration age_max) {
  auto list = co_await manager_.store().list(insights, {});
  if (!list) {
    log_.warn(component, "insights not read", {{"type", insights.type()}, {"error", list.error().message}});
    co_return;
  }
  const WallTime now = clock_.wall_now();
  for (const ResourcePtr& insight : list->items) {
    auto since = gone_since(*insight);
    if (!since || now - *since <= age_max) continue;
    const ResourceKey key = insight->key();
    auto done = co_await manager_.remove(resources, key);
    if (done)
      log_.info(component, "removed what was offline for too long",
                {{"type", resources.type()}, {"mesh", key.mesh}, {"name", key.name}});
    else if (done.error().error.code != Code::not_found)
      log_.warn(component, "not removed",
                {{"type", resources.type()}, {"name", key.name}, {"error", done.error().error.message}});
  }
}

}  // namespace kumasim::cp
