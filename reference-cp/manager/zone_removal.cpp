#include "reference-cp/manager/zone_removal.hpp"

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/subscriptions.hpp"

namespace kumasim::cp {

asio::awaitable<Result<std::vector<Write>>> zone_removal(Store& store, std::string zone) {
  auto owner = co_await store.get(kind::zone(), {"", zone});
  if (!owner) co_return fail(owner.error());
  ListOptions of_zone;
  of_zone.filter = [&](const Resource& resource) {
    return resource.meta.label("kuma.io/origin") == "zone" && resource.meta.label("kuma.io/zone") == zone;
  };
  std::vector<Write> insights, others;
  for (const Kind* kind : kinds()) {
    auto list = co_await store.list(*kind, of_zone);
    if (!list) co_return fail(list.error());
    auto& to = kind->type().ends_with("Insight") ? insights : others;
    for (const ResourcePtr& resource : list->items) to.push_back({Write::What::remove, *resource});
  }
  // Who is removed takes its insight along: that goes before it.
  insights.insert(insights.end(), others.begin(), others.end());
  insights.push_back({Write::What::remove, **owner});
  // Whatever has been written to them meanwhile.
  for (Write& each : insights) each.resource.meta.version = 0;
  co_return insights;
}

asio::awaitable<Result<bool>> is_zone_connected(Store& store, std::string zone) {
  auto insight = co_await store.get(kind::zone_insight(), {"", std::move(zone)});
  if (!insight && insight.error().code != Code::not_found) co_return fail(insight.error());
  co_return insight&& is_connected(insight->get());
}

}  // namespace kumasim::cp
