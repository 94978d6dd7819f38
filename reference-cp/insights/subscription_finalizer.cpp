#include "reference-cp/insights/subscription_finalizer.hpp"

#include <set>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/insights/proxy_status.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/rules/values.hpp"
#include "reference-cp/model/timestamp.hpp"

namespace kumasim::cp {
namespace {

constexpr std::string_view component = "finalizer";

std::vector<const Kind*> insights_of(CpMode mode) {
  if (mode == CpMode::global) return {&kind::zone_insight()};
  return {&kind::dataplane_insight(), &kind::zone_ingress_insight(), &kind::zone_egress_insight()};
}

std::uint64_t generation_of(const nlohmann::json& subscription) {
  const nlohmann::json& value = at(subscription, "generation");
  return value.is_number_unsigned() || value.is_number_integer() ? value.get<std::uint64_t>() : 0;
}

}  // namespace

asio::awaitable<void> SubscriptionFinalizer::run(Timers& timers, Duration idle_time) {
  for (;;) {
    co_await sleep(timers, idle_time);
    co_await look();
  }
}

asio::awaitable<void> SubscriptionFinalizer::look() {
  Watched next;
  for (const Kind* kind : insights_of(mode_)) {
    auto list = co_await store_.list(*kind, {});
    if (!list) {
      log_.warn(component, "insights not read", {{"type", kind->type()}, {"error", list.error().message}});
      continue;
    }
    for (const ResourcePtr& insight : list->items)
      if (is_connected(insight.get())) co_await judge(insight, next);
  }
  watched_ = std::move(next);
}

asio::awaitable<void> SubscriptionFinalizer::judge(ResourcePtr insight, Watched& next) {
  const std::pair<const Kind*, ResourceKey> key{insight->kind, insight->key()};
  Generations seen, fresh;
  if (auto found = watched_.find(key); found != watched_.end()) seen = found->second;
  std::set<std::string> over;
  for (const auto& subscription : at(insight->spec, "subscriptions")) {
    if (!is_open(subscription)) continue;
    std::string id = text_at(subscription, "id");
    if (alive_ && alive_(*insight, id)) continue;
    const std::uint64_t generation = generation_of(subscription);
    auto before = seen.find(id);
    if (before != seen.end() && before->second == generation)
      over.insert(std::move(id));
    else
      fresh.emplace(std::move(id), generation);
  }
  if (!fresh.empty()) next.emplace(key, std::move(fresh));
  if (over.empty()) co_return;
  Resource ended = *insight;
  const WallTime now = clock_.wall_now();
  for (auto& subscription : ended.spec["subscriptions"])
    if (over.contains(text_at(subscription, "id"))) subscription["disconnectTime"] = print_timestamp(now);
  auto done = co_await store_.update(std::move(ended), now);
  if (done) {
    log_.info(component, "subscription ended that nobody kept up",
              {{"type", key.first->type()}, {"mesh", key.second.mesh}, {"name", key.second.name}});
    co_return;
  }
  // Who wrote meanwhile may be the one who serves it: it is looked at again.
  if (done.error().code != Code::conflict && done.error().code != Code::not_found)
    log_.warn(component, "subscription not ended",
              {{"mesh", key.second.mesh}, {"name", key.second.name}, {"error", done.error().message}});
  if (done.error().code != Code::not_found)
    for (const std::string& id : over) next[key][id] = seen.at(id);
}

}  // namespace kumasim::cp
