#include "reference-cp/insights/service_tally.hpp"

#include <cassert>

#include <nlohmann/json.hpp>

namespace kumasim::cp {
namespace {

using nlohmann::json;

void count(std::map<std::string, std::int64_t>& table, const std::string& name, int times) {
  if (name.empty()) return;
  auto found = table.try_emplace(name).first;
  found->second += times;
  if (found->second == 0) table.erase(found);
}

/// By the first offer and by who is online.
const char* status_text(const std::string& type, std::int64_t online, std::int64_t offline) {
  if (type == "external") return "not_available";
  if (online == 0) return "offline";
  return offline == 0 ? "online" : "partially_degraded";
}

}  // namespace

void ServiceTally::add(const OfferKey& key, const ServiceOffer& offer) {
  Service& service = services_[offer.service];
  bool fresh = service.offers.emplace(key, offer).second;
  assert(fresh);
  (void)fresh;
  if (!key.external) ++(offer.status == ProxyStatus::online ? service.online : service.offline);
  count(service.backends, offer.backend, 1);
  count(service.zones, offer.zone, 1);
}

void ServiceTally::remove(const OfferKey& key, const ServiceOffer& offer) {
  auto found = services_.find(offer.service);
  assert(found != services_.end());
  Service& service = found->second;
  bool known = service.offers.erase(key) > 0;
  assert(known);
  (void)known;
  if (!key.external) --(offer.status == ProxyStatus::online ? service.online : service.offline);
  count(service.backends, offer.backend, -1);
  count(service.zones, offer.zone, -1);
  if (service.offers.empty()) services_.erase(found);
}

json ServiceTally::spec_of(const Service& service) {
  const ServiceOffer& first = service.offers.begin()->second;
  json proxies = json::object();
  if (service.online != 0) proxies["online"] = service.online;
  if (service.offline != 0) proxies["offline"] = service.offline;
  json out = {{"status", status_text(first.type, service.online, service.offline)}, {"dataplanes", std::move(proxies)}};
  if (!service.backends.empty()) out["issuedBackends"] = service.backends;
  if (first.type != "internal") out["serviceType"] = first.type;
  if (!first.address.empty()) out["addressPort"] = first.address;
  for (const auto& [zone, offers] : service.zones) out["zones"].push_back(zone);
  return out;
}

json ServiceTally::spec() const {
  json out = json::object();
  for (const auto& [name, service] : services_) out[name] = spec_of(service);
  return {{"services", std::move(out)}};
}

}  // namespace kumasim::cp
