/// Counters over what is stored: mesh insights, service insights and global ones, counted when asked for.
#include <algorithm>
#include <map>
#include <set>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/rules/values.hpp"
#include "reference-cp/model/timestamp.hpp"
#include "reference-cp/rest/answer.hpp"
#include "reference-cp/rest/mesh_insights.hpp"
#include "reference-cp/rest/rest_api.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

constexpr const char* list_title = "Could not retrieve resources";

/// The values of a `type` parameter; nullopt where one is no type of a service.
std::optional<std::set<std::string>> wanted_types(std::string text) {
  std::set<std::string> out;
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  for (std::size_t at = 0; !text.empty() && at <= text.size();) {
    auto end = std::min(text.find(',', at), text.size());
    std::string one = text.substr(at, end - at);
    one.erase(0, one.find_first_not_of(' '));
    one.erase(one.find_last_not_of(' ') + 1);
    if (one != "internal" && one != "external" && one != "gateway_delegated" && one != "gateway_builtin")
      return std::nullopt;
    out.insert(std::move(one));
    at = end + 1;
  }
  return out;
}

ProxyCounts one_service(const std::string& status) {
  return {.total = 1,
          .online = status == "online" ? 1u : 0u,
          .offline = status == "offline" ? 1u : 0u,
          .partially_degraded = status == "partially_degraded" ? 1u : 0u};
}

json service_insight_json(const Resource& mesh, const std::string& name, const json& service) {
  json out = service;
  out["type"] = "ServiceInsight";
  out["mesh"] = mesh.meta.name;
  out["name"] = name;
  out["creationTime"] = print_timestamp(mesh.meta.creation);
  out["modificationTime"] = print_timestamp(mesh.meta.modification);
  return out;
}

}  // namespace

asio::awaitable<Result<MeshInventory>> RestApi::inventory(std::string mesh) {
  Store& store = manager_.store();
  MeshInventory out;
  auto dataplanes = co_await store.list(kind::dataplane(), {.mesh = mesh});
  if (!dataplanes) co_return fail(dataplanes.error());
  out.dataplanes = std::move(dataplanes->items);
  auto external = co_await store.list(kind::external_service(), {.mesh = mesh});
  if (!external) co_return fail(external.error());
  out.external_services = std::move(external->items);
  auto insights = co_await store.list(kind::dataplane_insight(), {.mesh = mesh});
  if (!insights) co_return fail(insights.error());
  for (const auto& one : insights->items) out.insights[one->meta.name] = one;
  co_return out;
}

asio::awaitable<HttpResponse> RestApi::service_insight(const Call& call, std::string mesh, std::string service) {
  auto types = wanted_types(query_value(call.query, "type"));
  std::vector<ResourcePtr> meshes;
  if (!mesh.empty()) {
    auto found = co_await manager_.store().get(kind::mesh(), {"", mesh});
    if (!found) co_return problem(found.error(), "Failed to retrieve Mesh");
    meshes.push_back(*found);
  } else {
    auto all = co_await manager_.store().list(kind::mesh(), {});
    if (!all) co_return problem(all.error(), list_title);
    meshes = std::move(all->items);
  }
  if (!types) co_return problem(400, "Bad Request", "bad request: unsupported service type");
  const std::string name = query_value(call.query, "name");
  json items = json::array();
  for (const auto& one : meshes) {
    auto stored = co_await inventory(one->meta.name);
    if (!stored) co_return problem(stored.error(), list_title);
    auto services = service_insights(*stored, options_.service_address);
    if (!service.empty()) {
      json none = {{"dataplanes", json::object()}, {"addressPort", service + options_.service_address}};
      auto found = services.find(service);
      co_return json_answer(200, service_insight_json(*one, service, found == services.end() ? none : found->second));
    }
    for (const auto& [key, each] : services) {
      bool wanted = types->empty() || types->contains(each.value("serviceType", "internal"));
      if (wanted && key.find(name) != std::string::npos) items.push_back(service_insight_json(*one, key, each));
    }
  }
  auto page = list_options(kind::service_insight(), call.query, mesh, call.path);
  if (!page) co_return page.error();
  const std::size_t total = items.size(), size = page->size == 0 ? total : page->size;
  const std::size_t first = std::min(page->offset, total), last = std::min(first + size, total);
  json shown = json::array(), next;
  for (std::size_t i = first; i < last; ++i) shown.push_back(std::move(items[i]));
  if (last < total) next = next_page(call.request, call.path, call.query, last);
  co_return json_answer(200, {{"total", total}, {"items", std::move(shown)}, {"next", std::move(next)}});
}

asio::awaitable<std::optional<HttpResponse>> RestApi::insight(const Call& call) {
  Store& store = manager_.store();
  const auto& parts = call.parts;
  if (parts.size() == 1 && parts[0] == "service-insights") co_return co_await service_insight(call, {}, {});
  if ((parts.size() == 3 || parts.size() == 4) && parts[0] == "meshes" && parts[2] == "service-insights")
    co_return co_await service_insight(call, parts[1], parts.size() == 4 ? parts[3] : std::string());
  const bool global = call.path == "/global-insight", globals = call.path == "/global-insights";
  const bool meshes = !call.parts.empty() && call.parts.front() == "mesh-insights" && call.parts.size() <= 2;
  if (!global && !globals && !meshes) co_return std::nullopt;

  if (globals) {
    json counts = json::object();
    for (const Kind* kind : kinds()) {
      if (!kind->is_global() || kind->type().ends_with("Insight") || kind->type() == "Config") continue;
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
  json items = json::array();
  json total = json::object();  // by type, over all meshes
  std::size_t policies = 0;
  ProxyCounts standard, builtin, delegated;
  std::map<std::string, ProxyCounts> services;  // by type
  for (const auto& mesh : known->items) {
    if (call.parts.size() == 2 && mesh->meta.name != call.parts[1]) continue;
    json resources = json::object(), of_policies = json::object();
    for (const Kind* kind : kinds()) {
      if (kind->is_global() || kind == &kind::dataplane_insight()) continue;
      auto list = co_await store.list(*kind, {.mesh = mesh->meta.name});
      if (!list) co_return problem(list.error(), "Could not retrieve resources");
      if (list->total == 0) continue;
      resources[kind->type()] = {{"total", list->total}};
      if (kind->is_policy()) {
        of_policies[kind->type()] = {{"total", list->total}};
        policies += list->total;
      }
      json& sum = total[kind->type()];
      sum["total"] = list->total + (sum.is_object() ? sum.value("total", std::size_t{0}) : std::size_t{0});
    }
    auto stored = co_await inventory(mesh->meta.name);
    if (!stored) co_return problem(stored.error(), list_title);
    const MeshCounts counts = count_mesh(*stored);
    ProxyCounts gateways = counts.gateway_builtin;
    gateways.add(counts.gateway_delegated);
    json item = {{"type", "MeshInsight"},
                 {"name", mesh->meta.name},
                 {"creationTime", print_timestamp(mesh->meta.creation)},
                 {"modificationTime", print_timestamp(mesh->meta.modification)},
                 {"dataplanes", counts.all.sparse()},
                 {"dataplanesByType",
                  {{"standard", counts.standard.sparse()},
                   {"gateway", gateways.sparse()},
                   {"gatewayBuiltin", counts.gateway_builtin.sparse()},
                   {"gatewayDelegated", counts.gateway_delegated.sparse()}}},
                 {"dpVersions", counts.dp_versions()},
                 {"mTLS", counts.mtls()},
                 {"services", counts.services()},
                 {"resources", std::move(resources)}};
    if (!of_policies.empty()) item["policies"] = std::move(of_policies);
    for (const auto& [name, each] : service_insights(*stored, {}))
      services[each.value("serviceType", "internal")].add(one_service(each.value("status", "")));
    standard.add(counts.standard);
    builtin.add(counts.gateway_builtin);
    delegated.add(counts.gateway_delegated);
    items.push_back(std::move(item));
  }
  if (meshes && call.parts.size() == 2) {
    if (items.empty()) co_return problem(404, "Could not retrieve a resource", "Not found");
    co_return json_answer(200, items.front());
  }
  if (meshes) co_return json_answer(200, {{"total", items.size()}, {"items", std::move(items)}, {"next", nullptr}});
  json zones = json::object();
  for (auto [name, kind] :
       {std::pair{"controlPlanes", &kind::zone_insight()}, std::pair{"zoneIngresses", &kind::zone_ingress_insight()},
        std::pair{"zoneEgresses", &kind::zone_egress_insight()}}) {
    auto list = co_await store.list(*kind, {});
    if (!list) co_return problem(list.error(), list_title);
    auto online = std::ranges::count_if(list->items, [](const ResourcePtr& one) { return is_connected(one.get()); });
    zones[name] = {{"online", online}, {"total", list->items.size()}};
  }
  co_return json_answer(
      200,
      {{"createdAt", print_timestamp(clock_.wall_now())},
       {"dataplanes",
        {{"standard", standard.full()}, {"gatewayBuiltin", builtin.full()}, {"gatewayDelegated", delegated.full()}}},
       {"meshes", {{"total", items.size()}}},
       {"policies", {{"total", policies}}},
       {"resources", std::move(total)},
       {"services",
        {{"external", {{"total", services["external"].total}}},
         {"internal", services["internal"].full()},
         {"gatewayBuiltin", services["gateway_builtin"].full()},
         {"gatewayDelegated", services["gateway_delegated"].full()}}},
       {"zones", std::move(zones)}});
}

}  // namespace kumasim::cp
