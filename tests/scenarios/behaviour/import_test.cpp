/// Scenarios made from what a control plane holds: of its REST API, and that they load and run.
#include "scenarios/behaviour/imported_scenario.hpp"

#include <chrono>

#include <gmock/gmock.h>

#include "kumasim/transport/http.hpp"
#include "scenarios/live/mesh_source.hpp"
#include "reference-cp/app/kumactl/blocking.hpp"
#include "tests/app/rest_server.hpp"
#include "tests/scenarios/sim_run.hpp"

namespace kumasim::scenario {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

json dataplane(const std::string& name, const std::string& address, json tags, const std::vector<std::string>& calls) {
  tags["kuma.io/protocol"] = "http";
  json networking{{"address", address},
                  {"inbound", {{{"port", 8080}, {"servicePort", 3000}, {"tags", std::move(tags)}}}}};
  std::uint16_t port = 20'000;
  for (const std::string& to : calls)
    networking["outbound"].push_back({{"port", port++}, {"tags", {{"kuma.io/service", to}}}});
  return {{"type", "Dataplane"}, {"mesh", "default"}, {"name", name}, {"networking", std::move(networking)}};
}

std::vector<json> shop() {
  return {
      {{"type", "Mesh"},
       {"name", "default"},
       {"mtls", {{"enabledBackend", "ca-1"}, {"backends", {{{"name", "ca-1"}, {"type", "builtin"}}}}}}},
      {{"type", "MeshTrafficPermission"},
       {"mesh", "default"},
       {"name", "web-only"},
       {"spec",
        {{"targetRef", {{"kind", "MeshService"}, {"name", "backend_8080"}}},
         {"from", {{{"targetRef", {{"kind", "MeshService"}, {"name", "web"}}}, {"default", {{"action", "Allow"}}}}}}}}},
      dataplane("web-1", "10.0.0.1", {{"kuma.io/service", "web"}}, {"backend_8080"}),
      dataplane("audit-1", "10.0.0.2", {{"kuma.io/service", "audit"}}, {"backend_8080", "gone"}),
      dataplane("b-1", "10.0.0.3", {{"kuma.io/service", "backend_8080"}, {"version", "v1"}}, {"audit"}),
      dataplane("b-2", "10.0.0.4", {{"kuma.io/service", "backend_8080"}, {"version", "v1"}}, {"audit"}),
      dataplane("b-3", "10.0.0.5", {{"kuma.io/service", "backend_8080"}, {"version", "v2"}}, {"audit"})};
}

ImportedScenario imported(const std::vector<json>& resources) {
  auto made = import_scenario(resources, "twin", "a test");
  if (made) return std::move(*made);
  ADD_FAILURE() << made.error()[0].text();
  return {};
}

TEST(Import, MakesServicesCallsAndExpectations) {
  ImportedScenario made = imported(shop());
  const json& spec = made.document["spec"];
  const json& services = spec["topology"]["services"];
  ASSERT_EQ(services.size(), 3u);
  EXPECT_EQ(services[1]["name"], "backend-8080");
  EXPECT_EQ(services[1]["versions"], (json{{{"name", "v1"}, {"tags", {{"version", "v1"}}}, {"instances", 2}},
                                           {{"name", "v2"}, {"tags", {{"version", "v2"}}}, {"instances", 1}}}));
  EXPECT_EQ(services[2]["calls"], json::array({"backend-8080"}));
  EXPECT_EQ(spec["load"].size(), 3u);
  EXPECT_THAT(spec["expect"], ElementsAre(json{{"always", "denied(audit -> backend-8080)"}},
                                          json{{"always", "denied(backend-8080 -> audit)"}},
                                          json{{"always", "reachable(web -> backend-8080)"}}));
  EXPECT_EQ(spec["resources"][1]["spec"]["targetRef"]["name"], "backend-8080");
  EXPECT_THAT(made.notes, Contains("service backend_8080 is backend-8080 here, in the policies too"));
  EXPECT_THAT(made.notes, Contains("calls left out to what no Dataplane is: gone"));
}

TEST(Import, LeavesOutWhatIsNotAtHand) {
  std::vector<json> resources = shop();
  resources[0]["mtls"]["backends"][0] = {
      {"name", "ca-1"}, {"type", "provided"}, {"conf", {{"cert", {{"secret", "a"}}}, {"key", {{"secret", "b"}}}}}};
  resources.push_back({{"type", "Secret"}, {"mesh", "default"}, {"name", "a"}, {"data", ""}});
  resources.push_back({{"type", "FromTheFuture"}, {"mesh", "default"}, {"name", "x"}});
  ImportedScenario made = imported(resources);
  EXPECT_EQ(made.document["spec"]["resources"][0]["mtls"]["backends"][0],
            (json{{"name", "ca-1"}, {"type", "builtin"}}));
  EXPECT_THAT(made.notes, Contains("Mesh default: backend ca-1 of type provided is a builtin one here"));
  EXPECT_THAT(made.notes, Contains("1 left out: Secret"));
  EXPECT_THAT(made.notes, Contains("1 left out: FromTheFuture"));
  auto nobody = import_scenario({resources[0]}, "twin", "a test");
  ASSERT_FALSE(nobody);
  EXPECT_THAT(nobody.error()[0].text(), HasSubstr("no Dataplane has an inbound"));
}

TEST(Import, LeavesOutPrivateKeys) {
  std::vector<json> resources = shop();
  resources.push_back({{"type", "ExternalService"},
                       {"mesh", "default"},
                       {"name", "old"},
                       {"tags", {{"kuma.io/service", "old"}}},
                       {"networking",
                        {{"address", "old.example.com:443"},
                         {"tls",
                          {{"enabled", true},
                           {"clientCert", {{"inlineString", "a certificate"}}},
                           {"clientKey", {{"inline", "cHJpdmF0ZQ=="}}}}}}}});
  resources.push_back(
      {{"type", "MeshExternalService"},
       {"mesh", "default"},
       {"name", "new"},
       {"spec",
        {{"match", {{"type", "HostnameGenerator"}, {"port", 443}, {"protocol", "tcp"}}},
         {"endpoints", {{{"address", "new.example.com"}, {"port", 443}}}},
         {"tls",
          {{"enabled", true},
           {"verification",
            {{"clientCert", {{"inlineString", "a certificate"}}}, {"clientKey", {{"inlineString", "private"}}}}}}}}}});
  auto inline_source = [](const char* text) {
    return json{{"type", "InsecureInline"}, {"insecureInline", {{"value", text}}}};
  };
  resources.push_back(
      {{"type", "MeshIdentity"},
       {"mesh", "default"},
       {"name", "own"},
       {"spec",
        {{"provider",
          {{"type", "Bundled"},
           {"bundled",
            {{"ca",
              {{"certificate", inline_source("a certificate")}, {"privateKey", inline_source("private")}}}}}}}}}});
  ImportedScenario made = imported(resources);
  std::string text = made.document.dump();
  EXPECT_EQ(text.find("private"), std::string::npos) << text;
  EXPECT_EQ(text.find("cHJpdmF0ZQ"), std::string::npos) << text;
  EXPECT_THAT(made.notes, Contains("ExternalService old: the client's certificate and its key are left out"));
  EXPECT_THAT(made.notes, Contains("MeshExternalService new: the client's certificate and its key are left out"));
  EXPECT_THAT(made.notes, Contains("MeshIdentity own: the CA and its key are left out, the control plane makes one"));
}

TEST(Import, KeepsServicesApartWhoseNamesBecomeTheSame) {
  std::string one = std::string(63, 'x') + "-one", two = std::string(63, 'x') + "-two";
  ImportedScenario made = imported({dataplane("a", "10.0.0.1", {{"kuma.io/service", "a_b"}}, {"a.b", "a-b"}),
                                    dataplane("b", "10.0.0.2", {{"kuma.io/service", "a.b"}}, {"a-b"}),
                                    dataplane("c", "10.0.0.3", {{"kuma.io/service", "a-b"}}, {}),
                                    dataplane("d", "10.0.0.4", {{"kuma.io/service", one}}, {"a-b"}),
                                    dataplane("e", "10.0.0.5", {{"kuma.io/service", two}}, {"a-b"})});
  std::vector<std::string> names;
  for (const json& service : made.document["spec"]["topology"]["services"]) names.push_back(service["name"]);
  EXPECT_THAT(names, ElementsAre("a-b", "a-b-2", "a-b-3", std::string(61, 'x') + "-2", std::string(63, 'x')));
  EXPECT_EQ(made.document["spec"]["topology"]["services"][2]["calls"], (json{"a-b", "a-b-2"}));
  EXPECT_THAT(made.notes, Contains("service a_b is a-b-3 here, in the policies too"));
}

TEST(Import, RunsAsItWasPromised) {
  json document = imported(shop()).document;
  document["spec"]["duration"] = "5s";
  auto loaded = load_scenario(document.dump(), "twin.yaml");
  ASSERT_TRUE(loaded) << loaded.error()[0].text();
  WorldRun done = run(*loaded);
  EXPECT_TRUE(done.passed()) << broken(done);
  EXPECT_EQ(done.verdicts.size(), 3u);
}

/// As a user with kumactl apply.
void put(const std::string& url, const json& resource) {
  live::LiveRuntime live({.log = {.level = LogLevel::off}});
  std::string name = resource["name"], type = resource["type"];
  std::string path = type == "Mesh"        ? "/meshes/" + name
                     : type == "Dataplane" ? "/meshes/default/dataplanes/" + name
                                           : "/meshes/default/meshtrafficpermissions/" + name;
  HttpClient http(live.runtime().network, live.runtime().timers, url, {});
  HttpRequest request{
      .method = "PUT", .target = path, .headers = {{"Content-Type", "application/json"}}, .body = resource.dump()};
  auto answer = cp::run_blocking(live, http.call(std::move(request), std::chrono::seconds(10)));
  ASSERT_TRUE(answer) << answer.error().message;
  ASSERT_LT(answer->status, 300) << answer->body;
}

TEST(Import, AsksAControlPlaneForAllPages) {
  cp::testing::RestServer server;
  std::vector<json> resources = shop();
  for (int i = 0; i < 120; ++i)
    resources.push_back(
        dataplane("c-" + std::to_string(i), "10.0.1." + std::to_string(i), {{"kuma.io/service", "many"}}, {"audit"}));
  for (const json& each : resources) put(server.url(), each);
  auto fetched = fetch_mesh({.url = server.url()});
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_EQ(fetched->server, "Kuma 2.12.14");
  std::size_t dataplanes = 0;
  for (const json& each : fetched->resources) {
    dataplanes += each["type"] == "Dataplane" ? 1 : 0;
    EXPECT_NE(each["type"], "Secret");
  }
  EXPECT_EQ(dataplanes, 125u) << "more than a page";
  ImportedScenario made = imported(fetched->resources);
  EXPECT_THAT(made.notes, Contains("many: 10 of 120 equal instances kept"));
  auto loaded = load_scenario(made.document.dump(), "twin.yaml");
  ASSERT_TRUE(loaded) << loaded.error()[0].text();
  EXPECT_EQ(loaded->instances.size(), 15u);
}

TEST(Import, SaysWhyNobodyAnswers) {
  auto nobody = fetch_mesh({.url = "http://127.0.0.1:1"});
  ASSERT_FALSE(nobody);
  EXPECT_THAT(nobody.error().message, HasSubstr("Unable to retrieve server version"));
}

}  // namespace
}  // namespace kumasim::scenario
