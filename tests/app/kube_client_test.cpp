/// kumactl install crds --only-missing: which cluster a kubeconfig means, who asks, and what is left to install.
#include "reference-cp/app/kumactl/kube_config.hpp"
#include "reference-cp/identity/base64.hpp"
#include "tests/app/kumactl_bed.hpp"
#include "tests/transport/certificates.hpp"

namespace kumasim::cp {
namespace {

using testing::Ran;

const std::string target = "GET /apis/apiextensions.k8s.io/v1/customresourcedefinitions";

class KubeClient : public testing::Kumactl {
 protected:
  void SetUp() override {
    Kumactl::SetUp();
    // In a pod they name a real API server.
    ::unsetenv("KUBERNETES_SERVICE_HOST");
    ::unsetenv("KUBERNETES_SERVICE_PORT");
    ::setenv("KUBECONFIG", path("config").c_str(), 1);
  }
  void TearDown() override {
    ::unsetenv("KUBECONFIG");
    Kumactl::TearDown();
  }

  void configure(const std::string& cluster, const std::string& user) {
    file("config",
         "apiVersion: v1\nkind: Config\ncurrent-context: here\n"
         "contexts: [{name: here, context: {cluster: c, user: u}}]\n"
         "clusters: [{name: other, cluster: {server: nowhere}}, {name: c, cluster: {" +
             cluster +
             "}}]\n"
             "users: [{name: u, user: {" +
             user + "}}]\n");
  }
  Ran missing() { return kumactl({"install", "crds", "--only-missing"}); }
};

TEST_F(KubeClient, PrintsWhatTheClusterHasNot) {
  testing::CannedAnswers answers({{target, {.body = R"({"items": [{"metadata": {"name": "meshes.kuma.io"}},
      {"metadata": {"name": "meshtimeouts.kuma.io"}}, {"metadata": {"name": "others.example.com"}}]})"}}});
  testing::RestServer server({.handler = answers.handler()});
  configure("server: '" + server.url() + "/'", "token: secret");
  Ran ran = missing();
  ASSERT_EQ(ran.code, 0) << ran.error;
  const std::string all = kumactl({"install", "crds"}).out;
  EXPECT_NE(all.find("name: meshes.kuma.io\n"), std::string::npos);
  EXPECT_EQ(ran.out.find("name: meshes.kuma.io\n"), std::string::npos);
  EXPECT_EQ(ran.out.find("name: meshtimeouts.kuma.io\n"), std::string::npos);
  EXPECT_NE(ran.out.find("name: meshretries.kuma.io\n"), std::string::npos);
  auto count = [](const std::string& text) {
    std::size_t n = 0;
    for (auto at = text.find("---\n"); at != std::string::npos; at = text.find("---\n", at + 1)) ++n;
    return n;
  };
  EXPECT_EQ(count(ran.out) + 2, count(all));
  EXPECT_EQ(answers.asked_once().headers.get("Authorization"), "Bearer secret");
}

TEST_F(KubeClient, SaysWhyItCannotAsk) {
  EXPECT_EQ(missing().error,
            "Error: Could not detect Kubernetes configuration: make sure you set KUBECONFIG environment variable to a "
            "valid Kubernetes config file\n");
  file("config", "current-context: gone\n");
  EXPECT_EQ(missing().error, "Error: Could not detect Kubernetes configuration: context \"gone\" does not exist\n");
  configure("server: http://127.0.0.1:1", "exec: {command: aws}");
  EXPECT_EQ(missing().error,
            "Error: Could not detect Kubernetes configuration: \"exec\" of a kubeconfig is not supported\n");
  testing::CannedAnswers answers(
      {{target, {.status = 403, .body = R"({"kind": "Status", "message": "u cannot list them"})"}}});
  testing::RestServer server({.handler = answers.handler()});
  configure("server: '" + server.url() + "'", "username: u, password: p");
  Ran ran = missing();
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.error, "Error: Failed obtaining CRDs from Kubernetes cluster: u cannot list them\n");
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(answers.asked_once().headers.get("Authorization"), "Basic dTpw");
}

TEST_F(KubeClient, KnowsTheServerByItsAuthorityAndIsKnownByItsCertificate) {
  auto authority = kumasim::testing::make_authority("ca");
  auto leaf = kumasim::testing::make_leaf(authority, {});
  auto own = kumasim::testing::make_leaf(authority, {.common_name = "admin"});
  auto tls = TlsContext::create({.role = TlsRole::server,
                                 .certificate_pem = leaf.certificate_pem,
                                 .key_pem = leaf.key_pem,
                                 .trust_pem = authority.certificate_pem,
                                 .peer = TlsPeerCheck::required});
  ASSERT_TRUE(tls);
  testing::CannedAnswers answers({{target, {.body = R"({"items": []})"}}});
  testing::RestServer server({.tls = std::make_shared<const TlsContext>(*tls), .handler = answers.handler()});
  file("ca.pem", authority.certificate_pem);
  const std::string user = "client-certificate-data: " + base64_encode(own.certificate_pem) +
                           ", client-key-data: " + base64_encode(own.key_pem);
  configure("server: '" + server.url() + "', certificate-authority: ca.pem", user);
  Ran ran = missing();
  EXPECT_EQ(ran.code, 0) << ran.error;
  EXPECT_EQ(ran.out, kumactl({"install", "crds"}).out);
  configure("server: '" + server.url() + "'", user);
  EXPECT_EQ(missing().code, 1);
  configure("server: '" + server.url() + "', insecure-skip-tls-verify: true", user);
  EXPECT_EQ(missing().code, 0);
}

KubeMachine machine(std::map<std::string, std::string> variables, std::map<std::string, std::string> files) {
  return {.home = "/h",
          .variable = [variables](const std::string& name) -> std::optional<std::string> {
            auto found = variables.find(name);
            return found == variables.end() ? std::nullopt : std::optional(found->second);
          },
          .read = [files](const std::string& path) -> Result<std::string> {
            auto found = files.find(path);
            if (found == files.end()) return fail(Code::not_found, path + ": not there");
            return found->second;
          }};
}

TEST(KubeConfig, OfSeveralFilesTheFirstThatSaysSomethingCounts) {
  const std::string one =
      "contexts: [{name: a, context: {cluster: c, user: u}}]\n"
      "users: [{name: u, user: {tokenFile: t}}]\n";
  const std::string two =
      "current-context: a\nclusters: [{name: c, cluster: {server: 's:1'}}]\n"
      "users: [{name: u, user: {token: other}}]\n";
  auto access = kube_access(
      machine({{"KUBECONFIG", "/absent::/x/one:two"}}, {{"/x/one", one}, {"two", two}, {"/x/t", "from a file\n"}}));
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->server, "s:1");
  EXPECT_EQ(access->authorization, "Bearer from a file");
  EXPECT_EQ(kube_access(machine({}, {{"/x/one", one}})).error().code, Code::not_found);
  const std::string of_nobody = two + "contexts: [{name: a, context: {cluster: c}}]\n";
  EXPECT_EQ(kube_access(machine({}, {{"/h/.kube/config", of_nobody}}))->authorization, "");
}

TEST(KubeConfig, WithoutAFileAPodAsksAsItsServiceAccount) {
  const std::string account = "/var/run/secrets/kubernetes.io/serviceaccount/";
  auto access = kube_access(machine({{"KUBERNETES_SERVICE_HOST", "fd00::1"}, {"KUBERNETES_SERVICE_PORT", "443"}},
                                    {{account + "token", "pod"}, {account + "ca.crt", "authority"}}));
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->server, "https://[fd00::1]:443");
  EXPECT_EQ(access->authorization, "Bearer pod");
  EXPECT_EQ(access->trust_pem, "authority");
}

}  // namespace
}  // namespace kumasim::cp
