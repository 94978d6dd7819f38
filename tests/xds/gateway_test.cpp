/// Builtin gateways: which host names meet, the order of routes, and a gateway without its certificate.
#include <envoy/extensions/transport_sockets/tls/v3/secret.pb.h>
#include <gtest/gtest.h>

#include "reference-cp/xds/gateway/certificates.hpp"
#include "reference-cp/xds/gateway/hostname.hpp"
#include "reference-cp/xds/gateway/route_entry.hpp"
#include "reference-cp/xds/type_url.hpp"
#include "tests/xds/small_mesh.hpp"

namespace kumasim::cp {
namespace {

using namespace gateway;

TEST(GatewayHostname, AWildcardContainsWhatIsBelowIt) {
  struct Row {
    const char *outer, *inner;
    bool contains, overlap;
  };
  for (const Row& row : {Row{"a.example.com", "a.example.com", true, true},
                         {"a.example.com", "b.example.com", false, false},
                         {"*.example.com", "a.example.com", true, true},
                         {"a.example.com", "*.example.com", false, true},
                         {"*.com", "*.example.com", true, true},
                         {"*.example.com", "*.com", false, true},
                         {"*.example.com", "a.examples.com", false, false},
                         {"*", "a.example.com", true, true}}) {
    EXPECT_EQ(contains(row.outer, row.inner), row.contains) << row.outer << " " << row.inner;
    EXPECT_EQ(overlap(row.outer, row.inner), row.overlap) << row.outer << " " << row.inner;
  }
}

TEST(GatewayHostname, TheMostExactComesFirst) {
  std::vector<std::string> names = {"*", "*.com", "b.example.com", "*.example.com", "a.example.com"};
  sort_by_exactness(names, std::identity{});
  EXPECT_EQ(names,
            (std::vector<std::string>{"a.example.com", "b.example.com", "*.example.com", "*.com", "*"}));
}

Entry prefix(const std::string& path) {
  Entry entry;
  entry.match.prefix_path = path;
  return entry;
}

/// "=path" for an exact match, "path" for a prefix.
std::vector<std::string> paths(std::vector<Entry> entries) {
  std::ranges::stable_sort(entries, more_specific, &Entry::match);
  std::vector<std::string> result;
  for (const Entry& entry : entries)
    result.push_back(entry.match.exact_path.empty() ? entry.match.prefix_path : "=" + entry.match.exact_path);
  return result;
}

TEST(GatewayRoutes, APrefixStandsForWholeSegments) {
  EXPECT_EQ(paths(split_prefixes({prefix("/"), prefix("/api")})), (std::vector<std::string>{"=/api", "/api/", "/"}));
}

TEST(GatewayRoutes, AnExactMatchTakesThePathOfAPrefix) {
  Entry exact;
  exact.match.exact_path = "/api";
  exact.name = "exact";
  std::vector<Entry> entries = split_prefixes({prefix("/api"), exact});
  EXPECT_EQ(paths(entries), (std::vector<std::string>{"=/api", "/api/"}));
  for (const Entry& entry : entries)
    if (!entry.match.exact_path.empty()) EXPECT_EQ(entry.name, "exact");
}

TEST(GatewayRoutes, AReplacedPrefixKeepsItsSlash) {
  Entry entry = prefix("/api");
  entry.rewrite = std::make_shared<Rewrite>();
  entry.rewrite->prefix = "/v2/";
  for (const Entry& each : split_prefixes({entry})) {
    if (each.match.exact_path.empty()) EXPECT_EQ(each.rewrite->prefix, "/v2/");
    else EXPECT_EQ(each.rewrite->full_path, "/v2");
  }
}

TEST(GatewayRoutes, MoreConditionsComeFirst) {
  EntryMatch plain, method, header;
  plain.prefix_path = method.prefix_path = header.prefix_path = "/";
  method.method = "GET";
  header.present_headers = {"x"};
  EXPECT_TRUE(more_specific(method, header));
  EXPECT_TRUE(more_specific(header, plain));
  EXPECT_FALSE(more_specific(plain, method));
}

Result<std::string> secret_of(const std::string& pem) {
  auto secret = server_secret(*MeshView::build("m", {}, {}), {{"inlineString", pem}}, "a.example.com");
  if (!secret) return std::unexpected(secret.error());
  return std::string();
}

TEST(GatewayCertificate, NeedsAKeyAndACertificate) {
  const std::string certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  const std::string key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
  EXPECT_EQ(secret_of("").error().message, "missing server certificate");
  EXPECT_EQ(secret_of(certificate).error().message, "missing private key");
  EXPECT_EQ(secret_of(key + certificate).error().message, "unsupported private key");
  EXPECT_EQ(secret_of("-----BEGIN X-----\nAAAA\n-----END X-----\n").error().message, "unsupported PEM block \"X\"");
}

/// A search from each beginning for an end of its type takes minutes for this.
TEST(GatewayCertificate, IsLookedForInOnePass) {
  std::string begins;
  for (int i = 0; i < 200'000; ++i) begins += fmt::format("-----BEGIN {}-----\n", i);
  EXPECT_EQ(secret_of(begins).error().message, "missing server certificate");
}

TEST(Gateway, WithoutItsCertificateGetsNothing) {
  nlohmann::json listener = {{"port", 443},
                             {"protocol", "HTTPS"},
                             {"tls", {{"mode", "TERMINATE"}, {"certificates", {{{"secret", "nope"}}}}}}};
  std::vector<ResourcePtr> all = {
      to_resource({"Mesh", "m", nlohmann::json::object()}),
      to_resource({"Dataplane", "dp-1", with_rarities(dataplane_spec(1, 1, 1, false, 1), 4, 0, 0)}),
      to_resource({"MeshGateway",
                   "edge",
                   {{"selectors", {{{"match", {{"kuma.io/service", "service-1"}}}}}},
                    {"conf", {{"listeners", {listener}}}}}})};
  MeshView::Ptr view = MeshView::build("m", {}, all);
  ProxyView proxy = proxy_view(*view, *view->all("Dataplane").find("dp-1"), {}, {});
  EXPECT_EQ(try_generate(*view, proxy).error().code, Code::not_found);
  EXPECT_TRUE(generate(*view, proxy).empty());
  ResourcePtr secret = to_resource({"Secret", "nope", {{"data", ""}}});
  EXPECT_TRUE(view->affected({nullptr, secret}).all);
}

TEST(Generate, GivesNothingWithoutAPortOfReadinessOrForAProtocolWithoutTimeouts) {
  auto made = [](const char* protocol, std::uint32_t readiness_port) {
    nlohmann::json spec = dataplane_spec(1, 1, 1, false, 1);
    spec["networking"]["inbound"][0]["tags"]["kuma.io/protocol"] = protocol;
    std::vector<ResourcePtr> all = {to_resource({"Mesh", "m", nlohmann::json::object()}),
                                    to_resource({"Dataplane", "dp-1", spec})};
    MeshView::Ptr view = MeshView::build("m", {}, all);
    NodeMetadata node;
    node.admin_port = 9901;
    node.readiness_port = readiness_port;
    auto snapshot = try_generate(*view, proxy_view(*view, *view->all("Dataplane").find("dp-1"), node, {}));
    return snapshot ? std::string("made") : snapshot.error().message;
  };
  EXPECT_EQ(made("http", 9902), "made");
  EXPECT_EQ(made("kafka", 9902), "made");
  EXPECT_EQ(made("http", 0), "the proxy names no port of readiness");
  EXPECT_EQ(made("tls", 9902), "inbound 8001: unsupported protocol tls");
  EXPECT_EQ(made("mysql", 9902), "inbound 8001: unsupported protocol mysql");
}

TEST(Generate, GivesNoMetricsOnAPortThatIsTakenOnAnyAddressOrIsNone) {
  auto listens = [](const char* address, std::uint32_t port, std::uint32_t metrics_port = 5670) {
    nlohmann::json spec = dataplane_spec(1, 1, 1, false, 1);
    spec["networking"]["outbound"][0]["address"] = address;
    spec["networking"]["outbound"][0]["port"] = port;
    nlohmann::json backend = {{"name", "p"}, {"type", "prometheus"}, {"conf", {{"port", metrics_port}}}};
    std::vector<ResourcePtr> all = {
        to_resource({"Mesh",
                     "m",
                     {{"metrics", {{"enabledBackend", "p"}, {"backends", nlohmann::json::array({backend})}}}}}),
        to_resource({"Dataplane", "dp-1", spec})};
    MeshView::Ptr view = MeshView::build("m", {}, all);
    NodeMetadata node;
    node.admin_port = 9901;
    node.readiness_port = 9902;
    Snapshot made = generate(*view, proxy_view(*view, *view->all("Dataplane").find("dp-1"), node, {}));
    return made.find(type_url::listener, "kuma:metrics:prometheus") != nullptr;
  };
  EXPECT_TRUE(listens("127.0.0.1", 5670));
  EXPECT_TRUE(listens("0.0.0.0", 5671));
  EXPECT_FALSE(listens("0.0.0.0", 5670));
  EXPECT_FALSE(listens("10.0.0.2", 5670));
  EXPECT_TRUE(listens("127.0.0.1", 5670, 65535));
  EXPECT_FALSE(listens("127.0.0.1", 5670, 65536)) << "Envoy would take no listener";
}

TEST(Gateway, LogsAndTracesItsClientsByTheOldPolicies) {
  nlohmann::json any = {{{"match", {{"kuma.io/service", "*"}}}}};
  nlohmann::json file = {{"name", "file"}, {"type", "file"}, {"conf", {{"path", "/tmp/x.log"}}}};
  nlohmann::json zipkin = {{"name", "zipkin"}, {"type", "zipkin"}, {"conf", {{"url", "http://z:9411/api/v2/spans"}}}};
  std::vector<ResourcePtr> all = {
      to_resource({"Mesh",
                   "m",
                   {{"logging", {{"defaultBackend", "file"}, {"backends", {file}}}},
                    {"tracing", {{"defaultBackend", "zipkin"}, {"backends", {zipkin}}}}}}),
      to_resource({"Dataplane", "dp-1", with_rarities(dataplane_spec(1, 1, 1, false, 1), 4, 0, 0)}),
      to_resource({"MeshGateway",
                   "edge",
                   {{"selectors", {{{"match", {{"kuma.io/service", "service-1"}}}}}},
                    {"conf", {{"listeners", {{{"port", 80}, {"protocol", "HTTP"}}}}}}}}),
      to_resource({"TrafficLog", "log", {{"sources", any}, {"destinations", any}}}),
      to_resource({"TrafficTrace", "trace", {{"selectors", any}}})};
  MeshView::Ptr view = MeshView::build("m", {}, all);
  Snapshot held = generate(*view, proxy_view(*view, *view->all("Dataplane").find("dp-1"), {}, {}));
  XdsResourcePtr listener = held.find(type_url::listener, "edge:HTTP:80");
  ASSERT_TRUE(listener);
  EXPECT_NE(listener->any->find("/tmp/x.log"), std::string::npos);
  EXPECT_NE(listener->any->find("envoy.tracers.zipkin"), std::string::npos);
  EXPECT_TRUE(held.find(type_url::cluster, "tracing:zipkin"));
}

}  // namespace
}  // namespace kumasim::cp
