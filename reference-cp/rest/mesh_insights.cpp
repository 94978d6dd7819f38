#include "reference-cp/rest/mesh_insights.hpp"

#include <set>

#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

ProxyCounts one(ProxyStatus status) {
  return {.total = 1,
          .online = status == ProxyStatus::online ? 1u : 0u,
          .offline = status == ProxyStatus::offline ? 1u : 0u,
          .partially_degraded = status == ProxyStatus::partially_degraded ? 1u : 0u};
}

bool is_ignored(const json& inbound) { return text_at(inbound, "state") == "Ignored"; }

/// Of the last stream; "unknown" where it was not said.
std::string version_of(const Resource* insight, const char* program) {
  std::string out;
  if (insight != nullptr)
    if (const json& list = at(insight->spec, "subscriptions"); list.is_array() && !list.empty())
      out = text_at(at(at(list.back(), "version"), program), "version");
  return out.empty() ? "unknown" : out;
}

json sparse(const std::map<std::string, ProxyCounts>& counts) {
  json out = json::object();
  for (const auto& [name, each] : counts) out[name] = each.sparse();
  return out;
}

/// The fields that hold something.
json pair_of(const char* first, const std::map<std::string, ProxyCounts>& a, const char* second,
             const std::map<std::string, ProxyCounts>& b) {
  json out = json::object();
  if (!a.empty()) out[first] = sparse(a);
  if (!b.empty()) out[second] = sparse(b);
  return out;
}

const json& gateway_of(const Resource& dataplane) { return at(at(dataplane.spec, "networking"), "gateway"); }

struct Service {
  std::string type = "internal", address;
  std::uint32_t online = 0, offline = 0;
  std::map<std::string, std::uint32_t> backends;
  std::set<std::string> zones;
};

using Services = std::map<std::string, Service>;

/// The first that names a service decides on its type.
void add_proxy(Services& services, const json& tags, const char* type, ProxyStatus status, const std::string& backend) {
  auto [found, is_new] = services.try_emplace(text_at(tags, "kuma.io/service"));
  Service& service = found->second;
  if (is_new) service.type = type;
  if (!backend.empty()) ++service.backends[backend];
  ++(status == ProxyStatus::online ? service.online : service.offline);
  if (std::string zone = text_at(tags, "kuma.io/zone"); !zone.empty()) service.zones.insert(zone);
}

const char* status_text(const Service& service) {
  if (service.type == "external") return "not_available";
  if (service.online == 0) return "offline";
  return service.offline == 0 ? "online" : "partially_degraded";
}

json to_json(const std::string& name, const Service& service, const std::string& address_of_service) {
  ProxyCounts proxies{.total = service.online + service.offline, .online = service.online, .offline = service.offline};
  json out = {{"status", status_text(service)}, {"dataplanes", proxies.sparse()}};
  if (!service.backends.empty()) out["issuedBackends"] = service.backends;
  if (service.type != "internal") out["serviceType"] = service.type;
  std::string address = service.type == "internal" ? name + address_of_service : service.address;
  if (!address.empty()) out["addressPort"] = address;
  if (!service.zones.empty()) out["zones"] = service.zones;
  return out;
}

}  // namespace

void ProxyCounts::add(const ProxyCounts& other) {
  total += other.total;
  online += other.online;
  offline += other.offline;
  partially_degraded += other.partially_degraded;
}

json ProxyCounts::sparse() const {
  json out = json::object();
  if (total != 0) out["total"] = total;
  if (online != 0) out["online"] = online;
  if (offline != 0) out["offline"] = offline;
  if (partially_degraded != 0) out["partiallyDegraded"] = partially_degraded;
  return out;
}

json ProxyCounts::full() const {
  return {{"total", total}, {"online", online}, {"offline", offline}, {"partiallyDegraded", partially_degraded}};
}

bool is_connected(const Resource* insight) {
  if (insight == nullptr) return false;
  for (const auto& subscription : at(insight->spec, "subscriptions"))
    if (has(subscription, "connectTime") && !has(subscription, "disconnectTime")) return true;
  return false;
}

ProxyStatus proxy_status(const Resource& dataplane, const Resource* insight) {
  std::size_t all = 0, down = 0;
  for (const auto& inbound : at(at(dataplane.spec, "networking"), "inbound")) {
    const json& health = at(inbound, "health");
    bool ready = text_at(inbound, "state") != "NotReady" && (health.is_null() || at(health, "ready") == json(true));
    ++all;
    if (!ready) ++down;
  }
  if (!is_connected(insight)) return ProxyStatus::offline;
  if (!gateway_of(dataplane).is_null() || (down == 0 && all != 0)) return ProxyStatus::online;
  return down == all ? ProxyStatus::offline : ProxyStatus::partially_degraded;
}

const Resource* MeshInventory::insight_of(const Resource& dataplane) const {
  auto found = insights.find(dataplane.meta.name);
  return found == insights.end() ? nullptr : found->second.get();
}

json MeshCounts::dp_versions() const { return pair_of("kumaDp", kuma_dp, "envoy", envoy); }
json MeshCounts::mtls() const { return pair_of("issuedBackends", issued, "supportedBackends", supported); }

json MeshCounts::services() const {
  json out = json::object();
  if (internal + external != 0) out["total"] = internal + external;
  if (internal != 0) out["internal"] = internal;
  if (external != 0) out["external"] = external;
  return out;
}

MeshCounts count_mesh(const MeshInventory& inventory) {
  MeshCounts out;
  std::set<std::string> services;
  for (const ResourcePtr& dataplane : inventory.dataplanes) {
    const Resource* insight = inventory.insight_of(*dataplane);
    const ProxyCounts counts = one(proxy_status(*dataplane, insight));
    const json& gateway = gateway_of(*dataplane);
    out.all.add(counts);
    (gateway.is_null()                       ? out.standard
     : text_at(gateway, "type") == "BUILTIN" ? out.gateway_builtin
                                             : out.gateway_delegated)
        .add(counts);
    out.kuma_dp[version_of(insight, "kumaDp")].add(counts);
    out.envoy[version_of(insight, "envoy")].add(counts);
    if (insight != nullptr && has(insight->spec, "mTLS")) {
      const json& mtls = at(insight->spec, "mTLS");
      out.issued[text_at(mtls, "issuedBackend")].add(counts);
      for (const auto& backend : at(mtls, "supportedBackends"))
        if (backend.is_string()) out.supported[backend.get<std::string>()].add(counts);
    }
    if (std::string service = text_at(at(gateway, "tags"), "kuma.io/service"); !service.empty())
      services.insert(std::move(service));
    for (const auto& inbound : at(at(dataplane->spec, "networking"), "inbound"))
      if (!is_ignored(inbound)) services.insert(text_at(at(inbound, "tags"), "kuma.io/service"));
  }
  out.internal = services.size();
  out.external = inventory.external_services.size();
  return out;
}

std::map<std::string, json> service_insights(const MeshInventory& inventory, const std::string& address_of_service) {
  Services services;
  for (const ResourcePtr& dataplane : inventory.dataplanes) {
    const Resource* insight = inventory.insight_of(*dataplane);
    const ProxyStatus status = proxy_status(*dataplane, insight);
    const std::string backend = insight == nullptr ? "" : text_at(at(insight->spec, "mTLS"), "issuedBackend");
    if (const json& gateway = gateway_of(*dataplane); !gateway.is_null())
      add_proxy(services, at(gateway, "tags"),
                text_at(gateway, "type") == "BUILTIN" ? "gateway_builtin" : "gateway_delegated", status, backend);
    for (const auto& inbound : at(at(dataplane->spec, "networking"), "inbound"))
      if (!is_ignored(inbound)) add_proxy(services, at(inbound, "tags"), "internal", status, backend);
  }
  for (const ResourcePtr& external : inventory.external_services) {
    const json& tags = at(external->spec, "tags");
    auto [found, is_new] = services.try_emplace(text_at(tags, "kuma.io/service"));
    if (is_new) {
      found->second.type = "external";
      found->second.address = text_at(at(external->spec, "networking"), "address");
    }
    if (std::string zone = text_at(tags, "kuma.io/zone"); !zone.empty()) found->second.zones.insert(zone);
  }
  std::map<std::string, json> out;
  for (const auto& [name, service] : services) out[name] = to_json(name, service, address_of_service);
  return out;
}

}  // namespace kumasim::cp
