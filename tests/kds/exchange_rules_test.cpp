/// Who gives whom what, and what becomes of it: row by row as Kuma decides.
#include "reference-cp/kds/exchange_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference-cp/auth/token_key.hpp"
#include "reference-cp/identity/base64.hpp"
#include "reference-cp/identity/certificate.hpp"
#include "reference-cp/kds/hashed_name.hpp"
#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/kinds.hpp"

namespace kumasim::cp::kds::testing {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

Resource made(const Kind& kind, std::string mesh, std::string name, std::map<std::string, std::string> labels = {},
              json spec = json::object()) {
  Resource out{&kind, {}, std::move(spec), {}};
  out.meta.mesh = std::move(mesh);
  out.meta.name = std::move(name);
  out.meta.labels = std::move(labels);
  return out;
}

ZonePeer peer(const std::string& zone = "east") {
  ZonePeer out{zone, {}};
  for (std::string_view feature : own_features()) out.features.emplace(feature);
  return out;
}

ZonePeer without(std::string_view feature) {
  ZonePeer out = peer();
  out.features.erase(std::string(feature));
  return out;
}

std::vector<std::string> types(std::span<const Kind* const> kinds) {
  std::vector<std::string> out;
  for (const Kind* kind : kinds) out.push_back(kind->type());
  return out;
}

const json mesh_wide = {{"targetRef", {{"kind", "Mesh"}}}};

TEST(ExchangedKinds, AreKumasInBothDirections) {
  EXPECT_THAT(types(kinds_of_zones()),
              ElementsAre("Dataplane", "DataplaneInsight", "HostnameGenerator", "MeshAccessLog", "MeshCircuitBreaker",
                          "MeshExternalService", "MeshFaultInjection", "MeshGateway", "MeshHTTPRoute",
                          "MeshHealthCheck", "MeshIdentity", "MeshLoadBalancingStrategy", "MeshMetric",
                          "MeshPassthrough", "MeshProxyPatch", "MeshRateLimit", "MeshRetry", "MeshService",
                          "MeshTCPRoute", "MeshTLS", "MeshTimeout", "MeshTrace", "MeshTrafficPermission", "MeshTrust",
                          "ZoneEgress", "ZoneEgressInsight", "ZoneIngress", "ZoneIngressInsight"));
  EXPECT_THAT(
      types(kinds_of_global()),
      ElementsAre("CircuitBreaker", "Config", "ExternalService", "FaultInjection", "GlobalSecret", "HealthCheck",
                  "HostnameGenerator", "Mesh", "MeshAccessLog", "MeshCircuitBreaker", "MeshExternalService",
                  "MeshFaultInjection", "MeshGateway", "MeshGatewayRoute", "MeshHTTPRoute", "MeshHealthCheck",
                  "MeshIdentity", "MeshLoadBalancingStrategy", "MeshMetric", "MeshMultiZoneService", "MeshPassthrough",
                  "MeshProxyPatch", "MeshRateLimit", "MeshRetry", "MeshService", "MeshTCPRoute", "MeshTLS",
                  "MeshTimeout", "MeshTrace", "MeshTrafficPermission", "MeshTrust", "ProxyTemplate", "RateLimit",
                  "Retry", "Secret", "ServiceInsight", "Timeout", "TrafficLog", "TrafficPermission", "TrafficRoute",
                  "TrafficTrace", "VirtualOutbound", "ZoneIngress"));
}

struct GivenRow {
  const char* name;
  Resource resource;
  bool given;
  ZonePeer to = peer();
};

class GivenToZone : public ::testing::TestWithParam<GivenRow> {};

TEST_P(GivenToZone, AsKumaDecides) {
  const GivenRow& row = GetParam();
  EXPECT_EQ(is_given_to_zone(row.resource, row.to, {"closed"}), row.given);
}

const std::map<std::string, std::string> of_west = {{"kuma.io/origin", "zone"}, {"kuma.io/zone", "west"}};
const std::map<std::string, std::string> of_east = {{"kuma.io/origin", "zone"}, {"kuma.io/zone", "east"}};
const std::map<std::string, std::string> of_closed = {{"kuma.io/origin", "zone"}, {"kuma.io/zone", "closed"}};
const std::map<std::string, std::string> produced = {{"kuma.io/origin", "zone"},
                                                     {"kuma.io/zone", "west"},
                                                     {"kuma.io/policy-role", "producer"},
                                                     {"k8s.kuma.io/namespace", "shop"}};

json policy_to(const char* kind, const char* name, json target = {{"kind", "Mesh"}}) {
  return {{"targetRef", std::move(target)}, {"to", {{{"targetRef", {{"kind", kind}, {"name", name}}}}}}};
}

json subset(const char* zone) { return {{"kind", "MeshSubset"}, {"tags", {{"kuma.io/zone", zone}}}}; }

INSTANTIATE_TEST_SUITE_P(
    Rows, GivenToZone,
    ::testing::Values(
        GivenRow{"GlobalPolicy", made(kind::mesh_timeout(), "m", "a", {}, mesh_wide), true},
        GivenRow{"MarkedAsGlobals", made(kind::mesh_timeout(), "m", "a", {{"kuma.io/origin", "global"}}, mesh_wide),
                 true},
        GivenRow{"SwitchedOff", made(kind::mesh_timeout(), "m", "a", {{"kuma.io/kds-sync", "disabled"}}, mesh_wide),
                 false},
        GivenRow{"SwitchedOn", made(kind::mesh_timeout(), "m", "a", {{"kuma.io/kds-sync", "enabled"}}, mesh_wide),
                 true},
        GivenRow{"NoTargetRef", made(kind::mesh_timeout(), "m", "a"), true},
        GivenRow{"NoTargetRefForAnOldZone", made(kind::mesh_timeout(), "m", "a"), false,
                 without(feature::optional_target_ref)},
        GivenRow{"Mesh", made(kind::mesh(), "", "m"), true}, GivenRow{"Secret", made(kind::secret(), "m", "s"), true},
        GivenRow{"ClusterId", made(kind::config(), "", "kuma-cluster-id"), true},
        GivenRow{"OtherConfig", made(kind::config(), "", "kuma-cp-leader"), false},
        GivenRow{"AdminToken", made(kind::global_secret(), "", "admin-user-token"), false},
        GivenRow{"AdminCa", made(kind::global_secret(), "", "envoy-admin-ca"), false},
        GivenRow{"InterCpCa", made(kind::global_secret(), "", "inter-cp-ca"), false},
        GivenRow{"UserRevocations", made(kind::global_secret(), "", "user-token-revocations"), false},
        GivenRow{"UserKey", made(kind::global_secret(), "", "user-token-signing-key-1"), false},
        GivenRow{"ZoneKey", made(kind::global_secret(), "", "zone-token-signing-key-1"), true},
        GivenRow{"OtherGlobalSecret", made(kind::global_secret(), "", "cert"), true},
        GivenRow{"GlobalsOwnMeshService", made(kind::mesh_service(), "m", "web"), false},
        GivenRow{"MeshServiceOfAnotherZone", made(kind::mesh_service(), "m", "web", of_west), true},
        GivenRow{"MeshServiceOfTheZone", made(kind::mesh_service(), "m", "web", of_east), false},
        GivenRow{"MeshServiceOfADisabledZone", made(kind::mesh_service(), "m", "web", of_closed), false},
        GivenRow{"IngressOfAnotherZone", made(kind::zone_ingress(), "", "i", of_west, {{"zone", "west"}}), true},
        GivenRow{"IngressNamesTheZone", made(kind::zone_ingress(), "", "i", of_west, {{"zone", "east"}}), false},
        GivenRow{"DataplaneOfAnotherZone", made(kind::dataplane(), "m", "d", of_west), false},
        GivenRow{"ConsumersPolicy", made(kind::mesh_timeout(), "m", "a", of_west, mesh_wide), false},
        GivenRow{"ProducersPolicy", made(kind::mesh_timeout(), "m", "a", produced, policy_to("MeshService", "web")),
                 true},
        GivenRow{"ProducersPolicyForAnOldZone",
                 made(kind::mesh_timeout(), "m", "a", produced, policy_to("MeshService", "web")), false,
                 without(feature::producer_policy_flow)},
        GivenRow{"SaidToBeAProducers", made(kind::mesh_timeout(), "m", "a", produced, policy_to("Mesh", "")), false},
        GivenRow{"ProducersForTheZone",
                 made(kind::mesh_timeout(), "m", "a", produced, policy_to("MeshService", "web", subset("east"))), true},
        GivenRow{"ProducersForAThirdZone",
                 made(kind::mesh_timeout(), "m", "a", produced, policy_to("MeshService", "web", subset("north"))),
                 false},
        GivenRow{"ProducersBackToItsZone",
                 made(kind::mesh_timeout(), "m", "a", produced, policy_to("MeshService", "web")), false, peer("west")},
        GivenRow{
            "NewHostnameGeneratorForAnOldZone",
            made(kind::hostname_generator(), "", "h", {}, {{"selector", {{"meshMultiZoneService", json::object()}}}}),
            false, without(feature::multi_zone_selector)},
        GivenRow{
            "NewHostnameGenerator",
            made(kind::hostname_generator(), "", "h", {}, {{"selector", {{"meshMultiZoneService", json::object()}}}}),
            true}),
    [](const auto& info) { return info.param.name; });

TEST(GivenToGlobal, OnlyWhatTheZoneMade) {
  EXPECT_TRUE(is_given_to_global(made(kind::dataplane(), "m", "d")));
  EXPECT_TRUE(is_given_to_global(made(kind::dataplane(), "m", "d", {{"kuma.io/origin", "zone"}})));
  EXPECT_FALSE(is_given_to_global(made(kind::mesh_timeout(), "m", "a", {{"kuma.io/origin", "global"}})));
  EXPECT_FALSE(is_given_to_global(made(kind::dataplane(), "m", "d", {{"kuma.io/kds-sync", "disabled"}})));
}

TEST(AsGivenToZone, IsMarkedAndNamedByHash) {
  Resource service = made(kind::mesh_service(), "m", "web-x", of_west);
  service.meta.labels["kuma.io/display-name"] = "web";
  service.meta.labels["argocd.io/id"] = "1";
  service.status = {{"vips", json::array()}};
  const std::vector<std::string> skipped = {"argocd.io/"};
  auto given = as_given_to_zone(service, peer(), skipped);
  ASSERT_TRUE(given.has_value());
  EXPECT_EQ(given->meta.name, hashed_name("m", "web", std::vector<std::string>{"west"}));
  EXPECT_THAT(given->meta.labels, UnorderedElementsAre(Pair("kuma.io/origin", "global"), Pair("kuma.io/zone", "west"),
                                                       Pair("kuma.io/display-name", "web")));
  EXPECT_TRUE(given->status.is_null());
}

TEST(AsGivenToZone, TheFirstNameIsTheOneToShow) {
  auto given = as_given_to_zone(made(kind::mesh_timeout(), "m", "slow"), peer(), {});
  ASSERT_TRUE(given.has_value());
  EXPECT_EQ(given->meta.label("kuma.io/display-name"), "slow");
}

TEST(AsGivenToZone, SomeKeepTheirName) {
  auto mesh = as_given_to_zone(made(kind::mesh(), "", "m"), peer(), {});
  ASSERT_TRUE(mesh.has_value());
  EXPECT_EQ(mesh->meta.name, "m");
  EXPECT_THAT(mesh->meta.labels, ElementsAre(Pair("kuma.io/origin", "global")));
  auto to_an_old_zone = as_given_to_zone(made(kind::mesh_timeout(), "m", "a"), without(feature::hash_suffix), {});
  ASSERT_TRUE(to_an_old_zone.has_value());
  EXPECT_EQ(to_an_old_zone->meta.name, "a");
}

TEST(AsGivenToZone, OfASigningKeyOnlyThePublicPart) {
  const std::string pem = *make_key_pem({});
  const Resource secret =
      made(kind::global_secret(), "", "zone-token-signing-key-7", {}, {{"data", base64_encode(pem)}});
  auto given = as_given_to_zone(secret, peer(), {});
  ASSERT_TRUE(given.has_value()) << given.error().message;
  EXPECT_EQ(given->meta.name, "zone-token-signing-public-key-7");
  EXPECT_EQ(given->meta.label("kuma.io/display-name"), "zone-token-signing-key-7");
  const std::string kept = base64_decode(given->spec["data"].get<std::string>()).value_or("");
  auto key = TokenKey::from_public(kept);
  ASSERT_TRUE(key.has_value()) << kept;
  EXPECT_TRUE(key->verifies("a token", *TokenKey::from_private(pem)->sign("a token")));
  EXPECT_FALSE(TokenKey::from_private(kept).has_value());
}

TEST(AsGivenToZone, AKeyThatCannotBeReadIsAnError) {
  auto given =
      as_given_to_zone(made(kind::global_secret(), "", "zone-token-signing-key-1", {}, {{"data", "Zm9v"}}), peer(), {});
  ASSERT_FALSE(given.has_value());
  EXPECT_EQ(given.error().code, Code::invalid_argument);
  EXPECT_THAT(given.error().message, ::testing::HasSubstr("zone-token-signing-key-1"));
}

TEST(AsGivenToGlobal, IsMarkedAndNamedByHash) {
  Resource insight =
      made(kind::dataplane_insight(), "m", "d", {{"kuma.io/deletion-grace-period-started-at", "x"}, {"secret/a", "1"}},
           {{"subscriptions", {{{"id", "1"}, {"generation", 3}}}}});
  const std::vector<std::string> skipped = {"secret/"};
  const Resource given = as_given_to_global(insight, "east", skipped);
  EXPECT_EQ(given.meta.name, hashed_name("m", "d", std::vector<std::string>{"east"}));
  EXPECT_THAT(given.meta.labels, UnorderedElementsAre(Pair("kuma.io/origin", "zone"), Pair("kuma.io/zone", "east"),
                                                      Pair("kuma.io/display-name", "d")));
  EXPECT_EQ(given.spec, (json{{"subscriptions", {{{"id", "1"}}}}}));
}

TEST(AsGivenToGlobal, KeepsItsStatus) {
  Resource service = made(kind::mesh_service(), "m", "web");
  service.status = {{"vips", {{{"ip", "241.0.0.1"}}}}};
  EXPECT_EQ(as_given_to_global(service, "east", {}).status, service.status);
}

TEST(TakenFromZone, EveryZoneIsTheConnections) {
  Resource dataplane = made(kind::dataplane(), "m", "d", {{"kuma.io/zone", "west"}, {"kuma.io/origin", "global"}},
                            {{"networking",
                              {{"inbound", {{{"tags", {{"kuma.io/zone", "west"}}}}, {{"tags", {{"a", "b"}}}}}},
                               {"gateway", {{"tags", {{"kuma.io/zone", "north"}}}}}}}});
  EXPECT_THAT(take_from_zone(dataplane, {.zone = "east"}), ElementsAre("west", "north"));
  EXPECT_EQ(dataplane.spec["networking"]["inbound"][0]["tags"]["kuma.io/zone"], "east");
  EXPECT_EQ(dataplane.spec["networking"]["inbound"][1]["tags"], (json{{"a", "b"}}));
  EXPECT_EQ(dataplane.spec["networking"]["gateway"]["tags"]["kuma.io/zone"], "east");
  EXPECT_THAT(dataplane.meta.labels,
              UnorderedElementsAre(Pair("kuma.io/zone", "east"), Pair("kuma.io/origin", "zone")));

  Resource ingress = made(kind::zone_ingress(), "", "i", {},
                          {{"zone", "west"}, {"availableServices", {{{"tags", {{"kuma.io/zone", "west"}}}}}}});
  EXPECT_THAT(take_from_zone(ingress, {.zone = "east"}), ElementsAre("west", "west"));
  EXPECT_EQ(ingress.spec["zone"], "east");

  Resource egress = made(kind::zone_egress(), "", "e");
  EXPECT_THAT(take_from_zone(egress, {.zone = "east"}), ElementsAre());
  EXPECT_EQ(egress.spec["zone"], "east");
}

TEST(TakenFromZone, NamesOfOldZonesAreMadeUnique) {
  const GlobalTakes old{.zone = "east", .prefixes_names = true};
  Resource dataplane = made(kind::dataplane(), "m", "d");
  take_from_zone(dataplane, old);
  EXPECT_EQ(dataplane.key(), (ResourceKey{"m", "east.d"}));
  EXPECT_EQ(dataplane.meta.label("kuma.io/display-name"), "d");
  EXPECT_EQ(key_taken_from_zone({"m", "d"}, old), (ResourceKey{"m", "east.d"}));
  EXPECT_EQ(key_taken_from_zone({"m", "d"}, {.zone = "east"}), (ResourceKey{"m", "d"}));
}

TEST(Replaced, IsOnlyWhatCameTheSameWay) {
  EXPECT_TRUE(may_global_replace(made(kind::mesh(), "", "m")));
  EXPECT_FALSE(may_global_replace(made(kind::mesh_timeout(), "m", "a")));
  EXPECT_FALSE(may_global_replace(made(kind::mesh_timeout(), "m", "a", of_east)));
  EXPECT_TRUE(may_global_replace(made(kind::mesh_timeout(), "m", "a", {{"kuma.io/origin", "global"}})));
  EXPECT_TRUE(may_zone_replace(made(kind::dataplane(), "m", "d", of_east), "east"));
  EXPECT_FALSE(may_zone_replace(made(kind::dataplane(), "m", "east.d"), "east")) << "it may be Global's own";
  EXPECT_FALSE(may_zone_replace(made(kind::dataplane(), "m", "d", of_west), "east"));
  EXPECT_FALSE(may_zone_replace(made(kind::mesh_timeout(), "m", "t", {{"kuma.io/zone", "east"}}), "east"))
      << "exported before the zone joined, and Global's own since";
}

// Names that kuma-cp 2.12.14 made.
TEST(HashedName, IsKumas) {
  EXPECT_EQ(hashed_name("default", "mesh-gateways-timeout-all-default", {}),
            "mesh-gateways-timeout-all-default-vf4vb2v8449w2vvz");
  const std::vector<std::string> west = {"west"};
  EXPECT_EQ(hashed_name("dataplane-protocol-grpc", "backend", west), "backend-d7542ffbb5fw4zw2");
}

TEST(HashedName, IsShortEnoughForKubernetes) {
  const std::string longest(236, 'x');
  EXPECT_EQ(hashed_name("m", longest, {}).size(), 253u);
  EXPECT_TRUE(hashed_name("m", longest + "y", {}).starts_with(longest + "-"));
  EXPECT_NE(hashed_name("m", longest + "y", {}), hashed_name("m", longest + "z", {}));
}

}  // namespace
}  // namespace kumasim::cp::kds::testing
