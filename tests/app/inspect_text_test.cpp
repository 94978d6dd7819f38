/// kumactl's inspections: the layout of what the Inspect API tells of, and tables of proxies, zones, meshes, services.
#include <chrono>

#include "reference-cp/app/kumactl/inspect_text.hpp"
#include "reference-cp/model/timestamp.hpp"
#include "tests/app/kumactl_bed.hpp"

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

using namespace std::chrono_literals;
using testing::CannedAnswers;
using testing::Kumactl;

std::string before_now(Duration age) {
  return print_timestamp(std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()) - age);
}

/// The lines under the heading; each cell by its heading, without the padding.
std::vector<std::map<std::string, std::string>> rows(const std::string& table) {
  std::istringstream lines(table);
  std::string heading, line;
  std::getline(lines, heading);
  std::vector<std::size_t> starts = {0};
  for (std::size_t i = 3; i < heading.size(); ++i)
    if (heading[i] != ' ' && heading.substr(i - 3, 3) == "   ") starts.push_back(i);
  auto cell = [&](const std::string& text, std::size_t column) {
    auto end = column + 1 < starts.size() ? starts[column + 1] : std::string::npos;
    auto out = text.size() < starts[column] ? "" : text.substr(starts[column], end - starts[column]);
    return out.substr(0, out.find_last_not_of(' ') + 1);
  };
  std::vector<std::map<std::string, std::string>> out;
  while (std::getline(lines, line) && !line.empty()) {
    auto& row = out.emplace_back();
    for (std::size_t i = 0; i < starts.size(); ++i) row[cell(heading, i)] = cell(line, i);
  }
  return out;
}

using Row = std::map<std::string, std::string>;

json inbound(int port, const char* service, const char* more = "{}") {
  json out = {{"port", port}, {"tags", {{"kuma.io/service", service}}}};
  out.update(json::parse(more));
  return out;
}

json dataplane(const char* name, json inbounds) {
  return {{"mesh", "demo"}, {"name", name}, {"dataplane", {{"networking", {{"inbound", std::move(inbounds)}}}}}};
}

json open_stream() { return json::array({{{"connectTime", before_now(190min)}}}); }

TEST_F(Kumactl, DataplanesInATable) {
  auto full = dataplane("web-1", json::array({inbound(80, "web")}));
  auto& insight = full["dataplaneInsight"];
  insight["mTLS"] = {{"certificateExpirationTime", "2030-01-02T03:04:05Z"},
                     {"lastCertificateRegeneration", before_now(70min)},
                     {"certificateRegenerations", 3},
                     {"issuedBackend", "ca-1"},
                     {"supportedBackends", json::array({"ca-1", "ca-2"})}};
  insight["subscriptions"] = json::array(
      {{{"connectTime", before_now(500min)},
        {"disconnectTime", before_now(400min)},
        {"status", {{"total", {{"responsesSent", "5"}, {"responsesRejected", "1"}}}}}},
       {{"connectTime", before_now(190min)},
        {"status", {{"lastUpdateTime", before_now(130min)}, {"total", {{"responsesSent", "7"}}}}},
        {"version",
         {{"kumaDp", {{"version", "2.12.14"}}},
          {"envoy", {{"version", "1.40.0"}}},
          {"dependencies", {{"coredns", "1.2"}, {"other", "4"}}}}}}});
  auto degraded = dataplane(
      "web-2", json::array({inbound(80, "web"), inbound(81, "admin", R"({"health": {"ready": false}})"),
                            inbound(82, "api", R"({"state": "NotReady"})")}));
  auto unready = dataplane("web-3", json::array({inbound(80, "web", R"({"state": "Ignored"})")}));
  degraded["dataplaneInsight"]["subscriptions"] = unready["dataplaneInsight"]["subscriptions"] = open_stream();
  auto gone = dataplane("web-4", json::array({inbound(80, "web")}));
  json gateway = {{"mesh", "demo"}, {"name", "gw"},
                  {"dataplane", {{"networking", {{"gateway", {{"tags", {{"kuma.io/service", "edge"}}}}}}}}},
                  {"dataplaneInsight", {{"subscriptions", open_stream()}}}};
  json answer;
  answer["items"] = json::array({full, degraded, unready, gone, gateway});
  const std::string target = "/meshes/demo/dataplanes/_overview";
  const std::string filtered = target + "?tag=kuma.io%2Fservice%3Aweb&tag=version%3Av1&gateway=true&ingress=true";
  CannedAnswers canned(CannedAnswers::bodies({{target, answer.dump()}, {filtered, R"({"items": []})"}}));
  testing::RestServer server({.handler = canned.handler()});
  connect(server);
  auto shown = kumactl({"inspect", "dataplanes", "-m", "demo"});
  ASSERT_EQ(shown.code, 0) << shown.error;
  auto table = rows(shown.out);
  ASSERT_EQ(table.size(), 5u) << shown.out;
  EXPECT_EQ(table[0], (Row{{"MESH", "demo"}, {"NAME", "web-1"}, {"TAGS", "kuma.io/service=web"}, {"STATUS", "Online"},
                           {"LAST CONNECTED AGO", "3h"}, {"LAST UPDATED AGO", "2h"}, {"TOTAL UPDATES", "12"},
                           {"TOTAL ERRORS", "1"}, {"CERT REGENERATED AGO", "1h"},
                           {"CERT EXPIRATION", "2030-01-02 03:04:05"}, {"CERT REGENERATIONS", "3"},
                           {"CERT BACKEND", "ca-1"}, {"SUPPORTED CERT BACKENDS", "ca-1,ca-2"},
                           {"KUMA-DP VERSION", "2.12.14"}, {"ENVOY VERSION", "1.40.0"},
                           {"DEPENDENCIES VERSIONS", "coredns: 1.2, other: 4"}, {"NOTES", ""}}));
  EXPECT_EQ(table[1]["STATUS"], "Partially degraded");
  EXPECT_EQ(table[1]["NOTES"], "inbound[port=81,svc=admin] is not ready;inbound[port=82,svc=api] is not ready");
  EXPECT_EQ(table[2]["STATUS"], "Offline") << "no inbound is ready";
  EXPECT_EQ(table[3]["STATUS"], "Offline");
  for (const char* never : {"LAST CONNECTED AGO", "LAST UPDATED AGO", "CERT REGENERATED AGO"})
    EXPECT_EQ(table[3][never], "never") << never;
  for (const char* none : {"CERT EXPIRATION", "CERT BACKEND", "DEPENDENCIES VERSIONS"})
    EXPECT_EQ(table[3][none], "-") << none;
  EXPECT_EQ(table[4]["STATUS"], "Online");
  EXPECT_EQ(table[4]["TAGS"], "kuma.io/service=edge");
  EXPECT_EQ(json::parse(kumactl({"inspect", "dataplanes", "-m", "demo", "-o", "json"}).out), answer);
  canned.asked();
  auto few = kumactl({"inspect", "dataplanes", "-m", "demo", "--tag", "kuma.io/service=web,version=v1", "--gateway",
                      "--ingress"});
  EXPECT_EQ(few.code, 0) << few.error;
  EXPECT_EQ(canned.asked_once().target, filtered);
  EXPECT_EQ(kumactl({"inspect", "dataplanes", "--tag", "web"}).error,
            "Error: invalid argument \"web\" for \"--tag\" flag: must be formatted as key=value\n");
}

TEST_F(Kumactl, ZonesAndTheirProxiesInTables) {
  json online = {{"connectTime", before_now(190min)}, {"config", R"({"store": {"type": "postgres"}})"},
                 {"status", {{"total", {{"responsesSent", "3"}, {"responsesRejected", "2"}}}}},
                 {"version", {{"kumaCp", {{"version", "2.12.1"}}}}}};
  json unreadable = online;
  unreadable["config"] = "no json";
  json zones, ingresses, egresses;
  zones["items"] = json::array(
      {{{"name", "east"}, {"zone", json::object()}, {"zoneInsight", {{"subscriptions", json::array({online})}}}},
       {{"name", "off"},
        {"zone", {{"enabled", false}}},
        {"zoneInsight", {{"subscriptions", json::array({unreadable})}}}},
       {{"name", "new"}}});
  json stream = {{"connectTime", before_now(190min)},
                 {"version", {{"kumaDp", {{"version", "2.12.2"}}}, {"envoy", {{"version", "1.40.1"}}}}}};
  ingresses["items"] =
      json::array({{{"name", "in"}, {"zoneIngressInsight", {{"subscriptions", json::array({stream})}}}}});
  egresses["items"] =
      json::array({{{"name", "out"}, {"zoneEgressInsight", {{"subscriptions", json::array({stream})}}}}});
  CannedAnswers canned(CannedAnswers::bodies({{"/zones/_overview", zones.dump()},
                                              {"/zoneingresses/_overview", ingresses.dump()},
                                              {"/zoneegresses/_overview", egresses.dump()}}));
  testing::RestServer server({.handler = canned.handler()});
  connect(server);
  auto table = rows(kumactl({"inspect", "zones"}).out);
  ASSERT_EQ(table.size(), 3u);
  EXPECT_EQ(table[0], (Row{{"NAME", "east"}, {"STATUS", "Online"}, {"LAST CONNECTED AGO", "3h"},
                           {"LAST UPDATED AGO", "never"}, {"TOTAL UPDATES", "3"}, {"TOTAL ERRORS", "2"},
                           {"ZONE-CP VERSION", "2.12.1"}, {"BACKEND", "postgres"}}));
  EXPECT_EQ(table[1]["STATUS"], "Offline") << "disabled";
  EXPECT_EQ(table[1]["BACKEND"], "");
  EXPECT_EQ(table[2]["STATUS"], "Offline");
  for (const auto& [command, name] : {std::pair("zone-ingresses", "in"), std::pair("zoneegresses", "out")}) {
    auto proxies = rows(kumactl({"inspect", command}).out);
    ASSERT_EQ(proxies.size(), 1u) << command;
    EXPECT_EQ(proxies[0]["NAME"], name);
    EXPECT_EQ(proxies[0]["STATUS"], "Online");
    EXPECT_EQ(proxies[0]["KUMA-DP VERSION"], "2.12.2");
    EXPECT_EQ(proxies[0]["ENVOY VERSION"], "1.40.1");
  }
  EXPECT_EQ(json::parse(kumactl({"inspect", "-o", "json", "zones"}).out), zones);
}

TEST_F(Kumactl, WhatAnEnvoySaysIsPrintedAsItIs) {
  const std::string web = "/meshes/demo/dataplanes/web";
  std::map<std::string, std::string> bodies;
  for (const char* part : {"/xds", "/xds?include_eds=true", "/stats", "/clusters"})
    for (const std::string& proxy : {web, std::string("/zoneingresses/east"), std::string("/zoneegresses/east")})
      bodies[proxy + part] = "of " + proxy + part + "\n";
  for (const char* query : {"?shadow=false", "?shadow=true&include=diff"})
    bodies[web + "/_config" + query] = std::string("config") + query;
  CannedAnswers canned(CannedAnswers::bodies(bodies));
  testing::RestServer server({.handler = canned.handler()});
  connect(server);
  auto of_web = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"inspect", "dataplane", "web", "-m", "demo"});
    auto ran = kumactl(more);
    return ran.out + ran.error;
  };
  EXPECT_EQ(of_web({"--type", "config-dump"}), "of " + web + "/xds\n");
  EXPECT_EQ(of_web({"--config-dump", "--include-eds"}), "of " + web + "/xds?include_eds=true\n");
  EXPECT_EQ(of_web({"--type=stats"}), "of " + web + "/stats\n");
  EXPECT_EQ(of_web({"--type=clusters"}), "of " + web + "/clusters\n");
  EXPECT_EQ(of_web({"--type=config"}), "config?shadow=false");
  EXPECT_EQ(of_web({"--type=config", "--shadow", "--include=diff"}), "config?shadow=true&include=diff");
  EXPECT_EQ(of_web({"--include=diff"}), "Error: flag '--include' can be used only when '--type=config'\n");
  EXPECT_EQ(of_web({"--include-eds"}), "Error: flag '--include-eds' can be used only when '--type=config-dump'\n");
  EXPECT_EQ(of_web({"--type=some"}), "Error: invalid inspection type\n");
  for (const auto& [command, list] :
       {std::pair("zoneingress", "zoneingresses"), std::pair("zoneegress", "zoneegresses")}) {
    const std::string proxy = "of /" + std::string(list) + "/east";
    EXPECT_EQ(kumactl({"inspect", command, "east"}).out, proxy + "/xds\n");
    EXPECT_EQ(kumactl({"inspect", command, "east", "--include-eds"}).out, proxy + "/xds?include_eds=true\n");
    EXPECT_EQ(kumactl({"inspect", command, "east", "--type=stats"}).out, proxy + "/stats\n");
    EXPECT_EQ(kumactl({"inspect", command, "east", "--type=some"}).error, "Error: invalid inspection type\n");
    EXPECT_EQ(kumactl({"inspect", command, "east", "--type=stats", "--include-eds"}).error,
              "Error: flag '--include-eds' can be used only when '--type=config-dump'\n");
  }
  EXPECT_EQ(kumactl({"inspect", "dataplane", "none", "--type=stats"}).code, 1);
}

TEST_F(Kumactl, WhatPoliciesAreAttachedTo) {
  const char* proxies = R"({"total": 1, "items": [{"type": "Dataplane", "mesh": "demo", "name": "web-1"}]})";
  CannedAnswers canned(CannedAnswers::bodies(
      {{"/meshes/demo/dataplanes/web/policies",
        R"({"items": [{"type": "dataplane", "matchedPolicies": {"MeshTimeout": [{"name": "slow"}]}}]})"},
       {"/meshes/demo/meshgateways/edge/dataplanes", R"({"items": [{"dataplane": {"name": "gw-1"}}]})"},
       {"/meshes/demo/meshtimeouts/slow/dataplanes",
        R"({"items": [{"dataplane": {"name": "web-1"}, "attachments": [{"type": "dataplane"}]}]})"},
       {"/meshes/demo/meshtimeouts/slow/_resources/dataplanes", proxies}}));
  testing::RestServer server({.handler = canned.handler()});
  connect(server);
  EXPECT_EQ(kumactl({"inspect", "dataplane", "web", "-m", "demo"}).out, "DATAPLANE:\n  MeshTimeout\n    slow\n\n");
  EXPECT_EQ(kumactl({"inspect", "meshgateway", "edge", "-m", "demo"}).out, "gw-1\n");
  EXPECT_EQ(kumactl({"inspect", "meshtimeout", "slow", "-m", "demo"}).out,
            "Affected data plane proxies:\n\n  web-1\n");
  EXPECT_EQ(kumactl({"inspect", "meshtimeout", "slow", "-m", "demo", "--new-api"}).out,
            "Type        Mesh   Name\nDataplane   demo   web-1\n\nTotal: 1\n");
  auto as_json = kumactl({"inspect", "-o", "json", "meshtimeout", "slow", "-m", "demo", "--new-api"});
  EXPECT_EQ(json::parse(as_json.out), json::parse(proxies));
  for (const char* what : {"dataplane", "meshgateway", "meshtimeout"}) {
    auto missing = kumactl({"inspect", what, "none", "-m", "demo"});
    EXPECT_EQ(missing.code, 1) << what;
    EXPECT_TRUE(missing.error.starts_with("Error: ")) << missing.error;
  }
  EXPECT_EQ(kumactl({"inspect", "virtual-outbound", "all"}).code, 1) << "attached to no proxy";
}

TEST_F(Kumactl, CountsOfMeshesAndServices) {
  json services, meshes;
  services["items"] = json::array(
      {{{"name", "a"}, {"status", "online"}, {"dataplanes", {{"online", 2}, {"total", 2}}}},
       {{"name", "b"}, {"status", "partially_degraded"}, {"dataplanes", {{"online", 1}, {"total", 3}}}},
       {{"name", "c"}, {"status", "offline"}}});
  meshes["items"] = json::array({{{"name", "demo"},
                                  {"dataplanes", {{"online", 3}, {"total", 5}}},
                                  {"policies", {{"TrafficRoute", {{"total", 4}}}, {"RateLimit", {{"total", 1}}}}}}});
  CannedAnswers canned(CannedAnswers::bodies(
      {{"/meshes/demo/service-insights", services.dump()}, {"/mesh-insights", meshes.dump()}}));
  testing::RestServer server({.handler = canned.handler()});
  connect(server);
  EXPECT_EQ(kumactl({"inspect", "services", "-m", "demo"}).out,
            "SERVICE   STATUS               DATAPLANES\na         Online               2/2\n"
            "b         Partially degraded   1/3\nc         Offline              0/0\n");
  auto as_json = json::parse(kumactl({"inspect", "-o", "json", "services", "-m", "demo"}).out);
  EXPECT_EQ(as_json["items"][0]["type"], "ServiceOverview");
  auto table = rows(kumactl({"inspect", "meshes"}).out);
  ASSERT_EQ(table.size(), 1u);
  EXPECT_EQ(table[0]["DATAPLANES"], "3/5");
  EXPECT_EQ(table[0]["TRAFFIC ROUTES"], "4");
  EXPECT_EQ(table[0]["RATE LIMITS"], "1");
  EXPECT_EQ(table[0]["TRAFFIC LOGS"], "0");
  EXPECT_EQ(json::parse(kumactl({"inspect", "-o", "json", "meshes"}).out), meshes);
}

}  // namespace
}  // namespace kumasim::cp
