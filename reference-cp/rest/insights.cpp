/// Insights beyond plain resources: a mesh's services one by one, and what all meshes have together. They are read from
/// the MeshInsights and ServiceInsights that are stored (insights/insight_writer.hpp), so they may lag behind a little.
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "reference-cp/insights/insight_writer.hpp"
#include "reference-cp/insights/proxy_status.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/rules/values.hpp"
#include "reference-cp/model/timestamp.hpp"
#include "reference-cp/rest/answer.hpp"
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

std::string type_of_service(const json& service) {
  std::string type = text_at(service, "serviceType");
  return type.empty() ? "internal" : type;
}

std::uint64_t number_at(const json& object, std::string_view field) {
  const json& value = at(object, field);
  return value.is_number() ? value.get<std::uint64_t>() : 0;
}

/// One service of a mesh's ServiceInsight, as if it were a resource.
json service_json(const Resource& insight, const std::string& name, json service, const std::string& address) {
  json& proxies = service["dataplanes"];
  if (!proxies.is_object()) proxies = json::object();
  if (auto total = number_at(proxies, "online") + number_at(proxies, "offline"); total != 0) proxies["total"] = total;
  if (type_of_service(service) == "internal") service["addressPort"] = name + address;
  service["type"] = "ServiceInsight";
  service["mesh"] = insight.meta.mesh;
  service["name"] = name;
  service["creationTime"] = print_timestamp(insight.meta.creation);
  service["modificationTime"] = print_timestamp(insight.meta.modification);
  return service;
}

constexpr const char* statuses[] = {"total", "online", "offline", "partiallyDegraded"};

json no_proxies() {
  json out = json::object();
  for (const char* status : statuses) out[status] = 0;
  return out;
}

void add(json& sum, const json& counts) {
  for (const char* status : statuses) sum[status] = number_at(sum, status) + number_at(counts, status);
}

void add_service(json& services, const json& service) {
  const std::string type = type_of_service(service), status = text_at(service, "status");
  json& sum = services[type == "gateway_builtin"     ? "gatewayBuiltin"
                       : type == "gateway_delegated" ? "gatewayDelegated"
                                                     : type];
  sum["total"] = number_at(sum, "total") + 1;
  if (type == "external") return;
  const char* field = status == "partially_degraded" ? "partiallyDegraded" : status.c_str();
  if (sum.contains(field)) sum[field] = number_at(sum, field) + 1;
}

}  // namespace

asio::awaitable<HttpResponse> RestApi::service_insight(const Call& call, std::string mesh, std::string service) {
  Store& store = manager_.store();
  if (!mesh.empty()) {
    auto found = co_await store.get(kind::mesh(), {"", mesh});
    if (!found) co_return problem(found.error(), "Failed to retrieve Mesh");
  }
  if (!service.empty()) {
    auto insight = co_await store.get(kind::service_insight(), {mesh, service_insight_name(mesh)});
    if (!insight) co_return problem(insight.error(), "Could not retrieve a resource");
    const json& known = at(at((*insight)->spec, "services"), service);
    json one = known.is_object() ? known : json::object();
    co_return json_answer(200, service_json(**insight, service, std::move(one), options_.service_address));
  }
  auto types = wanted_types(query_value(call.query, "type"));
  if (!types) co_return problem(400, "Bad Request", "bad request: unsupported service type");
  auto insights = co_await store.list(kind::service_insight(), {.mesh = mesh});
  if (!insights) co_return problem(insights.error(), list_title);
  const std::string name = query_value(call.query, "name");
  json items = json::array();
  for (const ResourcePtr& insight : insights->items) {
    const json& services = at(insight->spec, "services");
    if (!services.is_object()) continue;
    for (const auto& [key, each] : services.items()) {
      bool wanted = types->empty() || types->contains(type_of_service(each));
      if (wanted && key.find(name) != std::string::npos)
        items.push_back(service_json(*insight, key, each, options_.service_address));
    }
  }
  constexpr const char* page_title = "Could not paginate resources";
  auto size = page_size(call.query, page_title);
  if (!size) co_return size.error();
  auto offset = page_offset(call.query, page_title);
  if (!offset) co_return offset.error();
  // Services are paged here and not by the store, so that no size means everything.
  const std::size_t total = items.size();
  const std::size_t first = std::min(static_cast<std::size_t>(*offset), total);
  const std::size_t last = std::min(first + static_cast<std::size_t>(std::max<std::int64_t>(*size, 0)), total);
  json shown = json::array(), next;
  for (std::size_t i = first; i < last; ++i) shown.push_back(std::move(items[i]));
  if (auto more = next_offset(*offset, *size, total)) next = next_page(call.request, call.path, call.query, *more);
  co_return json_answer(200, {{"total", total}, {"items", std::move(shown)}, {"next", std::move(next)}});
}

asio::awaitable<HttpResponse> RestApi::global_insights() {
  json counts = json::object();
  for (const Kind* kind : kinds()) {
    if (!kind->is_global() || kind->type().ends_with("Insight") || kind->type() == "Config") continue;
    auto list = co_await manager_.store().list(*kind, {.size = 1});
    if (!list) co_return problem(list.error(), "Could not retrieve global insights");
    counts[kind->type()] = {{"total", list->total}};
  }
  co_return json_answer(200, {{"type", "GlobalInsights"},
                              {"creationTime", print_timestamp(clock_.wall_now())},
                              {"resources", std::move(counts)}});
}

asio::awaitable<HttpResponse> RestApi::global_insight() {
  Store& store = manager_.store();
  auto meshes = co_await store.list(kind::mesh_insight(), {});
  if (!meshes) co_return problem(meshes.error(), list_title);
  auto of_services = co_await store.list(kind::service_insight(), {});
  if (!of_services) co_return problem(of_services.error(), list_title);
  json proxies = {{"standard", no_proxies()}, {"gatewayBuiltin", no_proxies()}, {"gatewayDelegated", no_proxies()}};
  json services = {{"internal", no_proxies()},
                   {"external", {{"total", 0}}},
                   {"gatewayBuiltin", no_proxies()},
                   {"gatewayDelegated", no_proxies()}};
  json resources = json::object();
  std::uint64_t policies = 0;
  for (const ResourcePtr& insight : meshes->items) {
    for (auto& [type, sum] : proxies.items()) add(sum, at(at(insight->spec, "dataplanesByType"), type));
    for (const auto& [type, each] : at(insight->spec, "policies").items()) policies += number_at(each, "total");
    for (const auto& [type, each] : at(insight->spec, "resources").items())
      resources[type]["total"] = number_at(resources[type], "total") + number_at(each, "total");
  }
  for (const ResourcePtr& insight : of_services->items)
    for (const auto& [name, each] : at(insight->spec, "services").items()) add_service(services, each);
  json zones = json::object();
  for (auto [name, kind] :
       {std::pair{"controlPlanes", &kind::zone_insight()}, std::pair{"zoneIngresses", &kind::zone_ingress_insight()},
        std::pair{"zoneEgresses", &kind::zone_egress_insight()}}) {
    auto list = co_await store.list(*kind, {});
    if (!list) co_return problem(list.error(), list_title);
    auto online = std::ranges::count_if(list->items, [](const ResourcePtr& one) { return is_connected(one.get()); });
    zones[name] = {{"online", online}, {"total", list->items.size()}};
  }
  co_return json_answer(200, {{"createdAt", print_timestamp(clock_.wall_now())},
                              {"dataplanes", std::move(proxies)},
                              {"meshes", {{"total", meshes->items.size()}}},
                              {"policies", {{"total", policies}}},
                              {"resources", std::move(resources)},
                              {"services", std::move(services)},
                              {"zones", std::move(zones)}});
}

asio::awaitable<std::optional<HttpResponse>> RestApi::insight(const Call& call) {
  const auto& parts = call.parts;
  const bool of_all = parts.size() == 1 && parts[0] == "service-insights";
  const bool of_mesh =
      (parts.size() == 3 || parts.size() == 4) && parts[0] == "meshes" && parts[2] == "service-insights";
  const bool global = call.path == "/global-insights" || call.path == "/global-insight";
  if (!of_all && !of_mesh && !global) co_return std::nullopt;
  if (call.request.method != "GET") {
    if (!global) co_return std::nullopt;
    co_return method_not_allowed(call.request.method, "GET");
  }
  if (auto refused = refuse_representation(call.request)) co_return *refused;
  if (of_all) co_return co_await service_insight(call, {}, {});
  if (of_mesh) co_return co_await service_insight(call, parts[1], parts.size() == 4 ? parts[3] : std::string());
  if (call.path == "/global-insights") co_return co_await global_insights();
  co_return co_await global_insight();
}

}  // namespace kumasim::cp
