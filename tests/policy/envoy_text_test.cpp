/// Envoy's resources as text: what Kuma says of bad ones.
///
/// Sources: the words of protoc-gen-validate's Go code and of jsonpb for Envoy's API, as real Kuma 2.12.14 answered
/// with them; the recordings of the areas validate-meshproxypatch and validate-proxytemplate.
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include "reference-cp/xds/envoy_types.hpp"
#include "reference-cp/xds/text/envoy_text_error.hpp"
#include "validate/validate.pb.h"

// tools/envoy_api/descriptors.py writes these.
extern const unsigned char kumasim_whole_api[];
extern const unsigned long kumasim_whole_api_size;

namespace kumasim::cp {
namespace {

const std::string embedded = "embedded message failed validation | caused by: ";
constexpr const char* header_pattern = R"(value does not match regex pattern "^[^\x00\n\r]*$")";

const char* full_name(std::string_view type) {
  if (type == "Any") return "google.protobuf.Any";
  for (const EnvoyChange& change : envoy_changes)
    if (std::string_view(change.message).ends_with("." + std::string(type))) return change.message;
  return "";
}

std::string error_of(const char* type, std::string text, bool whole = true) {
  return envoy_text_error({.path = {}, .text = std::move(text), .type = full_name(type), .whole = whole, .place = 0});
}

struct Said {
  const char* type;
  const char* text;
  std::string error;  ///< "" for a good one
};

void expect_all(const std::vector<Said>& cases) {
  for (const Said& one : cases) EXPECT_EQ(error_of(one.type, one.text), one.error) << one.type << " " << one.text;
}

TEST(EnvoyText, FieldsKeepToTheRulesOfEnvoysApi) {
  const std::string in_route = "invalid VirtualHost.Routes[0]: " + embedded;
  const std::string in_address = "invalid Listener.Address: " + embedded;
  const std::string in_socket = in_address + "invalid Address.SocketAddress: " + embedded;
  const std::string in_chain = "invalid Listener.FilterChains[0]: " + embedded;
  const std::string in_metadata = "invalid Cluster.Metadata: " + embedded;
  expect_all({
      {"Cluster", "name: a", ""},
      {"Cluster", "{}", "invalid Cluster.Name: value length must be at least 1 runes"},
      {"Cluster", "", "invalid Cluster.Name: value length must be at least 1 runes"},
      {"Cluster", "{name: a, lbPolicy: 99}", "invalid Cluster.LbPolicy: value must be one of the defined enum values"},
      {"Cluster", "{name: a, type: 99}", "invalid Cluster.Type: value must be one of the defined enum values"},
      {"Cluster", "{name: a, connectTimeout: 0s}", "invalid Cluster.ConnectTimeout: value must be greater than 0s"},
      {"Cluster", "{name: a, dnsRefreshRate: 1ms}", "invalid Cluster.DnsRefreshRate: value must be greater than 1ms"},
      {"Cluster", "{name: a, healthChecks: [{}]}",
       "invalid Cluster.HealthChecks[0]: " + embedded + "invalid HealthCheck.Timeout: value is required"},
      {"Cluster", "{name: a, outlierDetection: {enforcing_consecutive_5xx: 101}}",
       "invalid Cluster.OutlierDetection: " + embedded +
           "invalid OutlierDetection.EnforcingConsecutive_5Xx: value must be less than or equal to 100"},
      {"Cluster", "{name: a, commonLbConfig: {healthyPanicThreshold: {value: 100.5}}}",
       "invalid Cluster.CommonLbConfig: " + embedded + "invalid Cluster_CommonLbConfig.HealthyPanicThreshold: " +
           embedded + "invalid Percent.Value: value must be inside range [0, 100]"},
      {"Cluster", "{name: a, commonHttpProtocolOptions: {maxStreamDuration: 0s, maxHeadersCount: 0}}",
       "invalid Cluster.CommonHttpProtocolOptions: " + embedded +
           "invalid HttpProtocolOptions.MaxHeadersCount: value must be greater than or equal to 1"},
      {"Cluster", "{name: a, metadata: {filterMetadata: {b: {}, '': {}}}}",
       in_metadata + "invalid Metadata.FilterMetadata[]: value length must be at least 1 runes"},
      {"Listener", "{}", ""},
      {"Listener", "{address: {}}", in_address + "invalid Address.Address: value is required"},
      {"Listener", "{address: {socketAddress: {portValue: 1}}}",
       in_socket + "invalid SocketAddress.Address: value length must be at least 1 runes"},
      {"Listener", "{address: {socketAddress: {address: a}}}",
       in_socket + "invalid SocketAddress.PortSpecifier: value is required"},
      {"Listener", "{address: {socketAddress: {address: a, portValue: 65536}}}",
       in_socket + "invalid SocketAddress.PortValue: value must be less than or equal to 65535"},
      {"Listener", "{filterChains: [{filterChainMatch: {sourcePorts: [1, 0]}}]}",
       in_chain + "invalid FilterChain.FilterChainMatch: " + embedded +
           "invalid FilterChainMatch.SourcePorts[1]: value must be inside range [1, 65535]"},
      {"Listener", "{listenerFilters: [{name: f, filterDisabled: {anyMatch: false}}]}",
       "invalid Listener.ListenerFilters[0]: " + embedded + "invalid ListenerFilter.FilterDisabled: " + embedded +
           "invalid ListenerFilterChainMatchPredicate.AnyMatch: value must equal true"},
      {"Filter", "{}", "invalid Filter.Name: value length must be at least 1 runes"},
      {"HttpFilter", "{}", "invalid HttpFilter.Name: value length must be at least 1 runes"},
      {"VirtualHost", "name: a", "invalid VirtualHost.Domains: value must contain at least 1 item(s)"},
      {"VirtualHost", "{name: a, domains: ['*']}", ""},
      {"VirtualHost", "{name: a, domains: ['*', \"b\\n\"]}",
       std::string("invalid VirtualHost.Domains[1]: ") + header_pattern},
      {"VirtualHost", "{name: a, domains: ['*'], routes: [{}]}", in_route + "invalid Route.Match: value is required"},
      {"VirtualHost", "{name: a, domains: ['*'], routes: [{match: {prefix: /}}]}",
       in_route + "invalid Route.Action: value is required"},
      {"VirtualHost", "{name: a, domains: ['*'], routes: [{match: {path_separated_prefix: /a/}, route: {cluster: c}}]}",
       in_route + "invalid Route.Match: " + embedded +
           R"(invalid RouteMatch.PathSeparatedPrefix: value does not match regex pattern "^[^?#]+[^?#/]$")"},
      {"VirtualHost", "{name: a, domains: ['*'], routes: [{match: {prefix: /}, directResponse: {status: 600}}]}",
       in_route + "invalid Route.DirectResponse: " + embedded +
           "invalid DirectResponseAction.Status: value must be inside range [200, 600)"},
      {"VirtualHost", "{name: a, domains: ['*'], requestHeadersToAdd: [{header: {key: k, value: v}, appendAction: 9}]}",
       "invalid VirtualHost.RequestHeadersToAdd[0]: " + embedded +
           "invalid HeaderValueOption.AppendAction: value must be one of the defined enum values"},
  });
}

TEST(EnvoyText, APatchNeedsToBeReadableOnly) {
  EXPECT_EQ(error_of("Cluster", "connectTimeout: 0s", false), "");
  EXPECT_EQ(error_of("Cluster", "connectTimeout: x", false), R"(bad Duration: time: invalid duration "x")");
}

TEST(EnvoyText, IsReadAsGoReadsIt) {
  const std::string in_any = "can't unmarshal Any nested proto type.googleapis.com/";
  expect_all({
      {"Cluster", "{", "unexpected EOF"},
      {"Cluster", "text", "json: cannot unmarshal string into Go value of type map[string]json.RawMessage"},
      {"Cluster", "{name: 7}", "json: cannot unmarshal number into Go value of type string"},
      {"Cluster", "{name: a, unknown: {}}", ""},
      {"Cluster", "{name: a, lbPolicy: NONE}",
       R"(unknown value "\"NONE\"" for enum envoy.config.cluster.v3.Cluster.LbPolicy)"},
      {"Cluster", "{name: a, lb_policy: MAGLEV, connectTimeout: 1m30s}", ""},
      {"Cluster", "{name: a, connectTimeout: 5}", "json: cannot unmarshal number into Go value of type string"},
      {"Cluster", "{name: a, connectTimeout: '5'}", R"(bad Duration: time: missing unit in duration "5")"},
      {"Cluster", "{name: a, perConnectionBufferLimitBytes: '7'}", ""},
      {"Cluster", "{name: a, perConnectionBufferLimitBytes: 7.0}", ""},
      {"Cluster", "{name: a, perConnectionBufferLimitBytes: 7.5}",
       "json: cannot unmarshal number 7.5 into Go value of type uint32"},
      {"Cluster", "{name: a, perConnectionBufferLimitBytes: '1e3'}",
       "json: cannot unmarshal number 1e3 into Go value of type uint32"},
      {"Cluster", "{name: a, perConnectionBufferLimitBytes: -1}",
       "json: cannot unmarshal number -1 into Go value of type uint32"},
      {"Cluster", "{name: a, perConnectionBufferLimitBytes: x}",
       "invalid character 'x' looking for beginning of value"},
      {"Cluster", "{name: a, respectDnsTtl: 1}", "json: cannot unmarshal number into Go value of type bool"},
      {"Cluster", "{name: a, healthChecks: {}}",
       "json: cannot unmarshal object into Go value of type []json.RawMessage"},
      {"Cluster", "{name: a, metadata: {filterMetadata: {b: 3}}}",
       "bad StructValue: json: cannot unmarshal number into Go value of type map[string]json.RawMessage"},
      {"Cluster", "{name: a, metadata: {filterMetadata: {b: {c: [1, null, x]}}}}", ""},
      {"Filter", "{name: a, typedConfig: {}}", "Any JSON doesn't have '@type'"},
      {"Filter", "{name: a, typedConfig: {'@type': 7}}", R"(can't unmarshal Any's '@type': "7")"},
      {"Filter", "{name: a, typedConfig: {'@type': t/no.such.Type}}",
       "could not resolve Any message type: t/no.such.Type"},
      {"Filter", "{name: a, typedConfig: {'@type': type.googleapis.com/google.protobuf.Struct}}",
       "Any JSON doesn't have 'value'"},
      {"Filter",
       "{name: a, typedConfig: {'@type': type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, "
       "statPrefix: []}}",
       in_any + "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy: json: cannot unmarshal array into Go value of "
                "type string"},
      // Rules do not reach into what is packed.
      {"Filter",
       "{name: a, typedConfig: {'@type': type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy}}",
       ""},
  });
}

TEST(EnvoyText, AResourceThatNamesItsTypeKeepsToItsRules) {
  expect_all({
      {"Any", "not-envoy-resource", "json: cannot unmarshal string into Go value of type map[string]json.RawMessage"},
      {"Any", "null", "proto: invalid empty type URL"},
      {"Any", "{'@type': type.googleapis.com/envoy.config.cluster.v3.Cluster}",
       "invalid Cluster.Name: value length must be at least 1 runes"},
      {"Any", "{'@type': type.googleapis.com/envoy.config.cluster.v3.Cluster, name: a}", ""},
      {"Any",
       "{'@type': type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret, tlsCertificate: {privateKey: "
       "{inlineBytes: YQ}}}",
       "can't unmarshal Any nested proto type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret: illegal "
       "base64 data at input byte 0"},
      // Not compiled in: its rules are known from its descriptor.
      {"Any", "{'@type': type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer}",
       "invalid Buffer.MaxRequestBytes: value is required and must not be nil."},
      {"Any", "{'@type': type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer, maxRequestBytes: 0}",
       "invalid Buffer.MaxRequestBytes: value must be greater than 0"},
  });
}

TEST(EnvoyText, WithATypeThatAnotherEnvoyHasIsNotLookedAt) {
  // Kuma takes it, the pinned Envoy has it no more.
  EXPECT_EQ(error_of("HttpFilter", "{name: a, typedConfig: {'@type': t/envoy.extensions.filters.http.gzip.v3.Gzip}}"),
            "");
  EXPECT_EQ(error_of("Listener", "{address: {}, filterChains: [{filters: [{typedConfig: {'@type': t/envoy.x.Y}}]}]}"),
            "");
}

TEST(EnvoyText, MayNotBeDeeperThanItCanBeRead) {
  std::string list, close;
  for (int i = 0; i < 60; ++i) list += "[", close += "]";
  EXPECT_TRUE(error_of("Cluster", "{name: a, metadata: {filterMetadata: {b: {c: " + list + close + "}}}}")
                  .ends_with("exceeded max depth"));
}

/// The rules of one option, by kind and rule: "string.min_len".
void note(const validate::FieldRules& rules, std::set<std::string>& out) {
  std::vector<const google::protobuf::FieldDescriptor*> kinds, each;
  rules.GetReflection()->ListFields(rules, &kinds);
  for (const auto* kind : kinds) {
    const auto& of_kind = rules.GetReflection()->GetMessage(rules, kind);
    of_kind.GetReflection()->ListFields(of_kind, &each);
    for (const auto* rule : each) out.insert(kind->name() + "." + rule->name());
  }
  if (rules.repeated().has_items()) note(rules.repeated().items(), out);
  if (rules.map().has_keys()) note(rules.map().keys(), out);
  if (rules.map().has_values()) note(rules.map().values(), out);
}

void note(const google::protobuf::DescriptorProto& message, std::set<std::string>& out) {
  for (const auto& field : message.field()) note(field.options().GetExtension(validate::rules), out);
  for (const auto& inner : message.nested_type()) note(inner, out);
}

TEST(EnvoyText, NoRuleOfTheApiIsUnknown) {
  const std::map<std::string, std::set<std::string>> known = {
      {"any", {"required", "in", "not_in"}},
      {"bool", {"const"}},
      {"bytes", {"len", "min_len", "max_len", "ignore_empty"}},
      {"duration", {"required", "lt", "lte", "gt", "gte"}},
      {"enum", {"const", "defined_only", "in", "not_in"}},
      {"map", {"min_pairs", "max_pairs", "keys", "values", "ignore_empty"}},
      {"message", {"skip", "required"}},
      {"repeated", {"min_items", "max_items", "unique", "items", "ignore_empty"}},
      {"string",
       {"const", "in", "not_in", "len", "min_len", "max_len", "len_bytes", "min_bytes", "max_bytes", "prefix", "suffix",
        "contains", "pattern", "strict", "not_contains", "well_known_regex", "ignore_empty"}},
      {"timestamp", {"required"}},
  };
  const std::set<std::string> of_numbers = {"const", "lt", "lte", "gt", "gte", "in", "not_in", "ignore_empty"};
  const std::set<std::string> numbers = {"float", "double", "int32", "int64", "uint32", "uint64"};
  auto api = envoy_types::read_descriptors({reinterpret_cast<const char*>(kumasim_whole_api), kumasim_whole_api_size});
  ASSERT_TRUE(api);
  std::set<std::string> rules;
  for (const auto& file : api->file())
    for (const auto& message : file.message_type()) note(message, rules);
  EXPECT_GT(rules.size(), 20u);
  for (const std::string& rule : rules) {
    const std::string kind = rule.substr(0, rule.find('.')), what = rule.substr(rule.find('.') + 1);
    const bool is_known =
        numbers.contains(kind) ? of_numbers.contains(what) : known.contains(kind) && known.at(kind).contains(what);
    EXPECT_TRUE(is_known) << rule;
  }
}

}  // namespace
}  // namespace kumasim::cp
