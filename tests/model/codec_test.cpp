/// Reading resources: canonical forms, defaults, and errors that a person can act on.
#include <gtest/gtest.h>

#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/json_schema.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/yaml.hpp"

namespace kumasim::cp::testing {
namespace {

using nlohmann::json;

Resource read(const char* yaml) {
  auto resource = resource_from_yaml(yaml);
  EXPECT_TRUE(resource.has_value()) << (resource ? "" : resource.error().message);
  return resource ? *resource : Resource{};
}

std::string error_of(const std::string& yaml) {
  auto resources = resources_from_yaml(yaml, "demo.yaml");
  return resources ? "" : resources.error().message;
}

TEST(Codec, ProtobufKindsDropZerosAndTakeEitherName) {
  Resource dataplane = read(R"(
type: Dataplane
mesh: demo
name: web-1
networking:
  address: 10.0.0.1
  advertisedAddress: ""
  inbound:
  - port: "80"
    servicePort: 0
    tags: {kuma.io/service: web, version: "1"}
    health: {ready: false}
  transparent_proxying:
    redirect_port_inbound: 15006
    ip_family_mode: 2
)");
  EXPECT_EQ(dataplane.spec, json::parse(R"({"networking": {
    "address": "10.0.0.1",
    "inbound": [{"port": 80, "tags": {"kuma.io/service": "web", "version": "1"}, "health": {}}],
    "transparentProxying": {"redirectPortInbound": 15006, "ipFamilyMode": "IPv4"}}})"));
}

TEST(Codec, ProtobufNumbersOf64BitsTravelInQuotes) {
  Resource route = read(R"(
type: TrafficRoute
name: r
sources: [{match: {kuma.io/service: web}}]
destinations: [{match: {kuma.io/service: backend}}]
conf:
  loadBalancer: {ringHash: {hashFunction: XX_HASH, minRingSize: 64}}
  split: [{weight: 90, destination: {kuma.io/service: backend, version: v1}}, {weight: 0, destination: {kuma.io/service: b}}]
)");
  EXPECT_EQ(route.meta.mesh, "default");
  EXPECT_EQ(route.spec["conf"]["loadBalancer"]["ringHash"]["minRingSize"], "64");
  EXPECT_EQ(route.spec["conf"]["split"][1]["weight"], 0) << "a wrapper's zero is no absence";
}

TEST(Codec, PoliciesGetDefaultsAndGoDurations) {
  Resource route = read(R"(
apiVersion: kuma.io/v1alpha1
kind: MeshHTTPRoute
metadata:
  name: r
  namespace: kuma-system
  labels: {kuma.io/mesh: demo}
spec:
  to:
  - targetRef: {kind: MeshService, name: backend}
    rules:
    - matches: [{headers: [{name: x, value: y}]}]
      default:
        backendRefs: [{kind: MeshService, name: b}]
)");
  EXPECT_EQ(route.meta.mesh, "demo");
  const json& rule = route.spec["to"][0]["rules"][0];
  EXPECT_EQ(rule["matches"][0]["headers"][0]["type"], "Exact");
  EXPECT_EQ(rule["default"]["backendRefs"][0]["weight"], 1);

  Resource timeout = read(R"(
type: MeshTimeout
mesh: demo
name: t
spec: {to: [{targetRef: {kind: Mesh}, default: {idleTimeout: 90m, http: {requestTimeout: 1500ms}}}]}
)");
  EXPECT_EQ(timeout.spec["to"][0]["default"],
            json::parse(R"({"idleTimeout": "1h30m0s", "http": {"requestTimeout": "1.5s"}})"));
}

TEST(Codec, StatusOfAMeshServiceKeepsItsEmptyParts) {
  Resource service = read("{type: MeshService, name: s, mesh: m, spec: {ports: [{port: 80}]}}");
  EXPECT_EQ(service.spec,
            json::parse(R"({"state": "Unavailable", "selector": {}, "ports": [{"port": 80, "appProtocol": "tcp"}]})"));
  EXPECT_EQ(resource_to_json(service)["status"], json::parse(R"({"tls": {}, "dataplaneProxies": {}})"));
  EXPECT_EQ(resource_to_kubernetes(service, "ns")["status"], json::parse(R"({"tls": {}, "dataplaneProxies": {}})"));
  service.status = json::parse(R"({"tls": {"status": "Ready"}, "dataplaneProxies": {}})");
  EXPECT_EQ(resource_to_kubernetes(service, "ns")["status"], service.status);
  Resource timeout = read("{type: MeshTimeout, name: t, mesh: m, spec: {rules: [{default: {idleTimeout: 1s}}]}}");
  EXPECT_FALSE(resource_to_kubernetes(timeout, "ns").contains("status"));
}

TEST(Codec, GlobalKindsHaveNoMesh) {
  EXPECT_EQ(read("{type: Zone, mesh: demo, name: z}").meta.mesh, "");
  EXPECT_EQ(read("{type: Mesh, mesh: demo, name: m}").meta.mesh, "");
}

TEST(Codec, NumbersBeyondEveryIntegerAreRefused) {
  auto huge = decode(kind::dataplane(), {{"name", "d"}, {"networking", {{"inbound", {{{"port", 1e300}}}}}}},
                     UnknownFields::drop);
  ASSERT_FALSE(huge.has_value());
  EXPECT_EQ(huge.error().reason,
            "invalid Dataplane object: \"json: cannot unmarshal number 1e+300 into Go value of type uint32\"");
}

TEST(CodecErrors, NumbersOfProtobufKindsAreToldAsJsonpbTellsThem) {
  auto port = [](json value) {
    auto out = decode_shape(
        kind::dataplane(), {{"name", "d"}, {"networking", {{"inbound", json::array({{{"port", std::move(value)}}})}}}},
        UnknownFields::drop);
    return out ? out->spec["networking"]["inbound"][0].dump() : out.error().reason;
  };
  const std::string start = "invalid Dataplane object: ";
  EXPECT_EQ(port("80"), R"({"port":80})");
  EXPECT_EQ(port("null"), "{}");
  EXPECT_EQ(port("abc"), start + "\"invalid character 'a' looking for beginning of value\"");
  EXPECT_EQ(port(""), start + "\"unexpected end of JSON input\"");
  EXPECT_EQ(port(80.5), start + "\"json: cannot unmarshal number 80.5 into Go value of type uint32\"");
  EXPECT_EQ(port(80.0), start + "\"json: cannot unmarshal number 80.0 into Go value of type uint32\"");
  EXPECT_EQ(port("8e1"), start + "\"json: cannot unmarshal number 8e1 into Go value of type uint32\"");
  EXPECT_EQ(port(-1), start + "\"json: cannot unmarshal number -1 into Go value of type uint32\"");
  EXPECT_EQ(port(true), start + "\"json: cannot unmarshal bool into Go value of type uint32\"");
  EXPECT_EQ(port("true"), start + "\"json: cannot unmarshal bool into Go value of type uint32\"");
  auto threshold = [](json value) {
    json body = {{"name", "h"}, {"mesh", "m"}};
    body["conf"]["healthyPanicThreshold"] = std::move(value);
    auto out = decode_shape(kind::health_check(), body, UnknownFields::drop);
    return out ? out->spec["conf"]["healthyPanicThreshold"].dump() : out.error().reason;
  };
  EXPECT_EQ(threshold("50"), "50");
  EXPECT_EQ(threshold(62.5), "62.5");
  EXPECT_EQ(threshold(true),
            "invalid HealthCheck object: \"json: cannot unmarshal bool into Go value of type float32\"");
}

TEST(CodecErrors, BytesThatAreNoBase64AreToldByTheirPlaceAsInGo) {
  auto data = [](const char* text) {
    auto out = decode_shape(kind::secret(), {{"name", "s"}, {"mesh", "m"}, {"data", text}}, UnknownFields::drop);
    return out ? out->spec["data"].get<std::string>() : out.error().reason;
  };
  auto at = [](int byte) {
    return "invalid Secret object: \"illegal base64 data at input byte " + std::to_string(byte) + "\"";
  };
  EXPECT_EQ(data("Zm9v"), "Zm9v");
  EXPECT_EQ(data("Zm\n9vZg=\r=\n"), "Zm9vZg==");
  EXPECT_EQ(data("%%%"), at(0));
  EXPECT_EQ(data("Zm9v%"), at(4));
  EXPECT_EQ(data("Zm9vZ"), at(4)) << "a group that has no end is named by its start";
  EXPECT_EQ(data("Zm9vZm9"), at(4));
  EXPECT_EQ(data("Z=="), at(1));
  EXPECT_EQ(data("Zg="), at(3));
  EXPECT_EQ(data("Zg=x"), at(2));
  EXPECT_EQ(data("Zg==Zg=="), at(4));
}

TEST(CodecErrors, MetadataOfAnotherTypeIsToldAsGosDecoderTellsIt) {
  auto flat = [](json body) { return decode(kind::mesh(), body, UnknownFields::drop).error().reason; };
  const std::string start = "invalid Mesh object: \"json: cannot unmarshal ";
  EXPECT_EQ(flat({{"name", 5}}), start + "number into Go struct field ResourceMeta.name of type string\"");
  EXPECT_EQ(flat({{"labels", json::array()}}),
            start + "array into Go struct field ResourceMeta.labels of type map[string]string\"");
  EXPECT_EQ(flat({{"labels", {{"a", true}}}}),
            start + "bool into Go struct field ResourceMeta.labels of type string\"");
  EXPECT_EQ(flat({{"labels", {{"a", json::object()}}}}),
            start + "object into Go struct field ResourceMeta.labels of type string\"");
  EXPECT_EQ(flat(json::array()), start + "array into Go value of type v1alpha1.ResourceMeta\"");
  EXPECT_EQ(flat("x"), start + "string into Go value of type v1alpha1.ResourceMeta\"");
  EXPECT_TRUE(decode_shape(kind::mesh(), json(), UnknownFields::drop).has_value());
  EXPECT_EQ(decode(kind::mesh_timeout(), json::array(), UnknownFields::drop).error().reason,
            "invalid MeshTimeout object: \"json: cannot unmarshal array into Go value of type map[string]interface "
            "{}\"");
  auto of_spec = [](json body, UnknownFields unknown = UnknownFields::drop) {
    auto out = decode(kind::mesh_timeout(), body, unknown);
    return out ? std::string("accepted") : out.error().violations.text();
  };
  EXPECT_NE(of_spec({{"name", nullptr}}).find("name in body must be of type string: \"null\""), std::string::npos);
  EXPECT_NE(of_spec({{"mesh", 5}}).find("mesh in body must be of type string: \"number\""), std::string::npos);
  EXPECT_NE(of_spec({{"labels", {{"a", 1}}}}).find("labels.a in body must be of type string: \"number\""),
            std::string::npos);
  EXPECT_NE(of_spec({{"labels", {{"a", true}}}}).find("labels.a in body must be of type string: \"boolean\""),
            std::string::npos);
  EXPECT_NE(of_spec({{"type", 5}}).find("type in body must be of type string: \"number\""), std::string::npos);
  for (const auto& [labels, type] : {std::pair{json::array({"a"}), "array"}, std::pair{json(), "null"},
                                     std::pair{json("x"), "string"}, std::pair{json(true), "boolean"}})
    EXPECT_NE(of_spec({{"labels", labels}}).find(std::string("labels in body must be of type object: \"") + type),
              std::string::npos)
        << type;
  json nowhere = {{"type", "MeshTimeout"}, {"name", "t"}, {"mesh", nullptr}, {"spec", json::object()}};
  auto in_default = decode_shape(kind::mesh_timeout(), nowhere, UnknownFields::drop);
  ASSERT_TRUE(in_default.has_value()) << in_default.error().text();
  EXPECT_EQ(in_default->meta.mesh, "default");
  EXPECT_NE(of_spec({{"extra", 1}}, UnknownFields::refuse)
                .find("extra: unknown field; expected one of: type, mesh, name, labels, spec"),
            std::string::npos);
}

TEST(CodecErrors, ValuesOfNoFormAreToldByTheirField) {
  auto told = [](const Kind& kind, json body, UnknownFields unknown) {
    auto out = decode(kind, body, unknown);
    if (out) return std::string("accepted");
    return out.error().reason.empty() ? out.error().violations.text() : out.error().reason;
  };
  const json secret = {{"name", "s"}, {"mesh", "m"}, {"data", "%%"}};
  EXPECT_NE(told(kind::secret(), secret, UnknownFields::refuse).find("data: must be in base64"), std::string::npos);
  EXPECT_NE(told(kind::secret(), secret, UnknownFields::drop).find("illegal base64 data"), std::string::npos);
  json insight = {{"name", "d"}, {"mesh", "m"}};
  insight["subscriptions"] = json::array({{{"connectTime", "soon"}}});
  EXPECT_NE(told(kind::dataplane_insight(), insight, UnknownFields::refuse)
                .find("subscriptions[0].connectTime: must be a time as in RFC 3339"),
            std::string::npos);
  json route = {{"name", "r"}, {"mesh", "m"}};
  route["conf"] = {{"loadBalancer", {{"roundRobin", json::object()}, {"random", json::object()}}}};
  EXPECT_NE(told(kind::traffic_route(), route, UnknownFields::refuse).find("exclude one another"), std::string::npos);
}

TEST(Codec, TheLastOfAOneofStaysAsInJsonpb) {
  json route = {{"name", "r"}, {"mesh", "m"}};
  route["conf"] = {{"loadBalancer", {{"roundRobin", json::object()}, {"random", json::object()}}}};
  auto balanced = decode_shape(kind::traffic_route(), route, UnknownFields::drop);
  ASSERT_TRUE(balanced.has_value()) << balanced.error().text();
  EXPECT_EQ(balanced->spec["conf"]["loadBalancer"], (json{{"random", json::object()}}));
  json service = {{"name", "s"}, {"mesh", "m"}};
  service["networking"]["tls"]["caCert"] = {{"secret", "a"}, {"inline", "Zm9v"}, {"file", "f"}};
  auto external = decode_shape(kind::external_service(), service, UnknownFields::drop);
  ASSERT_TRUE(external.has_value()) << external.error().text();
  EXPECT_EQ(external->spec["networking"]["tls"]["caCert"], (json{{"inline", "Zm9v"}}));
}

TEST(Codec, EnumerationsMayBeGivenByNumber) {
  auto protocol = [](json value) {
    json body = {{"name", "g"}, {"mesh", "m"}};
    body["conf"]["listeners"] = json::array({{{"port", 80}, {"protocol", std::move(value)}}});
    auto out = decode_shape(kind::mesh_gateway(), body, UnknownFields::drop);
    return out ? out->spec["conf"]["listeners"][0].value("protocol", "") : out.error().reason;
  };
  EXPECT_EQ(protocol(1), "TCP");
  EXPECT_EQ(protocol(3), "TLS");
  EXPECT_EQ(protocol(4), "HTTP");
  EXPECT_EQ(protocol(5), "HTTPS");
  const std::string start = "invalid MeshGateway object: \"json: cannot unmarshal ";
  EXPECT_EQ(protocol(true), start + "bool into Go value of type protoreflect.EnumNumber\"");
  EXPECT_EQ(protocol(1.5), start + "number 1.5 into Go value of type protoreflect.EnumNumber\"");
}

TEST(Codec, NullInAListIsAnEmptyElementOfProtobuf) {
  json body = {{"name", "d"}, {"mesh", "m"}};
  body["networking"]["inbound"] = json::array({nullptr, {{"port", 80}}});
  auto out = decode_shape(kind::dataplane(), body, UnknownFields::drop);
  ASSERT_TRUE(out.has_value()) << out.error().text();
  EXPECT_EQ(out->spec["networking"]["inbound"], json::parse(R"([{}, {"port": 80}])"));
}

TEST(CodecErrors, OneNamedResourceIsExpected) {
  EXPECT_EQ(resource_from_yaml("{type: Mesh, name: a}\n---\n{type: Mesh, name: b}\n").error().message,
            "expected one resource, found 2");
  EXPECT_EQ(error_of("type: Mesh\n"), "demo.yaml:1:1: name: missing");
  EXPECT_EQ(universal_form(json::array()).error().message, "a resource is an object with fields such as type and name");
}

TEST(Codec, ASecretOfKubernetesHasItsBytesBelowAValue) {
  auto form = universal_form(json::parse(R"({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"},
    "data": {"value": "MQ=="}})"));
  ASSERT_TRUE(form) << form.error().message;
  EXPECT_EQ(form->body["data"], "MQ==");
}

TEST(Codec, NumbersOfYaml11) {
  auto documents = parse_yaml(
      "[0x1F, 0o17, 0b11, 017, -5, -0x2, +3, 18446744073709551615, 99999999999999999999, 1e3, 1.5E-2, +.5, 1e, 0x, "
      "1_0, !!str 7]\n",
      "n.yaml");
  ASSERT_TRUE(documents) << documents.error().message;
  EXPECT_EQ(documents->front().value,
            json::parse(R"([31, 15, 3, 15, -5, -2, 3, 18446744073709551615, 1e20, 1000.0, 0.015, 0.5, "1e", "0x", 10,
                            "7"])"));
  EXPECT_EQ(print_yaml({{"a", nullptr}}), "a: ~\n");
}

TEST(CodecErrors, UnknownFieldNamesFileLineAndWhatIsThere) {
  EXPECT_EQ(error_of(R"(
type: MeshTimeout
name: t
spec:
  to:
  - targetRef: {kind: Mesh}
    default:
      idleTimeut: 10s
)"),
            "demo.yaml:8:7: spec.to[0].default.idleTimeut: unknown field; expected one of: connectionTimeout, "
            "idleTimeout, http");
}

TEST(CodecErrors, WrongTypeNamesTheField) {
  EXPECT_EQ(error_of("type: Dataplane\nname: d\nnetworking:\n  address: 10.0.0.1\n  inbound:\n  - port: eighty\n"),
            "demo.yaml:6:5: networking.inbound[0].port: in body must be of type integer: \"string\"");
}

TEST(CodecErrors, RulesOfTheKindAreNamedToo) {
  EXPECT_EQ(
      error_of(
          "type: Dataplane\nname: d\nnetworking:\n  address: 10.0.0.1\n  inbound:\n  - port: 80\n    tags: {a: b}\n"),
      "demo.yaml:7:5: networking.inbound[0].tags[\"kuma.io/service\"]: tag has to exist");
}

TEST(CodecErrors, KubernetesFormPointsIntoItsSpec) {
  EXPECT_EQ(error_of(R"(apiVersion: kuma.io/v1alpha1
kind: Mesh
metadata:
  name: demo
spec:
  mtls:
    enabledBackend: ca-1
)"),
            "demo.yaml:7:5: mtls.enabledBackend: has to be set to one of the backends in the mesh");
}

TEST(CodecErrors, UnknownKindListsTheKnownOnes) {
  std::string error = error_of("---\ntype: Mesh\nname: m\n---\ntype: MeshTimeot\nname: t\n");
  EXPECT_TRUE(error.starts_with("demo.yaml:5:1: unknown kind \"MeshTimeot\"; expected one of: CircuitBreaker, "))
      << error;
}

TEST(CodecErrors, MissingTypeIsSaid) {
  EXPECT_EQ(error_of("name: m\n"), "demo.yaml:1:1: field \"type\" is missing: the kind of the resource");
}

TEST(CodecErrors, TruncatedYamlIsSaidWithItsPlace) {
  std::string error = error_of("type: Mesh\nname: m\nmtls: {enabledBackend: ca-1\n");
  EXPECT_TRUE(error.starts_with("demo.yaml:4:1: not valid YAML: ")) << error;
  error = error_of("type: Mesh\nname: \"m\n");
  EXPECT_EQ(error, "demo.yaml:2:7: not valid YAML: a quoted text has no end");
}

TEST(CodecErrors, AKeyTwiceIsRefused) {
  EXPECT_EQ(error_of("type: Mesh\nname: m\nname: n\n"), "demo.yaml:3:1: not valid YAML: key \"name\" is given twice");
}

TEST(CodecErrors, ANumberBeyond63BitsFitsNoSmallerType) {
  for (const char* port : {"port", "targetPort"}) {
    json body = {{"type", "MeshService"},
                 {"mesh", "default"},
                 {"name", "s"},
                 {"spec", {{"ports", json::array({{{"port", 80}, {"targetPort", 80}}})}}}};
    ASSERT_TRUE(resource_from_json(body).has_value());
    body["spec"]["ports"][0][port] = std::uint64_t{18'446'744'073'709'551'615u};
    auto refused = resource_from_json(body);
    ASSERT_FALSE(refused.has_value()) << port;
    EXPECT_EQ(refused.error().field, std::string("spec.ports[0].") + port);
    EXPECT_FALSE(decode_shape(kind::mesh_service(), body, UnknownFields::drop).has_value()) << port;
  }
}

TEST(CodecErrors, ATextThatIsNotUtf8IsRefusedByItsPlace) {
  EXPECT_EQ(error_of("type: Mesh\nname: m\xff\n"), "demo.yaml:2:8: not valid YAML: a byte that is not UTF-8");
  EXPECT_EQ(error_of("\xc0\x80"), "demo.yaml:1:1: not valid YAML: a byte that is not UTF-8");
  EXPECT_EQ(error_of("type: Mesh\nname: m\nmtls: {x: \xf0\x9f\x98"),
            "demo.yaml:3:11: not valid YAML: a byte that is not UTF-8");
  EXPECT_EQ(error_of("type: Mesh\nname: m # \xc3\xbc \xf0\x9f\x98\x80\n"), "");
}

TEST(Yaml, TextsOfSeveralLinesReadAsThemselves) {
  for (std::string text : {"a\nb\n", "a\nb", "a\nb\n\n", "\na\n", "  a\nb\n", "a\n\n  b\n", "a\r\nb\n", "a\x01\nb\n",
                           "\n", "- a\n# b\n"}) {
    json value = {{"outer", {{"text", text}, {"list", json::array({text, "x"})}}}};
    auto documents = parse_yaml(print_yaml(value), "x");
    ASSERT_TRUE(documents.has_value()) << documents.error().message << "\n" << print_yaml(value);
    EXPECT_EQ(documents->front().value, value) << print_yaml(value);
  }
}

TEST(CodecErrors, WhatBelongsToNoBracketIsRefused) {
  for (std::string text : {",", "{},", "{{{}}},", "{a: 1} }", "a: 1\n}", "]", "{}\n--- {}}\n"}) {
    auto documents = parse_yaml(text, "demo.yaml");
    ASSERT_FALSE(documents.has_value()) << text;
    EXPECT_TRUE(documents.error().message.starts_with("demo.yaml:")) << documents.error().message;
  }
  EXPECT_EQ(parse_yaml("{a: 1}\n---\n---\n[]\n...\n---\nx\n", "demo.yaml")->size(), 4u);
}

TEST(Yaml, AMapsOwnKeysGoBeforeThoseOfAMerge) {
  auto documents = parse_yaml("a: &a {x: 1, y: 2, z: {w: 3}}\nb: {<<: *a, x: 5}\nc: {y: 6, <<: *a}\n", "demo.yaml");
  ASSERT_TRUE(documents.has_value()) << documents.error().message;
  EXPECT_EQ(documents->front().value["b"], json::parse(R"({"x": 5, "y": 2, "z": {"w": 3}})"));
  EXPECT_EQ(documents->front().value["c"], json::parse(R"({"x": 1, "y": 6, "z": {"w": 3}})"));
}

TEST(JsonSchema, HoldsTheTablesConstraints) {
  json schema = kind_to_json_schema(kind::mesh_http_route());
  EXPECT_EQ(schema["required"], json({"type", "name", "spec"}));
  const json& rule = schema["properties"]["spec"]["properties"]["to"]["items"]["properties"]["rules"]["items"];
  EXPECT_EQ(rule["required"], json({"matches", "default"}));
  EXPECT_EQ(rule["properties"]["matches"]["minItems"], 1);
  for (const Kind* kind : kinds()) EXPECT_EQ(kind_to_json_schema(*kind)["properties"]["type"]["enum"][0], kind->type());
}

TEST(Kinds, AreInOrderAndFoundByTypeAndPath) {
  const Kind* last = nullptr;
  for (const Kind* kind : kinds()) {
    if (last != nullptr) EXPECT_LT(last->type(), kind->type());
    EXPECT_EQ(find_kind(kind->type()), kind);
    if (!kind->path().empty()) EXPECT_EQ(find_kind_by_path(kind->path()), kind);
    last = kind;
  }
  EXPECT_EQ(find_kind("Nonsense"), nullptr);
  EXPECT_EQ(find_kind_by_path("global-secrets"), &kind::global_secret());
}

}  // namespace
}  // namespace kumasim::cp::testing
