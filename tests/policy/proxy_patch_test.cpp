/// MeshProxyPatch and ProxyTemplate: JSON patches, merges of Envoy's messages, and what is chosen for them.
///
/// Sources: Kuma docs "MeshProxyPatch" and "Proxy Template", RFC 6902 and what Kuma adds to it, the recordings of the
/// areas of the same names.
#include <gtest/gtest.h>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.pb.h>
#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.pb.h>

#include "reference-cp/policy/mesh_proxy_patch/json_patch.hpp"
#include "reference-cp/policy/mesh_proxy_patch/message_text.hpp"
#include "reference-cp/xds/envoy_types.hpp"
#include "reference-cp/xds/generate.hpp"
#include "tests/policy/xds_json.hpp"

// tools/envoy_api/descriptors.py writes these.
extern const unsigned char kumasim_whole_api[];
extern const unsigned long kumasim_whole_api_size;

namespace kumasim::cp::policy::testing {
namespace {

using Json = nlohmann::json;
using ::envoy::config::cluster::v3::Cluster;

struct PatchCase {
  const char* before;
  const char* operation;
  const char* after;  ///< "" for a patch that fails
};

class JsonPatch : public ::testing::TestWithParam<PatchCase> {};

TEST_P(JsonPatch, ChangesAsKumaDoes) {
  Json document = Json::parse(GetParam().before);
  auto applied = mesh_proxy_patch::apply_json_patch(document, Json::parse(GetParam().operation));
  if (std::string_view(GetParam().after).empty()) {
    EXPECT_FALSE(applied);
    return;
  }
  ASSERT_TRUE(applied) << applied.error().message;
  EXPECT_EQ(document, Json::parse(GetParam().after));
}

INSTANTIATE_TEST_SUITE_P(
    Table, JsonPatch,
    ::testing::Values(PatchCase{R"({})", R"({"op":"add","path":"/a","value":1})", R"({"a":1})"},
                      PatchCase{R"({})", R"({"op":"add","path":"/a/b/0/c","value":1})", R"({"a":{"b":[{"c":1}]}})"},
                      PatchCase{R"({"a":[1,2]})", R"({"op":"add","path":"/a/1","value":9})", R"({"a":[1,9,2]})"},
                      PatchCase{R"({"a":[1,2]})", R"({"op":"add","path":"/a/-","value":9})", R"({"a":[1,2,9]})"},
                      PatchCase{R"({"a":[1,2]})", R"({"op":"add","path":"/a/7","value":9})", ""},
                      PatchCase{R"({"a":[1,2]})", R"({"op":"replace","path":"/a/-1","value":9})", R"({"a":[1,9]})"},
                      PatchCase{R"({"a":1})", R"({"op":"replace","path":"/b","value":9})", ""},
                      PatchCase{R"({"a/b":1,"c~d":2})", R"({"op":"replace","path":"/a~1b","value":9})",
                                R"({"a/b":9,"c~d":2})"},
                      PatchCase{R"({"a":1,"b":2})", R"({"op":"remove","path":"/a"})", R"({"b":2})"},
                      PatchCase{R"({"a":1})", R"({"op":"remove","path":"/x/y"})", R"({"a":1})"},
                      PatchCase{R"({"a":1})", R"({"op":"move","from":"/a","path":"/b"})", R"({"b":1})"},
                      PatchCase{R"({"a":1})", R"({"op":"copy","from":"/a","path":"/b"})", R"({"a":1,"b":1})"},
                      PatchCase{R"({"a":1})", R"({"op":"copy","from":"/x","path":"/b"})", ""},
                      PatchCase{R"({"a":1})", R"({"op":"replace","path":"a","value":1})", ""}));

TEST(MessageText, TakesBothSpellingsGoDurationsAndUnknownFields) {
  Cluster cluster;
  auto read = mesh_proxy_patch::read_message(
      "connect_timeout: 1m30s\nmaxRequestsPerConnection: 7\nno_such_field: true\n", cluster);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(cluster.connect_timeout().seconds(), 90);
  EXPECT_EQ(cluster.max_requests_per_connection().value(), 7u);
}

TEST(MessageText, RefusesATypeThatIsNotKnown) {
  ::envoy::config::listener::v3::Filter filter;
  EXPECT_FALSE(
      mesh_proxy_patch::read_message("name: x\ntypedConfig: {'@type': type.googleapis.com/no.such.Type}", filter));
}

TEST(MessageText, KnowsTypesThatAreNotCompiledIn) {
  ::envoy::config::listener::v3::Filter filter;
  auto read = mesh_proxy_patch::read_message(
      "{name: x, typedConfig: {'@type': type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer, "
      "max_request_bytes: 7}}",
      filter);
  ASSERT_TRUE(read) << read.error().message;
  auto held = mesh_proxy_patch::unpack(filter.typed_config());
  ASSERT_TRUE(held);
  EXPECT_EQ(held->GetDescriptor()->name(), "Buffer");
  EXPECT_EQ(*envoy_types::to_json(*held), R"({"maxRequestBytes":7})");
  auto patched = mesh_proxy_patch::patch_any(*filter.mutable_typed_config(),
                                             Json::parse(R"([{"op":"replace","path":"/maxRequestBytes","value":9}])"));
  ASSERT_TRUE(patched) << patched.error().message;
  EXPECT_EQ(*envoy_types::to_json(*mesh_proxy_patch::unpack(filter.typed_config())), R"({"maxRequestBytes":9})");
  google::protobuf::Any change = filter.typed_config();
  auto merged = mesh_proxy_patch::merge_any(*filter.mutable_typed_config(), change);
  EXPECT_TRUE(merged) << merged.error().message;
  auto in_filter = mesh_proxy_patch::patch(filter, Json::parse(R"([{"op":"add","path":"/name","value":"y"}])"));
  ASSERT_TRUE(in_filter) << in_filter.error().message;
  EXPECT_EQ(*envoy_types::to_json(*mesh_proxy_patch::unpack(filter.typed_config())), R"({"maxRequestBytes":9})");
}

TEST(MessageText, AnAnyInATypeThatIsNotCompiledInIsOneStill) {
  ::envoy::config::listener::v3::Filter filter;
  auto read = mesh_proxy_patch::read_message(
      "{typedConfig: {'@type': type.googleapis.com/envoy.extensions.filters.http.composite.v3.ExecuteFilterAction, "
      "typedConfig: {name: inner, typedConfig: {'@type': "
      "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer, maxRequestBytes: 3}}}}",
      filter);
  ASSERT_TRUE(read) << read.error().message;
  auto patched = mesh_proxy_patch::patch(filter, Json::parse(R"([{"op":"add","path":"/name","value":"y"}])"));
  ASSERT_TRUE(patched) << patched.error().message;
  EXPECT_NE(envoy_types::to_json(filter)->find(R"("maxRequestBytes":3)"), std::string::npos);
}

TEST(EnvoyTypes, FailForDescriptorsThatAreCutShort) {
  const std::string_view whole(reinterpret_cast<const char*>(kumasim_whole_api), kumasim_whole_api_size);
  EXPECT_TRUE(envoy_types::read_descriptors(whole));
  EXPECT_FALSE(envoy_types::read_descriptors(whole.substr(0, whole.size() / 2)));
  EXPECT_FALSE(envoy_types::read_descriptors(""));
}

TEST(MessageText, MergeReplacesADurationAsAWhole) {
  Cluster cluster, change;
  cluster.mutable_connect_timeout()->set_nanos(500'000'000);
  cluster.set_name("a");
  change.mutable_connect_timeout()->set_seconds(3);
  mesh_proxy_patch::merge(cluster, change);
  EXPECT_EQ(cluster.connect_timeout().seconds(), 3);
  EXPECT_EQ(cluster.connect_timeout().nanos(), 0);
  EXPECT_EQ(cluster.name(), "a");
}

TEST(MessageText, APatchLeavesPartsOfUnknownTypesAlone) {
  ::envoy::config::listener::v3::Listener listener;
  auto& filter = *listener.add_filter_chains()->add_filters();
  filter.set_name("foreign");
  filter.mutable_typed_config()->set_type_url("type.googleapis.com/no.such.Type");
  filter.mutable_typed_config()->set_value("\x01\x02");
  auto patched = mesh_proxy_patch::patch(listener, Json::parse(R"([{"op":"add","path":"/statPrefix","value":"s"}])"));
  ASSERT_TRUE(patched) << patched.error().message;
  EXPECT_EQ(listener.stat_prefix(), "s");
  EXPECT_EQ(listener.filter_chains(0).filters(0).typed_config().value(), "\x01\x02");
}

TEST(MessageText, AFailedPatchChangesNothing) {
  Cluster cluster;
  cluster.set_name("a");
  EXPECT_FALSE(mesh_proxy_patch::patch(
      cluster, Json::parse(R"([{"op":"replace","path":"/name","value":"b"},{"op":"replace","path":"/x","value":1}])")));
  EXPECT_EQ(cluster.name(), "a");
}

constexpr std::string_view mesh_with = R"(
type: Mesh
name: default
meshServices: {mode: Disabled}
---
type: Dataplane
mesh: default
name: web
networking:
  address: 10.0.0.1
  inbound: [{port: 80, servicePort: 8080, tags: {kuma.io/service: web, kuma.io/protocol: http}}]
  outbound: [{port: 10001, tags: {kuma.io/service: backend}}]
---
type: Dataplane
mesh: default
name: backend
networking:
  address: 10.0.0.2
  inbound: [{port: 80, tags: {kuma.io/service: backend, kuma.io/protocol: http}}]
)";

Generated web(std::string_view policies) { return {World(std::string(mesh_with) + std::string(policies)), "web"}; }

TEST(ProxyPatch, ChoosesByOriginNameAndTags) {
  Generated proxy = web(R"(
---
type: MeshProxyPatch
mesh: default
name: p
spec:
  default:
    appendModifications:
    - cluster: {operation: Patch, match: {origin: outbound}, value: 'connectTimeout: 7s'}
    - cluster: {operation: Remove, match: {name: "localhost:8080"}}
    - cluster: {operation: Add, value: '{name: more, type: STATIC}'}
    - listener: {operation: Patch, match: {tags: {kuma.io/service: web}}, jsonPatches: [{op: add, path: /statPrefix, value: x}]}
    - listener: {operation: Patch, match: {tags: {kuma.io/service: other}}, jsonPatches: [{op: add, path: /statPrefix, value: y}]}
)");
  EXPECT_EQ(proxy.cluster("backend")["connectTimeout"], "7s");
  EXPECT_TRUE(proxy.cluster("localhost:8080").is_null());
  EXPECT_EQ(proxy.cluster("more")["name"], "more");
  EXPECT_EQ(proxy.listener("inbound:10.0.0.1:80")["statPrefix"], "x");
}

/// Kuma has a word for each policy that makes resources.
TEST(ProxyPatch, ChoosesByThePolicyThatMadeAResource) {
  Generated proxy = web(R"(
---
type: MeshAccessLog
mesh: default
name: l
spec:
  to:
  - targetRef: {kind: Mesh}
    default: {backends: [{type: OpenTelemetry, openTelemetry: {endpoint: otel}}]}
---
type: MeshProxyPatch
mesh: default
name: p
spec:
  default:
    appendModifications:
    - cluster: {operation: Add, value: '{name: more, type: STATIC}'}
    - cluster: {operation: Patch, match: {origin: meshaccesslog}, value: 'connectTimeout: 9s'}
    - cluster: {operation: Patch, match: {origin: proxy-template-modifications}, value: 'connectTimeout: 8s'}
)");
  EXPECT_EQ(proxy.cluster("meshaccesslog:opentelemetry:0")["connectTimeout"], "9s");
  EXPECT_EQ(proxy.cluster("more")["connectTimeout"], "8s");
}

TEST(ProxyPatch, PutsFiltersWhereTheyAreAsked) {
  Generated proxy = web(R"(
---
type: MeshProxyPatch
mesh: default
name: p
spec:
  default:
    appendModifications:
    - httpFilter:
        operation: AddBefore
        match: {name: envoy.filters.http.router, origin: inbound}
        value: "{name: one, typedConfig: {'@type': type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors}}"
    - httpFilter: {operation: AddBefore, match: {name: absent}, value: 'name: never'}
    - httpFilter: {operation: AddLast, match: {listenerName: "inbound:10.0.0.1:80"}, value: 'name: last'}
    - networkFilter: {operation: AddFirst, match: {origin: inbound}, value: 'name: zero'}
)");
  Json filters = proxy.listener("inbound:10.0.0.1:80")["filterChains"][0]["filters"];
  ASSERT_EQ(filters.size(), 2u);
  EXPECT_EQ(filters[0]["name"], "zero");
  std::vector<std::string> names;
  for (const Json& filter : filters[1]["typedConfig"]["httpFilters"]) names.push_back(filter["name"]);
  EXPECT_EQ(names, (std::vector<std::string>{"one", "envoy.filters.http.router", "last"}));
}

TEST(ProxyPatch, OfSeveralPoliciesTheMoreSpecificComesLast) {
  Generated proxy = web(R"(
---
type: MeshProxyPatch
mesh: default
name: a
spec:
  targetRef: {kind: Dataplane, name: web}
  default: {appendModifications: [{cluster: {operation: Patch, match: {name: backend}, value: 'connectTimeout: 2s'}}]}
---
type: MeshProxyPatch
mesh: default
name: b
spec:
  default: {appendModifications: [{cluster: {operation: Patch, match: {name: backend}, value: 'connectTimeout: 1s'}}]}
)");
  EXPECT_EQ(proxy.cluster("backend")["connectTimeout"], "2s");
}

/// Why the proxy is left with what it has; "" where it gets a configuration.
std::string refusal(std::string_view modification) {
  World world(std::string(mesh_with) +
              "---\ntype: MeshProxyPatch\nmesh: default\nname: p\nspec:\n  default:\n"
              "    appendModifications:\n    - " +
              std::string(modification) + "\n");
  auto mesh = world.mesh();
  auto made = try_generate(*mesh, World::proxy(*mesh, "web"));
  return made ? std::string() : made.error().message;
}

TEST(ProxyPatch, WhatCannotBeDoneLeavesTheProxyAlone) {
  EXPECT_EQ(refusal("cluster: {operation: Patch, match: {name: backend}, value: 'connectTimeout: 7s'}"), "");
  EXPECT_EQ(
      refusal("cluster: {operation: Patch, match: {name: backend}, jsonPatches: [{op: replace, path: /x, value: 1}]}"),
      "replace: there is no /x");
  EXPECT_EQ(
      refusal("cluster: {operation: Patch, match: {name: none}, jsonPatches: [{op: replace, path: /x, value: 1}]}"),
      "");
  EXPECT_NE(
      refusal("networkFilter: {operation: AddFirst, value: \"{name: x, typedConfig: {'@type': t/no.such.Type}}\"}"),
      "");
  EXPECT_NE(refusal("networkFilter: {operation: Patch, match: {name: envoy.filters.network.http_connection_manager}, "
                    "value: \"{name: x, typedConfig: {'@type': "
                    "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}\"}"),
            "");
}

TEST(ProxyPatch, NoEndpointsAreLeftOfAnExternalServiceThatTwoRoutesLeadTo) {
  // Without a TrafficPermission the TrafficRoute's cluster has endpoints; MeshHTTPRoute's in its place has addresses.
  World world(R"(
type: Mesh
name: default
---
type: Dataplane
mesh: default
name: web
networking:
  address: 10.0.0.1
  inbound: [{port: 80, servicePort: 8080, tags: {kuma.io/service: web, kuma.io/protocol: http}}]
  outbound: [{port: 10001, tags: {kuma.io/service: outside}}]
---
type: ExternalService
mesh: default
name: outside
tags: {kuma.io/service: outside, kuma.io/protocol: http}
networking: {address: 'example.com:80'}
---
type: TrafficRoute
mesh: default
name: old
sources: [{match: {kuma.io/service: '*'}}]
destinations: [{match: {kuma.io/service: '*'}}]
conf: {destination: {kuma.io/service: '*'}}
---
type: MeshHTTPRoute
mesh: default
name: new
spec:
  targetRef: {kind: Mesh}
  to:
  - targetRef: {kind: MeshService, name: outside}
    rules:
    - matches: [{path: {type: PathPrefix, value: /}}]
      default: {backendRefs: [{kind: MeshService, name: outside}]}
---
type: MeshProxyPatch
mesh: default
name: p
spec:
  default: {appendModifications: [{cluster: {operation: Add, value: '{name: more, type: STATIC}'}}]}
)");
  auto mesh = world.mesh();
  auto made = try_generate(*mesh, World::proxy(*mesh, "web"));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_TRUE(made->find(type_url::cluster, "outside"));
  EXPECT_FALSE(made->find(type_url::endpoint, "outside"));
}

TEST(ProxyPatch, EndpointsWithoutTheirClusterAreRefused) {
  EXPECT_EQ(refusal("cluster: {operation: Remove, match: {name: backend}}"), "endpoints of backend that nothing names");
  EXPECT_EQ(refusal("cluster: {operation: Remove, match: {origin: inbound}}"), "");
  EXPECT_EQ(refusal("cluster: {operation: Add, value: '{name: more, type: EDS}'}"), "no endpoints of more");
}

TEST(ProxyTemplate, TheMostSpecificSelectorWinsAndAnEmptyProfileMakesNothing) {
  Generated proxy = web(R"(
---
type: ProxyTemplate
mesh: default
name: all
selectors: [{match: {kuma.io/service: '*'}}]
conf: {imports: []}
---
type: ProxyTemplate
mesh: default
name: web
selectors: [{match: {kuma.io/service: web}}]
conf:
  imports: [default-proxy]
  modifications: [{cluster: {operation: patch, match: {origin: outbound}, value: 'connectTimeout: 7s'}}]
)");
  EXPECT_EQ(proxy.cluster("backend")["connectTimeout"], "7s");
  Generated nothing =
      web("---\ntype: ProxyTemplate\nmesh: default\nname: all\nselectors: [{match: {kuma.io/service: '*'}}]\n"
          "conf: {imports: []}\n");
  EXPECT_TRUE(nothing.listener("inbound:10.0.0.1:80").is_null());
}

TEST(ProxyTemplate, AListenerThatItAddsHasItsOrigin) {
  Generated proxy = web(R"(
---
type: ProxyTemplate
mesh: default
name: all
selectors: [{match: {kuma.io/service: '*'}}]
conf:
  imports: [default-proxy]
  modifications:
  - listener:
      operation: add
      value: '{name: more, address: {socketAddress: {address: 127.0.0.1, portValue: 7000}}}'
  - listener: {operation: patch, match: {origin: mesh-proxy-patch}, value: 'statPrefix: another'}
  - listener: {operation: patch, match: {origin: proxy-template-modifications}, value: 'statPrefix: own'}
)");
  EXPECT_EQ(proxy.listener("more")["statPrefix"], "own");
}

}  // namespace
}  // namespace kumasim::cp::policy::testing
