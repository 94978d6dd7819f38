#include "reference-cp/insights/mesh_tally.hpp"

#include <nlohmann/json.hpp>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

/// Of the last stream; "unknown" where it was not said.
std::string version_of(const Resource* insight, const char* program) {
  std::string out;
  if (insight != nullptr)
    if (const json& list = at(insight->spec, "subscriptions"); list.is_array() && !list.empty())
      out = text_at(at(at(list.back(), "version"), program), "version");
  return out.empty() ? "unknown" : out;
}

void count(std::map<std::string, ProxyCounts>& table, const std::string& name, ProxyStatus status, int times) {
  auto found = table.try_emplace(name).first;
  found->second.add(status, times);
  if (found->second.total == 0) table.erase(found);
}

json sparse(const std::map<std::string, ProxyCounts>& table) {
  json out = json::object();
  for (const auto& [name, counts] : table) out[name] = counts.sparse();
  return out;
}

/// As Kuma has it: those that are up in part are not in a version's total.
std::map<std::string, ProxyCounts> of_versions(std::map<std::string, ProxyCounts> table) {
  for (auto& [name, counts] : table) counts.total = counts.online + counts.offline;
  return table;
}

/// The fields that hold something.
json pair_of(const char* first, const std::map<std::string, ProxyCounts>& a, const char* second,
             const std::map<std::string, ProxyCounts>& b) {
  json out = json::object();
  if (!a.empty()) out[first] = sparse(a);
  if (!b.empty()) out[second] = sparse(b);
  return out;
}

ServiceOffer offer_of(const json& tags, const char* type, ProxyStatus status, const std::string& backend) {
  return {.service = text_at(tags, "kuma.io/service"),
          .type = type,
          .address = {},
          .zone = text_at(tags, "kuma.io/zone"),
          .backend = backend,
          .status = status};
}

ServiceOffer external_offer(const Resource& resource) {
  ServiceOffer out = offer_of(at(resource.spec, "tags"), "external", ProxyStatus::offline, {});
  out.address = text_at(at(resource.spec, "networking"), "address");
  return out;
}

}  // namespace

MeshTally::Share MeshTally::share_of(const Resource& dataplane, const Resource* insight) {
  Share out;
  out.status = proxy_status(dataplane, insight);
  out.kuma_dp = version_of(insight, "kumaDp");
  out.envoy = version_of(insight, "envoy");
  std::string backend;
  if (insight != nullptr && has(insight->spec, "mTLS")) {
    const json& mtls = at(insight->spec, "mTLS");
    backend = text_at(mtls, "issuedBackend");
    out.issued = backend;
    for (const auto& each : at(mtls, "supportedBackends"))
      if (each.is_string()) out.supported.push_back(each.get<std::string>());
  }
  const json& networking = at(dataplane.spec, "networking");
  if (const json& gateway = at(networking, "gateway"); !gateway.is_null()) {
    bool builtin = text_at(gateway, "type") == "BUILTIN";
    out.gateway = builtin ? "BUILTIN" : "DELEGATED";
    out.offers.push_back(
        offer_of(at(gateway, "tags"), builtin ? "gateway_builtin" : "gateway_delegated", out.status, backend));
  }
  for (const auto& inbound : at(networking, "inbound"))
    if (text_at(inbound, "state") != "Ignored")
      out.offers.push_back(offer_of(at(inbound, "tags"), "internal", out.status, backend));
  return out;
}

void MeshTally::add(const std::string& name, const Share& share, int times) {
  all_.add(share.status, times);
  (share.gateway.empty() ? standard_ : share.gateway == "BUILTIN" ? builtin_ : delegated_).add(share.status, times);
  count(kuma_dp_, share.kuma_dp, share.status, times);
  count(envoy_, share.envoy, share.status, times);
  if (share.issued) count(issued_, *share.issued, share.status, times);
  for (const std::string& backend : share.supported) count(supported_, backend, share.status, times);
  for (std::size_t i = 0; i < share.offers.size(); ++i) {
    const ServiceOffer& offer = share.offers[i];
    const OfferKey key{.external = false, .name = name, .number = i};
    if (times > 0)
      services_.add(key, offer);
    else
      services_.remove(key, offer);
    if (offer.service.empty() && offer.type != "internal") continue;
    auto found = internal_.try_emplace(offer.service).first;
    found->second += times;
    if (found->second == 0) internal_.erase(found);
  }
}

bool MeshTally::update_dataplane(const std::string& name) {
  std::optional<Share> fresh;
  if (auto found = dataplanes_.find(name); found != dataplanes_.end()) {
    auto insight = insights_.find(name);
    fresh = share_of(*found->second, insight == insights_.end() ? nullptr : insight->second.get());
  }
  auto held = shares_.find(name);
  if (held != shares_.end() && fresh && held->second == *fresh) return false;
  if (held == shares_.end() && !fresh) return false;
  if (held != shares_.end()) {
    add(name, held->second, -1);
    shares_.erase(held);
  }
  if (fresh) {
    add(name, *fresh, 1);
    shares_.emplace(name, std::move(*fresh));
  }
  return true;
}

bool MeshTally::update_external(const std::string& name, const Resource* resource) {
  auto held = external_.find(name);
  std::optional<ServiceOffer> fresh;
  if (resource != nullptr) fresh = external_offer(*resource);
  if (held != external_.end() && fresh && held->second == *fresh) return false;
  if (held == external_.end() && !fresh) return false;
  const OfferKey key{.external = true, .name = name, .number = 0};
  if (held != external_.end()) {
    services_.remove(key, held->second);
    external_.erase(held);
  }
  if (fresh) {
    services_.add(key, *fresh);
    external_.emplace(name, std::move(*fresh));
  }
  return true;
}

/// True where their number has changed.
bool MeshTally::count_resource(const Kind& kind, const std::string& name, bool there) {
  if (kind.is_global() || kind.type().ends_with("Insight")) return false;
  auto& names = names_[&kind];
  bool changed = there ? names.insert(name).second : names.erase(name) > 0;
  if (names.empty()) names_.erase(&kind);
  return changed;
}

bool MeshTally::set(const Kind& kind, const std::string& name, const ResourcePtr& resource) {
  bool changed = count_resource(kind, name, resource != nullptr);
  auto keep = [&](std::map<std::string, ResourcePtr>& table) {
    if (resource)
      table[name] = resource;
    else
      table.erase(name);
  };
  if (&kind == &kind::dataplane()) {
    keep(dataplanes_);
    changed = update_dataplane(name) || changed;
  } else if (&kind == &kind::dataplane_insight()) {
    keep(insights_);
    changed = update_dataplane(name) || changed;
  } else if (&kind == &kind::external_service()) {
    changed = update_external(name, resource.get()) || changed;
  }
  return changed;
}

json MeshTally::mesh_insight() const {
  ProxyCounts gateways = builtin_;
  gateways.add(delegated_);
  json services = json::object(), resources = json::object(), policies = json::object();
  if (const std::size_t total = internal_.size() + external_.size(); total != 0) services["total"] = total;
  if (!internal_.empty()) services["internal"] = internal_.size();
  if (!external_.empty()) services["external"] = external_.size();
  for (const auto& [kind, names] : names_) {
    resources[kind->type()] = {{"total", names.size()}};
    if (kind->is_policy()) policies[kind->type()] = {{"total", names.size()}};
  }
  json out = {{"dataplanes", all_.sparse()},
              {"dataplanesByType",
               {{"standard", standard_.sparse()},
                {"gateway", gateways.sparse()},
                {"gatewayBuiltin", builtin_.sparse()},
                {"gatewayDelegated", delegated_.sparse()}}},
              {"dpVersions", pair_of("kumaDp", of_versions(kuma_dp_), "envoy", of_versions(envoy_))},
              {"mTLS", pair_of("issuedBackends", issued_, "supportedBackends", supported_)},
              {"services", std::move(services)},
              {"resources", std::move(resources)}};
  if (!policies.empty()) out["policies"] = std::move(policies);
  return out;
}

}  // namespace kumasim::cp
