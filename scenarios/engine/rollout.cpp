#include "scenarios/engine/rollout.hpp"

#include <algorithm>
#include <set>
#include <span>

#include "kumasim/transport/url.hpp"
#include "reference-cp/kds/exchange_rules.hpp"
#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/kinds.hpp"

namespace kumasim::scenario {

namespace {

/// "TYPE/NAME" of a policy that expectations name -> the zones that it is written to; "" is Global, or the only one.
using Written = std::map<std::string, std::set<std::string>>;

/// Calls `seen` with the zone, the name and the body of what is written there of the policies that expectations name.
template <class Seen>
void each_named_policy(const Scenario& scenario, Seen seen) {
  auto see = [&](const std::string& zone, const nlohmann::json& body) {
    ResourceName is = resource_name(body);
    bool wanted = std::ranges::any_of(scenario.expectations, [&](const Expectation& expectation) {
      const Predicate& that = expectation.that;
      return that.kind == Predicate::Kind::policy_applied && that.name == is.name && that.type == is.type;
    });
    if (wanted) seen(zone, is, body);
  };
  for (const ResourceText& resource : scenario.resources) see(resource.zone, resource.body);
  for (const Change& change : scenario.changes) {
    if (!change.apply.is_null()) see(change.zone, change.apply);
  }
}

/// What Global's resource is called in a zone; "" for what cannot be given to it.
std::string name_in_zone(const nlohmann::json& body, const std::string& zone) {
  auto resource = cp::resource_from_json(body);
  if (!resource) return {};
  cp::kds::ZonePeer peer{.zone = zone, .features = {}};
  for (std::string_view feature : cp::kds::own_features()) peer.features.emplace(feature);
  auto given = cp::kds::as_given_to_zone(*resource, peer, {});
  return given ? given->meta.name : std::string();
}

/// "TYPE/MESH/NAME" as the zone's control plane has it -> "TYPE/NAME" as expectations have it.
std::map<std::string, std::string> policies_in(const Scenario& scenario, const std::string& zone) {
  std::map<std::string, std::string> out;
  each_named_policy(scenario, [&](const std::string& written, const ResourceName& is, const nlohmann::json& body) {
    const cp::Kind* kind = cp::find_kind(is.type);
    if (kind == nullptr || (!written.empty() && written != zone)) return;
    std::string name = written == zone ? is.name : name_in_zone(body, zone);
    if (name.empty()) return;
    out[is.type + "/" + (kind->is_global() ? "" : is.mesh) + "/" + name] = is.type + "/" + is.name;
  });
  return out;
}

ProxyRollout proxy_of(const nlohmann::json& said) {
  ProxyRollout out;
  out.connected = said.at("connected").get<bool>();
  out.current = said.at("current").get<bool>();
  if (said.contains("refused")) out.refusals = said["refused"].get<std::map<std::string, std::string>>();
  return out;
}

/// Of a proxy all must say so that have a stream of it: one may be half open, and its proxy elsewhere by now.
std::map<std::string, std::map<std::string, bool>> policies_of_replicas(const std::vector<Rollout>& said) {
  std::map<std::string, std::map<std::string, bool>> out;
  for (const Rollout& each : said)
    for (const auto& [policy, proxies] : each.policies)
      for (auto& about = out[policy]; const auto& [name, applied] : proxies) about[name] = false;
  for (auto& [policy, proxies] : out)
    for (auto& [name, applied] : proxies) {
      auto disagrees = [&](const Rollout& each) {
        auto proxy = each.proxies.find(name);
        if (proxy == each.proxies.end() || !proxy->second.connected) return false;
        auto about = each.policies.find(policy);
        return about == each.policies.end() || !about->second.contains(name) || !about->second.at(name);
      };
      auto agrees = [&](const Rollout& each) {
        auto proxy = each.proxies.find(name);
        return proxy != each.proxies.end() && proxy->second.connected && !disagrees(each);
      };
      applied = std::ranges::any_of(said, agrees) && std::ranges::none_of(said, disagrees);
    }
  return out;
}

/// REQUIRES: one of them said something.
Rollout of_replicas(const std::vector<Rollout>& said) {
  if (said.size() == 1) return said.front();
  Rollout out = said.front();
  for (const Rollout& more : std::span(said).subspan(1)) {
    out.behind = out.behind || more.behind;
    out.zones_behind.insert(more.zones_behind.begin(), more.zones_behind.end());
    for (const auto& [name, proxy] : more.proxies) {
      ProxyRollout& known = out.proxies[name];
      // A stream that ended unheard may be open at one of them for a while beside the one at another.
      if (!proxy.connected) continue;
      known.current = proxy.current && (!known.connected || known.current);
      known.connected = true;
      known.refusals.insert(proxy.refusals.begin(), proxy.refusals.end());
    }
    for (const auto& [policy, held] : more.specifications) out.specifications[policy].insert(held.begin(), held.end());
  }
  out.policies = policies_of_replicas(said);
  return out;
}

/// As of_control_planes() has it, once replicas are one.
std::optional<Rollout> joined(std::map<std::string, Rollout> answers, const Scenario& scenario) {
  Rollout out;
  // Global has no proxies of its own.
  if (auto of_global = answers.extract("")) {
    out.behind = of_global.mapped().behind;
    out.zones_behind = std::move(of_global.mapped().zones_behind);
  }
  if (answers.empty()) return std::nullopt;
  for (const auto& [zone, said] : answers) {
    out.behind = out.behind || said.behind;
    out.proxies.insert(said.proxies.begin(), said.proxies.end());
    for (const auto& [policy, proxies] : said.policies) out.policies[policy].insert(proxies.begin(), proxies.end());
    for (const auto& [policy, held] : said.specifications) out.specifications[policy].insert(held.begin(), held.end());
  }
  Written written;
  each_named_policy(scenario, [&](const std::string& zone, const ResourceName& is, const nlohmann::json&) {
    written[is.type + "/" + is.name].insert(zone);
  });
  for (const auto& [policy, zones] : written) {
    bool missing = std::ranges::any_of(answers, [&](const auto& answer) {
      bool must = zones.contains("") || zones.contains(answer.first);
      return must && !answer.second.policies.contains(policy);
    });
    if (missing) out.policies.erase(policy);
  }
  return out;
}

}  // namespace

std::string rollout_target(const Scenario& scenario, const std::string& zone) {
  std::string out = "/rollout";
  for (const auto& [policy, name] : policies_in(scenario, zone))
    out += (out.find('?') == std::string::npos ? "?policy=" : "&policy=") + percent_encode(policy);
  return out;
}

std::optional<Rollout> of_control_planes(std::map<std::string, std::vector<Rollout>> answers,
                                         const Scenario& scenario) {
  std::map<std::string, Rollout> by_zone;
  for (auto& [zone, said] : answers) by_zone[zone] = of_replicas(said);
  if (!scenario.zones.empty()) return joined(std::move(by_zone), scenario);
  if (by_zone.empty()) return std::nullopt;
  return std::move(by_zone.begin()->second);
}

void note_holders(const Rollout& said, const std::string& process,
                  std::map<std::string, std::set<std::string>>& holders) {
  for (const auto& [name, proxy] : said.proxies)
    if (proxy.connected) holders[name].insert(process);
}

void add_silent_replicas(const Scenario& scenario, std::set<std::string>& silent) {
  for (const ControlPlaneSpec* several : scenario.replicated())
    if (std::ranges::all_of(several->replicas, [&](const std::string& name) { return silent.contains(name); }))
      silent.insert(several->name);
}

std::optional<Rollout> read_rollout(const std::string& body, const Scenario& scenario, const std::string& zone) {
  nlohmann::json json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object() || !json.contains("behind")) return std::nullopt;
  try {
    Rollout out;
    out.behind = json["behind"].get<bool>();
    const nlohmann::json &meshes = json.at("proxies"), &policies = json.at("policies");
    const nlohmann::json specifications = json.value("specifications", nlohmann::json::object());
    for (const Instance& instance : scenario.instances) {
      const std::string& mesh = scenario.find_service(instance.service)->mesh;
      if (!meshes.contains(mesh) || !meshes[mesh].contains(instance.process)) continue;
      out.proxies[instance.process] = proxy_of(meshes[mesh][instance.process]);
    }
    for (const auto& [type, proxies] : json.value("zoneProxies", nlohmann::json::object()).items())
      for (const auto& [name, said] : proxies.items())
        if (scenario.is_zone_proxy(name)) out.proxies[name] = proxy_of(said);
    if (json.contains("zonesBehind")) out.zones_behind = json["zonesBehind"].get<std::set<std::string>>();
    std::map<std::string, std::string> named = policies_in(scenario, zone);
    for (const auto& [policy, proxies] : policies.items()) {
      // TYPE/MESH/NAME; the loader sees to it that a type and a name are in one mesh.
      auto first = policy.find('/'), last = policy.rfind('/');
      std::string name = policy.substr(last + 1), own = policy.substr(first + 1, last - first - 1);
      auto known = named.find(policy);
      const std::string is = known == named.end() ? policy.substr(0, first + 1) + name : known->second;
      auto& about = out.policies[is];
      if (specifications.contains(policy)) out.specifications[is].insert(specifications[policy].get<std::string>());
      for (const Instance& instance : scenario.instances)
        if (scenario.find_service(instance.service)->mesh == (own.empty() ? name : own) &&
            proxies.contains(instance.process))
          about[instance.process] = about.try_emplace(instance.process, true).first->second &&
                                    proxies[instance.process].get<bool>();  // Global's and the zone's own of one name
    }
    return out;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

}  // namespace kumasim::scenario
