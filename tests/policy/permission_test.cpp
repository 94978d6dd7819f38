/// Whom an inbound lets in, under MeshTrafficPermission and the legacy TrafficPermission.
///
/// Sources: Kuma docs "Mesh Traffic Permission"; recordings meshtrafficpermission/*, mtls/builtin-no-permission.
#include <gtest/gtest.h>

#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/extensions/filters/network/rbac/v3/rbac.pb.h>
#include <google/protobuf/util/json_util.h>

#include "reference-cp/policy/all.hpp"
#include "reference-cp/policy/rbac.hpp"
#include "reference-cp/xds/envoy/listener.hpp"
#include "reference-cp/xds/generate_options.hpp"
#include "reference-cp/xds/resource_set.hpp"
#include "tests/policy/world.hpp"

namespace kumasim::cp::policy::testing {
namespace {

using NetworkRbac = ::envoy::extensions::filters::network::rbac::v3::RBAC;
using Json = nlohmann::json;

constexpr std::string_view mtls_mesh = R"(
type: Mesh
name: default
mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}
---
type: Dataplane
mesh: default
name: web
networking:
  address: 10.0.0.1
  inbound: [{port: 80, tags: {kuma.io/service: web, kuma.io/protocol: tcp}}]
)";

/// The RBAC filter of web's TLS chain after all policies, as JSON; null where there is none.
Json rbac(std::string_view policies, const GenerateOptions& options = {}) {
  World world(std::string(mtls_mesh) + std::string(policies));
  auto mesh = world.mesh();
  ResourceSet resources;
  auto listener = envoy::inbound_listener("inbound:10.0.0.1:80", "10.0.0.1", 80);
  auto& chain = envoy::add_chain(*listener);
  envoy::Split local{"localhost:80"};
  envoy::tcp_proxy(chain, "localhost_80", {&local, 1});
  chain.mutable_transport_socket()->set_name("envoy.transport_sockets.tls");
  resources.add("inbound:10.0.0.1:80", std::move(listener), cp::Origin::inbound);
  apply_all(resources, World::proxy(*mesh, "web"), *mesh, options);

  const auto* out = resources.get<envoy::Listener>(type_url::listener, "inbound:10.0.0.1:80");
  const auto& filters = out->filter_chains(0).filters();
  if (filters.size() == 1) return nullptr;
  NetworkRbac config;
  EXPECT_EQ(filters[0].name(), "envoy.filters.network.rbac");
  EXPECT_EQ(filters[1].name(), "envoy.filters.network.tcp_proxy");
  EXPECT_TRUE(filters[0].typed_config().UnpackTo(&config));
  EXPECT_EQ(config.stat_prefix(), "inbound_10_0_0_1_80.");
  std::string text;
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(config, &text).ok());
  return Json::parse(text);
}

constexpr std::string_view allow_frontend = R"(
---
type: MeshTrafficPermission
mesh: default
name: allow-frontend
spec:
  from: [{targetRef: {kind: MeshSubset, tags: {kuma.io/service: frontend}}, default: {action: Allow}}]
)";

TEST(MeshTrafficPermission, NobodyIsLetInWithoutOne) { EXPECT_EQ(rbac("")["rules"], Json::object()); }

TEST(MeshTrafficPermission, AClientIsItsSpiffeId) {
  Json rules = rbac(allow_frontend)["rules"]["policies"]["MeshTrafficPermission"];
  EXPECT_EQ(rules["permissions"], Json::parse(R"([{"any":true}])"));
  EXPECT_EQ(rules["principals"],
            Json::parse(R"([{"authenticated":{"principalName":{"exact":"spiffe://default/frontend"}}}])"));
}

TEST(MeshTrafficPermission, OtherTagsAreUrisOfTheSchemeKumaAndNegationsAreNotIds) {
  Json rules = rbac(R"(
---
type: MeshTrafficPermission
mesh: default
name: p
spec:
  from:
  - {targetRef: {kind: Mesh}, default: {action: Allow}}
  - {targetRef: {kind: MeshSubset, tags: {env: dev}}, default: {action: Deny}}
)")["rules"];
  EXPECT_EQ(rules["policies"]["MeshTrafficPermission"]["principals"],
            Json::parse(R"([{"notId":{"authenticated":{"principalName":{"exact":"kuma://env/dev"}}}}])"));
}

TEST(MeshTrafficPermission, AShadowDenialAllowsAndCounts) {
  Json filter = rbac(R"(
---
type: MeshTrafficPermission
mesh: default
name: p
spec:
  from: [{targetRef: {kind: Mesh}, default: {action: AllowWithShadowDeny}}]
)");
  EXPECT_EQ(filter["rules"]["policies"]["MeshTrafficPermission"]["principals"], Json::parse(R"([{"any":true}])"));
  EXPECT_EQ(filter["shadowRules"]["action"], "DENY");
  EXPECT_EQ(filter["shadowRules"]["policies"], filter["rules"]["policies"]);
}

TEST(MeshTrafficPermission, RulesMatchSpiffeIds) {
  Json matcher = rbac(R"(
---
type: MeshTrafficPermission
mesh: default
name: p
spec:
  rules:
  - default:
      deny: [{spiffeID: {type: Exact, value: spiffe://default/bad}}]
      allow: [{spiffeID: {type: Prefix, value: spiffe://default}}]
)")["matcher"];
  Json matchers = matcher["matcherList"]["matchers"];
  ASSERT_EQ(matchers.size(), 2u);  // who is denied comes first
  EXPECT_EQ(matchers[0]["predicate"]["singlePredicate"]["valueMatch"]["exact"], "spiffe://default/bad");
  EXPECT_EQ(matchers[0]["onMatch"]["action"]["typedConfig"]["action"], "DENY");
  EXPECT_EQ(matchers[1]["predicate"]["singlePredicate"]["valueMatch"]["prefix"], "spiffe://default");
  EXPECT_EQ(matcher["onNoMatch"]["action"]["typedConfig"]["action"], "DENY");
}

constexpr std::string_view legacy = R"(
---
type: TrafficPermission
mesh: default
name: old
sources: [{match: {kuma.io/service: shop, env: '*'}}]
destinations: [{match: {kuma.io/service: web}}]
)";

TEST(TrafficPermission, HoldsWhereNoNewOneSelectsTheInbound) {
  EXPECT_EQ(rbac(legacy)["rules"]["policies"]["old"]["principals"],
            Json::parse(R"([{"authenticated":{"principalName":{"exact":"spiffe://default/shop"}}}])"));
}

TEST(TrafficPermission, GivesWayToANewOne) {
  Json policies = rbac(std::string(legacy) + std::string(allow_frontend))["rules"]["policies"];
  EXPECT_FALSE(policies.contains("old"));
  EXPECT_TRUE(policies.contains("MeshTrafficPermission"));
}

TEST(PlantedBugs, HaveNames) {
  auto bugs = PlantedBugs::from_name("rbac-rule-dropped");
  ASSERT_TRUE(bugs);
  EXPECT_NE(bugs->permissions, nullptr);
  EXPECT_EQ(PlantedBugs::from_name("gone").error().code, Code::invalid_argument);
  EXPECT_EQ(PlantedBugs::from_name("")->permissions, nullptr);
}

TEST(PlantedBugs, DroppedRbacRuleLeavesTheFilterOut) {
  GenerateOptions options;
  options.planted = *PlantedBugs::from_name("rbac-rule-dropped");
  EXPECT_EQ(rbac(allow_frontend, options), Json());
}

}  // namespace
}  // namespace kumasim::cp::policy::testing
