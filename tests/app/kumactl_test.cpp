/// kumactl against the REST API with real files: what it prints, what it stores, how it refuses.
#include "reference-cp/auth/jwt.hpp"
#include "tests/app/kumactl_bed.hpp"
#include "tests/transport/certificates.hpp"

namespace kumasim::cp {
namespace {

using testing::Kumactl;
using testing::Ran;

const std::string mesh_and_route = R"(type: Mesh
name: demo
mtls:
  enabledBackend: ca-1
  backends:
  - name: ca-1
    type: builtin
routing:
  zoneEgress: true
---
type: TrafficRoute
mesh: demo
name: split
sources:
- match:
    kuma.io/service: web
destinations:
- match:
    kuma.io/service: backend
conf:
  split:
  - weight: 90
    destination:
      kuma.io/service: backend
      version: v1
  - weight: 10
    destination:
      kuma.io/service: backend
      version: v2
)";

const std::string dataplanes = R"(type: Dataplane
mesh: demo
name: {{ name }}-1
networking:
  address: {{address}}
  inbound:
  - port: 8080
    tags: {kuma.io/service: web, version: v1}
  - port: 8081
    tags: {kuma.io/service: admin}
---
type: Dataplane
mesh: demo
name: '{{name}}-2'
networking:
  address: 127.0.0.2
  advertisedAddress: 10.0.0.2
  gateway:
    tags: {kuma.io/service: edge}
)";

const std::string timeout_of_kubernetes = R"(apiVersion: kuma.io/v1alpha1
kind: MeshTimeout
metadata:
  name: slow
  labels:
    kuma.io/mesh: demo
spec:
  targetRef: {kind: Mesh}
  to:
  - targetRef: {kind: Mesh}
    default:
      http: {requestTimeout: 2s}
)";

TEST_F(Kumactl, AppliesGetsAndDeletes) {
  testing::RestServer server;
  connect(server);
  auto made = kumactl({"apply", "-f", file("mesh.yaml", mesh_and_route)});
  EXPECT_EQ(made.code, 0) << made.error;
  EXPECT_EQ(made.out,
            "resource type=\"Mesh\" mesh=\"\" name=\"demo\" Created\n"
            "resource type=\"TrafficRoute\" mesh=\"demo\" name=\"split\" Created\n");
  auto again = kumactl({"apply", "-f", path("mesh.yaml")});
  EXPECT_NE(again.out.find("name=\"demo\" Updated"), std::string::npos) << again.error;
  auto meshes = kumactl({"get", "meshes"});
  EXPECT_EQ(meshes.out.substr(0, meshes.out.find('\n')), "NAME   mTLS           LOCALITY   ZONEEGRESS   AGE");
  EXPECT_NE(meshes.out.find("demo   builtin/ca-1   off        on           "), std::string::npos) << meshes.out;
  auto route = kumactl({"get", "traffic-route", "split", "-m", "demo", "-o", "yaml"});
  EXPECT_EQ(route.code, 0) << route.error;
  EXPECT_NE(route.out.find("conf:\n  split:\n  - destination:\n      kuma.io/service: backend\n      version: v1\n"
                           "    weight: 90\n"), std::string::npos) << route.out;
  // What get prints, apply takes.
  auto reapplied = kumactl({"apply", "-f", file("route.yaml", route.out)});
  EXPECT_EQ(reapplied.out, "resource type=\"TrafficRoute\" mesh=\"demo\" name=\"split\" Updated\n") << reapplied.error;
  auto deleted = kumactl({"delete", "traffic-route", "split", "--mesh", "demo"});
  EXPECT_EQ(deleted.out, "deleted TrafficRoute \"split\"\n") << deleted.error;
  auto gone = kumactl({"delete", "traffic-route", "split", "--mesh", "demo"});
  EXPECT_EQ(gone.code, 1);
  EXPECT_EQ(gone.error, "Error: there is no TrafficRoute with name \"split\"\n");
  auto none = kumactl({"get", "traffic-route", "split", "--mesh", "demo"});
  EXPECT_EQ(none.error, "Error: No resources found in demo mesh\n");
  EXPECT_EQ(kumactl({"get", "mesh", "nothing"}).error, "Error: No resources found\n");
}

TEST_F(Kumactl, FillsVariablesAndPages) {
  testing::RestServer server;
  connect(server);
  kumactl({"apply", "-f", file("mesh.yaml", mesh_and_route)});
  auto made = kumactl({"apply", "-f", file("dp.yaml", dataplanes), "-v", "name=web,address=127.0.0.1"});
  EXPECT_EQ(made.out,
            "resource type=\"Dataplane\" mesh=\"demo\" name=\"web-1\" Created\n"
            "resource type=\"Dataplane\" mesh=\"demo\" name=\"web-2\" Created\n") << made.error;
  auto list = kumactl({"get", "dataplanes", "--mesh=demo"});
  std::istringstream lines(list.out);
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(line, "MESH   NAME    TAGS                                                        ADDRESS     AGE");
  std::getline(lines, line);
  EXPECT_TRUE(
      line.starts_with("demo   web-1   kuma.io/service=admin,web kuma.io/zone=default version=v1   127.0.0.1   "))
      << line;
  std::getline(lines, line);
  EXPECT_TRUE(
      line.starts_with("demo   web-2   kuma.io/service=edge kuma.io/zone=default                   10.0.0.2    "))
      << line;
  auto first = kumactl({"get", "dataplanes", "-m", "demo", "--size", "1"});
  EXPECT_NE(first.out.find("web-1"), std::string::npos);
  EXPECT_EQ(first.out.find("web-2"), std::string::npos);
  EXPECT_TRUE(first.out.ends_with("\n\nRerun command with --offset=1 argument to retrieve more resources\n"))
      << first.out;
  auto second = kumactl({"get", "dataplanes", "-m", "demo", "--size", "1", "--offset", "1"});
  EXPECT_NE(second.out.find("web-2"), std::string::npos);
  EXPECT_EQ(second.out.find("Rerun"), std::string::npos);
  auto seen = kumactl({"get", "dataplanes", "-m", "demo", "-ojson"});
  EXPECT_EQ(nlohmann::json::parse(seen.out)["total"], 2);
  auto inspected = kumactl({"inspect", "dataplanes", "-m", "demo"});
  EXPECT_EQ(inspected.code, 0) << inspected.error;
  EXPECT_NE(inspected.out.find("Offline"), std::string::npos) << inspected.out;
  EXPECT_TRUE(inspected.out.starts_with("MESH   NAME    TAGS")) << inspected.out;
  auto services = kumactl({"inspect", "services", "-m", "demo"});
  EXPECT_EQ(services.out.substr(0, services.out.find('\n')), "SERVICE   STATUS    DATAPLANES") << services.error;
  auto meshes = kumactl({"inspect", "meshes"});
  EXPECT_TRUE(meshes.out.starts_with("MESH   DATAPLANES   TRAFFIC PERMISSIONS")) << meshes.out << meshes.error;
  auto zones = kumactl({"inspect", "zones"});
  EXPECT_TRUE(zones.out.starts_with("NAME   STATUS   LAST CONNECTED AGO")) << zones.out << zones.error;
  auto policies = kumactl({"inspect", "zoneegress", "east", "--type", "policies"});
  EXPECT_EQ(policies.error,
            "Error: Policies are not applied on ZoneEgress, please use '--config-dump' flag to get envoy config dump "
            "of the ZoneEgress\n");
  auto shadow = kumactl({"inspect", "dataplane", "web", "--shadow"});
  EXPECT_EQ(shadow.error, "Error: flag '--shadow' can be used only when '--type=config'\n");
}

TEST_F(Kumactl, ShowsExternalServicesAndKnowsSecondNames) {
  testing::RestServer server;
  connect(server);
  kumactl({"apply", "-f", file("mesh.yaml", mesh_and_route)});
  kumactl({"apply", "-f", file("out.yaml", "type: ExternalService\nmesh: demo\nname: httpbin\ntags: {kuma.io/service: "
                                           "httpbin}\nnetworking: {address: 'httpbin.org:80'}\n")});
  auto list = kumactl({"get", "external-services", "-m", "demo"});
  EXPECT_TRUE(list.out.starts_with("MESH   NAME      TAGS ")) << list.out << list.error;
  EXPECT_NE(list.out.find("kuma.io/service=httpbin"), std::string::npos) << list.out;
  EXPECT_NE(list.out.find("   httpbin.org:80   "), std::string::npos) << list.out;
  EXPECT_EQ(kumactl({"get", "global-secret", "nothing"}).error, "Error: No resources found\n");
  EXPECT_EQ(kumactl({"delete", "global-secret", "nothing"}).error,
            "Error: there is no GlobalSecret with name \"nothing\"\n");
}

TEST_F(Kumactl, ExportsWhatAnotherControlPlaneTakes) {
  testing::RestServer server;
  connect(server);
  kumactl({"apply", "-f", file("mesh.yaml", mesh_and_route)});
  kumactl({"apply", "-f", file("dp.yaml", dataplanes), "-v", "name=web,address=127.0.0.1"});
  kumactl({"apply", "-f", file("secrets.yaml",
                               "type: GlobalSecret\nname: user-token-signing-key-1\ndata: MQ==\n---\n"
                               "type: GlobalSecret\nname: envoy-admin-ca\ndata: MQ==\n---\n"
                               "type: GlobalSecret\nname: zebra\ndata: MQ==\n---\n"
                               "type: MeshTimeout\nmesh: demo\nname: t1\nspec: {to: [{targetRef: {kind: Mesh}, "
                               "default: {http: {requestTimeout: 3s}}}]}\n")});
  auto federation = kumactl({"export"});
  EXPECT_EQ(federation.code, 0) << federation.error;
  EXPECT_TRUE(federation.out.starts_with("# Product: ")) << federation.out;
  auto at = [&](const Ran& ran, const std::string& text) { return ran.out.find(text); };
  EXPECT_LT(at(federation, "type: Mesh\n"), at(federation, "type: TrafficRoute\n"));
  EXPECT_LT(at(federation, "name: zebra\n"), at(federation, "name: user-token-signing-key-1\n"));
  EXPECT_NE(at(federation, "name: user-token-signing-key-1\n"), std::string::npos);
  for (const char* left_out : {"name: envoy-admin-ca", "type: Dataplane\n", "type: MeshTimeout\n", "kuma.io/origin"})
    EXPECT_EQ(at(federation, left_out), std::string::npos) << left_out << "\n" << federation.out;
  EXPECT_NE(at(federation, "  backends:\n  - conf:\n      cert:\n        secret: demo.ca-builtin-cert-ca-1\n"
                           "      key:\n        secret: demo.ca-builtin-key-ca-1\n    name: ca-1\n    type: provided\n"
                           "  enabledBackend: ca-1\n  skipValidation: true\n"),
            std::string::npos)
      << federation.out;
  EXPECT_NE(at(federation, "skipCreatingInitialPolicies:\n- '*'\n"), std::string::npos) << federation.out;
  auto movable = kumactl({"export", "--profile", "federation-with-policies"});
  EXPECT_NE(at(movable, "type: MeshTimeout\n"), std::string::npos);
  auto all = kumactl({"export", "--profile=all", "-a"});
  for (const char* there : {"type: Dataplane\n", "type: MeshTimeout\n", "type: GlobalSecret\n"})
    EXPECT_NE(at(all, there), std::string::npos) << there;
  auto none = kumactl({"export", "--profile=no-dataplanes"});
  for (const char* left_out : {"type: Dataplane\n", "type: GlobalSecret\n"})
    EXPECT_EQ(at(none, left_out), std::string::npos) << left_out;
  auto objects = kumactl({"export", "--profile=all", "--format=kubernetes"});
  EXPECT_NE(at(objects, "kind: TrafficRoute\n"), std::string::npos) << objects.out << objects.error;
  EXPECT_EQ(at(objects, "---\n---"), std::string::npos);
  testing::RestServer other;
  kumactl({"config", "control-planes", "add", "--name", "other", "--address", other.url()});
  auto taken = kumactl({"apply", "-f", file("exported.yaml", movable.out)});
  EXPECT_EQ(taken.code, 0) << taken.error;
  EXPECT_EQ(kumactl({"get", "meshtimeout", "t1", "-m", "demo"}).code, 0);
  EXPECT_EQ(kumactl({"export", "--profile", "some"}).error, "Error: invalid profile: \"some\"\n");
  EXPECT_EQ(kumactl({"export", "--format", "some"}).error, "Error: invalid format: \"some\"\n");
}

TEST_F(Kumactl, TakesTheKubernetesForm) {
  testing::RestServer server;
  connect(server);
  kumactl({"apply", "-f", file("mesh.yaml", mesh_and_route)});
  auto made = kumactl({"apply", "-f", file("timeout.yaml", timeout_of_kubernetes)});
  EXPECT_EQ(made.out, "resource type=\"MeshTimeout\" mesh=\"demo\" name=\"slow\" Created\n") << made.error;
}

TEST_F(Kumactl, TakesFilesFromAUrl) {
  testing::RestServer server;
  connect(server);
  kumactl({"apply", "-f", file("mesh.yaml", mesh_and_route)});
  // Any server of YAML or JSON will do: the API's own answer is a resource.
  auto made = kumactl({"apply", "-f", server.url() + "/meshes/demo/traffic-routes/split"});
  EXPECT_EQ(made.out, "resource type=\"TrafficRoute\" mesh=\"demo\" name=\"split\" Updated\n") << made.error;
  auto missing = kumactl({"apply", "-f", server.url() + "/meshes/demo/traffic-routes/none"});
  EXPECT_EQ(missing.error, "Error: error while retrieving URL: status 404\n");
}

TEST_F(Kumactl, DryRunPrintsAndStoresNothing) {
  testing::RestServer server;
  connect(server);
  kumactl({"apply", "-f", file("mesh.yaml", mesh_and_route)});
  auto dry = kumactl(
      {"apply", "-f", file("dp.yaml", dataplanes), "--var", "name=a", "--var", "address=127.0.0.9", "--dry-run"});
  EXPECT_EQ(dry.code, 0) << dry.error;
  EXPECT_NE(dry.out.find("name: a-1\n"), std::string::npos) << dry.out;
  EXPECT_NE(dry.out.find("address: 127.0.0.9\n"), std::string::npos) << dry.out;
  EXPECT_NE(dry.out.find("---\n"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(kumactl({"get", "dataplanes", "-m", "demo", "-o", "json"}).out)["total"], 0);
}

TEST_F(Kumactl, NamesFileLineAndFieldOfWhatIsWrong) {
  testing::RestServer server;
  connect(server);
  auto wrong = file(
      "wrong.yaml",
      "type: Mesh\nname: ok\n---\ntype: Nothing\nname: x\n---\ntype: Mesh\nname: demo\nrouting:\n  zoneEgress: 5\n");
  auto refused = kumactl({"apply", "-f", wrong});
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.error.find("resource[1]: failed to parse resource: " + wrong + ":4:"), std::string::npos)
      << refused.error;
  EXPECT_NE(refused.error.find("resource[2]: failed to parse resource: " + wrong + ":10:"), std::string::npos)
      << refused.error;
  EXPECT_NE(refused.error.find("routing.zoneEgress"), std::string::npos) << refused.error;
  EXPECT_TRUE(refused.error.ends_with("Error: failed to validate some resources\n")) << refused.error;
  EXPECT_EQ(kumactl({"get", "mesh", "ok"}).code, 1) << "nothing was applied";
  auto cut = kumactl({"apply", "-f", file("cut.yaml", "type: Mesh\nname: demo\nmtls: {enabledBackend: \"x")});
  EXPECT_EQ(cut.code, 1);
  EXPECT_NE(cut.error.find("cut.yaml:3:"), std::string::npos) << cut.error;
  auto no_mesh = kumactl({"apply", "-f", file("dp.yaml", dataplanes), "-v", "name=web,address=127.0.0.1"});
  EXPECT_EQ(no_mesh.code, 1);
  EXPECT_TRUE(no_mesh.error.starts_with(
      "Error: resource type=\"Dataplane\" mesh=\"demo\" name=\"web-1\": failed server side: ")) << no_mesh.error;
  EXPECT_NE(no_mesh.error.find("Mesh"), std::string::npos) << no_mesh.error;
  EXPECT_EQ(kumactl({"apply", "-f", file("empty.yaml", "")}).error, "Error: no resource(s) passed to apply\n");
  EXPECT_NE(kumactl({"apply", "-f", path("missing.yaml")}).error.find("error while reading provided file"),
            std::string::npos);
  EXPECT_EQ(kumactl({"apply"}).error, "Error: required flag(s) \"file\" not set\n");
  EXPECT_NE(kumactl({"apply", "-f", wrong, "-v", "novalue"}).error.find("must be formatted as key=value"),
            std::string::npos);
}

TEST_F(Kumactl, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(kumactl({"bogus"}).error,
            "Error: unknown command \"bogus\" for \"kumactl\"\nRun 'kumactl --help' for usage.\n");
  EXPECT_EQ(kumactl({"get", "bogus"}).code, 1);
  EXPECT_EQ(kumactl({"get", "meshes", "--bogus"}).error,
            "Error: unknown flag: --bogus\nRun 'kumactl --help' for usage.\n");
  testing::RestServer server;
  connect(server);
  auto type = kumactl({"delete", "bogus", "x"});
  EXPECT_TRUE(type.error.starts_with("Error: unknown TYPE: bogus. Allowed values: ")) << type.error;
  EXPECT_EQ(kumactl({"get", "meshes", "-o", "xml"}).error, "Error: unknown output format \"xml\"\n");
  EXPECT_EQ(kumactl({}).code, 0);
  EXPECT_NE(kumactl({"get", "meshes", "--help"}).out.find("kumactl get meshes"), std::string::npos);
}

TEST_F(Kumactl, KeepsItsConfigurationAsKumaDoes) {
  auto first = kumactl({"config", "view"});
  EXPECT_EQ(first.out,
            "contexts:\n- controlPlane: local\n  name: local\ncontrolPlanes:\n- coordinates:\n    apiServer:\n"
            "      url: http://localhost:5681\n  name: local\ncurrentContext: local\n\n");
  EXPECT_EQ(content(".kumactl/config") + "\n", first.out) << "made at the first use";
  auto unreachable = kumactl({"config", "control-planes", "add", "--name", "x", "--address", "http://127.0.0.1:1"});
  EXPECT_EQ(unreachable.code, 1);
  EXPECT_TRUE(unreachable.error.starts_with("Error: could not connect to the Control Plane API Server: "))
      << unreachable.error;
  EXPECT_EQ(kumactl({"config", "control-planes", "add", "--name", "x", "--address", "http://127.0.0.1:1",
                     "--skip-check", "--auth-type", "tokens", "--auth-conf", "token=abc", "--headers", "b=2,a=1"})
                .code,
            0);
  auto twice =
      kumactl({"config", "control-planes", "add", "--name", "x", "--address", "http://127.0.0.1:1", "--skip-check"});
  EXPECT_EQ(twice.error,
            "Error: Control Plane with name \"x\" already exists. Use --overwrite to replace an existing one.\n");
  EXPECT_NE(content(".kumactl/config")
                .find("      authConf:\n        token: abc\n      authType: tokens\n      headers:\n"
                      "      - key: a\n        value: \"1\"\n"),
            std::string::npos)
      << content(".kumactl/config");
  EXPECT_EQ(kumactl({"config", "control-planes", "list"}).out,
            "ACTIVE   NAME    ADDRESS\n         local   http://localhost:5681\n*        x       http://127.0.0.1:1\n");
  EXPECT_EQ(kumactl({"config", "control-planes", "switch", "--name", "local"}).out,
            "switched active Control Plane to \"local\"\n");
  EXPECT_EQ(kumactl({"config", "control-planes", "switch", "--name", "y"}).error,
            "Error: there is no Control Plane with name \"y\"\n");
  EXPECT_EQ(kumactl({"config", "control-planes", "remove", "--name", "local"}).out,
            "removed Control Plane \"local\"\nswitched active Control Plane to \"x\"\n");
  EXPECT_EQ(kumactl({"config", "control-planes", "add", "--address", "http://a"}).error,
            "Error: required flag(s) \"name\" not set\n");
  auto own = path("own/config");
  EXPECT_EQ(kumactl({"--config-file", own, "config", "control-planes", "list"}).code, 0);
  EXPECT_TRUE(std::filesystem::exists(own));
  auto broken = kumactl({"config", "view", "--config-file", file("broken", "controlPlanes:\n- name: [1\n")});
  EXPECT_NE(broken.error.find("broken:"), std::string::npos) << broken.error;
}

TEST_F(Kumactl, NoConfigLeavesNoFile) {
  EXPECT_EQ(kumactl({"--no-config", "config", "control-planes", "list"}).code, 0);
  EXPECT_FALSE(std::filesystem::exists(path(".kumactl")));
}

TEST_F(Kumactl, TellsVersionsAndWarnsOfOthers) {
  testing::RestServerOptions options;
  options.rest.version = "1.2.3";
  testing::RestServer server(options);
  connect(server);
  auto told = kumactl({"version"});
  EXPECT_EQ(told.out, "Client: Kuma 2.12.14\nServer: Kuma 1.2.3\n");
  EXPECT_EQ(kumactl({"get", "meshes"}).error.find("WARNING: You are using kumactl version 2.12.14 for Kuma"), 0u);
}

TEST_F(Kumactl, TrustsTheServerThatItIsTold) {
  auto authority = kumasim::testing::make_authority("ca");
  auto leaf = kumasim::testing::make_leaf(authority, {});
  auto tls = TlsContext::create({.role = TlsRole::server, .certificate_pem = leaf.certificate_pem,
                                 .key_pem = leaf.key_pem, .peer = TlsPeerCheck::none});
  testing::RestServer server({.tls = std::make_shared<const TlsContext>(*tls)});
  std::vector<std::string> add{"config", "control-planes", "add", "--name", "tls", "--address", server.url()};
  auto doubted = kumactl(add);
  EXPECT_EQ(doubted.code, 1);
  EXPECT_NE(doubted.error.find("certificate"), std::string::npos) << doubted.error;
  auto trusting = add;
  trusting.insert(trusting.end(), {"--ca-cert-file", file("ca.pem", authority.certificate_pem)});
  EXPECT_EQ(kumactl(trusting).code, 0);
  EXPECT_EQ(kumactl({"get", "meshes"}).code, 0);
  auto skipping = add;
  skipping.insert(skipping.end(), {"--skip-verify", "--overwrite"});
  EXPECT_EQ(kumactl(skipping).code, 0);
  EXPECT_EQ(kumactl({"get", "meshes"}).code, 0);
}

TEST_F(Kumactl, GeneratesCertificates) {
  auto key = path("key.pem");
  auto cert = path("cert.pem");
  auto made = kumactl({"generate", "tls-certificate", "--type", "server", "--hostname", "localhost,cp.test",
                       "--key-type", "ecdsa", "--key-file", key, "--cert-file", cert});
  EXPECT_EQ(made.code, 0) << made.error;
  EXPECT_EQ(made.out, "Private key saved in " + key + "\nCertificate saved in " + cert + "\n");
  EXPECT_TRUE(TlsContext::create({.role = TlsRole::server, .certificate_pem = content("cert.pem"),
                                  .key_pem = content("key.pem"), .peer = TlsPeerCheck::none}));
  EXPECT_EQ(kumactl({"generate", "tls-certificate", "--type", "x", "--hostname", "a"}).error,
            "Error: invalid certificate type \"x\"\n");
}

TEST_F(Kumactl, SignsTokensWithAKeyOfItsOwn) {
  auto key = kumactl({"generate", "signing-key", "--format", "pem"});
  ASSERT_EQ(key.code, 0) << key.error;
  EXPECT_TRUE(key.out.starts_with("-----BEGIN RSA PRIVATE KEY-----"));
  auto key_file = file("key.pem", key.out);
  auto public_key = kumactl({"generate", "public-key", "--signing-key-path", key_file});
  ASSERT_EQ(public_key.code, 0) << public_key.error;
  EXPECT_TRUE(public_key.out.starts_with("-----BEGIN RSA PUBLIC KEY-----"));
  auto made = kumactl({"generate", "dataplane-token", "--mesh", "demo", "--name", "a", "--tag",
                       "kuma.io/service=web,api", "--valid-for", "24h", "--signing-key-path", key_file, "--kid", "7"});
  ASSERT_EQ(made.code, 0) << made.error;
  auto token = parse_jwt(made.out);
  ASSERT_TRUE(token) << token.error().message;
  EXPECT_EQ(token->header["kid"], "7");
  EXPECT_EQ(token->claims["Mesh"], "demo");
  EXPECT_EQ(token->claims["Tags"], (nlohmann::json{{"kuma.io/service", {"api", "web"}}}));
  EXPECT_TRUE(TokenKey::from_public(public_key.out)->verifies(token->signed_text, token->signature));
  auto zone = kumactl({"generate", "zone-token", "--zone", "z", "--valid-for", "1h", "--signing-key-path", key_file,
                       "--kid", "7"});
  ASSERT_EQ(zone.code, 0) << zone.error;
  EXPECT_EQ(parse_jwt(zone.out)->claims["Scope"], (nlohmann::json{"ingress", "egress"}));
}

TEST_F(Kumactl, RefusesTokensAsKuma) {
  EXPECT_EQ(kumactl({"generate", "zone-token"}).error, "Error: required flag(s) \"valid-for\", \"zone\" not set\n");
  EXPECT_EQ(kumactl({"generate", "dataplane-token", "--valid-for", "1h", "--kid", "1"}).error,
            "Error: --kid cannot be used when --signing-key-path is used\n");
  EXPECT_EQ(kumactl({"generate", "user-token", "--name", "a", "--valid-for", "x"}).error,
            "Error: invalid argument \"x\" for \"--valid-for\" flag: time: invalid duration \"x\"\n");
  EXPECT_EQ(kumactl({"generate", "zone-token", "--zone", "z", "--valid-for", "1h", "--scope", "x"}).error,
            "Error: invalid --scope values: [x] (supported scopes: [ingress egress])\n");
  EXPECT_EQ(kumactl({"generate", "public-key", "--signing-key-path", file("no.pem", "x")}).error,
            "Error: provided file is not a PEM-encoded signing key\n");
  EXPECT_EQ(kumactl({"generate", "signing-key", "--format", "x"}).error, "Error: invalid format\n");
}

TEST_F(Kumactl, CompletesInEveryShell) {
  for (const auto* shell : {"bash", "zsh", "fish"}) {
    auto script = kumactl({"completion", shell});
    EXPECT_EQ(script.code, 0);
    EXPECT_NE(script.out.find("meshtimeouts"), std::string::npos) << shell;
  }
  file("bash", kumactl({"completion", "bash"}).out);
  auto command = "bash -c 'source " + path("bash") +
                 "; COMP_WORDS=(kumactl get mesht); COMP_CWORD=2; _kumactl; echo "
                 "${COMPREPLY[@]}' > " + path("words");
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_NE(content("words").find("meshtimeouts"), std::string::npos) << content("words");
}

}  // namespace
}  // namespace kumasim::cp
