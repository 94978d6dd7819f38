/// Envoy resources in policies as the REST API refuses them: which field, which words, and in which order. The words
/// are those of tests/policy/envoy_text_test.cpp.
#include <gtest/gtest.h>

#include "reference-cp/xds/text/envoy_text_error.hpp"
#include "rest/cp_under_test.hpp"

namespace kumasim::cp::testing {
namespace {

using nlohmann::json;

const std::string no_name =
    "native Envoy resource is not valid: invalid Cluster.Name: value length must be at least 1 runes";

struct EnvoyTextsOverRest : ::testing::Test {
  EnvoyTextsOverRest() : cp(options()) {}

  static ManagerOptions options() {
    ManagerOptions out;
    out.envoy_text_error = envoy_text_error;
    return out;
  }

  json causes(const HttpResponse& refused) {
    EXPECT_EQ(refused.status, 400) << refused.body;
    return json::parse(refused.body, nullptr, false)["causes"];
  }

  HttpResponse put_patch(json changes) {
    return cp.put("/meshes/default/meshproxypatches/p",
                  {{"type", "MeshProxyPatch"},
                   {"mesh", "default"},
                   {"name", "p"},
                   {"spec", {{"default", {{"appendModifications", std::move(changes)}}}}}});
  }

  HttpResponse put_template(json conf) {
    return cp.put("/meshes/default/proxytemplates/t", {{"type", "ProxyTemplate"},
                                                       {"mesh", "default"},
                                                       {"name", "t"},
                                                       {"selectors", {{{"match", {{"kuma.io/service", "*"}}}}}},
                                                       {"conf", std::move(conf)}});
  }

  CpUnderTest cp;
};

TEST_F(EnvoyTextsOverRest, AMeshProxyPatchIsRefusedAtTheValue) {
  const std::string path = "spec.default.appendModifications";
  HttpResponse refused = put_patch(json::parse(R"([
      {"cluster": {"operation": "Add", "match": {"name": "x"}, "value": "type: STATIC"}},
      {"cluster": {"operation": "Add", "value": "name: good"}},
      {"cluster": {"operation": "Patch", "value": "connectTimeout: 0s"}},
      {"httpFilter": {"operation": "AddBefore", "value": "typedConfig: {}"}},
      {"listener": {"operation": "Patch"}}])"));
  EXPECT_EQ(causes(refused),
            (json{{{"field", path + "[0].cluster.match"}, {"message", "must not be defined"}},
                  {{"field", path + "[0].cluster.value"}, {"message", no_name}},
                  {{"field", path + "[3].httpFilter.match.name"},
                   {"message", "must be defined. You need to pick a filter before which this one will be added"}},
                  {{"field", path + "[3].httpFilter.value"},
                   {"message", "native Envoy resource is not valid: Any JSON doesn't have '@type'"}},
                  {{"field", path + "[4].listener"},
                   {"message", "listener must have exactly one defined: value, jsonPatches"}}}));
  EXPECT_EQ(put_patch(json::parse(R"([{"cluster": {"operation": "Add", "value": "name: good"}}])")).status, 201);
}

TEST_F(EnvoyTextsOverRest, AProxyTemplateIsRefusedAtValuesAndResources) {
  const std::string cluster = "'@type': type.googleapis.com/envoy.config.cluster.v3.Cluster\n";
  HttpResponse refused = put_template({{"imports", {"unknown"}},
                                       {"resources",
                                        {{{"name", "a"}, {"version", "1"}, {"resource", cluster}},
                                         {{"name", ""}, {"version", "1"}, {"resource", cluster + "name: good"}}}},
                                       {"modifications", {{{"cluster", {{"operation", "add"}, {"value", "{}"}}}}}}});
  EXPECT_EQ(causes(refused),
            (json{{{"field", "conf.imports[0]"},
                   {"message",
                    "profile not found. Available profiles: default-proxy,egress-proxy,gateway-proxy,ingress-proxy"}},
                  {{"field", "conf.resources[0].resource"}, {"message", no_name}},
                  {{"field", "conf.resources[1].name"}, {"message", "cannot be empty"}},
                  {{"field", "conf.modifications[0].cluster.value"}, {"message", no_name}}}));
  EXPECT_EQ(put_template({{"imports", {"default-proxy"}}}).status, 201);
}

}  // namespace
}  // namespace kumasim::cp::testing
