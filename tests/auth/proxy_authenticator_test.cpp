/// Which proxies are let in with which tokens.
#include "reference-cp/auth/proxy_authenticator.hpp"

#include "auth/auth_bed.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;
using testing::AuthBed;
using testing::run_now;

constexpr const char* web = R"(
type: Dataplane
mesh: default
name: dp-1
networking:
  address: 10.0.0.1
  inbound:
  - {port: 80, tags: {kuma.io/service: web}}
  - {port: 81, tags: {kuma.io/service: web-api, version: v1}}
)";

struct Gate : AuthBed {
  std::string dataplane(const std::string& token, std::string resource = web,
                        ProxyAuthenticator::Options options = {}) {
    ProxyAuthenticator gate(store, keys, clock, std::move(options));
    const ProxyAuthenticator::Claim claim{"dataplane", {"default", "dp-1"}, std::move(resource)};
    Headers metadata;
    if (!token.empty()) metadata.add("authorization", token);
    auto passed = run_now(gate.authenticate(claim, metadata));
    return passed ? std::string() : passed.error().message;
  }
  std::string zone_proxy(const std::string& type, json claims, std::string resource = {}) {
    ProxyAuthenticator gate(store, keys, clock, {.zone = "zone-1"});
    const ProxyAuthenticator::Claim claim{type, {"", "proxy"}, std::move(resource)};
    Headers metadata{{"authorization", issue(zone_token_keys(), std::move(claims))}};
    auto passed = run_now(gate.authenticate(claim, metadata));
    return passed ? std::string() : passed.error().message;
  }
  std::string token(DataplaneIdentity identity) { return issue(dataplane_token_keys("default"), to_claims(identity)); }
};

TEST(ProxyAuthenticator, WhatTheTokenNamesBinds) {
  Gate gate;
  EXPECT_EQ(gate.dataplane(gate.token({.mesh = "default"})), "");
  EXPECT_EQ(gate.dataplane(gate.token({.mesh = "default", .name = "dp-1"})), "");
  EXPECT_EQ(gate.dataplane(gate.token({.mesh = "default", .tags = {{"kuma.io/service", {"web", "web-api"}}}})), "");
  EXPECT_EQ(gate.dataplane(gate.token({.mesh = "default", .name = "dp-2"})),
            "authentication failed: proxy name from requestor: dp-1 is different than in token: dp-2");
  EXPECT_EQ(gate.dataplane(gate.token({.mesh = "other"})),
            "authentication failed: proxy mesh from requestor: default is different than in token: other");
  EXPECT_EQ(gate.dataplane(gate.token({.mesh = "default", .tags = {{"kuma.io/zone", {"east"}}}})),
            "authentication failed: dataplane has no tag \"kuma.io/zone\" required by the token");
  EXPECT_EQ(gate.dataplane(gate.token({.mesh = "default", .tags = {{"kuma.io/service", {"web", "x"}}}})),
            "authentication failed: dataplane contains tag \"kuma.io/service\" with value \"web-api\" which is not "
            "allowed with this token. Allowed values in token are [\"web\" \"x\"]");
}

/// The private part stays with the global control plane; the zone has the public one from it.
TEST(ProxyAuthenticator, AZoneUnderAGlobalControlPlaneVerifiesZoneTokensByThePublicKey) {
  Gate gate;
  const std::string key = *make_key_pem({});
  gate.put_secret("", "zone-token-signing-key-2", key);
  ProxyAuthenticator zone(gate.store, gate.keys, gate.clock, {.zone = "zone-1", .federated = true});
  const ProxyAuthenticator::Claim claim{"ingress", {"", "proxy"}, "type: ZoneIngress\nname: proxy\n"};
  Headers metadata{{"authorization", gate.issue(zone_token_keys(), to_claims(ZoneIdentity{"zone-1", {"ingress"}}))}};
  auto passed = run_now(zone.authenticate(claim, metadata));
  ASSERT_FALSE(passed);
  EXPECT_NE(passed.error().message.find("GlobalSecret of name \"zone-token-signing-public-key-2\" is not found"),
            std::string::npos)
      << passed.error().message;
  gate.put_secret("", "zone-token-signing-public-key-2", *TokenKey::from_private(key)->public_pem());
  gate.remove(kind::global_secret(), "", "zone-token-signing-key-2");
  passed = run_now(zone.authenticate(claim, metadata));
  EXPECT_TRUE(passed) << passed.error().message;
}

TEST(ProxyAuthenticator, WithoutATokenNobodyPasses) {
  Gate gate;
  EXPECT_EQ(gate.dataplane(""),
            "authentication failed: could not parse token: token is malformed: token contains an invalid number of "
            "segments");
  EXPECT_EQ(gate.dataplane("", web, {.dp_tokens = false}), "");
}

TEST(ProxyAuthenticator, ADataplaneThatWasStoredIsJudgedAsStored) {
  Gate gate;
  std::string token = gate.token({.mesh = "default", .tags = {{"kuma.io/service", {"web"}}}});
  EXPECT_EQ(gate.dataplane(token, ""),
            "resource \"default.dp-1\" not found; create a Dataplane in Kuma CP first or pass it as an argument to "
            "kuma-dp");
  json inbound = {{"port", 80}, {"tags", {{"kuma.io/service", "web"}}}};
  gate.put(kind::dataplane(), "default", "dp-1",
           {{"networking", {{"address", "10.0.0.1"}, {"inbound", json::array({inbound})}}}});
  EXPECT_EQ(gate.dataplane(token, ""), "");
}

TEST(ProxyAuthenticator, AnotherProxysResourceDoesNotPass) {
  Gate gate;
  std::string other = web;
  other.replace(other.find("dp-1"), 4, "dp-9");
  std::string token = gate.token({.mesh = "default"});
  EXPECT_EQ(gate.dataplane(token, other), "proxyId default.dp-1 does not match proxy resource default.dp-9");
  EXPECT_NE(gate.dataplane(token, "type: Mesh\nname: dp-1\n"), "");
  EXPECT_NE(gate.dataplane(token, "]"), "");
}

TEST(ProxyAuthenticator, TwoCredentialsAreRefused) {
  Gate gate;
  ProxyAuthenticator judge(gate.store, gate.keys, gate.clock, {});
  const ProxyAuthenticator::Claim claim{"dataplane", {"default", "dp-1"}, web};
  std::string token = gate.token({.mesh = "default"});
  Headers metadata{{"authorization", token}, {"authorization", token}};
  auto passed = run_now(judge.authenticate(claim, metadata));
  ASSERT_FALSE(passed);
  EXPECT_EQ(passed.error().message,
            "could not extract credential from DiscoveryRequest: request must have exactly 1 \"authorization\" header, "
            "got 2");
}

TEST(ProxyAuthenticator, ADataplaneWithoutAMeshIsNoneEvenWithoutTokens) {
  Gate gate;
  ProxyAuthenticator open(gate.store, gate.keys, gate.clock, {.dp_tokens = false, .zone_tokens = false});
  auto passes = [&](std::string type, ResourceKey key) {
    const ProxyAuthenticator::Claim claim{std::move(type), std::move(key), ""};
    return run_now(open.authenticate(claim, {})).has_value();
  };
  EXPECT_FALSE(passes("dataplane", {"", "ingress.zi"})) << "the slot of the zone ingress zi";
  EXPECT_TRUE(passes("ingress", {"", "zi"}));
  gate.put(kind::zone_ingress(), "", "far",
           {{"zone", "east"}, {"networking", {{"address", "10.0.0.1"}, {"port", 10001}}}});
  EXPECT_TRUE(passes("ingress", {"", "far"})) << "of another zone, as the corpus has it";
  EXPECT_TRUE(passes("dataplane", {"default", "ingress.zi"}));
}

TEST(ProxyAuthenticator, AZoneProxyIsOfThisZone) {
  Gate gate;
  for (auto [type, kind] : {std::pair("ingress", "ZoneIngress"), {"egress", "ZoneEgress"}}) {
    auto judge = [&](const std::string& zone_line, const std::string& token_zone) {
      return gate.zone_proxy(type, to_claims(ZoneIdentity{token_zone, {type}}),
                             std::string("type: ") + kind + "\nname: proxy\n" + zone_line +
                                 "networking:\n  address: 10.0.0.1\n  port: 10001\n");
    };
    const std::string other =
        std::string("authentication failed: ") + kind + " proxy is of zone zone-2, not of this zone (zone-1)";
    EXPECT_EQ(judge("", "zone-1"), "");
    EXPECT_EQ(judge("zone: zone-1\n", ""), "");
    EXPECT_EQ(judge("zone: zone-2\n", "zone-1"), other);
    EXPECT_EQ(judge("zone: zone-2\n", ""), other);
    EXPECT_EQ(gate.zone_proxy(type, to_claims(ZoneIdentity{"", {type}}), "type: Mesh\nname: proxy\n"),
              std::string("dataplane.resource is no ") + kind);
  }
}

TEST(ProxyAuthenticator, AnotherZonesProxyIsNotReplaced) {
  Gate gate;
  const json networking = {{"address", "10.0.0.1"}, {"port", 10001}};
  gate.put(kind::zone_ingress(), "", "proxy", {{"zone", "zone-2"}, {"networking", networking}});
  const json claims = to_claims(ZoneIdentity{"zone-1", {"ingress", "egress"}});
  const std::string other = "authentication failed: ZoneIngress proxy is of zone zone-2, not of this zone (zone-1)";
  EXPECT_EQ(gate.zone_proxy("ingress", claims), other);
  EXPECT_EQ(gate.zone_proxy("ingress", claims,
                            "type: ZoneIngress\nname: proxy\nnetworking:\n  address: 10.0.0.9\n  port: 10001\n"),
            other);
  EXPECT_EQ(gate.zone_proxy("egress", claims), "");
}

TEST(ProxyAuthenticator, ZoneProxiesNeedTheirScopeAndZone) {
  Gate gate;
  EXPECT_EQ(gate.zone_proxy("ingress", to_claims(ZoneIdentity{"zone-1", {"ingress", "egress"}})), "");
  EXPECT_EQ(gate.zone_proxy("egress", to_claims(ZoneIdentity{"", {"egress"}})), "");
  EXPECT_EQ(gate.zone_proxy("ingress", to_claims(ZoneIdentity{"zone-1", {"egress"}})),
            "authentication failed: token cannot be used to authenticate zone entity (ingress is out of token's scope: "
            "[egress])");
  EXPECT_EQ(gate.zone_proxy("egress", to_claims(ZoneIdentity{"zone-2", {"egress"}})),
            "authentication failed: zone from requestor: zone-1 is different than in token: zone-2");
}

}  // namespace
}  // namespace kumasim::cp
