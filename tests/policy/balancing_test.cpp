/// MeshLoadBalancingStrategy's localities, and the order of MeshPassthrough's filter chains.
///
/// Sources: Kuma docs "MeshLoadBalancingStrategy" and "MeshPassthrough"; the recordings of the areas of the same names.
#include <gtest/gtest.h>

#include <envoy/config/endpoint/v3/endpoint.pb.h>

#include "reference-cp/policy/mesh_load_balancing_strategy/locality.hpp"
#include "reference-cp/policy/mesh_passthrough/matches.hpp"
#include "reference-cp/xds/envoy/cluster.hpp"

namespace kumasim::cp::policy {
namespace {

using Json = nlohmann::json;
namespace lb = mesh_load_balancing_strategy;

/// "zone/sub-zone@priority*weight", in order, of three endpoints in zones a (node 1), a (node 2) and b, and one in c.
std::vector<std::string> localities(const char* conf, bool egress = false) {
  std::vector<Endpoint> endpoints;
  const char* places[][2] = {{"a", "1"}, {"a", "2"}, {"b", "1"}, {"c", "1"}};
  for (const auto& [zone, node] : places) {
    Endpoint endpoint;
    endpoint.address = "10.0.0." + std::to_string(endpoints.size() + 1);
    endpoint.tags = {{"kuma.io/zone", zone}, {"node", node}};
    endpoint.locality = Locality{zone, {}, 0, 0};
    endpoints.push_back(endpoint);
  }
  auto assignment = envoy::load_assignment("cluster", endpoints);
  lb::set_localities(*assignment, lb::Conf::from_json(Json::parse(conf)), {"a", {{"node", "1"}}, egress});
  std::vector<std::string> list;
  for (const auto& group : assignment->endpoints())
    list.push_back(group.locality().zone() + "/" + group.locality().sub_zone() + "@" +
                   std::to_string(group.priority()) + "*" + std::to_string(group.load_balancing_weight().value()));
  if (assignment->has_policy()) list.push_back(std::to_string(assignment->policy().overprovisioning_factor().value()));
  return list;
}

using Lines = std::vector<std::string>;

TEST(Localities, OtherZonesComeSecondUnlessSwitchedOff) {
  EXPECT_EQ(localities("{}"), (Lines{"a/@0*0", "b/@1*0", "c/@1*0"}));
  EXPECT_EQ(localities(R"({"localityAwareness":{"disabled":true}})"), (Lines{"a/@0*0", "b/@0*0", "c/@0*0"}));
}

TEST(Localities, WithoutFailoverOtherZonesAreLeftOut) {
  EXPECT_EQ(localities(R"({"localityAwareness":{"localZone":{}}})"), (Lines{"a/@0*1", "200"}));
}

TEST(Localities, AffinityTagsShareTheOwnZone) {
  EXPECT_EQ(localities(R"({"localityAwareness":{"localZone":{"affinityTags":[{"key":"x"},{"key":"node"}]}}})"),
            (Lines{"a/@0*1", "a/node=1@0*9", "200"}));
  EXPECT_EQ(localities(R"({"localityAwareness":{"localZone":{"affinityTags":[{"key":"node","weight":5}]}}})"),
            (Lines{"a/@0*1", "a/node=1@0*5", "200"}));
}

TEST(Localities, FailoverRulesAreTriedInTheirOrder) {
  EXPECT_EQ(localities(R"({"localityAwareness":{"crossZone":{"failover":[
              {"from":{"zones":["b"]},"to":{"type":"Any"}},
              {"to":{"type":"Only","zones":["c"]}},
              {"to":{"type":"AnyExcept","zones":["c"]}}],"failoverThreshold":{"percentage":25}}}})"),
            (Lines{"a/@0*1", "b/@3*0", "c/@2*0", "400"}));
  EXPECT_EQ(localities(R"({"localityAwareness":{"crossZone":{"failover":[{"to":{"type":"None"}}]}}})"),
            (Lines{"a/@0*1", "200"}));
}

TEST(Localities, AThresholdBecomesAFactorInHundredths) {
  auto factor = [](const char* percentage) {
    return localities((std::string(R"({"localityAwareness":{"crossZone":{"failover":[{"to":{"type":"None"}}],
                                      "failoverThreshold":{"percentage":)") +
                       percentage + "}}}}")
                          .c_str())
        .back();
  };
  EXPECT_EQ(factor("25"), "400");
  EXPECT_EQ(factor("50"), "200");
  EXPECT_EQ(factor("40"), "250");
  EXPECT_EQ(factor("30"), "334");
  EXPECT_EQ(factor("70"), "143") << "seven of ten are enough";
  EXPECT_EQ(factor("\"12.5\""), "800");
  EXPECT_EQ(factor("\"99.5\""), "101");
  EXPECT_EQ(factor("99"), "102");
  EXPECT_EQ(factor("100"), "100");
  EXPECT_EQ(factor("\"0.0000001\""), "4294967295") << "the most that there is";
}

TEST(Localities, AnEgressStandsForAllOtherZones) {
  Lines lines = localities(R"({"localityAwareness":{"crossZone":{"failover":[{"to":{"type":"Any"}}]}}})", true);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0], "a/@0*1");
  EXPECT_TRUE(lines[1].starts_with("egress_") && lines[1].ends_with("/@1*0")) << lines[1];
}

/// "protocol value:port", in order.
Lines chains(const char* matches) {
  Lines list;
  auto ordered = mesh_passthrough::ordered_matches(Json::parse(matches));
  if (!ordered) return {"refused"};
  for (const mesh_passthrough::ChainMatch& match : *ordered) {
    std::string value = match.value;
    for (const mesh_passthrough::Domain& domain : match.domains) value += "(" + domain.value + ")";
    list.push_back(match.protocol + " " + value + ":" + std::to_string(match.port));
  }
  return list;
}

TEST(Passthrough, MatchesOfAnyPortAreThereForEachPortToo) {
  EXPECT_EQ(chains(R"([{"type":"CIDR","value":"192.168.0.0/16","port":10000,"protocol":"tcp"},
                       {"type":"CIDR","value":"10.42.0.0/24","protocol":"tls"}])"),
            (Lines{"tls 10.42.0.0/24:10000", "tls 10.42.0.0/24:0", "tcp 192.168.0.0/16:10000"}));
}

TEST(Passthrough, MoreExactMatchesComeFirst) {
  EXPECT_EQ(chains(R"([{"type":"Domain","value":"*.a.org","port":1,"protocol":"tls"},
                       {"type":"Domain","value":"x.a.org","port":1,"protocol":"tls"},
                       {"type":"CIDR","value":"10.0.0.0/8","port":1,"protocol":"tls"},
                       {"type":"CIDR","value":"10.1.0.0/16","port":1,"protocol":"tls"},
                       {"type":"IP","value":"10.1.1.1","port":1,"protocol":"tls"}])"),
            (Lines{"tls 10.1.1.1:1", "tls 10.1.0.0/16:1", "tls 10.0.0.0/8:1", "tls x.a.org:1", "tls *.a.org:1"}));
}

TEST(Passthrough, OneHttpChainServesTheDomainsOfAPort) {
  EXPECT_EQ(chains(R"([{"type":"Domain","value":"*.a.org","port":80,"protocol":"http"},
                       {"type":"Domain","value":"b.org","port":80,"protocol":"http"},
                       {"type":"Domain","value":"x.a.org","port":80,"protocol":"http"}])"),
            (Lines{"http (x.a.org)(b.org)(*.a.org):80"}));
  EXPECT_EQ(chains(R"([{"type":"Domain","value":"a.org","port":80,"protocol":"http"},
                       {"type":"Domain","value":"b.org","port":80,"protocol":"grpc"}])"),
            (Lines{"refused"}));
}

TEST(Passthrough, NetworksAreCutToTheirBits) {
  EXPECT_EQ(mesh_passthrough::parse_network("1.2.3.4/24").address, "1.2.3.0");
  EXPECT_EQ(mesh_passthrough::parse_network("fd00:1::5/64").address, "fd00:1::");
  EXPECT_EQ(mesh_passthrough::parse_network("fd00:1::5/64").bits, 64u);
}

}  // namespace
}  // namespace kumasim::cp::policy
