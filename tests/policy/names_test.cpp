/// Names that Kuma makes of routes and resources, and what they are read back as.
#include <gtest/gtest.h>

#include "reference-cp/policy/match_hash.hpp"
#include "reference-cp/policy/resource_context.hpp"

namespace kumasim::cp::policy {
namespace {

using Json = nlohmann::json;

TEST(MatchHash, IsKumasOfTheDefaultRoute) {  // in every recording of an outbound to an HTTP service
  EXPECT_EQ(match_hash(Json::parse(R"([{"path":{"type":"PathPrefix","value":"/"}}])")),
            "9Zuf5Tg79OuZcQITwBbQykxAk2u4fRKrwYn3//AL4Yo=");
}

TEST(MatchHash, IsKumasOfAPrefix) {  // recording meshhttproute/filter-mirror-legacy
  EXPECT_EQ(match_hash(Json::parse(R"([{"path":{"type":"PathPrefix","value":"/api"}}])")),
            "waFsoIISmZDTfFWYqxvY265/GASHYEWvHQTwMh/bpuU=");
}

TEST(MatchHash, DiffersForAnythingElse) {
  std::string base = match_hash(Json::parse(R"([{"path":{"type":"Exact","value":"/<a>"}}])"));
  EXPECT_NE(base, match_hash(Json::parse(R"([{"path":{"type":"Exact","value":"/<b>"}}])")));
  EXPECT_NE(base, match_hash(Json::parse(R"([{"method":"GET","path":{"type":"Exact","value":"/<a>"}}])")));
  EXPECT_NE(base, match_hash(Json::parse(R"([{"headers":[{"name":"x"}],"path":{"type":"Exact","value":"/<a>"}}])")));
}

TEST(Kri, IsReadBack) {
  Kri kri;
  kri.type = "MeshHTTPRoute";
  kri.mesh = "default";
  kri.zone = "east";
  kri.name = "route";
  kri.section = "rule0";
  EXPECT_EQ(kri.to_string(), "kri_mhttpr_default_east__route_rule0");
  EXPECT_EQ(parse_kri(kri.to_string()), kri);
  EXPECT_EQ(parse_kri("9Zuf5Tg79OuZcQITwBbQykxAk2u4fRKrwYn3//AL4Yo="), std::nullopt);
  EXPECT_EQ(parse_kri("kri_nokind_a_b_c_d_e"), std::nullopt);
}

TEST(ResourceContext, TakesTheMostSpecificRule) {
  Kri mesh, service;
  mesh.type = "Mesh";
  mesh.name = "default";
  service.type = "MeshService";
  service.mesh = "default";
  service.name = "backend";
  ResourceRules rules;
  rules[mesh].confs = {Json("mesh")};
  ResourceContext root(rules, "default");
  EXPECT_EQ(root.with(service.with_section("http")).conf(), "mesh");
  rules[service].confs = {Json("service")};
  EXPECT_EQ(root.with(service.with_section("http")).conf(), "service");
  rules[service.with_section("http")].confs = {Json("section")};
  EXPECT_EQ(root.with(service.with_section("http")).conf(), "section");
  EXPECT_EQ(root.with(service.with_section("tcp")).conf(), "service");
}

}  // namespace
}  // namespace kumasim::cp::policy
