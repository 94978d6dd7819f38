/// Laws of targetRef policies that hold for any policies.
#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/policy/all.hpp"
#include "reference-cp/policy/matching.hpp"
#include "reference-cp/xds/generate_options.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/proxy_view.hpp"
#include "reference-cp/xds/resource_set.hpp"

namespace kumasim::cp::policy {
namespace {

using Json = nlohmann::json;

Json pick(std::initializer_list<const char*> texts) {
  std::vector<Json> values;
  for (const char* text : texts) values.push_back(Json::parse(text));
  return *rc::gen::elementOf(values);
}

/// Every one of these selects the proxy below, from the least to the most specific. (A Dataplane ref with neither name
/// nor labels is as specific as one with, as in Kuma: then the name of the policy decides. It is not in this list.)
const std::vector<Json>& top_levels() {
  static const std::vector<Json> refs = {
      Json::parse(R"({"kind":"Mesh"})"),
      Json::parse(R"({"kind":"Dataplane","labels":{"app":"web"}})"),
      Json::parse(R"({"kind":"Dataplane","labels":{"app":"web"},"sectionName":"main"})"),
      Json::parse(R"({"kind":"Dataplane","name":"web"})"),
      Json::parse(R"({"kind":"Dataplane","name":"web","sectionName":"main"})"),
      Json::parse(R"({"kind":"MeshSubset","tags":{"version":"v1"}})"),
      Json::parse(R"({"kind":"MeshService","name":"web"})"),
      Json::parse(R"({"kind":"MeshServiceSubset","name":"web","tags":{"version":"v1"}})"),
  };
  return refs;
}

std::map<std::string, std::string> labels() {
  std::map<std::string, std::string> labels;
  if (std::string origin = *rc::gen::elementOf(std::vector<std::string>{"", "global", "zone"}); !origin.empty())
    labels["kuma.io/origin"] = origin;
  if (std::string role = *rc::gen::elementOf(std::vector<std::string>{"", "system", "producer"}); !role.empty())
    labels["kuma.io/policy-role"] = role;
  return labels;
}

std::string duration() { return std::to_string(*rc::gen::inRange(1, 60)) + "s"; }

ResourcePtr timeout_policy(const std::string& name, const Json& target_ref, Json spec) {
  Resource resource;
  resource.kind = &kind::mesh_timeout();
  resource.meta.mesh = "default";
  resource.meta.name = name;
  resource.meta.labels = labels();
  spec["targetRef"] = target_ref;
  resource.spec = std::move(spec);
  return std::make_shared<const Resource>(std::move(resource));
}

/// Either of outbound or of inbound traffic; a valid policy is not of both.
Json any_spec() {
  if (*rc::gen::arbitrary<bool>()) {
    std::string idle = duration();
    return {{"rules", Json::array({{{"default", {{"idleTimeout", idle}}}}})}};
  }
  Json to = Json::array();
  for (int i = *rc::gen::inRange(1, 3); i > 0; --i) {
    Json ref = pick({R"({"kind":"Mesh"})", R"({"kind":"MeshService","name":"backend"})",
                     R"({"kind":"MeshService","name":"other"})"});
    Json conf = pick({R"({})", R"({"http":{"requestTimeout":"1s"}})", R"({"connectionTimeout":"2s"})"});
    std::string idle = duration();
    conf["idleTimeout"] = idle;
    to.push_back({{"targetRef", ref}, {"default", conf}});
  }
  return {{"to", to}};
}

std::vector<ResourcePtr> any_policies() {
  std::vector<ResourcePtr> policies;
  int count = *rc::gen::inRange(1, 7);
  for (int i = 0; i < count; ++i) {
    Json ref = *rc::gen::elementOf(top_levels());
    Json spec = any_spec();
    policies.push_back(timeout_policy("p" + std::to_string(i), ref, std::move(spec)));
  }
  return policies;
}

std::vector<ResourcePtr> base() {
  Resource mesh, web;
  mesh.kind = &kind::mesh();
  mesh.meta.name = "default";
  web.kind = &kind::dataplane();
  web.meta.mesh = "default";
  web.meta.name = "web";
  web.meta.labels = {{"app", "web"}};
  web.spec = Json::parse(R"({"networking":{"address":"10.0.0.1",
    "inbound":[{"port":80,"name":"main","tags":{"kuma.io/service":"web","kuma.io/protocol":"http","version":"v1"}}],
    "outbound":[{"port":10001,"tags":{"kuma.io/service":"web"}}]}})");
  return {std::make_shared<const Resource>(mesh), std::make_shared<const Resource>(web)};
}

MeshView::Ptr mesh_with(const std::vector<ResourcePtr>& policies) {
  std::vector<ResourcePtr> resources = base();
  resources.insert(resources.end(), policies.begin(), policies.end());
  return MeshView::build("default", ZoneSettings{}, resources);
}

ProxyView web(const MeshView& mesh) {
  return proxy_view(mesh, *mesh.all("Dataplane").find("web"), NodeMetadata{}, ProxyIdentity{});
}

Json text(const std::vector<Rule>& rules) {
  Json out = Json::array();
  for (const Rule& rule : rules) {
    Json tags = Json::array();
    for (const Tag& tag : rule.subset) tags.push_back({tag.key, tag.value, tag.negated});
    out.push_back({tags, rule.conf});
  }
  return out;
}

RC_GTEST_PROP(PolicyLaws, MergeDoesNotDependOnTheOrderOfThePolicies, ()) {
  std::vector<PolicyPtr> policies;
  for (const ResourcePtr& resource : any_policies()) policies.push_back(decode_policy(resource));
  std::vector<PolicyPtr> shuffled = policies;
  for (std::size_t i = shuffled.size(); i > 1; --i) {
    std::size_t j = *rc::gen::inRange<std::size_t>(0, i);
    std::swap(shuffled[i - 1], shuffled[j]);
  }
  sort_policies(policies);
  sort_policies(shuffled);
  auto mesh = mesh_with({});
  RC_ASSERT(text(to_rules(policies, *mesh)).dump() == text(to_rules(shuffled, *mesh)).dump());
  RC_ASSERT(merged(inbound_rules(policies)).dump() == merged(inbound_rules(shuffled)).dump());
  ResourceRules a = resource_rules(policies, *mesh), b = resource_rules(shuffled, *mesh);
  RC_ASSERT(a.size() == b.size());
  for (const auto& [id, rule] : a) RC_ASSERT(Json(b.at(id).confs).dump() == Json(rule.confs).dump());
}

RC_GTEST_PROP(PolicyLaws, TheMoreSpecificTargetRefWins, ()) {
  std::size_t specific = *rc::gen::inRange<std::size_t>(1, top_levels().size());
  std::size_t general = *rc::gen::inRange<std::size_t>(0, specific);
  bool first = *rc::gen::arbitrary<bool>();
  Json weak = Json::parse(R"({"rules":[{"default":{"idleTimeout":"1s","connectionTimeout":"3s"}}]})");
  Json strong = Json::parse(R"({"rules":[{"default":{"idleTimeout":"2s"}}]})");
  auto mesh = mesh_with({timeout_policy(first ? "b" : "a", top_levels()[general], weak),
                         timeout_policy(first ? "a" : "b", top_levels()[specific], strong)});
  MatchedPolicies matched = match_policies("MeshTimeout", web(*mesh), *mesh);
  RC_ASSERT(matched.policies.size() == 2u);
  // Both speak, and where both do, the more specific one.
  RC_ASSERT(matched.inbound_conf({"10.0.0.1", 80}).dump() == R"({"connectionTimeout":"3s","idleTimeout":"2s"})");
}

RC_GTEST_PROP(PolicyLaws, AShadowPolicyChangesNothing, ()) {
  std::vector<ResourcePtr> policies = any_policies();
  auto snapshot = [&] {
    auto mesh = mesh_with(policies);
    ResourceSet resources;
    apply_all(resources, web(*mesh), *mesh, GenerateOptions{});
    return resources.snapshot();
  };
  Snapshot before = snapshot();
  RC_ASSERT(!before.empty());
  Json ref = *rc::gen::elementOf(top_levels());
  Json spec = any_spec();
  Resource shadow = *timeout_policy("shadow", ref, std::move(spec));
  shadow.meta.labels["kuma.io/effect"] = "shadow";
  policies.push_back(std::make_shared<const Resource>(std::move(shadow)));
  RC_ASSERT(snapshot() == before);
}

/// Entries for clients; with one value a key, any two of them can meet in one client.
struct Clients {
  PolicyPtr policy;
  std::vector<Tags> tags;
  std::vector<std::string> actions;
};

Clients any_clients(int values) {
  Resource resource;
  resource.kind = &kind::mesh_traffic_permission();
  resource.meta.mesh = "default";
  resource.meta.name = "p";
  Json from = Json::array();
  Clients clients;
  for (int i = *rc::gen::inRange(1, 6); i > 0; --i) {
    Tags tags;
    for (const char* key : {"env", "team", "kuma.io/zone"})
      if (int value = *rc::gen::inRange(0, values + 1); value > 0) tags[key] = "v" + std::to_string(value);
    std::string action = *rc::gen::elementOf(std::vector<std::string>{"Allow", "Deny", "AllowWithShadowDeny"});
    Json ref = tags.empty() ? Json{{"kind", "Mesh"}} : Json{{"kind", "MeshSubset"}, {"tags", tags}};
    from.push_back({{"targetRef", ref}, {"default", {{"action", action}}}});
    clients.tags.push_back(tags);
    clients.actions.push_back(action);
  }
  resource.spec = {{"from", from}};
  clients.policy = decode_policy(std::make_shared<const Resource>(std::move(resource)));
  return clients;
}

Tags any_client() {
  Tags client = {{"kuma.io/service", "web"}};
  for (const char* key : {"env", "team", "kuma.io/zone"})
    if (int value = *rc::gen::inRange(0, 4); value > 0) client[key] = "v" + std::to_string(value);
  return client;
}

/// The action of the last entry that holds the client; empty for none.
std::string expected_action(const Clients& clients, const Tags& client) {
  std::string action;
  for (std::size_t i = 0; i < clients.tags.size(); ++i) {
    bool holds = std::ranges::all_of(clients.tags[i], [&](const auto& tag) {
      auto found = client.find(tag.first);
      return found != client.end() && found->second == tag.second;
    });
    if (holds) action = clients.actions[i];
  }
  return action;
}

RC_GTEST_PROP(PolicyLaws, RulesOfEntriesThatCanMeetPartitionTheClients, ()) {
  Clients clients = any_clients(1);
  std::vector<Rule> rules = from_rules(std::vector{clients.policy});
  Tags client = any_client();
  auto holding = std::ranges::count_if(rules, [&](const Rule& rule) { return contains(rule.subset, client); });
  std::string expected = expected_action(clients, client);
  RC_ASSERT(holding == (expected.empty() ? 0 : 1));
  if (const Rule* rule = find_rule(rules, client)) RC_ASSERT(rule->conf.at("action").get<std::string>() == expected);
}

RC_GTEST_PROP(PolicyLaws, NoTwoRulesForOneSubsetDiffer, ()) {
  Clients clients = any_clients(3);
  std::vector<Rule> rules = from_rules(std::vector{clients.policy});
  for (const Rule& a : rules)
    for (const Rule& b : rules)
      if (a.subset == b.subset) RC_ASSERT(a.conf.dump() == b.conf.dump());
  // Some rule that holds a client says what the entries say of it together.
  Tags client = any_client();
  std::string expected = expected_action(clients, client);
  bool said = std::ranges::any_of(
      rules, [&](const Rule& rule) { return contains(rule.subset, client) && rule.conf.at("action") == expected; });
  RC_ASSERT(said == !expected.empty());
}

}  // namespace
}  // namespace kumasim::cp::policy
