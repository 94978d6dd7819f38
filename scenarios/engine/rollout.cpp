#include "scenarios/engine/rollout.hpp"

#include <algorithm>
#include <set>

#include "kumasim/transport/url.hpp"
#include "reference-cp/model/kinds.hpp"
#include "scenarios/engine/reader.hpp"

namespace kumasim::scenario {

std::string rollout_target(const Scenario& scenario) {
  std::set<std::string> policies;
  auto see = [&](const nlohmann::json& body) {
    ResourceName is = resource_name(body);
    bool wanted = std::ranges::any_of(scenario.expectations, [&](const Expectation& expectation) {
      const Predicate& that = expectation.that;
      return that.kind == Predicate::Kind::policy_applied && that.name == is.name && that.type == is.type;
    });
    const cp::Kind* kind = cp::find_kind(is.type);
    if (wanted && kind != nullptr) policies.insert(is.type + "/" + (kind->is_global() ? "" : is.mesh) + "/" + is.name);
  };
  for (const ResourceText& resource : scenario.resources) see(resource.body);
  for (const Change& change : scenario.changes) {
    if (!change.apply.is_null()) see(change.apply);
  }
  std::string out = "/rollout";
  for (const std::string& policy : policies)
    out += (out.find('?') == std::string::npos ? "?policy=" : "&policy=") + percent_encode(policy);
  return out;
}

std::optional<Rollout> read_rollout(const std::string& body, const Scenario& scenario) {
  nlohmann::json json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object() || !json.contains("behind")) return std::nullopt;
  try {
    Rollout out;
    out.behind = json["behind"].get<bool>();
    const nlohmann::json &meshes = json.at("proxies"), &policies = json.at("policies");
    for (const Instance& instance : scenario.instances) {
      const std::string& mesh = scenario.find_service(instance.service)->mesh;
      if (!meshes.contains(mesh) || !meshes[mesh].contains(instance.process)) continue;
      const nlohmann::json& said = meshes[mesh][instance.process];
      ProxyRollout& proxy = out.proxies[instance.process];
      proxy.connected = said.at("connected").get<bool>();
      proxy.current = said.at("current").get<bool>();
      if (said.contains("refused")) proxy.refusals = said["refused"].get<std::map<std::string, std::string>>();
    }
    for (const auto& [policy, proxies] : policies.items()) {
      // TYPE/MESH/NAME; the loader sees to it that a type and a name are in one mesh.
      auto first = policy.find('/'), last = policy.rfind('/');
      std::string name = policy.substr(last + 1), own = policy.substr(first + 1, last - first - 1);
      auto& about = out.policies[policy.substr(0, first + 1) + name];
      for (const Instance& instance : scenario.instances)
        if (scenario.find_service(instance.service)->mesh == (own.empty() ? name : own) &&
            proxies.contains(instance.process))
          about[instance.process] = proxies[instance.process].get<bool>();
    }
    return out;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

}  // namespace kumasim::scenario
