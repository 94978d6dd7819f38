/// What is printed of the tables: examples, pages of reference, definitions for Kubernetes.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>
#include <sstream>

#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/documents/custom_resources.hpp"
#include "reference-cp/model/documents/examples.hpp"
#include "reference-cp/model/documents/kind_page.hpp"
#include "reference-cp/model/draw.hpp"
#include "reference-cp/model/kinds.hpp"
#include "tests/model/kubernetes_schema.hpp"
#include "tests/store/drawn.hpp"

namespace kumasim::cp::testing {
namespace {

using nlohmann::json;

class Examples : public ::testing::TestWithParam<const Kind*> {};

TEST_P(Examples, AreValidResourcesOfTheirKind) {
  auto resource = resource_from_yaml(example_of(*GetParam()));
  ASSERT_TRUE(resource.has_value()) << resource.error().field << ": " << resource.error().message;
  EXPECT_EQ(resource->kind, GetParam());
}

TEST_P(Examples, AreOnThePageOfTheirKindWithItsFields) {
  const std::string page = kind_page(*GetParam());
  const std::string opening = "```yaml\n";
  const auto begin = page.find(opening);
  ASSERT_NE(begin, std::string::npos);
  const auto end = page.find("```", begin + opening.size());
  EXPECT_EQ(page.substr(begin + opening.size(), end - begin - opening.size()), example_of(*GetParam()));
  const std::string prefix = GetParam()->wire() == Wire::flat ? "| `" : "| `spec.";
  for (const Field& field : GetParam()->schema().fields)
    EXPECT_NE(page.find(prefix + field.name + "` |"), std::string::npos) << field.name;
  // Every row of a table has its heading's number of cells.
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| `")) continue;
    std::size_t bars = 0;
    for (std::size_t i = 0; i < line.size(); ++i) bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\') ? 1 : 0;
    EXPECT_EQ(bars, 6u) << line;
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, Examples, ::testing::ValuesIn(kinds().begin(), kinds().end()),
                         [](const auto& info) { return info.param->type(); });

TEST(KubernetesPlural, FollowsTheirRule) {
  EXPECT_EQ(kubernetes_plural("Mesh"), "meshes");
  EXPECT_EQ(kubernetes_plural("MeshTLS"), "meshtlses");
  EXPECT_EQ(kubernetes_plural("MeshIdentity"), "meshidentities");
  EXPECT_EQ(kubernetes_plural("MeshGateway"), "meshgateways");
  EXPECT_EQ(kubernetes_plural("MeshProxyPatch"), "meshproxypatches");
  EXPECT_EQ(kubernetes_plural("ZoneEgressInsight"), "zoneegressinsights");
}

/// As Kuma 2.12 installs them: names, scope ("c" for the cluster's), short names.
const std::map<std::string, std::string>& definitions_of_kuma() {
  static const std::map<std::string, std::string> out = {{"circuitbreakers", "c"},
                                                         {"containerpatches", "n"},
                                                         {"dataplaneinsights", "n"},
                                                         {"dataplanes", "n dp"},
                                                         {"externalservices", "c"},
                                                         {"faultinjections", "c"},
                                                         {"healthchecks", "c"},
                                                         {"hostnamegenerators", "n hg"},
                                                         {"meshaccesslogs", "n mal"},
                                                         {"meshcircuitbreakers", "n mcb"},
                                                         {"meshes", "c m"},
                                                         {"meshexternalservices", "n extsvc"},
                                                         {"meshfaultinjections", "n mfi"},
                                                         {"meshgatewayconfigs", "c"},
                                                         {"meshgatewayinstances", "n"},
                                                         {"meshgatewayroutes", "c"},
                                                         {"meshgateways", "c mgw"},
                                                         {"meshhealthchecks", "n mhc"},
                                                         {"meshhttproutes", "n mhttpr"},
                                                         {"meshidentities", "n mid"},
                                                         {"meshinsights", "c"},
                                                         {"meshloadbalancingstrategies", "n mlbs"},
                                                         {"meshmetrics", "n mm"},
                                                         {"meshmultizoneservices", "n mzsvc"},
                                                         {"meshpassthroughs", "n mp"},
                                                         {"meshproxypatches", "n mpp"},
                                                         {"meshratelimits", "n mrl"},
                                                         {"meshretries", "n mr"},
                                                         {"meshservices", "n msvc"},
                                                         {"meshtcproutes", "n mtcpr"},
                                                         {"meshtimeouts", "n mt"},
                                                         {"meshtlses", "n mtls"},
                                                         {"meshtraces", "n mtr"},
                                                         {"meshtrafficpermissions", "n mtp"},
                                                         {"meshtrusts", "n mtrust"},
                                                         {"proxytemplates", "c"},
                                                         {"ratelimits", "c"},
                                                         {"retries", "c"},
                                                         {"serviceinsights", "c"},
                                                         {"timeouts", "c"},
                                                         {"trafficlogs", "c"},
                                                         {"trafficpermissions", "c"},
                                                         {"trafficroutes", "c"},
                                                         {"traffictraces", "c"},
                                                         {"virtualoutbounds", "c"},
                                                         {"zoneegresses", "n ze"},
                                                         {"zoneegressinsights", "n"},
                                                         {"zoneingresses", "n zi"},
                                                         {"zoneingressinsights", "n"},
                                                         {"zoneinsights", "c"},
                                                         {"zones", "c"}};
  return out;
}

TEST(CustomResources, AreThoseOfKuma) {
  std::map<std::string, std::string> got;
  std::string last;
  for (const KubernetesKind& kind : kubernetes_kinds()) {
    const json definition = custom_resource_definition(kind);
    const json& spec = definition["spec"];
    const std::string plural = spec["names"]["plural"];
    EXPECT_EQ(definition["metadata"]["name"], plural + ".kuma.io");
    EXPECT_LT(last, plural);
    last = plural;
    got[plural] = spec["scope"] == "Cluster" ? "c" : "n";
    if (spec["names"].contains("shortNames")) got[plural] += " " + spec["names"]["shortNames"][0].get<std::string>();
    EXPECT_EQ(spec["names"]["listKind"], kind.type + "List");
    EXPECT_EQ(spec["versions"][0]["name"], "v1alpha1");
  }
  EXPECT_EQ(got, definitions_of_kuma());
}

const json& schema_of(const json& definition) { return definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]; }

TEST(CustomResources, HaveStructuralSchemas) {
  for (const KubernetesKind& kind : kubernetes_kinds()) {
    const json definition = custom_resource_definition(kind);
    EXPECT_EQ(schema_of(definition)["type"], "object");
    EXPECT_EQ(unstructural(schema_of(definition), kind.type), "");
  }
}

TEST(CustomResources, ShowTheColumnsOfKuma) {
  auto columns = [](const std::string& type) {
    std::string out;
    for (const KubernetesKind& kind : kubernetes_kinds())
      if (kind.type == type)
        for (const PrinterColumn& column : kind.columns)
          out += column.name + "=" + column.path + (column.priority == 0 ? ";" : "?;");
    return out;
  };
  EXPECT_EQ(columns("MeshTimeout"), "TargetRef Kind=.spec.targetRef.kind;TargetRef Name=.spec.targetRef.name;");
  EXPECT_EQ(columns("MeshService"), "Hostname=.status.addresses[0].hostname;");
  EXPECT_EQ(columns("ZoneEgress"), "zone=.spec.zone;");
  EXPECT_EQ(columns("Timeout"), "");
  EXPECT_EQ(columns("Dataplane"),
            "kuma.io/service=.spec.networking.inbound[0].tags['kuma\\.io/service'];"
            "kuma.io/service=.spec.networking.inbound[1].tags['kuma\\.io/service'];"
            "kuma.io/service=.spec.networking.inbound[2].tags['kuma\\.io/service']?;"
            "kuma.io/service=.spec.networking.inbound[3].tags['kuma\\.io/service']?;");
}

/// Kinds with a table of their own here.
std::map<std::string, json> schemas_of_tables() {
  std::map<std::string, json> out;
  for (const KubernetesKind& kind : kubernetes_kinds())
    if (find_kind(kind.type) != nullptr) out[kind.type] = schema_of(custom_resource_definition(kind));
  return out;
}

TEST(CustomResources, TakeTheExamplesAsObjects) {
  for (const auto& [type, schema] : schemas_of_tables()) {
    auto resource = resource_from_yaml(example_of(*find_kind(type)));
    ASSERT_TRUE(resource.has_value()) << type;
    json object = resource_to_kubernetes(*resource, "kuma-system");
    EXPECT_EQ(misfit(schema, object, type), "");
  }
}

RC_GTEST_PROP(CustomResources, KeepAllThatTheCodecWrites, ()) {
  static const std::map<std::string, json> schemas = schemas_of_tables();
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  for (const auto& [type, schema] : schemas) {
    const Kind& kind = *find_kind(type);
    SeededDraw draw(seed);
    auto resource = decode_shape(kind, draw_body(kind, draw), UnknownFields::refuse);
    RC_ASSERT(resource.has_value());
    RC_ASSERT(misfit(schema, resource_to_kubernetes(*resource, "ns"), type) == std::string());
  }
}

TEST(KubernetesSchema, SaysWhatItWouldRefuseOrDrop) {
  const json schema = json::parse(R"({"type": "object", "required": ["a"], "properties": {
      "a": {"type": "integer", "minimum": 1}, "b": {"type": "array", "items": {"type": "string", "enum": ["x"]}},
      "c": {"x-kubernetes-preserve-unknown-fields": true},
      "d": {"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": true}}})");
  EXPECT_EQ(unstructural(schema, ""), "");
  EXPECT_EQ(misfit(schema, json::parse(R"({"a": 1, "b": ["x"], "c": {"y": []}, "d": "1"})"), ""), "");
  EXPECT_EQ(misfit(schema, json::parse(R"({"b": []})"), "r"), "r.a: required");
  EXPECT_EQ(misfit(schema, json::parse(R"({"a": 1, "e": 2})"), "r"), "r.e: dropped");
  EXPECT_EQ(misfit(schema, json::parse(R"({"a": 0})"), "r"), "r.a: too small");
  EXPECT_EQ(misfit(schema, json::parse(R"({"a": 1, "b": ["y"]})"), "r"), "r.b[0]: none of the values");
  EXPECT_EQ(misfit(schema, json::parse(R"({"a": "1"})"), "r"), "r.a: not of type integer");
  EXPECT_NE(unstructural(json::parse(R"({"type": "object", "properties": {"a": {}}})"), ""), "");
  EXPECT_NE(unstructural(json::parse(R"({"type": "object", "additionalProperties": false})"), ""), "");
  EXPECT_NE(unstructural(json::parse(R"({"type": "object", "properties": {"a": {"type": "array"}}})"), ""), "");
  EXPECT_NE(unstructural(json::parse(R"({"type": "string", "anyOf": [{"type": "string"}]})"), ""), "");
}

}  // namespace
}  // namespace kumasim::cp::testing
