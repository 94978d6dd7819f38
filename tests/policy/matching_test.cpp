/// Which proxies a top-level targetRef selects.
///
/// Sources: Kuma docs "Policies: referencing dataplanes, services and gateways"; for zone, namespace and proxyTypes the
/// recordings precedence/origin-labels, precedence/role-*, precedence/proxytypes-vs-mesh of real Kuma 2.12.14.
#include <ostream>

#include <gtest/gtest.h>

#include "tests/policy/world.hpp"

namespace kumasim::cp::policy::testing {
namespace {

struct Case {
  const char* what;
  const char* target_ref;
  const char* labels;  ///< of the policy
  const char* proxy;
  std::vector<std::uint32_t> ports;
  bool gateway = false;
};

std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.what; }

class Select : public ::testing::TestWithParam<Case> {};

TEST_P(Select, SelectsInboundsAndGateways) {
  const Case& c = GetParam();
  World world(small_mesh);
  auto mesh = world.mesh();
  Selection selection = select(*timeout_policy("p", c.labels, c.target_ref), World::proxy(*mesh, c.proxy), *mesh);
  std::vector<std::uint32_t> ports;
  for (const InboundKey& inbound : selection.inbounds) ports.push_back(inbound.port);
  EXPECT_EQ(ports, c.ports) << c.what;
  EXPECT_EQ(selection.delegated_gateway, c.gateway) << c.what;
}

INSTANTIATE_TEST_SUITE_P(
    TargetRefs, Select,
    ::testing::Values(
        Case{"no targetRef is the whole mesh", "", "", "web", {80, 81}},
        Case{"Mesh", R"({"kind":"Mesh"})", "", "web", {80, 81}},
        Case{"Mesh takes gateways too", R"({"kind":"Mesh"})", "", "edge", {}, true},
        Case{"proxyTypes leaves out gateways", R"({"kind":"Mesh","proxyTypes":["Sidecar"]})", "", "edge", {}},
        Case{"proxyTypes leaves out sidecars", R"({"kind":"Mesh","proxyTypes":["Gateway"]})", "", "web", {}},
        Case{"no proxyTypes are all", R"({"kind":"Mesh","proxyTypes":[]})", "", "web", {80, 81}},
        Case{"MeshSubset by an inbound's tags", R"({"kind":"MeshSubset","tags":{"version":"v1"}})", "", "web", {80}},
        Case{"all tags must be there", R"({"kind":"MeshSubset","tags":{"version":"v1","x":"y"}})", "", "web", {}},
        Case{"'*' is any value", R"({"kind":"MeshSubset","tags":{"kuma.io/service":"*"}})", "", "web", {80, 81}},
        Case{"MeshService is kuma.io/service", R"({"kind":"MeshService","name":"web-admin"})", "", "web", {81}},
        Case{"MeshService of a gateway", R"({"kind":"MeshService","name":"edge"})", "", "edge", {}, true},
        Case{"MeshServiceSubset adds tags",
             R"({"kind":"MeshServiceSubset","name":"web","tags":{"version":"v2"}})",
             "",
             "web",
             {}},
        Case{"MeshServiceSubset",
             R"({"kind":"MeshServiceSubset","name":"web","tags":{"version":"v1"}})",
             "",
             "web",
             {80}},
        Case{"Dataplane without more is every one", R"({"kind":"Dataplane"})", "", "web", {80, 81}},
        Case{"Dataplane by labels", R"({"kind":"Dataplane","labels":{"app":"web","team":"a"}})", "", "web", {80, 81}},
        Case{"every label counts", R"({"kind":"Dataplane","labels":{"app":"web","team":"b"}})", "", "web", {}},
        Case{"Dataplane by section name",
             R"({"kind":"Dataplane","labels":{"app":"web"},"sectionName":"main"})",
             "",
             "web",
             {80}},
        Case{"an inbound without name is named after its port",
             R"({"kind":"Dataplane","sectionName":"81"})",
             "",
             "web",
             {81}},
        Case{"a named inbound is not", R"({"kind":"Dataplane","sectionName":"80"})", "", "web", {}},
        Case{"Dataplane by name, in the policy's zone and namespace",
             R"({"kind":"Dataplane","name":"web"})",
             "kuma.io/zone: east, k8s.kuma.io/namespace: shop",
             "web",
             {80, 81}},
        Case{"Dataplane by name, policy of another namespace",
             R"({"kind":"Dataplane","name":"web"})",
             "kuma.io/zone: east, k8s.kuma.io/namespace: bank",
             "web",
             {}},
        Case{"the reference can name the namespace",
             R"({"kind":"Dataplane","name":"web","namespace":"shop"})",
             "kuma.io/zone: east",
             "web",
             {80, 81}},
        Case{"MeshGateway is not for others", R"({"kind":"MeshGateway","name":"edge"})", "", "edge", {}},
        Case{"MeshHTTPRoute that is not there", R"({"kind":"MeshHTTPRoute","name":"route"})", "", "web", {}},
        Case{"a policy of another zone", "", "kuma.io/origin: zone, kuma.io/zone: west", "web", {}},
        Case{"a policy of this zone", "", "kuma.io/origin: zone, kuma.io/zone: east", "web", {80, 81}},
        Case{"a global policy", "", "kuma.io/origin: global, kuma.io/zone: west", "web", {80, 81}},
        Case{"a producer policy reaches consumers in other zones",
             "",
             "kuma.io/origin: zone, kuma.io/zone: west, kuma.io/policy-role: producer",
             "web",
             {80, 81}},
        Case{"a consumer policy is for its namespace",
             "",
             "kuma.io/policy-role: consumer, k8s.kuma.io/namespace: shop",
             "web",
             {80, 81}},
        Case{"a consumer policy is not for another namespace",
             "",
             "kuma.io/policy-role: consumer, k8s.kuma.io/namespace: bank",
             "web",
             {}},
        Case{"a workload owner's policy without namespace is for nobody",
             "",
             "kuma.io/policy-role: workload-owner",
             "web",
             {}}));

std::vector<std::string> names(const std::vector<PolicyPtr>& policies) {
  std::vector<std::string> result;
  for (const PolicyPtr& policy : policies) result.push_back(policy->resource->meta.name);
  return result;
}

/// Kuma sorts the policies of inbounds only, so that of those of a listener the last name has the last word.
TEST(MatchPolicies, ThoseOfAGatewaysListenerAreInTheOrderOfNames) {
  World world(std::string(small_mesh) + R"(
---
type: Dataplane
mesh: default
name: door
networking:
  address: 10.0.0.3
  gateway: {type: BUILTIN, tags: {kuma.io/service: door}}
---
type: MeshGateway
mesh: default
name: door
selectors: [{match: {kuma.io/service: door}}]
conf: {listeners: [{port: 80, protocol: HTTP, tags: {n: a}}]}
---
type: MeshTimeout
mesh: default
name: a
spec:
  targetRef: {kind: MeshGateway, name: door, tags: {n: a}}
  to: [{targetRef: {kind: Mesh}, default: {idleTimeout: 1s}}]
---
type: MeshTimeout
mesh: default
name: b
spec:
  targetRef: {kind: MeshGateway, name: door}
  to: [{targetRef: {kind: Mesh}, default: {idleTimeout: 2s}}]
)");
  auto mesh = world.mesh();
  SelectedPolicies selected = select_policies("MeshTimeout", World::proxy(*mesh, "door"), *mesh);
  using Names = std::vector<std::string>;
  ASSERT_EQ(selected.by_listener.size(), 1u);
  EXPECT_EQ(names(selected.by_listener.begin()->second), (Names{"a", "b"}));
  ASSERT_EQ(selected.by_inbound.size(), 1u);
  EXPECT_EQ(names(selected.by_inbound.begin()->second), (Names{"b", "a"}));
}

TEST(MatchPolicies, LeavesOutShadowPoliciesUnlessAsked) {
  World world(std::string(small_mesh) + R"(
---
type: MeshTimeout
mesh: default
name: shadow
labels: {kuma.io/effect: shadow}
spec:
  to: [{targetRef: {kind: Mesh}, default: {idleTimeout: 5s}}]
)");
  auto mesh = world.mesh();
  ProxyView proxy = World::proxy(*mesh, "web");
  EXPECT_TRUE(match_policies("MeshTimeout", proxy, *mesh).policies.empty());
  EXPECT_EQ(match_policies("MeshTimeout", proxy, *mesh, {.include_shadow = true}).policies.size(), 1u);
}

TEST(MatchPolicies, PolicyOnARouteSelectsWhomTheRouteSelects) {
  World world(std::string(small_mesh) + R"(
---
type: MeshHTTPRoute
mesh: default
name: route
spec:
  targetRef: {kind: MeshSubset, tags: {version: v1}}
  to:
  - targetRef: {kind: MeshService, name: backend}
    rules: [{matches: [{path: {type: PathPrefix, value: /}}], default: {}}]
---
type: MeshTimeout
mesh: default
name: on-route
spec:
  targetRef: {kind: MeshHTTPRoute, name: route}
  to: [{targetRef: {kind: Mesh}, default: {http: {requestTimeout: 5s}}}]
)");
  auto mesh = world.mesh();
  MatchedPolicies matched = match_policies("MeshTimeout", World::proxy(*mesh, "web"), *mesh);
  ASSERT_EQ(matched.policies.size(), 1u);
  ASSERT_EQ(matched.to.size(), 1u);
  // Kuma names the route by the hash of its matches; this one is in every recording of a default route.
  Tags element = {{"kuma.io/service", "backend"},
                  {std::string(route_tag), "9Zuf5Tg79OuZcQITwBbQykxAk2u4fRKrwYn3//AL4Yo="}};
  EXPECT_EQ(find_rule(matched.to, element), &matched.to[0]);
  EXPECT_EQ(find_rule(matched.to, {{"kuma.io/service", "backend"}}), nullptr);
}

}  // namespace
}  // namespace kumasim::cp::policy::testing
