/// Rules of the old policies, gateways and zone proxies: what is refused, at which path, in which words.
#include <gtest/gtest.h>

#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/rules/go_template.hpp"
#include "reference-cp/model/rules/virtual_outbound_rules.hpp"

namespace kumasim::cp::testing {
namespace {

using nlohmann::json;

/// A specification in YAML's flow style as a resource of this type: its violations, or "" for a good one.
std::string violations_of(const char* type, const std::string& spec) {
  const Kind& kind = *find_kind(type);
  json body = json::parse(spec);
  body["type"] = type;
  body["name"] = "x";
  if (!kind.is_global()) body["mesh"] = "default";
  auto decoded = decode(kind, body, UnknownFields::drop);
  if (decoded) return "";
  return decoded.error().reason.empty() ? decoded.error().violations.text() : decoded.error().reason;
}

const std::string sides =
    R"("sources": [{"match": {"kuma.io/service": "*"}}], "destinations": [{"match": {"kuma.io/service": "backend"}}], )";
const std::string selectors = R"("selectors": [{"match": {"kuma.io/service": "gateway"}}], )";

struct Refused {
  const char* type;
  std::string spec;
  const char* violations;
};

class OldPolicyRules : public ::testing::TestWithParam<Refused> {};

TEST_P(OldPolicyRules, SayWhatIsWrong) {
  EXPECT_EQ(violations_of(GetParam().type, GetParam().spec), GetParam().violations);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, OldPolicyRules,
    ::testing::Values(
        Refused{"CircuitBreaker", "{" + sides + R"("conf": {"maxEjectionPercent": 20}})",
                "conf: must have at least one of the detector or threshold configured"},
        Refused{"CircuitBreaker",
                "{" + sides + R"("conf": {"maxEjectionPercent": 101, "detectors": {"totalErrors": {}}}})",
                "conf.maxEjectionPercent: has to be in [0.0 - 100.0] range"},
        Refused{"CircuitBreaker", "{" + sides + R"("conf": {"detectors": {"localErrors": {"consecutive": 0}}}})", ""},
        Refused{"ExternalService", R"({"networking": {"address": "httpbin.org"}, "tags": {"kuma.io/service": "h"}})",
                "networking.address: unable to parse address; networking.address: address has to be a valid IP address "
                "or a domain name; networking.address: unable to parse port in address; networking.address: port must "
                "be in the range [1, 65535]"},
        Refused{"ExternalService", R"({"networking": {"address": "h:80"}, "tags": {"kuma.io/service": "h"}})",
                "tags[\"kuma.io/service\"]: cannot be the same as networking.address"},
        Refused{"ExternalService", R"({"networking": {"address": "[::1]:80"}, "tags": {"kuma.io/service": "h"}})", ""},
        Refused{"FaultInjection", "{" + sides + R"("conf": {"abort": {"percentage": 200, "httpStatus": 999}}})",
                "destinations[0].match: protocol must be specified; conf.abort.percentage: has to be in [0.0 - 100.0] "
                "range; conf.abort.httpStatus: http status code is incorrect"},
        Refused{"HealthCheck", "{" + sides + R"("conf": {"interval": "0s", "timeout": "1s", "unhealthyThreshold": 1,
                "healthyThreshold": 1, "http": {"path": "/", "expectedStatuses": [600]}, "tcp": {}}})",
                "conf.interval: must have a positive value; conf.http.expectedStatuses[0]: must be in range [100, "
                "600); conf: http and tcp cannot be defined at the same time"},
        Refused{"RateLimit", "{" + sides + R"("conf": {"http": {"requests": 0}}})",
                "conf.http.requests: requests must be set; conf.http.interval: interval must be set"},
        Refused{"Retry", "{" + sides + R"("conf": {"grpc": {"retryOn": ["internal", "cancelled", "internal"]}}})",
                "conf.grpc.retryOn: repeated value \"internal\" at indexes [0, 2]"},
        Refused{"Retry", "{" + sides + R"("conf": {"http": {"numRetries": 0, "backOff": {"maxInterval": "1s"}}}})",
                "conf.http.numRetries: has to be greater than 0 when defined; conf.http.backOff.baseInterval: has to "
                "be defined"},
        Refused{"Timeout", "{" + sides + R"("conf": {"http": {}, "tcp": {"idleTimeout": "0s"}}})",
                "conf.tcp.idleTimeout: has to be greater than 0; conf.http: at least one timeout in section has to be "
                "defined"},
        Refused{"TrafficTrace", R"({"selectors": [{"match": {}}]})", "selectors[0].match: must have at least one tag"},
        Refused{"TrafficLog", "{" + sides + R"("conf": {}})", ""}));

INSTANTIATE_TEST_SUITE_P(
    Gateways, OldPolicyRules,
    ::testing::Values(
        Refused{"MeshGateway",
                "{" + selectors + R"("conf": {"listeners": [{"port": 80, "protocol": "HTTP", "hostname": "a.b"},
                {"port": 80, "protocol": "TCP", "hostname": "a.b"}]}})",
                "conf.listeners[0]: protocol conflicts with other listeners on this port; conf.listeners[1]: protocol "
                "conflicts with other listeners on this port; conf.listeners[0]: multiple listeners for hostname on "
                "this port; conf.listeners[1]: multiple listeners for hostname on this port"},
        Refused{"MeshGateway", "{" + selectors + R"("tags": {"kuma.io/zone": "z"}, "conf": {"listeners": [{"port": 443,
                "protocol": "HTTPS", "hostname": "*.B"}]}})",
                "tags[\"kuma.io/zone\"]: tag name must not be \"kuma.io/zone\"; conf.listeners[0].hostname: invalid "
                "wildcard domain; conf.listeners[0].tls: cannot be empty"},
        Refused{"MeshGatewayRoute",
                "{" + selectors + R"("conf": {"http": {"rules": [{"matches": [{"path": {"match": "PREFIX",
                "value": "x"}}], "filters": [{"redirect": {"statusCode": 299}}]}]}}})",
                "conf.http.rules[0].matches[0].value: must be an absolute path; "
                "conf.http.rules[0].filters[0].redirect.status_code: must be in the range [300, 308]"},
        Refused{"MeshGatewayRoute", "{" + selectors + R"("conf": {"tcp": {"rules": []}}})", ""},
        Refused{
            "ProxyTemplate",
            R"({"conf": {"imports": ["x"], "modifications": [{"cluster": {"operation": "add", "value": "a: b"}}]}})",
            "conf.imports[0]: profile not found. Available profiles: "
            "default-proxy,egress-proxy,gateway-proxy,ingress-proxy"},
        Refused{
            "ZoneIngress",
            R"({"networking": {"address": "127.0.0.1", "port": 10001, "advertisedPort": 1, "admin": {"port": 10001}}})",
            "networking.admin.port: must differ from port; networking.advertisedAddress: has to be defined with "
            "advertisedPort"},
        Refused{"ZoneEgress", R"({"networking": {"address": "0.0.0.0"}})",
                "networking.address.address: must not be 0.0.0.0 or ::; networking.port: port must be in the range [1, "
                "65535]"}));

TEST(VirtualOutbound, NamesServicesByTheirTags) {
  json conf = {
      {"host", "{{.service}}.{{ .v }}.mesh"},
      {"port", "{{.port}}"},
      {"parameters", {{{"name", "service"}, {"tagKey", "kuma.io/service"}}, {{"name", "v"}}, {{"name", "port"}}}}};
  std::map<std::string, std::string> tags = {{"kuma.io/service", "backend"}, {"v", "1"}, {"port", "8080"}};
  EXPECT_EQ(virtual_outbound_host(conf, tags).value(), "backend.1.mesh");
  EXPECT_EQ(virtual_outbound_port(conf, tags).value(), 8080u);
  tags["port"] = "70000";
  EXPECT_EQ(virtual_outbound_port(conf, tags).error().message,
            "evaluation of template returned a port outside of the range [1..65535] result=70000");
  tags.erase("v");
  EXPECT_FALSE(virtual_outbound_host(conf, tags));
}

TEST(GoTemplate, TrimsAndNamesWhatIsWrong) {
  std::map<std::string, std::string> values = {{"a", "x"}};
  EXPECT_EQ(render_go_template("1 {{- .a -}} 2{{/* note */}}", values).value(), "1x2");
  EXPECT_EQ(render_go_template("{{.b}}", values).value(), "<no value>");
  EXPECT_EQ(render_go_template("{{mesh}}", values).error().message, "template: :1: function \"mesh\" not defined");
  EXPECT_EQ(render_go_template("\n{{.a", values).error().message, "template: :2: unclosed action");
}

}  // namespace
}  // namespace kumasim::cp::testing
