/// POST /bootstrap: recordings of real Kuma, and refusals and settings that these do not have.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "kumasim/sim/seeded_random.hpp"
#include "reference-cp/identity/base64.hpp"
#include "reference-cp/identity/certificate.hpp"
#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/yaml.hpp"
#include "reference-cp/store/memory.hpp"
#include "reference-cp/xds/bootstrap/bootstrap_server.hpp"
#include "tests/store/run_now.hpp"

namespace kumasim::cp {
namespace {

using Json = nlohmann::json;
using testing::run_now;
namespace fs = std::filesystem;

/// It lies beside the project.
const fs::path corpus = "../shared/conformance/bootstrap";
constexpr WallTime now{std::chrono::seconds(1'800'000'000)};

/// Keeps what is warned of.
class Warnings : public Log {
 public:
  void write(const LogRecord& record) override {
    if (record.level == LogLevel::warn) messages.emplace_back(record.message);
  }
  std::vector<std::string> messages;
};

class Bootstrap : public ::testing::Test {
 protected:
  void keep(const Json& body) {
    auto resource = resource_from_json(body);
    ASSERT_TRUE(resource) << resource.error().message;
    EXPECT_TRUE(run_now(store->create(std::move(*resource), now)));
  }
  void keep_proxy() {
    keep({{"type", "Mesh"}, {"name", "default"}});
    keep(Json::parse(R"({"type": "Dataplane", "mesh": "default", "name": "web", "networking": {"address": "10.0.0.1",
      "inbound": [{"port": 80, "tags": {"kuma.io/service": "web"}}]}})"));
  }
  Result<BootstrapServer> server() { return BootstrapServer::create(store, log, options); }
  HttpResponse ask(HttpRequest request) {
    auto made = server();
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
    if (!made) return {.status = 0};
    request.method = "POST";
    return run_now(made->handle(std::move(request)));
  }
  HttpResponse ask(const Json& body, const std::string& host = "localhost:5678") {
    return ask({.headers = {{"host", host}}, .body = body.dump()});
  }
  static Json yaml(const std::string& text) {
    auto documents = parse_yaml(text, "bootstrap");
    EXPECT_TRUE(documents && documents->size() == 1) << text;
    return documents && !documents->empty() ? documents->front().value : Json();
  }
  static std::string certificate_of(std::vector<std::string> hosts) {
    sim::SeededRandom random(1);
    return make_server({.hosts = std::move(hosts), .key = {}, .now = now}, random)->certificate_pem;
  }

  Warnings log;
  std::shared_ptr<MemoryStore> store = std::make_shared<MemoryStore>();
  BootstrapOptions options{.settings = {}, .certificate_pem = certificate_of({"localhost", "127.0.0.1"})};
  const Json request = {{"mesh", "default"}, {"name", "web"}};
};

/// Certificates differ from run to run; features are a set.
Json normal(Json value) {
  if (value.is_object()) {
    if (value.contains("inlineBytes")) value["inlineBytes"] = "<pem>";
    if (value.contains("features")) std::sort(value["features"].begin(), value["features"].end());
  }
  if (value.is_structured())
    for (Json& item : value) item = normal(std::move(item));
  return value;
}

void replace(std::string& text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

TEST_F(Bootstrap, AnswersAsRecorded) {
  if (!fs::exists(corpus)) GTEST_SKIP() << "no recordings at " << corpus;
  std::size_t cases = 0;
  for (const auto& entry : fs::directory_iterator(corpus)) {
    const std::string name = entry.path().stem().string();
    std::ifstream file(entry.path());
    std::string text((std::istreambuf_iterator<char>(file)), {});
    replace(text, "\"<dp-port>\"", "5678");
    replace(text, "<dp-port>", "5678");
    const Json recorded = Json::parse(text);
    store = std::make_shared<MemoryStore>();
    for (const Json& call : recorded["setup"]) keep(call["body"]);
    options.dp_token_required = recorded["run"].value("profile", "") == "zone-auth";
    options.settings.reloadable_tokens = name == "env-reloadable-tokens";
    HttpRequest call{.headers = {{"host", recorded.value("host", "localhost") + ":5678"}}};
    if (recorded["request"].contains("raw")) {
      call.body = recorded["request"]["raw"];
    } else {
      Json body = recorded["request"]["body"];
      if (body.value("caCert", "") == "<control plane CA>") body["caCert"] = options.certificate_pem;
      call.body = body.dump();
    }
    auto answer = ask(std::move(call));
    const Json& wanted = recorded["response"];
    EXPECT_EQ(answer.status, wanted["status"]) << name << ": " << answer.body;
    const std::string type(answer.headers.get("content-type"));
    EXPECT_EQ(Json(type.substr(0, type.find(';'))), wanted["content_type"]) << name;
    const Json got = wanted["body"].is_object() ? normal(yaml(answer.body)) : Json(answer.body);
    const Json expected = normal(wanted["body"].is_null() ? Json("") : wanted["body"]);
    EXPECT_EQ(got, expected) << name << "\n" << Json::diff(expected, got).dump(1);
    ++cases;
  }
  EXPECT_GT(cases, 20u);
}

TEST_F(Bootstrap, BodiesOfAnotherFormAreRefusedWithoutWords) {
  for (const char* field : {"mesh", "features", "dynamicMetadata", "dnsPort", "version", "ipv6Enabled", "resources"}) {
    Json bad = request;
    bad[field] = Json::array({Json::array()});
    EXPECT_EQ(ask(bad).status, 400) << field;
    EXPECT_EQ(ask(bad).body, "") << field;
  }
  EXPECT_EQ(ask(Json::array()).status, 400);
  Json big = request;
  big["dnsPort"] = 5'000'000'000;
  EXPECT_EQ(ask(big).status, 400);
}

TEST_F(Bootstrap, AHostThatTheCertificateDoesNotNameIsExplained) {
  keep_proxy();
  auto refused = ask(request, "elsewhere:5678");
  EXPECT_EQ(refused.status, 400);
  EXPECT_TRUE(refused.body.starts_with("A data plane proxy is trying to connect to the control plane using "
                                       "\"elsewhere\" address, but the certificate in the control plane has the "
                                       "following SANs [\"127.0.0.1\" \"localhost\"]."))
      << refused.body;
  EXPECT_EQ(ask(request, "localhost").status, 200);
  EXPECT_EQ(ask({.headers = {{":authority", "127.0.0.1:5678"}}, .body = request.dump()}).status, 200);
  options.certificate_pem = certificate_of({"::1"});
  EXPECT_EQ(ask(request, "[::1]:5678").status, 200);
  // What is set for proxies goes before what they used.
  options.certificate_pem = certificate_of({"cp.test"});
  options.settings.xds_host = "cp.test";
  auto bootstrap = yaml(ask(request, "elsewhere:5678").body);
  EXPECT_EQ(bootstrap["staticResources"]["clusters"][1]["transportSocket"]["typedConfig"]["sni"], "cp.test");
}

TEST_F(Bootstrap, AServerThatCannotServeIsNotMade) {
  options.settings.xds_host = "cp.test";
  auto refused = server();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "bootstrapServer.params.xdsHost");
  EXPECT_TRUE(refused.error().message.starts_with("hostname: cp.test set by")) << refused.error().message;
  EXPECT_NE(refused.error().message.find("Available hostnames: 127.0.0.1, localhost."), std::string::npos);
  options.certificate_pem = "no certificate";
  EXPECT_EQ(server().error().field, "dpServer.tlsCertFile");
}

TEST_F(Bootstrap, WhatIsNotThereOrNotGoodIsRefusedAsInKuma) {
  keep_proxy();
  Json asked = request;
  asked["name"] = "none";
  EXPECT_EQ(ask(asked).status, 404);
  asked = request;
  asked["proxyType"] = "some";
  EXPECT_EQ(ask(asked).status, 500);
  asked = request;
  asked["caCert"] = "no certificate";
  EXPECT_EQ(ask(asked).status, 500);
  auto root = *Issuer::read(*make_ca({.mesh = "other", .key = {}, .now = now}));
  sim::SeededRandom random(2);
  auto leaf = make_server({.hosts = {"localhost"}, .key = {}, .now = now, .issuer = &root}, random);
  asked["caCert"] = leaf->certificate_pem;
  auto refused = ask(asked);
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find("(basic constraint 'CA' is set to 'false')"), std::string::npos) << refused.body;
  EXPECT_EQ(refused.headers.get("content-type"), "text/plain; charset=utf-8");
  Json config = {{"redirect", {{"outbound", {{"enabled", true}}}}}};
  auto with = [&](const std::string& resource) {
    Json own = request;
    own["dataplaneResource"] = resource;
    own["dataplaneConfig"] = config;
    return ask(own);
  };
  EXPECT_EQ(with("a: [").status, 500);
  EXPECT_EQ(with("text").status, 500);
  EXPECT_EQ(with("type: Nothing").status, 500);
  EXPECT_EQ(with("type: Mesh\nname: default").status, 500);
  const std::string networking =
      "networking: {address: 10.0.0.1, inbound: [{port: 80, tags: {kuma.io/service: web}}], outbound: [{port: 81, "
      "tags: {kuma.io/service: api}}]}}";
  auto outbound = with("{type: Dataplane, mesh: default, name: web, " + networking);
  EXPECT_EQ(outbound.status, 422);
  EXPECT_EQ(outbound.body, "outbound: should be empty since dataplane is in Transparent Proxying mode");
  config["ipFamilyMode"] = "ipv4";
  EXPECT_EQ(with("{type: Dataplane, mesh: default, name: web, " + networking).status, 200)
      << "what is of IPv4 alone waits for an address";
  auto nowhere = with("{type: Dataplane, name: web, " + networking);
  EXPECT_EQ(nowhere.status, 422);
  EXPECT_EQ(nowhere.body, "mesh: mesh \"\" does not exist");
  Json unnamed = request;
  unnamed["name"] = "";
  unnamed["dataplaneResource"] = "{type: Dataplane, mesh: default, name: web, " + networking;
  EXPECT_EQ(ask(unnamed).status, 500);
}

TEST_F(Bootstrap, AConfigurationOfRedirectionIsPrintedWithAllOfItsFields) {
  keep_proxy();
  auto with = [&](const char* config) {
    Json asked = request;
    asked["dataplaneConfig"] = Json::parse(config);
    return ask(asked);
  };
  auto printed = [&](const char* config) { return yaml(with(config).body)["node"]["metadata"]["transparentProxy"]; };
  const Json none = {{"enabled", false}, {"port", 0}};
  EXPECT_EQ(printed("{}"), (Json{{"ipFamilyMode", ""},
                                 {"redirect", {{"inbound", none}, {"outbound", none}, {"dns", none}}}}));
  EXPECT_EQ(printed(R"({"ipFamilyMode": "", "more": 1, "redirect": {"inbound": {"enabled": true, "port": 15006}}})"),
            (Json{{"ipFamilyMode", "dualstack"},
                  {"redirect",
                   {{"inbound", {{"enabled", true}, {"port", 15006}}}, {"outbound", none}, {"dns", none}}}}));
  EXPECT_TRUE(printed("null").is_null());
  for (const char* bad : {"[]", R"({"ipFamilyMode": "ipv5"})", R"({"ipFamilyMode": 4})", R"({"redirect": []})",
                          R"({"redirect": {"dns": {"port": 0}}})", R"({"redirect": {"dns": {"port": 65536}}})",
                          R"({"redirect": {"dns": {"port": "53"}}})", R"({"redirect": {"dns": {"enabled": 1}}})"}) {
    EXPECT_EQ(with(bad).status, 400) << bad;
    EXPECT_EQ(with(bad).body, "") << bad;
  }
}

TEST_F(Bootstrap, TokensAreAskedForByProxyType) {
  keep_proxy();
  options.zone_token_required = true;
  EXPECT_EQ(ask(request).status, 200) << "no zone's proxy";
  const Json of_no_type = {{"name", "x"}, {"mesh", "default"}, {"proxyType", "some"}};
  EXPECT_EQ(ask(of_no_type).status, 500) << "of no zone either";
  Json ingress = {{"name", "in"}, {"proxyType", "ingress"}};
  ingress["dataplaneResource"] =
      "{type: ZoneIngress, name: in, networking: {address: 10.0.0.9, port: 10001, admin: {port: 7}}}";
  EXPECT_EQ(ask(ingress).status, 422);
  ingress["dataplaneToken"] = "token";
  auto bootstrap = yaml(ask(ingress).body);
  EXPECT_EQ(bootstrap["node"]["cluster"], "ingress");
  EXPECT_EQ(bootstrap["admin"]["address"]["socketAddress"]["portValue"], 7);
  EXPECT_FALSE(bootstrap.contains("hdsConfig"));
  EXPECT_EQ(bootstrap["dynamicResources"]["adsConfig"]["grpcServices"][0]["initialMetadata"],
            Json::parse(R"([{"key": "authorization", "value": "token"}])"));
}

TEST_F(Bootstrap, KumaDpGetsWhatItIsToCollect) {
  keep(Json::parse(R"({"type": "Mesh", "name": "default", "metrics": {"enabledBackend": "p", "backends": [
    {"name": "p", "type": "prometheus", "conf": {"aggregate": [
      {"name": "app", "port": 8080, "path": "/m"}, {"name": "off", "port": 1, "enabled": false}]}}]}})"));
  Json proxy = Json::parse(R"({"type": "Dataplane", "mesh": "default", "networking": {"address": "10.0.0.1",
      "inbound": [{"port": 80, "tags": {"kuma.io/service": "web"}}]}})");
  proxy["name"] = "web";
  keep(proxy);
  proxy["name"] = "own";
  proxy["metrics"] = Json::parse(R"({"type": "prometheus", "conf": {"aggregate": [
    {"name": "side", "port": 9, "path": "/s", "address": "127.0.0.1"}]}})");
  keep(proxy);
  auto told = [&](const char* name) {
    Json asked = request;
    asked["name"] = name;
    auto answer = ask({.headers = {{"host", "localhost"}, {"accept", "application/json"}}, .body = asked.dump()});
    EXPECT_EQ(answer.headers.get("content-type"), "application/json");
    return Json::parse(answer.body, nullptr, false);
  };
  Json answer = told("web");
  EXPECT_EQ(answer["kumaSidecarConfiguration"]["networking"]["address"], "10.0.0.1");
  EXPECT_EQ(answer["kumaSidecarConfiguration"]["metrics"]["aggregate"],
            Json::parse(R"([{"name": "app", "address": "10.0.0.1", "port": 8080, "path": "/m"}])"));
  EXPECT_EQ(told("own")["kumaSidecarConfiguration"]["metrics"]["aggregate"],
            Json::parse(R"([{"name": "app", "address": "10.0.0.1", "port": 8080, "path": "/m"},
                            {"name": "side", "address": "127.0.0.1", "port": 9, "path": "/s"}])"));
  auto yaml_text = base64_decode(answer.value("bootstrap", ""));
  ASSERT_TRUE(yaml_text);
  EXPECT_EQ(yaml(*yaml_text)["node"]["id"], "default.web");
}

/// It can be stored where nobody judged it.
TEST_F(Bootstrap, MetricsOfAMeshThatCannotBeReadKeepNobodyOut) {
  keep_proxy();
  Resource mesh = **run_now(store->get(kind::mesh(), {"", "default"}));
  for (const char* conf : {R"({"port": -1})", R"({"aggregate": "x"})", R"({"aggregate": [{"port": 1e300}]})"}) {
    mesh.spec["metrics"] =
        Json::parse(R"({"enabledBackend": "p", "backends": [{"name": "p", "type": "prometheus"}]})");
    mesh.spec["metrics"]["backends"][0]["conf"] = Json::parse(conf);
    auto stored = run_now(store->update(mesh, now));
    ASSERT_TRUE(stored) << stored.error().message;
    mesh = **stored;
    log.messages.clear();
    auto answer = ask({.headers = {{"host", "localhost"}, {"accept", "application/json"}}, .body = request.dump()});
    ASSERT_EQ(answer.status, 200) << conf;
    EXPECT_EQ(Json::parse(answer.body)["kumaSidecarConfiguration"]["metrics"]["aggregate"], Json::array()) << conf;
    EXPECT_EQ(log.messages, std::vector<std::string>{"the mesh's metrics cannot be read"}) << conf;
  }
}

/// A Dataplane keeps its conf as it was written. Nobody judges that of a gateway, as in Kuma.
TEST_F(Bootstrap, WhatIsToBeCollectedIsReadAsTheMessageThatItIs) {
  keep(Json::parse(R"({"type": "Mesh", "name": "default", "metrics": {"enabledBackend": "p", "backends": [
    {"name": "p", "type": "prometheus", "conf": {"aggregate": [{"name": "app", "port": 1}]}}]}})"));
  auto told = [&](const char* networking, const char* aggregate) {
    Json proxy = {{"type", "Dataplane"}, {"mesh", "default"}, {"name", "web"}};
    proxy["networking"] = Json::parse(networking);
    proxy["networking"]["address"] = "10.0.0.1";
    proxy["metrics"] = {{"type", "prometheus"}, {"conf", {{"aggregate", Json::parse(aggregate)}}}};
    Json asked = request;
    asked["dataplaneResource"] = proxy.dump();
    return ask({.headers = {{"host", "localhost"}, {"accept", "application/json"}}, .body = asked.dump()});
  };
  const char* sidecar = R"({"inbound": [{"port": 80, "tags": {"kuma.io/service": "web"}}]})";
  const char* gateway = R"({"gateway": {"tags": {"kuma.io/service": "edge"}}})";
  for (const char* networking : {sidecar, gateway}) {
    auto answer =
        told(networking, R"([{"name": "a", "port": "8080"}, {"name": "b", "enabled": null, "path": null}, null])");
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(Json::parse(answer.body)["kumaSidecarConfiguration"]["metrics"]["aggregate"],
              Json::parse(R"([{"name": "", "address": "10.0.0.1", "port": 0, "path": ""},
                              {"name": "a", "address": "10.0.0.1", "port": 8080, "path": ""},
                              {"name": "app", "address": "10.0.0.1", "port": 1, "path": ""},
                              {"name": "b", "address": "10.0.0.1", "port": 0, "path": ""}])"));
  }
  for (const char* other : {R"("x")", "[1]", R"({"a": 1})", R"([{"port": 1e300}])"}) {
    EXPECT_EQ(told(sidecar, other).status, 422) << other;
    EXPECT_EQ(told(gateway, other).status, 500) << other;
    EXPECT_EQ(told(gateway, other).body, "") << other;
  }
}

TEST_F(Bootstrap, UnifiedNamesAndShortPathsWhereTheyAreWanted) {
  keep({{"type", "Mesh"}, {"name", "default"}, {"meshServices", {{"mode", "Exclusive"}}}});
  keep(Json::parse(R"({"type": "Dataplane", "mesh": "default", "name": "web", "networking": {"address": "10.0.0.1",
      "gateway": {"type": "BUILTIN", "tags": {"kuma.io/service": "edge"}}}})"));
  Json asked = request;
  asked["features"] = Json::array({"feature-unified-resource-naming", "feature-delta-grpc"});
  asked["workdir"] = "/" + std::string(200, 'x');
  asked["dynamicMetadata"] = {{"version", "7"}};
  options.settings.admin_port = 0;
  options.settings.xds_connect_timeout = std::chrono::milliseconds(1500);
  auto bootstrap = yaml(ask(asked).body);
  const Json& clusters = bootstrap["staticResources"]["clusters"];
  EXPECT_EQ(clusters[0]["name"], "system_access_log_sink");
  EXPECT_EQ(clusters[1]["name"], "system_ads");
  EXPECT_EQ(clusters[1]["connectTimeout"], "1.500s");
  const Json& endpoint = clusters[0]["loadAssignment"]["endpoints"][0]["lbEndpoints"][0]["endpoint"];
  EXPECT_EQ(endpoint["address"]["pipe"]["path"].get<std::string>().size(), 98u + 5u);
  EXPECT_EQ(bootstrap["dynamicResources"]["adsConfig"]["apiType"], "DELTA_GRPC");
  EXPECT_EQ(bootstrap["node"]["cluster"], "edge");
  EXPECT_EQ(bootstrap["node"]["metadata"]["dynamicMetadata"]["version"], "7");
  EXPECT_FALSE(bootstrap.contains("admin"));
  EXPECT_TRUE(bootstrap.contains("overloadManager"));
}

}  // namespace
}  // namespace kumasim::cp
