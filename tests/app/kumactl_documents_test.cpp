/// What kumactl prints of the tables: definitions for Kubernetes, the OpenAPI document, versions, completion.
#include <gtest/gtest.h>

#include "reference-cp/model/documents/custom_resources.hpp"
#include "reference-cp/model/yaml.hpp"
#include "reference-cp/rest/description/openapi.hpp"
#include "tests/app/kumactl_bed.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

class KumactlDocuments : public testing::Kumactl {};

TEST_F(KumactlDocuments, PrintsTheDefinitionsOfAllKinds) {
  auto printed = kumactl({"install", "crds"});
  ASSERT_EQ(printed.code, 0) << printed.error;
  EXPECT_TRUE(printed.out.starts_with("---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"));
  auto documents = parse_yaml(printed.out, "crds.yaml");
  ASSERT_TRUE(documents.has_value()) << documents.error().message;
  auto kinds = kubernetes_kinds();
  ASSERT_EQ(documents->size(), kinds.size());
  EXPECT_EQ(kinds.size(), 51u);
  for (std::size_t i = 0; i < kinds.size(); ++i)
    EXPECT_EQ((*documents)[i].value, custom_resource_definition(kinds[i])) << kinds[i].type;
}

TEST_F(KumactlDocuments, PrintsTheOpenApiDocument) {
  auto as_json = kumactl({"generate", "openapi", "-o", "json"});
  ASSERT_EQ(as_json.code, 0) << as_json.error;
  EXPECT_EQ(json::parse(as_json.out), openapi_document());
  auto as_yaml = kumactl({"generate", "openapi"});
  auto documents = parse_yaml(as_yaml.out, "openapi.yaml");
  ASSERT_TRUE(documents.has_value()) << documents.error().message;
  EXPECT_EQ(documents->front().value, openapi_document());
  EXPECT_EQ(kumactl({"generate", "openapi", "-o", "xml"}).error, "Error: unknown output format \"xml\"\n");
}

TEST_F(KumactlDocuments, TellsItsVersionAsKuma) {
  const std::string detailed =
      "Product:       Kuma\nVersion:       2.12.14\nGit Tag:       unknown\nGit Commit:    unknown\n"
      "Build Date:    unknown\n";
  kumactl({"config", "control-planes", "add", "--name", "x", "--address", "http://127.0.0.1:1", "--skip-check"});
  auto short_form = kumactl({"version"});
  EXPECT_EQ(short_form.code, 0);
  EXPECT_EQ(short_form.out, "Client: Kuma 2.12.14\n");
  EXPECT_TRUE(short_form.error.starts_with("Unable to connect to control plane: Unable to retrieve server version: "))
      << short_form.error;
  EXPECT_EQ(kumactl({"version", "-a"}).out, detailed);
  testing::RestServer server;
  connect(server);
  auto both = kumactl({"version", "--detailed"});
  EXPECT_TRUE(both.out.starts_with(detailed + "Server: {\n")) << both.out;
  EXPECT_EQ(json::parse(both.out.substr(both.out.find('{')))["product"], "Kuma");
}

TEST_F(KumactlDocuments, ListsByTheSecondNamesOfKuma) {
  testing::RestServer server;
  connect(server);
  for (const char* list : {"globalsecrets", "global-secrets", "zoneingresses", "zone-ingresses"}) {
    auto shown = kumactl({"get", list});
    EXPECT_EQ(shown.code, 0) << list << ": " << shown.error;
    EXPECT_EQ(shown.out, "NAME   AGE\n") << list;
  }
}

TEST_F(KumactlDocuments, CompletesNewCommands) {
  file("bash", kumactl({"completion", "bash"}).out);
  auto completed = [&](const std::string& words, int at) {
    auto command = "bash -c 'source " + path("bash") + "; COMP_WORDS=(" + words +
                   "); COMP_CWORD=" + std::to_string(at) + "; _kumactl; echo ${COMPREPLY[@]}' > " + path("words");
    EXPECT_EQ(std::system(command.c_str()), 0);
    return content("words");
  };
  EXPECT_EQ(completed("kumactl inst", 1), "install\n");
  EXPECT_EQ(completed("kumactl install cr", 2), "crds\n");
  EXPECT_EQ(completed("kumactl generate opena", 2), "openapi\n");
  EXPECT_EQ(completed("kumactl generate openapi --outp", 3), "--output\n");
  EXPECT_NE(kumactl({"--help-all"}).out.find("crds"), std::string::npos);
}

}  // namespace
}  // namespace kumasim::cp
