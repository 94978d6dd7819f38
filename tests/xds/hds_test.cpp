/// Health discovery without I/O: what a Dataplane has its proxy probe, what a report does to it, who is listened to.
#include <gtest/gtest.h>

#include <envoy/service/health/v3/hds.pb.h>
#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>
#include <nlohmann/json.hpp>

#include "reference-cp/model/codec.hpp"
#include "reference-cp/xds/dataplane.hpp"
#include "reference-cp/xds/hds/session.hpp"

namespace kumasim::cp {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;
namespace health = ::envoy::service::health::v3;

Resource dataplane(const std::string& networking) {
  auto resource = resource_from_yaml("{type: Dataplane, mesh: m, name: web, networking: " + networking + "}");
  if (resource) return std::move(*resource);
  ADD_FAILURE() << resource.error().message;
  return {};
}

HdsSettings settings() {
  return {.interval = 7s,
          .check_timeout = 1500ms,
          .check_interval = 2s,
          .check_no_traffic_interval = 3s,
          .healthy_threshold = 4,
          .unhealthy_threshold = 5,
          .admin_port = 9000};
}

Json specifier(const std::string& networking, const Json& metadata = Json::object()) {
  Specifier made = health_check_specifier(dataplane(networking), NodeMetadata::from_json(metadata.dump()), settings());
  health::HealthCheckSpecifier message;
  EXPECT_TRUE(message.ParseFromString(made.bytes));
  std::set<std::string> named;
  for (const auto& cluster : message.cluster_health_checks()) named.insert(cluster.cluster_name());
  EXPECT_EQ(made.clusters, named);
  std::string text;
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(message, &text).ok());
  return Json::parse(text);
}

Json endpoints(const std::string& address, int port) {
  Json socket = {{"socketAddress", {{"address", address}, {"portValue", port}}}};
  Json locality = {{"endpoints", Json::array({Json{{"address", socket}}})}};
  return Json::array({locality});
}

TEST(HealthCheckSpecifier, ProbesTheProxyAndWhatHasAProbe) {
  Json admin = {{"timeout", "1.500s"},   {"interval", "2s"},        {"noTrafficInterval", "3s"},
                {"healthyThreshold", 4}, {"unhealthyThreshold", 5}, {"httpHealthCheck", {{"path", "/ready"}}}};
  Json tcp = admin;
  tcp.erase("httpHealthCheck");
  tcp["tcpHealthCheck"] = Json::object();
  Json expected = {{"interval", "7s"},
                   {"clusterHealthChecks", Json::array({Json{{"clusterName", "kuma:envoy:admin"},
                                                             {"localityEndpoints", endpoints("127.0.0.1", 9000)},
                                                             {"healthChecks", Json::array({admin})}},
                                                        Json{{"clusterName", "localhost:8081"},
                                                             {"localityEndpoints", endpoints("10.0.0.7", 8081)},
                                                             {"healthChecks", Json::array({tcp})}}})}};
  EXPECT_EQ(specifier("{address: 10.0.0.1, inbound: ["
                      "{port: 80, tags: {kuma.io/service: plain}}, "
                      "{port: 81, servicePort: 8081, serviceAddress: 10.0.0.7, serviceProbe: {tcp: {}}, "
                      "tags: {kuma.io/service: web}}]}"),
            expected);
}

TEST(HealthCheckSpecifier, AProbeSaysItsOwnTimes) {
  auto check = [](const std::string& probe) {
    Json all = specifier(
        "{address: 10.0.0.1, inbound: [{port: 80, tags: {kuma.io/service: web}, serviceProbe: " + probe + "}]}");
    return all["clusterHealthChecks"][1]["healthChecks"][0];
  };
  Json own = check("{tcp: {}, interval: 10s, timeout: 0.25s, healthyThreshold: 1, unhealthyThreshold: 2}");
  EXPECT_EQ(own["interval"], "10s");
  EXPECT_EQ(own["timeout"], "0.250s");
  EXPECT_EQ(own["healthyThreshold"], 1);
  EXPECT_EQ(own["unhealthyThreshold"], 2);
  EXPECT_EQ(own["noTrafficInterval"], "3s");
  // Each by itself: Envoy refuses a check without an interval.
  EXPECT_EQ(check("{tcp: {}, timeout: 1s}")["interval"], "2s");
  EXPECT_EQ(check("{tcp: {}, interval: 9s}")["interval"], "9s");
}

TEST(HealthCheckSpecifier, NamesThePortAndTheClusterOfTheAdminServer) {
  Json all = specifier("{address: 10.0.0.1, admin: {port: 1234}, inbound: [{port: 80, tags: {kuma.io/service: web}}]}",
                       {{"features", {"feature-unified-resource-naming"}}});
  ASSERT_EQ(all["clusterHealthChecks"].size(), 1u);
  EXPECT_EQ(all["clusterHealthChecks"][0]["clusterName"], "system_envoy_admin");
  EXPECT_EQ(all["clusterHealthChecks"][0]["localityEndpoints"], endpoints("127.0.0.1", 1234));
}

TEST(HealthCheckSpecifier, ProbesPastTheRedirectionOfInboundTraffic) {
  auto source = [](const std::string& service, const std::string& redirection) {
    Json all = specifier("{address: 10.0.0.1, inbound: [{port: 80, serviceAddress: '" + service +
                         "', serviceProbe: {tcp: {}}, tags: {kuma.io/service: web}}]" + redirection + "}");
    return all["clusterHealthChecks"][1].value("upstreamBindConfig", Json());
  };
  const std::string redirected = ", transparentProxying: {redirectPortInbound: 15006, redirectPortOutbound: 15001}";
  EXPECT_EQ(source("10.0.0.7", redirected)["sourceAddress"]["address"], "127.0.0.6");
  EXPECT_EQ(source("fd00::7", redirected)["sourceAddress"]["address"], "::6");
  EXPECT_EQ(source("127.0.0.1", redirected), Json());
  EXPECT_EQ(source("::1", redirected), Json());
  EXPECT_EQ(source("10.0.0.7", ""), Json());
}

std::string request(const std::string& id) {
  health::HealthCheckRequestOrEndpointHealthResponse out;
  auto& node = *out.mutable_health_check_request()->mutable_node();
  if (!id.empty()) node.set_id(id);
  return out.SerializeAsString();
}

using Statuses = std::vector<std::pair<std::string, ::envoy::config::core::v3::HealthStatus>>;

std::string report(const Statuses& statuses) {
  health::HealthCheckRequestOrEndpointHealthResponse out;
  auto& response = *out.mutable_endpoint_health_response();
  for (const auto& [name, status] : statuses) {
    auto& cluster = *response.add_cluster_endpoints_health();
    cluster.set_cluster_name(name);
    cluster.add_locality_endpoints_health()->add_endpoints_health()->set_health_status(status);
  }
  return out.SerializeAsString();
}

using namespace ::envoy::config::core::v3;

TEST(HealthReport, MovesTheInboundsThatAreProbed) {
  Json spec = dataplane(
                  "{address: 10.0.0.1, inbound: ["
                  "{port: 80, servicePort: 8080, state: NotReady, serviceProbe: {tcp: {}}, tags: {kuma.io/service: a}},"
                  "{port: 81, serviceProbe: {tcp: {}}, tags: {kuma.io/service: b}},"
                  "{port: 82, tags: {kuma.io/service: c}},"
                  "{port: 83, state: Ignored, tags: {kuma.io/service: d}}]}")
                  .spec;
  auto states = [&] {
    std::string out;
    for (const Json& inbound : spec["networking"]["inbound"])
      out += fmt::format("{}/{} ", inbound.value("state", "-"),
                         inbound.contains("health") ? inbound["health"].value("ready", false) ? "yes" : "no" : "-");
    return out;
  };
  auto apply = [&](const Statuses& statuses) {
    auto message = decode_hds_message(report(statuses));
    EXPECT_TRUE(message && message->report);
    return apply_report(*message->report, spec);
  };
  std::string before = states();
  EXPECT_EQ(before, "NotReady/- -/- -/- Ignored/- ");
  EXPECT_TRUE(apply({{"kuma:envoy:admin", HEALTHY}, {"localhost:8080", HEALTHY}, {"localhost:81", HEALTHY}}));
  EXPECT_EQ(states(), "-/yes -/- -/- Ignored/- ");
  EXPECT_FALSE(apply({{"kuma:envoy:admin", HEALTHY}, {"localhost:8080", UNKNOWN}, {"localhost:81", HEALTHY}}));
  EXPECT_TRUE(apply({{"kuma:envoy:admin", HEALTHY}, {"localhost:8080", HEALTHY}, {"localhost:81", TIMEOUT}}));
  EXPECT_EQ(states(), "-/yes NotReady/no -/- Ignored/- ");
  // A proxy that drains takes along what is not probed.
  EXPECT_TRUE(apply({{"system_envoy_admin", UNHEALTHY}, {"localhost:8080", HEALTHY}, {"localhost:81", HEALTHY}}));
  EXPECT_EQ(states(), "NotReady/no NotReady/no NotReady/no Ignored/- ");
  EXPECT_TRUE(apply({{"localhost:81", UNHEALTHY}}));
  EXPECT_EQ(states(), "-/yes NotReady/no -/yes Ignored/- ");
}

TEST(HealthReport, DecidesWhoIsAnEndpoint) {
  Resource proxy =
      dataplane("{address: 10.0.0.1, inbound: [{port: 80, serviceProbe: {tcp: {}}, tags: {kuma.io/service: a}}]}");
  for (bool healthy : {true, false, true}) {
    apply_report({.envoy = true, .applications = {{80, healthy}}}, proxy.spec);
    EXPECT_EQ(inbounds_of(proxy)[0].ready, healthy);
  }
}

TEST(HealthReport, WhatHasNoProbeIsTheProxysOwnToTakeOut) {
  // Both before the same application, and only one of them has it probed.
  Resource proxy = dataplane(
      "{address: 10.0.0.1, inbound: ["
      "{port: 80, servicePort: 8080, serviceProbe: {tcp: {}}, tags: {kuma.io/service: a}},"
      "{port: 81, servicePort: 8080, tags: {kuma.io/service: b}}]}");
  EXPECT_TRUE(apply_report({.envoy = true, .applications = {{8080, false}}}, proxy.spec));
  EXPECT_FALSE(inbounds_of(proxy)[0].ready);
  EXPECT_TRUE(inbounds_of(proxy)[1].ready);
  EXPECT_TRUE(apply_report({.envoy = false, .applications = {}}, proxy.spec));
  EXPECT_FALSE(inbounds_of(proxy)[1].ready);
  EXPECT_TRUE(apply_report({.envoy = true, .applications = {{8080, false}}}, proxy.spec));
  EXPECT_FALSE(inbounds_of(proxy)[0].ready);
  EXPECT_TRUE(inbounds_of(proxy)[1].ready) << "nothing but the proxy had taken it out";
}

TEST(HealthReport, ADataplaneWithoutInboundsHasNothingToChange) {
  Json gateway = {{"networking", {{"address", "10.0.0.1"}, {"gateway", {{"tags", {{"kuma.io/service", "g"}}}}}}}};
  Json before = gateway;
  EXPECT_FALSE(apply_report({.envoy = false, .applications = {}}, gateway));
  EXPECT_EQ(gateway, before);
}

TEST(HealthReport, AClusterWithoutAPortIsRefused) {
  auto message = decode_hds_message(report({{"backend", HEALTHY}}));
  ASSERT_FALSE(message);
  EXPECT_EQ(message.error().message, "failed to parse local cluster name: backend");
  EXPECT_FALSE(decode_hds_message(report({{"localhost:80x", HEALTHY}})));
  EXPECT_FALSE(decode_hds_message("\xff"));
}

TEST(HdsSession, ListensToWhoIsAdmittedAndSendsWhatChanges) {
  HdsSession session(settings());
  HdsActions asked = session.on_message(request("m.web"));
  ASSERT_TRUE(asked.claim);
  EXPECT_EQ(*asked.claim, (ResourceKey{"m", "web"}));
  EXPECT_FALSE(asked.send);
  HdsActions early = session.on_message(report({{"localhost:80", HEALTHY}}));
  ASSERT_TRUE(early.refused);
  EXPECT_EQ(early.refused->message, "stream was not authenticated for ID m.web");
  session.on_admitted();
  const std::string probed =
      "{address: 10.0.0.1, inbound: [{port: 80, serviceProbe: {tcp: {}}, tags: {kuma.io/service: a}}";
  EXPECT_TRUE(session.on_dataplane(dataplane(probed + "]}")).send);
  EXPECT_FALSE(session.on_dataplane(dataplane(probed + "]}")).send);
  // What is not probed does not show.
  EXPECT_FALSE(session.on_dataplane(dataplane(probed + ", {port: 81, tags: {kuma.io/service: b}}]}")).send);
  EXPECT_TRUE(
      session.on_dataplane(dataplane(probed + ", {port: 81, serviceProbe: {tcp: {}}, tags: {kuma.io/service: b}}]}"))
          .send);
  HdsActions told = session.on_message(report({{"localhost:80", UNHEALTHY}}));
  ASSERT_TRUE(told.report);
  EXPECT_EQ(told.report->applications, (std::map<std::uint32_t, bool>{{80, false}}));
}

TEST(HdsSession, AReportOnWhatNobodyNamedIsRefused) {
  const std::string inbound = "{address: 10.0.0.1, inbound: [{port: 80, tags: {kuma.io/service: a}";
  auto told = [&](const std::string& probe, const std::string& cluster) {
    HdsSession session(settings());
    session.on_message(request("m.web"));
    session.on_admitted();
    session.on_dataplane(dataplane(inbound + probe + "}]}"));
    HdsActions out = session.on_message(report({{"kuma:envoy:admin", HEALTHY}, {cluster, UNHEALTHY}}));
    EXPECT_NE(out.refused.has_value(), out.report.has_value());
    return out.refused ? out.refused->message : "";
  };
  const std::string probed = ", serviceProbe: {tcp: {}}";
  EXPECT_EQ(told(probed, "localhost:80"), "");
  EXPECT_EQ(told(probed, "backend:80"), "report on cluster backend:80, which no specifier names");
  EXPECT_EQ(told(probed, "localhost:81"), "report on cluster localhost:81, which no specifier names");
  EXPECT_EQ(told(probed, "system_envoy_admin"), "report on cluster system_envoy_admin, which no specifier names");
  EXPECT_EQ(told("", "localhost:80"), "report on cluster localhost:80, which no specifier names");
}

TEST(HdsSession, AReportMayCrossANewerSpecifier) {
  HdsSession session(settings());
  session.on_message(request("m.web"));
  session.on_admitted();
  const std::string inbound = "{address: 10.0.0.1, inbound: [{port: 80, tags: {kuma.io/service: a}";
  EXPECT_TRUE(session.on_dataplane(dataplane(inbound + ", serviceProbe: {tcp: {}}}]}")).send);
  Resource without = dataplane(inbound + "}]}");
  EXPECT_TRUE(session.on_dataplane(without).send);
  HdsActions late = session.on_message(report({{"localhost:80", UNHEALTHY}}));
  ASSERT_TRUE(late.report) << "the proxy said so before it could know";
  EXPECT_FALSE(apply_report(*late.report, without.spec)) << "but the inbound is not probed any more";
}

TEST(HdsSession, AProxyStaysWhoItIs) {
  HdsSession session(settings());
  ASSERT_TRUE(session.on_message(request("m.web")).claim);
  session.on_admitted();
  for (const char* same : {"m.web", ""}) {
    HdsActions again = session.on_message(request(same));
    EXPECT_FALSE(again.refused || again.claim);
  }
  HdsActions other = session.on_message(request("m.other"));
  ASSERT_TRUE(other.refused);
  EXPECT_EQ(other.refused->message,
            "stream was authenticated for ID m.web. Received request is for node with ID m.other. Node ID cannot be "
            "changed after stream is initialized");
}

TEST(HdsSession, WhoHasNoNameIsRefused) {
  for (auto [id, why] :
       {std::pair("", "Envoy ID must not be nil"), std::pair("web", "the name should be provided after the dot"),
        std::pair("m.", "name must not be empty")}) {
    HdsActions actions = HdsSession(settings()).on_message(request(id));
    ASSERT_TRUE(actions.refused) << id;
    EXPECT_EQ(actions.refused->message, std::string("HDS request must have a valid Proxy Id: ") + why);
  }
}

}  // namespace
}  // namespace kumasim::cp
