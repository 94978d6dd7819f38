/// Counters over what is stored: /mesh-insights, /global-insight and /global-insights, counted when asked for.
#include <map>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/rules/values.hpp"
#include "reference-cp/model/timestamp.hpp"
#include "reference-cp/rest/answer.hpp"
#include "reference-cp/rest/rest_api.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

bool is_online(const json& insight) {
  for (const auto& subscription : at(insight, "subscriptions")) {
    if (has(subscription, "connectTime") && !has(subscription, "disconnectTime")) return true;
  }
  return false;
}

/// Numbers of proxies; protobuf leaves zeros out.
struct Status {
  int total = 0, online = 0;

  void add(bool is_up) {
    ++total;
    if (is_up) ++online;
  }
  json sparse() const {
    json out = json::object();
    if (total != 0) out["total"] = total;
    if (online != 0) out["online"] = online;
    if (total != online) out["offline"] = total - online;
    return out;
  }
  json full() const {
    return {{"total", total}, {"online", online}, {"offline", total - online}, {"partiallyDegraded", 0}};
  }
};

struct Proxies {
  Status all, sidecars, gateways, builtin, delegated;
};

Proxies count_proxies(const std::vector<ResourcePtr>& dataplanes, const std::map<ResourceKey, ResourcePtr>& insights) {
  Proxies out;
  for (const auto& dataplane : dataplanes) {
    auto insight = insights.find(dataplane->key());
    bool up = insight != insights.end() && is_online(insight->second->spec);
    const json& gateway = at(at(dataplane->spec, "networking"), "gateway");
    out.all.add(up);
    if (gateway.is_null()) {
      out.sidecars.add(up);
    } else {
      out.gateways.add(up);
      (text_at(gateway, "type") == "BUILTIN" ? out.builtin : out.delegated).add(up);
    }
  }
  return out;
}

}  // namespace

asio::awaitable<std::optional<HttpResponse>> RestApi::insight(const Call& call) {
  Store& store = manager_.store();
  const bool global = call.path == "/global-insight", globals = call.path == "/global-insights";
  const bool meshes = !call.parts.empty() && call.parts.front() == "mesh-insights" && call.parts.size() <= 2;
  if (!global && !globals && !meshes) co_return std::nullopt;

  if (globals) {
    json counts = json::object();
    for (const Kind* kind : kinds()) {
      if (!kind->is_global() || kind->type().ends_with("Insight")) continue;
      auto list = co_await store.list(*kind, {.size = 1});
      if (!list) co_return problem(list.error(), "Could not retrieve global insights");
      counts[kind->type()] = {{"total", list->total}};
    }
    co_return json_answer(200, {{"type", "GlobalInsights"},
                                {"creationTime", print_timestamp(clock_.wall_now())},
                                {"resources", std::move(counts)}});
  }

  auto known = co_await store.list(kind::mesh(), {.name_contains = query_value(call.query, "name")});
  if (!known) co_return problem(known.error(), "Could not retrieve resources");
  std::map<ResourceKey, ResourcePtr> insights;
  auto seen = co_await store.list(kind::dataplane_insight(), {});
  if (!seen) co_return problem(seen.error(), "Could not retrieve resources");
  for (const auto& one : seen->items) insights[one->key()] = one;

  json items = json::array();
  json total = json::object();  // by type, over all meshes
  std::size_t policies = 0;
  Proxies all;
  for (const auto& mesh : known->items) {
    if (call.parts.size() == 2 && mesh->meta.name != call.parts[1]) continue;
    json resources = json::object(), of_policies = json::object();
    std::vector<ResourcePtr> dataplanes;
    for (const Kind* kind : kinds()) {
      if (kind->is_global() || kind == &kind::dataplane_insight()) continue;
      auto list = co_await store.list(*kind, {.mesh = mesh->meta.name});
      if (!list) co_return problem(list.error(), "Could not retrieve resources");
      if (kind == &kind::dataplane()) dataplanes = list->items;
      if (list->total == 0) continue;
      resources[kind->type()] = {{"total", list->total}};
      if (kind->is_policy()) {
        of_policies[kind->type()] = {{"total", list->total}};
        policies += list->total;
      }
      json& sum = total[kind->type()];
      sum["total"] = list->total + (sum.is_object() ? sum.value("total", std::size_t{0}) : std::size_t{0});
    }
    Proxies proxies = count_proxies(dataplanes, insights);
    json item = {{"type", "MeshInsight"},
                 {"name", mesh->meta.name},
                 {"creationTime", print_timestamp(mesh->meta.creation)},
                 {"modificationTime", print_timestamp(mesh->meta.modification)},
                 {"dataplanes", proxies.all.sparse()},
                 {"dataplanesByType",
                  {{"standard", proxies.sidecars.sparse()},
                   {"gateway", proxies.gateways.sparse()},
                   {"gatewayBuiltin", proxies.builtin.sparse()},
                   {"gatewayDelegated", proxies.delegated.sparse()}}},
                 {"dpVersions", json::object()},
                 {"mTLS", json::object()},
                 {"services", json::object()},
                 {"resources", std::move(resources)}};
    if (!of_policies.empty()) item["policies"] = std::move(of_policies);
    for (auto [sum, part] : {std::pair{&all.sidecars, &proxies.sidecars}, std::pair{&all.builtin, &proxies.builtin},
                             std::pair{&all.delegated, &proxies.delegated}}) {
      sum->total += part->total;
      sum->online += part->online;
    }
    items.push_back(std::move(item));
  }
  if (meshes && call.parts.size() == 2) {
    if (items.empty()) co_return problem(404, "Could not retrieve a resource", "Not found");
    co_return json_answer(200, items.front());
  }
  if (meshes) co_return json_answer(200, {{"total", items.size()}, {"items", std::move(items)}, {"next", nullptr}});
  const Status none;
  json zones = {{"online", 0}, {"total", 0}};
  co_return json_answer(200,
                        {{"createdAt", print_timestamp(clock_.wall_now())},
                         {"dataplanes",
                          {{"standard", all.sidecars.full()},
                           {"gatewayBuiltin", all.builtin.full()},
                           {"gatewayDelegated", all.delegated.full()}}},
                         {"meshes", {{"total", items.size()}}},
                         {"policies", {{"total", policies}}},
                         {"resources", std::move(total)},
                         {"services",
                          {{"external", {{"total", 0}}},
                           {"internal", none.full()},
                           {"gatewayBuiltin", none.full()},
                           {"gatewayDelegated", none.full()}}},
                         {"zones", {{"controlPlanes", zones}, {"zoneEgresses", zones}, {"zoneIngresses", zones}}}});
}

}  // namespace kumasim::cp
