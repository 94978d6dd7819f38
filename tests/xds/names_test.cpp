#include "reference-cp/xds/envoy/names.hpp"

#include <gtest/gtest.h>

#include "reference-cp/xds/protocol.hpp"

namespace kumasim::cp::envoy {
namespace {

TEST(Names, ServerNameOfAMeshServiceIsKumas) {
  EXPECT_EQ(sni_of_resource("backend", "mtls-builtin-everywhere", "MeshService", 8080),
            "ae5a13ed496959998.backend.8080.mtls-builtin-everywhere.ms");
}

TEST(Names, ServerNameOfALegacyServiceHoldsItsTags) {
  EXPECT_EQ(sni({{"kuma.io/service", "backend"}}, "default"), "backend{mesh=default}");
  EXPECT_EQ(sni({{"kuma.io/service", "backend"}, {"version", "v1"}}, "default"), "backend{mesh=default,version=v1}");
}

TEST(Names, ASplitClusterIsNamedByItsTags) {
  EXPECT_EQ(split_cluster_name({{"kuma.io/service", "backend"}}), "backend");
  std::string name = split_cluster_name({{"kuma.io/service", "backend"}, {"version", "v1"}});
  EXPECT_TRUE(name.starts_with("backend-")) << name;
  EXPECT_EQ(name.size(), std::string("backend-").size() + 16);
  EXPECT_EQ(service_of_cluster(name), "backend");
  EXPECT_EQ(service_of_cluster("backend-green"), "backend-green");
}

TEST(Names, StatisticsKeepNoColonsAndDots) {
  EXPECT_EQ(sanitize_metric("inbound:10.0.0.1:80"), "inbound_10_0_0_1_80");
}

TEST(Names, Ipv6AddressesStandInBrackets) {
  EXPECT_EQ(inbound_listener_name("::1", 80), "inbound:[::1]:80");
  EXPECT_EQ(outbound_listener_name("10.0.0.1", 80), "outbound:10.0.0.1:80");
}

TEST(Protocol, CommonIsWhatBothCanSpeak) {
  EXPECT_EQ(common_protocol("http", "tcp"), "tcp");
  EXPECT_EQ(common_protocol("grpc", "http2"), "http2");
  EXPECT_EQ(common_protocol("http", "http2"), "tcp");
  EXPECT_EQ(common_protocol("http", "no such"), "unknown");
}

}  // namespace
}  // namespace kumasim::cp::envoy
