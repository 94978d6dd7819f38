/// kumactl against servers that no control plane is, and with configurations, files and flags that will not do.
#include <atomic>

#include <unistd.h>

#include "kumasim/transport/url.hpp"
#include "reference-cp/app/kumactl/rest_client.hpp"
#include "tests/app/kumactl_bed.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;
using testing::CannedAnswers;
using testing::Kumactl;

/// Pages "" -> 1 -> 2 -> 3 -> 1, each with its own name as its only item. Whoever goes on and on is refused in the end.
asio::awaitable<HttpResponse> lead_in_a_circle(HttpRequest request, std::shared_ptr<std::atomic<int>> asked) {
  if (++*asked > 20) co_return HttpResponse{.status = 500};
  std::string page;
  for (const auto& [name, value] : parse_target(request.target).query)
    if (name == "offset") page = value;
  const char next = page.empty() || page == "3" ? '1' : static_cast<char>(page[0] + 1);
  const nlohmann::json body = {{"items", nlohmann::json::array({page})},
                               {"next", std::string("http://cp.test/meshes?offset=") + next}};
  co_return HttpResponse{.body = body.dump()};
}

TEST(RestClient, AListThatLeadsInACircleEnds) {
  auto asked = std::make_shared<std::atomic<int>>(0);
  testing::RestServer server(
      {.handler = [asked](HttpRequest request) { return lead_in_a_circle(std::move(request), asked); }});
  live::LiveRuntime live{{.log = {.level = LogLevel::off}}};
  auto client = RestClient::create(live, {{"coordinates", {{"apiServer", {{"url", server.url()}}}}}},
                                   std::chrono::seconds(10));
  ASSERT_TRUE(client) << client.error().message;
  auto items = (*client)->list("/meshes");
  ASSERT_TRUE(items) << items.error().message;
  EXPECT_EQ(nlohmann::ordered_json(*items).dump(), R"(["","1","2","3"])") << "every page once";
}

TEST_F(Kumactl, TellsARefusalInTheServersWords) {
  std::map<std::string, HttpResponse> answers;
  const std::string meshes = "GET /meshes/";
  answers[meshes + "new"] = {.status = 400,
                             .body = R"({"title": "Invalid", "detail": "not so", "invalid_parameters":
                                         [{"field": "spec.to", "reason": "must be set"}]})"};
  answers[meshes + "old"] = {.status = 400,
                             .body = R"({"title": "Invalid", "details": "as before", "causes": [
                                         {"field": "mtls", "message": "must be set"},
                                         {"field": "b", "message": "c"}]})"};
  answers[meshes + "plain"] = {.status = 500, .body = "out of order\n\n"};
  answers[meshes + "denied"] = {.status = 403, .body = R"({"title": "Access Denied", "detail": "user"})"};
  answers[meshes + "unknown"] = {.status = 401, .body = R"({"title": "Who?"})"};
  answers["DELETE /meshes/denied"] = answers[meshes + "denied"];
  answers["GET /meshes"] = {.status = 503, .body = "starting"};
  CannedAnswers canned(answers);
  testing::RestServer server({.handler = canned.handler()});
  connect(server);
  auto told = [&](const char* name) { return kumactl({"get", "mesh", name}).error; };
  EXPECT_EQ(told("new"), "Error: Invalid (not so)\n* spec.to: must be set\n");
  EXPECT_EQ(told("old"), "Error: Invalid (as before)\n* mtls: must be set\n* b: c\n");
  EXPECT_EQ(told("plain"), "Error: (500): out of order\n");
  EXPECT_EQ(told("denied"), "Error: Access Denied (user)\n");
  EXPECT_EQ(told("unknown"), "Error: Who? ()\n");
  EXPECT_EQ(kumactl({"get", "meshes"}).error, "Error: (503): starting\n");
  EXPECT_EQ(kumactl({"delete", "mesh", "denied"}).error, "Error: Access Denied (user)\n");
  EXPECT_EQ(kumactl({"export"}).error, "Error: (404): {}\n") << "no /_resources";
}

TEST_F(Kumactl, AnAnswerThatIsNoneIsToldAndEndsNothing) {
  CannedAnswers canned(CannedAnswers::bodies({{"/meshes/demo/dataplanes/_overview", R"({"items": [5]})"},
                                              {"/mesh-insights", "no json"},
                                              {"/zones/_overview", R"({"items": 7})"}}));
  testing::RestServer server({.handler = canned.handler()});
  connect(server);
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"inspect", "dataplanes", "-m", "demo"}, {"inspect", "meshes"}, {"inspect", "zones"}}) {
    auto ran = kumactl(arguments);
    EXPECT_EQ(ran.code, 1) << arguments[1];
    EXPECT_TRUE(ran.error.starts_with("Error: the answer of the Control Plane cannot be read: ")) << ran.error;
  }
}

TEST_F(Kumactl, RefusesAControlPlaneThatItCannotUse) {
  std::vector<std::string> add = {"config", "control-planes", "add", "--name", "x", "--address"};
  auto told = [&](std::vector<std::string> more) {
    more.insert(more.begin(), add.begin(), add.end());
    return kumactl(more).error;
  };
  EXPECT_TRUE(told({"ftp://a"}).starts_with("Error: API Server URL is invalid: "));
  EXPECT_EQ(told({"http://a", "--client-key-file", "k"}),
            "Error: Both --client-cert-file and --client-key-file needs to be specified\n");
  EXPECT_EQ(told({"http://a", "--auth-type", "magic"}),
            "Error: authentication plugin of type \"magic\" is not found\n");
  EXPECT_EQ(told({"http://a", "--auth-type", "tokens"}),
            "Error: --auth-conf is not valid: provide token=YOUR_TOKEN\n");
  EXPECT_EQ(told({"http://a", "--auth-conf", "token"}),
            "Error: invalid argument \"token\" for \"--auth-conf\" flag: token must be formatted as key=value\n");
  EXPECT_EQ(told({"http://a", "--headers", "h"}),
            "Error: invalid argument \"h\" for \"--headers\" flag: h must be formatted as key=value\n");
  EXPECT_EQ(kumactl({"config", "control-planes", "add"}).error,
            "Error: required flag(s) \"address\", \"name\" not set\n");
  for (const char* command : {"remove", "switch"})
    EXPECT_EQ(kumactl({"config", "control-planes", command}).error, "Error: required flag(s) \"name\" not set\n");
  EXPECT_EQ(kumactl({"config", "control-planes", "remove", "--name", "y"}).error,
            "Error: there is no Control Plane with name \"y\"\n");
  CannedAnswers other({{"GET /", {.body = R"({"product": "Other", "version": "1"})"}}});
  CannedAnswers mute({{"GET /", {.body = "[]"}}});
  testing::RestServer of_other({.handler = other.handler()}), of_mute({.handler = mute.handler()});
  EXPECT_EQ(told({of_other.url()}), "Error: this CLI is for Kuma but the control plane you're connected to is Other. "
                                    "Please use the CLI for your control plane\n");
  EXPECT_EQ(told({of_mute.url()}), "Error: could not connect to the Control Plane API Server: Unable to retrieve "
                                   "server version: the answer is no JSON object\n");
}

TEST_F(Kumactl, NamesTheCertificateThatItCannotRead) {
  auto add = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"config", "control-planes", "add", "--name", "x", "--address", "https://127.0.0.1:1",
                               "--overwrite"});
    return kumactl(more).error;
  };
  auto none = path("none.pem"), some = file("some.pem", "no certificate");
  const std::string start = "Error: could not configure HTTP client with TLS: ";
  EXPECT_TRUE(add({"--ca-cert-file", none}).starts_with(start + "could not read CA cert: "));
  EXPECT_TRUE(add({"--client-cert-file", none, "--client-key-file", some})
                  .starts_with(start + "could not read the client cert: "));
  EXPECT_TRUE(add({"--client-cert-file", some, "--client-key-file", none})
                  .starts_with(start + "could not read the client key: "));
  EXPECT_TRUE(add({"--ca-cert-file", some}).starts_with(start));
  // Where it is only written down, whoever uses it is told.
  EXPECT_EQ(add({"--ca-cert-file", none, "--skip-check"}), "");
  auto used = kumactl({"get", "mesh", "demo"});
  EXPECT_NE(used.error.find("Error: failed to create a client for Control Plane \"x\": could not configure"),
            std::string::npos)
      << used.error;
}

TEST_F(Kumactl, NamesWhatIsWrongInItsConfiguration) {
  auto with = [&](const std::string& text, std::vector<std::string> more = {"get", "mesh", "demo"}) {
    more.insert(more.begin(), {"--config-file", file("config", text)});
    return kumactl(more).error;
  };
  auto parse = "Error: Failed to parse configuration: " + path("config");
  EXPECT_TRUE(with("- a\n").starts_with(parse)) << with("- a\n");
  for (const auto& [text, end] :
       {std::pair("contexts: 5\n", "contexts: must be a list\n"),
        std::pair("controlPlanes:\n- 5\n", "controlPlanes[0]: must be a map\n"),
        std::pair("contexts:\n- controlPlane: a\n", "contexts[0].name: must be set\n")}) {
    auto told = with(text);
    EXPECT_TRUE(told.starts_with(parse)) << told;
    EXPECT_TRUE(told.ends_with(end)) << told;
  }
  const std::string broken =
      "Error: apparently, configuration is broken. Use `kumactl config control-planes add` to add a Control Plane and "
      "make it active\n";
  EXPECT_TRUE(with("currentContext: a\n").ends_with(broken));
  EXPECT_TRUE(with("currentContext: a\ncontexts: [{name: a, controlPlane: b}]\n").ends_with(broken));
  EXPECT_TRUE(with("", {"--context", "b", "get", "mesh", "demo"}).ends_with(broken));
  EXPECT_TRUE(with("").ends_with("active Control Plane is not set. Use `kumactl config control-planes add` to add a "
                                 "Control Plane and make it active\n"));
  EXPECT_TRUE(with("currentContext: a\ncontexts: [{name: a, controlPlane: b}]\ncontrolPlanes: [{name: b, coordinates: "
                   "{apiServer: {url: 'http://127.0.0.1:1', authType: magic}}}]\n")
                  .ends_with("authentication plugin of type \"magic\" not found\n"));
  EXPECT_TRUE(kumactl({"--api-timeout", "soon", "get", "mesh", "demo"})
                  .error.ends_with("Error: invalid argument \"soon\" for \"--api-timeout\" flag\n"));
  auto removed = kumactl({"config", "control-planes", "remove", "--name", "local"});
  EXPECT_EQ(removed.out, "removed Control Plane \"local\"\nthere is no active Control Plane left. Use `kumactl config "
                         "control-planes add` to add a Control Plane and make it active\n");
  EXPECT_EQ(kumactl({"--config-file", path(""), "config", "view"}).code, 1) << "a directory";
}

TEST_F(Kumactl, SendsItsTokenAndHeadersWithEveryRequest) {
  CannedAnswers canned(CannedAnswers::bodies({{"/meshes", R"({"total": 0, "items": []})"}}));
  testing::RestServer server({.handler = canned.handler()});
  auto added = kumactl({"config", "control-planes", "add", "--name", "x", "--address", server.url(), "--auth-type",
                        "tokens", "--auth-conf", "token=abc", "--headers", "x-a=1,x-b=2"});
  ASSERT_EQ(added.code, 0) << added.error;
  EXPECT_EQ(kumactl({"get", "meshes"}).out, "NAME   mTLS   LOCALITY   ZONEEGRESS   AGE\n");
  auto request = canned.asked_once();
  EXPECT_EQ(request.headers.get("authorization"), "Bearer abc");
  EXPECT_EQ(request.headers.get("x-a"), "1");
  EXPECT_EQ(request.headers.get("x-b"), "2");
  EXPECT_EQ(request.headers.get("user-agent"), "kumactl/2.12.14");
}

TEST_F(Kumactl, AppliesTheStandardInputAndTellsWarnings) {
  CannedAnswers canned({{"PUT /meshes/demo", {.status = 200, .body = R"({"warnings": ["this is old", 5]})"}}});
  testing::RestServer server({.handler = canned.handler()});
  connect(server);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const std::string text = "type: Mesh\nname: {{ name }}\n---\n---\n";
  ASSERT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ::close(ends[1]);
  int kept = ::dup(STDIN_FILENO);
  ::dup2(ends[0], STDIN_FILENO);
  ::close(ends[0]);
  auto ran = kumactl({"apply", "-f", "-", "-v", "name=demo"});
  ::dup2(kept, STDIN_FILENO);
  ::close(kept);
  EXPECT_EQ(ran.out, "resource type=\"Mesh\" mesh=\"\" name=\"demo\" Updated\n") << ran.error;
  EXPECT_EQ(ran.error, "Warning: this is old\n");
  EXPECT_EQ(json::parse(canned.asked_once().body), (json{{"type", "Mesh"}, {"name", "demo"}}));
  EXPECT_TRUE(
      kumactl({"apply", "-f", "http://127.0.0.1:1/x"}).error.starts_with("Error: error with GET http request: "));
  EXPECT_EQ(kumactl({"apply", "-f", file("nulls.yaml", "---\n---\n")}).error,
            "Error: no resource(s) passed to apply\n");
}

TEST_F(Kumactl, ExportsTheKubernetesFormWithoutWhatIsOfOneCluster) {
  const char* kinds = R"({"resources": [
    {"name": "Mesh", "scope": "Global", "includeInFederation": true},
    {"name": "TrafficRoute", "scope": "Mesh", "includeInFederation": true},
    {"name": "FromTheFuture", "scope": "Mesh", "includeInFederation": true},
    {"name": "NorThat", "scope": "Mesh", "includeInFederation": true}]})";
  const char* mesh = R"({"apiVersion": "kuma.io/v1alpha1", "kind": "Mesh", "metadata": {"name": "demo", "uid": "u",
    "generation": 2, "labels": {"kuma.io/origin": "zone", "kept": "yes"}, "annotations": {"kuma.io/origin": "zone"}},
    "spec": {"mtls": {"backends": [{"name": "v", "type": "vault"}]}}})";
  const char* here = R"({"kind": "TrafficRoute", "metadata": {"name": "here", "namespace": "kuma-system"}})";
  const char* there = R"({"kind": "TrafficRoute", "metadata": {"name": "there", "namespace": "shop"}})";
  const char* routes = R"({"items": [{"mesh": "demo", "name": "here"}, {"mesh": "demo", "name": "there"}]})";
  const std::string list = "/meshes/demo/traffic-routes";
  CannedAnswers canned(CannedAnswers::bodies({{"/_resources", kinds},
                                              {"/meshes", R"({"items": [{"type": "Mesh", "name": "demo"}]})"},
                                              {"/meshes/demo?format=k8s", mesh},
                                              {list, routes},
                                              {list + "/here?format=k8s", here},
                                              {list + "/there?format=k8s", there}}));
  testing::RestServer server({.handler = canned.handler()});
  connect(server);
  auto ran = kumactl({"export", "--format=kubernetes"});
  const std::string unknown =
      "The following types won't be exported because they are unknown to kumactl: FromTheFuture,NorThat";
  EXPECT_EQ(ran.error, "WARNING: " + unknown + ". Are you using a compatible version of kumactl?\n");
  EXPECT_NE(ran.out.find("# " + unknown + "\n"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("    kept: \"yes\"\n"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("type: vault\n"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("name: here\n"), std::string::npos) << ran.out;
  for (const char* left_out : {"uid:", "generation:", "kuma.io/origin", "name: there", "skipValidation"})
    EXPECT_EQ(ran.out.find(left_out), std::string::npos) << left_out << "\n" << ran.out;
  auto all = kumactl({"export", "--format=kubernetes", "--profile=all", "-a"});
  EXPECT_NE(all.out.find("name: there\n"), std::string::npos) << all.out << all.error;
  CannedAnswers half(CannedAnswers::bodies({{"/_resources", kinds}, {"/meshes", R"({"items": [{"name": "demo"}]})"}}));
  testing::RestServer of_half({.handler = half.handler()});
  kumactl({"config", "control-planes", "add", "--name", "half", "--address", of_half.url()});
  auto failed = kumactl({"export"});
  EXPECT_TRUE(failed.error.ends_with("Error: could not list \"TrafficRoute\": (404): {}\n")) << failed.error;
}

TEST_F(Kumactl, AsksTheControlPlaneForTokens) {
  const char* denied = R"({"title": "Access Denied", "detail": "no"})";
  CannedAnswers canned({{"POST /tokens/dataplane", {.body = "of a proxy"}},
                        {"POST /tokens/user", {.body = "of a user"}},
                        {"POST /tokens/zone", {.status = 403, .body = denied}}});
  testing::RestServer server({.handler = canned.handler()});
  connect(server);
  auto proxy = kumactl({"generate", "dataplane-token", "-m", "demo", "--name=a", "--type=ingress", "--valid-for=90m",
                        "--tag", "a=1,2", "--tag", "b=3,c=4"});
  EXPECT_EQ(proxy.out, "of a proxy") << proxy.error;
  EXPECT_EQ(proxy.error, "Flag --type has been deprecated, please use --proxy-type instead\n");
  json tags = {{"a", json::array({"1", "2"})}, {"b", json::array({"3"})}, {"c", json::array({"4"})}};
  EXPECT_EQ(json::parse(canned.asked_once().body),
            (json{{"mesh", "demo"}, {"name", "a"}, {"type", "ingress"}, {"tags", tags}, {"validFor", "1h30m0s"}}));
  auto user = kumactl({"generate", "user-token", "--name=u", "--group=g,h", "--valid-for=1s"});
  EXPECT_EQ(user.out, "of a user") << user.error;
  EXPECT_EQ(json::parse(canned.asked_once().body),
            (json{{"name", "u"}, {"groups", json::array({"g", "h"})}, {"validFor", "1s"}}));
  EXPECT_EQ(kumactl({"generate", "zone-token", "--zone=z", "--valid-for=1s"}).error,
            "Error: failed to generate a zone token: Access Denied (no)\n");
  EXPECT_EQ(kumactl({"generate", "dataplane-token", "--valid-for=1s", "--tag=web"}).error,
            "Error: invalid argument \"web\" for \"--tag\" flag: web must be formatted as key=value\n");
  auto key_file = file("key", "no key");
  EXPECT_EQ(kumactl({"generate", "user-token", "--name=u", "--valid-for=1s", "--signing-key-path", key_file}).error,
            "Error: --kid is required when --signing-key-path is used\n");
  for (const auto& named : {key_file, path("none")})
    EXPECT_EQ(kumactl({"generate", "user-token", "--name=u", "--valid-for=1s", "--kid=1", "--signing-key-path", named})
                  .code,
              1)
        << named;
  EXPECT_TRUE(kumactl({"generate", "public-key", "--signing-key-path", path("none")})
                  .error.starts_with("Error: could not read a signing key file: "));
  EXPECT_EQ(kumactl({"generate", "public-key"}).error, "Error: required flag(s) \"signing-key-path\" not set\n");
}

TEST_F(Kumactl, RefusesCertificatesThatItCannotMake) {
  auto told = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"generate", "tls-certificate"});
    return kumactl(more).error;
  };
  EXPECT_EQ(told({}), "Error: required flag(s) \"type\" not set\n");
  EXPECT_EQ(told({"--type=client"}), "Error: at least one hostname must be given\n");
  EXPECT_EQ(told({"--type=client", "--hostname=a", "--key-type=x"}), "Error: invalid key type \"x\"\n");
  auto under_file = file("file", "") + "/key.pem";
  for (const auto& [what, flag, other] : {std::tuple("key", "--key-file=", "--cert-file=-"),
                                          std::tuple("cert", "--cert-file=", "--key-file=-")}) {
    auto failed = told({"--type=client", "--hostname=a", "--key-type=ecdsa", flag + under_file, other});
    EXPECT_TRUE(failed.starts_with("Error: could not write the " + std::string(what) + " file: ")) << failed;
  }
  auto shown = kumactl({"generate", "tls-certificate", "--type=client", "--hostname=a", "--key-type=ecdsa",
                        "--key-file=-", "--cert-file=-"});
  EXPECT_NE(shown.out.find("PRIVATE KEY-----"), std::string::npos) << shown.error;
  EXPECT_NE(shown.out.find("BEGIN CERTIFICATE-----"), std::string::npos);
  EXPECT_EQ(shown.out.find("saved in"), std::string::npos);
}

TEST_F(Kumactl, TellsItsOwnVersionWithoutAServer) {
  kumactl({"config", "control-planes", "add", "--name", "none", "--address", "http://127.0.0.1:1", "--skip-check"});
  auto alone = kumactl({"version"});
  EXPECT_EQ(alone.out, "Client: Kuma 2.12.14\n");
  EXPECT_TRUE(alone.error.starts_with("Unable to connect to control plane: ")) << alone.error;
  auto warned = kumactl({"get", "mesh", "demo"});
  EXPECT_TRUE(warned.error.starts_with("WARNING: Failed to retrieve server version, can't check compatibility: "))
      << warned.error;
  CannedAnswers canned({});
  testing::RestServer server({.handler = canned.handler()});
  connect(server);
  auto detailed = kumactl({"version", "-a"});
  EXPECT_TRUE(detailed.out.starts_with("Product:       Kuma\nVersion:       2.12.14\n")) << detailed.out;
  EXPECT_NE(detailed.out.find("\nServer: {\n"), std::string::npos) << detailed.out;
}

}  // namespace
}  // namespace kumasim::cp
