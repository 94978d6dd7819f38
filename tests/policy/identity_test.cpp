/// What a workload identity changes of a proxy: its inbounds, clusters and secrets.
///
/// Sources: Kuma docs "MeshIdentity", "MeshTrust", "MeshTLS"; behaviour of Kuma 2.12.14.
#include <gtest/gtest.h>

#include "reference-cp/model/kinds.hpp"
#include "tests/policy/xds_json.hpp"

namespace kumasim::cp::policy::testing {
namespace {

using Json = nlohmann::json;

constexpr std::string_view listener_name = "inbound:10.0.0.1:80";
constexpr std::string_view cluster_name = "default_backend___msvc_80";
constexpr std::string_view kri = "kri_mid_default___identity_";

constexpr std::string_view resources = R"(
type: Dataplane
mesh: default
name: web
labels: {app: web}
networking:
  address: 10.0.0.1
  inbound: [{port: 80, tags: {kuma.io/service: web, kuma.io/protocol: tcp}}]
  outbound: [{port: 10001, backendRef: {kind: MeshService, name: backend, port: 80}}]
---
type: MeshService
mesh: default
name: backend
spec:
  selector: {dataplaneTags: {kuma.io/service: backend}}
  ports: [{port: 80, targetPort: 80, appProtocol: tcp}]
  identities:
  - {type: ServiceTag, value: backend}
  - {type: SpiffeID, value: spiffe://one.example/backend}
)";

constexpr std::string_view plain_mesh = R"(
---
type: Mesh
name: default
meshServices: {mode: Exclusive}
)";
constexpr std::string_view permissive_mesh = R"(
---
type: Mesh
name: default
meshServices: {mode: Exclusive}
mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin, mode: PERMISSIVE}]}
)";

ProxyIdentity workload() {
  ProxyIdentity out;
  out.workload = WorkloadIdentity{
      .kri = std::string(kri), .spiffe_id = "spiffe://one.example/web", .certificate_pem = "CERT", .key_pem = "KEY"};
  return out;
}

ProxyIdentity by_agent() {
  ProxyIdentity out = workload();
  out.workload->by_agent = true;
  out.workload->agent_socket = "/run/spire/sockets/socket";
  return out;
}

/// Past the rules, which want certificates.
Resource trust(const char* name, const char* domain, const std::vector<std::string>& certificates) {
  Resource out;
  out.kind = &kind::mesh_trust();
  out.meta.mesh = "default";
  out.meta.name = name;
  out.spec["trustDomain"] = domain;
  for (const std::string& certificate : certificates)
    out.spec["caBundles"].push_back({{"type", "Pem"}, {"pem", {{"value", certificate}}}});
  return out;
}

Generated generated(std::string_view mesh, std::string_view policies = "", ProxyIdentity identity = workload()) {
  World world(std::string(resources) + std::string(mesh) + std::string(policies));
  world.add(trust("one", "one.example", {"first", "second"}));
  world.add(trust("two", "two.example", {"other"}));
  return {world, "web", std::move(identity)};
}

Json chains(const Generated& out) { return out.listener(std::string(listener_name)).at("filterChains"); }
Json common(const Json& socket) { return socket.at("transportSocket").at("typedConfig").at("commonTlsContext"); }
std::string encoded(std::string_view text) { return text == "CERT" ? "Q0VSVA==" : "S0VZ"; }

TEST(WorkloadIdentity, ItsSecretsAreTheCertificateAndTheBundlesOfAllTrustDomains) {
  Generated out = generated(plain_mesh);
  Json certificate = out.secret(std::string(kri)).at("tlsCertificate");
  EXPECT_EQ(certificate["certificateChain"]["inlineBytes"], encoded("CERT"));
  EXPECT_EQ(certificate["privateKey"]["inlineBytes"], encoded("KEY"));
  Json validator = out.secret("system_trust_bundle").at("validationContext").at("customValidatorConfig");
  EXPECT_EQ(validator["name"], "envoy.tls.cert_validator.spiffe");
  EXPECT_EQ(validator["typedConfig"]["trustDomains"],
            Json::parse(R"([{"name": "one.example", "trustBundle": {"inlineBytes": "Zmlyc3QKc2Vjb25k"}},
                            {"name": "two.example", "trustBundle": {"inlineBytes": "b3RoZXI="}}])"));
  EXPECT_TRUE(generated(plain_mesh, "", {}).secret("system_trust_bundle").is_null());
}

TEST(WorkloadIdentity, InboundsAreStrictAndTakeAllTrustDomains) {
  for (std::string_view mesh : {plain_mesh, permissive_mesh}) {
    Json list = chains(generated(mesh));
    ASSERT_EQ(list.size(), 1u);
    EXPECT_EQ(list[0]["transportSocket"]["typedConfig"]["requireClientCertificate"], true);
    Json tls = common(list[0]);
    EXPECT_EQ(tls["tlsCertificateSdsSecretConfigs"][0]["name"], kri);
    Json validation = tls["combinedValidationContext"];
    EXPECT_EQ(validation["validationContextSdsSecretConfig"]["name"], "system_trust_bundle");
    EXPECT_EQ(validation["defaultValidationContext"]["matchTypedSubjectAltNames"],
              Json::parse(R"([{"sanType": "URI", "matcher": {"prefix": "spiffe://one.example"}},
                              {"sanType": "URI", "matcher": {"prefix": "spiffe://two.example"}}])"));
    EXPECT_EQ(list[0]["filters"][0]["name"], "envoy.filters.network.rbac") << "nobody is let in without a permission";
  }
  EXPECT_FALSE(chains(generated(plain_mesh, "", {}))[0].contains("transportSocket"));
}

TEST(WorkloadIdentity, MeshTlsMakesInboundsPermissiveAndSetsParameters) {
  Json list = chains(generated(plain_mesh, R"(
---
type: MeshTLS
mesh: default
name: open
spec: {rules: [{default: {mode: Permissive, tlsVersion: {min: TLS12}, tlsCiphers: [ECDHE-RSA-AES256-GCM-SHA384]}}]}
)"));
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[0]["filterChainMatch"], Json::parse(R"({"transportProtocol": "raw_buffer"})"));
  EXPECT_EQ(list[1]["filterChainMatch"], Json::parse(R"({"transportProtocol": "tls"})"));
  EXPECT_FALSE(list[1].contains("transportSocket"));
  EXPECT_EQ(list[2]["filterChainMatch"]["applicationProtocols"], Json::parse(R"(["kuma"])"));
  EXPECT_EQ(common(list[2])["tlsParams"], Json::parse(R"({"tlsMinimumProtocolVersion": "TLSv1_2",
                                                        "cipherSuites": ["ECDHE-RSA-AES256-GCM-SHA384"]})"));
}

TEST(WorkloadIdentity, PermissionsBySpiffeIdAreForItsInbounds) {
  Json filter = chains(generated(plain_mesh, R"(
---
type: MeshTrafficPermission
mesh: default
name: by-id
spec: {rules: [{default: {allow: [{spiffeID: {type: Exact, value: spiffe://one.example/web}}]}}]}
)"))[0]["filters"][0];
  EXPECT_EQ(filter["name"], "envoy.filters.network.rbac");
  Json matcher = filter["typedConfig"]["matcher"]["matcherList"]["matchers"][0];
  EXPECT_EQ(matcher["predicate"]["singlePredicate"]["valueMatch"]["exact"], "spiffe://one.example/web");
  EXPECT_EQ(filter["typedConfig"]["matcher"]["onNoMatch"]["action"]["typedConfig"]["action"], "DENY");
}

TEST(WorkloadIdentity, ClustersOfMeshServicesAskForEveryIdentityOfTheService) {
  Json cluster = generated(plain_mesh).cluster(std::string(cluster_name));
  ASSERT_FALSE(cluster.is_null());
  Json tls = common(cluster);
  EXPECT_EQ(tls["alpnProtocols"], Json::parse(R"(["kuma"])"));
  EXPECT_EQ(tls["tlsCertificateSdsSecretConfigs"][0]["name"], kri);
  EXPECT_EQ(tls["combinedValidationContext"]["validationContextSdsSecretConfig"]["name"], "system_trust_bundle");
  EXPECT_EQ(tls["combinedValidationContext"]["defaultValidationContext"]["matchTypedSubjectAltNames"],
            Json::parse(R"([{"sanType": "URI", "matcher": {"exact": "spiffe://default/backend"}},
                            {"sanType": "URI", "matcher": {"exact": "spiffe://one.example/backend"}}])"));
  EXPECT_FALSE(generated(plain_mesh, "", {}).cluster(std::string(cluster_name)).contains("transportSocket"));
}

TEST(WorkloadIdentity, TheMeshsOwnSecretsAreSentOnlyWhereSomethingStillNamesThem) {
  ProxyIdentity both = workload();
  both.certificate_pem = "OLD";
  Generated out = generated(permissive_mesh, "", both);
  EXPECT_TRUE(out.secret("identity_cert:secret:default").is_null());
  EXPECT_TRUE(out.secret("mesh_ca:secret:default").is_null());
}

TEST(WorkloadIdentity, AnAgentHandsOutTheSecretsItself) {
  Generated out = generated(plain_mesh, "", by_agent());
  EXPECT_TRUE(out.secret(std::string(kri)).is_null());
  EXPECT_TRUE(out.secret("system_trust_bundle").is_null());
  Json agent = out.cluster("system_identity_sds-spire-agent");
  EXPECT_EQ(agent["connectTimeout"], "1s");
  EXPECT_EQ(agent["loadAssignment"]["endpoints"][0]["lbEndpoints"][0]["endpoint"]["address"]["pipe"]["path"],
            "/run/spire/sockets/socket");
  Json tls = common(chains(out)[0]);
  Json source = Json::parse(R"({"resourceApiVersion": "V3", "apiConfigSource": {"apiType": "GRPC",
      "grpcServices": [{"envoyGrpc": {"clusterName": "system_identity_sds-spire-agent"}}]}})");
  EXPECT_EQ(tls["tlsCertificateSdsSecretConfigs"][0]["name"], "spiffe://one.example/web");
  EXPECT_EQ(tls["tlsCertificateSdsSecretConfigs"][0]["sdsConfig"], source);
  Json validation = tls["combinedValidationContext"];
  EXPECT_EQ(validation["validationContextSdsSecretConfig"]["name"], "ALL");
  EXPECT_EQ(validation["validationContextSdsSecretConfig"]["sdsConfig"], source);
  EXPECT_EQ(validation["defaultValidationContext"], Json::object()) << "the agent says whom it believes";
}

}  // namespace
}  // namespace kumasim::cp::policy::testing
