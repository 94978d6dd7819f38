/// Gateways that other meshes may reach: what their own proxies, those of other meshes and the zone's ingress get.
#include <algorithm>

#include <gtest/gtest.h>

#include "reference-cp/model/yaml.hpp"
#include "reference-cp/xds/cross_mesh.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/type_url.hpp"
#include "reference-cp/xds/vip_outbounds.hpp"
#include "tests/golden/any_json.hpp"
#include "tests/golden/universe.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;
using Texts = std::vector<std::string>;

/// A mesh `shop` with a gateway, and a mesh `web` with a client.
constexpr std::string_view two_meshes = R"(
type: Mesh
name: shop
mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}
meshServices: {mode: Disabled}
---
type: Mesh
name: web
mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}
meshServices: {mode: Disabled}
---
type: Dataplane
mesh: shop
name: gw
networking:
  address: 10.1.0.1
  gateway: {type: BUILTIN, tags: {kuma.io/service: gateway}}
---
type: Dataplane
mesh: shop
name: own
networking:
  address: 10.1.0.2
  inbound: [{port: 80, tags: {kuma.io/service: own, kuma.io/protocol: http}}]
  transparentProxying: {redirectPortInbound: 15006, redirectPortOutbound: 15001}
---
type: Dataplane
mesh: web
name: client
networking:
  address: 10.2.0.1
  inbound: [{port: 80, tags: {kuma.io/service: client, kuma.io/protocol: http}}]
  transparentProxying: {redirectPortInbound: 15006, redirectPortOutbound: 15001}
---
type: MeshGateway
mesh: shop
name: edge
selectors: [{match: {kuma.io/service: gateway}}]
conf:
  listeners:
  - {port: 8080, protocol: HTTP, crossMesh: true, hostname: shop.example.mesh, tags: {port: main}}
  - {port: 8081, protocol: HTTP, crossMesh: true, hostname: '*.example.mesh', tags: {port: second}}
  - {port: 8082, protocol: HTTP, hostname: plain.example.mesh}
)";

/// kuma.io/mesh=shop, kuma.io/service=gateway, port=main: SHA-256 of "kuma.io/meshshopkuma.io/servicegatewayportmain".
constexpr char cluster[] = "gateway-e60c724bfcbba9ea_shop";

ProxyIdentity named_after_the_mesh(const std::string& mesh, const Resource&) {
  ProxyIdentity identity;
  identity.certificate_pem = "certificate of " + mesh;
  identity.key_pem = "key of " + mesh;
  identity.ca_bundles[mesh] = "CA of " + mesh;
  return identity;
}

class CrossMesh : public testing::Test {
 protected:
  CrossMesh() { apply(two_meshes); }

  void apply(std::string_view yaml) { apply(yaml, zone); }
  static void apply(std::string_view yaml, golden::Universe& to) {
    auto documents = parse_yaml(yaml, "test");
    ASSERT_TRUE(documents) << documents.error().message;
    for (const YamlDocument& document : *documents) ASSERT_TRUE(to.apply(document.value)) << document.value.dump();
    to.settle();
  }
  json get(const std::string& mesh, const std::string& proxy, std::string_view type, const std::string& name) const {
    return in(zone.snapshot(mesh, proxy, {{"dataplane.dns.port", "15053"}, {"features", {"feature-embedded-dns"}}}),
              type, name);
  }
  static json in(const Snapshot& snapshot, std::string_view type, const std::string& name) {
    auto found = snapshot.find(type, name);
    return found ? golden::any_to_json(*found->any) : json();
  }
  /// Of the client's cluster.
  json tls() const { return at(get("web", "client", type_url::cluster, cluster), "transportSocket", "typedConfig"); }
  /// "" where there is none.
  static std::string text(const json& value, const char* pointer) {
    return value.is_object() ? value.value(json::json_pointer(pointer), std::string()) : std::string();
  }
  /// "address:port*weight", in order.
  Texts endpoints(const std::string& mesh, const std::string& proxy, const std::string& of = cluster) const {
    return addresses(get(mesh, proxy, type_url::endpoint, of));
  }
  static Texts addresses(const json& assignment) {
    Texts result;
    for (const json& group : at(assignment, "endpoints"))
      for (const json& endpoint : at(group, "lbEndpoints")) {
        const json& address = at(endpoint, "endpoint", "address", "socketAddress");
        result.push_back(text_at(address, "address") + ":" + std::to_string(number_at(address, "portValue")) + "*" +
                         std::to_string(number_at(endpoint, "loadBalancingWeight")));
      }
    std::ranges::sort(result);
    return result;
  }

  /// The base64 of protobuf's JSON.
  std::string bundle(const std::string& mesh, const std::string& proxy, const std::string& secret) const {
    return text(get(mesh, proxy, type_url::secret, secret), "/validationContext/trustedCa/inlineBytes");
  }

  golden::Universe zone{named_after_the_mesh};
};

constexpr char ca_of_shop[] = "Q0Egb2Ygc2hvcA==";
constexpr char ca_of_web_and_shop[] = "Q0Egb2Ygd2ViCkNBIG9mIHNob3A=";

TEST_F(CrossMesh, NamesAreTheListenersOrMadeUp) {
  Texts names;
  for (const VipDomains& domains : vip_domains(*zone.view("web")))
    names.insert(names.end(), domains.domains.begin(), domains.domains.end());
  EXPECT_EQ(names, (Texts{"client.mesh", "internal.edge.shop.mesh", "shop.example.mesh"}));
  for (const VipEntry& entry : zone.view("web")->vips())
    if (entry.name == "shop.example.mesh") {
      ASSERT_EQ(entry.outbounds.size(), 1u);
      EXPECT_EQ(entry.outbounds[0].port, 8080u);
      EXPECT_EQ(entry.outbounds[0].tags,
                (Tags{{"kuma.io/mesh", "shop"}, {"kuma.io/service", "gateway"}, {"port", "main"}}));
    }
}

TEST_F(CrossMesh, AClientAsksForTheGatewayOfTheOtherMesh) {
  json context = tls();
  EXPECT_EQ(text(context, "/sni"), "gateway{mesh=shop,port=main}");
  EXPECT_EQ(text(context, "/commonTlsContext/tlsCertificateSdsSecretConfigs/0/name"), "identity_cert:secret:web");
  json validation = at(context, "commonTlsContext", "combinedValidationContext");
  EXPECT_EQ(text(validation, "/validationContextSdsSecretConfig/name"), "mesh_ca:secret:shop");
  EXPECT_EQ(text(validation, "/defaultValidationContext/matchTypedSubjectAltNames/0/matcher/exact"),
            "spiffe://shop/gateway");
  EXPECT_EQ(endpoints("web", "client"), (Texts{"10.1.0.1:8080*1"}));
  EXPECT_EQ(bundle("web", "client", "mesh_ca:secret:shop"), ca_of_shop);
  EXPECT_EQ(bundle("web", "client", "mesh_ca:secret:all"), "");
}

TEST_F(CrossMesh, TheListenerLeadsThere) {
  std::string address;
  for (const VipDomains& domains : vip_domains(*zone.view("web")))
    if (domains.domains.front() == "shop.example.mesh") address = domains.address;
  json listener = get("web", "client", type_url::listener, "outbound:" + address + ":8080");
  ASSERT_TRUE(listener.is_object());
  EXPECT_NE(listener.dump().find(cluster), std::string::npos);
  EXPECT_EQ(at(listener, "metadata").dump().find("kuma.io/mesh"), std::string::npos) << "the mesh is no tag of it";
}

TEST_F(CrossMesh, ProxiesOfTheOwnMeshReachItAlike) {
  EXPECT_EQ(endpoints("shop", "own"), (Texts{"10.1.0.1:8080*1"}));
  json of_own = get("shop", "own", type_url::cluster, cluster);
  EXPECT_NE(of_own.dump().find("mesh_ca:secret:shop"), std::string::npos);
}

TEST_F(CrossMesh, TheGatewayBelievesEveryMesh) {
  json listener = get("shop", "gw", type_url::listener, "edge:HTTP:8080");
  EXPECT_EQ(text(listener, "/filterChains/0/filterChainMatch/applicationProtocols/0"), "kuma") << listener;
  std::string validation = "/filterChains/0/transportSocket/typedConfig/commonTlsContext/combinedValidationContext";
  EXPECT_EQ(text(listener, (validation + "/validationContextSdsSecretConfig/name").c_str()), "mesh_ca:secret:all");
  EXPECT_FALSE(
      listener.contains(json::json_pointer(validation + "/defaultValidationContext/matchTypedSubjectAltNames")));
  EXPECT_EQ(bundle("shop", "gw", "mesh_ca:secret:all"), ca_of_web_and_shop);
  EXPECT_FALSE(get("shop", "gw", type_url::secret, "identity_cert:secret:shop").is_null());
}

TEST_F(CrossMesh, AGatewayWithoutAnyCaWaitsForOne) {
  auto without_ca = [](const std::string& mesh, const Resource& resource) {
    ProxyIdentity identity = named_after_the_mesh(mesh, resource);
    identity.ca_bundles.clear();
    return identity;
  };
  golden::Universe other{without_ca};
  apply(two_meshes, other);
  Snapshot snapshot = other.snapshot("shop", "gw", {});
  EXPECT_FALSE(in(snapshot, type_url::listener, "edge:HTTP:8080").is_null());
  EXPECT_TRUE(in(snapshot, type_url::secret, "mesh_ca:secret:all").is_null())
      << "an empty bundle would let in clients without a certificate";
}

TEST_F(CrossMesh, WithoutMutualTlsOnBothSidesThereIsNone) {
  apply("{type: Mesh, name: web, meshServices: {mode: Disabled}}");
  EXPECT_TRUE(tls().is_null());
  EXPECT_EQ(endpoints("web", "client"), (Texts{"10.1.0.1:8080*1"}));
}

TEST_F(CrossMesh, TrafficRoutesLeadThereToo) {
  apply(R"(
type: TrafficRoute
mesh: web
name: all
sources: [{match: {kuma.io/service: '*'}}]
destinations: [{match: {kuma.io/service: '*'}}]
conf: {destination: {kuma.io/service: '*'}}
)");
  EXPECT_EQ(text(tls(), "/sni"), "gateway{mesh=shop,port=main}");
  EXPECT_EQ(endpoints("web", "client"), (Texts{"10.1.0.1:8080*1"}));
}

constexpr std::string_view other_zone = R"(
type: ZoneIngress
name: east
zone: east
networking: {address: 10.9.0.1, port: 10001, advertisedAddress: 192.0.2.1, advertisedPort: 20001}
availableServices:
- {mesh: shop, instances: 3, tags: {kuma.io/service: gateway, kuma.io/mesh: shop, port: main, kuma.io/zone: east}}
- {mesh: shop, instances: 9, tags: {kuma.io/service: gateway, port: main, kuma.io/zone: east}}
- {mesh: web, instances: 9, tags: {kuma.io/service: gateway, kuma.io/mesh: web, port: main, kuma.io/zone: east}}
)";

TEST_F(CrossMesh, GatewaysOfOtherZonesAreThoseThatTheirMeshOffersToOthers) {
  apply(other_zone);
  EXPECT_EQ(endpoints("web", "client"), (Texts{"10.1.0.1:8080*1", "192.0.2.1:20001*3"}));
}

TEST_F(CrossMesh, OtherZonesAreReachedThroughTheEgressWhereTheClientsMeshWantsIt) {
  apply(other_zone);
  apply(R"(
type: Mesh
name: web
mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}
meshServices: {mode: Disabled}
routing: {zoneEgress: true}
---
type: ZoneEgress
name: egress
networking: {address: 10.8.0.1, port: 10002}
)");
  EXPECT_EQ(endpoints("web", "client"), (Texts{"10.1.0.1:8080*1", "10.8.0.1:10002*1"}));
}

TEST_F(CrossMesh, TheIngressOffersWhatTheZoneHas) {
  apply(R"(
type: ZoneIngress
name: ingress
networking: {address: 10.20.0.1, port: 10001}
)");
  Snapshot snapshot = zone.snapshot("", "ingress", {{"dataplane.proxyType", "ingress"}});
  json listener = in(snapshot, type_url::listener, "inbound:10.20.0.1:10001");
  for (const char* name : {"gateway{mesh=shop,port=main}", "gateway{mesh=shop,port=second}"})
    EXPECT_NE(listener.dump().find(name), std::string::npos) << name;
  EXPECT_EQ(addresses(in(snapshot, type_url::endpoint, "shop:gateway")), (Texts{"10.1.0.1:8080*1", "10.1.0.1:8081*1"}));
}

}  // namespace
}  // namespace kumasim::cp
