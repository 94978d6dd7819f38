/// The layout of kumactl's inspections, for the parts that the Inspect API tells of.
#include <gtest/gtest.h>

#include "reference-cp/app/kumactl/inspect_text.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

TEST(InspectText, PoliciesOfASidecarByAttachment) {
  json answer = json::parse(R"({"kind": "SidecarDataplane", "total": 2, "items": [
    {"type": "dataplane", "matchedPolicies": {"MeshTimeout": [{"name": "a"}, {"name": "b"}]}},
    {"type": "inbound", "name": "10.0.0.1:80:8080", "service": "web", "matchedPolicies": {"RateLimit": [{"name": "r"}]}}
  ]})");
  EXPECT_EQ(attached_policies_text(answer),
            "DATAPLANE:\n  MeshTimeout\n    a\nb\n\nINBOUND 10.0.0.1:80:8080(web):\n  RateLimit\n    r\n\n");
}

TEST(InspectText, PoliciesOfAGatewayByRoute) {
  json answer = json::parse(R"({"kind": "MeshGatewayDataplane", "gateway": {"mesh": "default", "name": "edge"},
    "listeners": [{"port": 8080, "protocol": "HTTP", "hosts": [{"hostName": "*", "routes": [{"route": "gr",
      "destinations": [{"tags": {"kuma.io/service": "backend"}, "policies": {"Timeout": {"name": "lt"}}}]}]}]}]})");
  EXPECT_EQ(attached_policies_text(answer),
            "MESHGATEWAY:\n\nLISTENER (HTTP:8080):\n  *:\n    ROUTE gr:\n      SERVICE backend:\n        Timeout\n"
            "          lt\n\n");
}

TEST(InspectText, ProxiesOfAPolicy) {
  json answer = json::parse(R"({"total": 3, "items": [
    {"kind": "SidecarDataplane", "dataplane": {"name": "web"}, "attachments": [{"type": "dataplane"}]},
    {"kind": "SidecarDataplane", "dataplane": {"name": "api"}, "attachments":
      [{"type": "service", "name": "db", "service": "db"}, {"type": "outbound", "name": "1.2.3.4:80", "service": "db"}]},
    {"kind": "MeshGatewayDataplane", "dataplane": {"name": "gw"}, "gateway": {"name": "edge"}}]})");
  EXPECT_EQ(
      attached_dataplanes_text(answer),
      "Affected data plane proxies:\n\n  web\n  api:\n    service db\n    outbound 1.2.3.4:80(db)\n\n  edge:\n\n");
}

TEST(InspectText, ProxiesOfAGateway) {
  EXPECT_EQ(gateway_dataplanes_text(json::parse(R"({"items": [{"dataplane": {"name": "gw-1"}}]})")), "gw-1\n");
  EXPECT_EQ(gateway_dataplanes_text(json::parse(R"({"items": []})")), "");
}

}  // namespace
}  // namespace kumasim::cp
