/// What `kumasim diff` says of calls from outside of the mesh to a builtin gateway.
#include <gmock/gmock.h>

#include "scenarios/behaviour/behaviour_diff.hpp"
#include "tests/scenarios/behaviour/still_mesh.hpp"

namespace kumasim::scenario {
namespace {

using namespace testing;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

BehaviourDiff diff(const std::string& before, const std::string& after) {
  Workshop workshop;
  Deployment was = deploy(set_of("before", before), workshop), is = deploy(set_of("after", after), workshop);
  return compare(was, is, nullptr);
}

std::vector<std::string> lines(const BehaviourDiff& diff) {
  std::vector<std::string> out;
  for (const FlowDifference& change : diff.changes) out.push_back(change.text());
  return out;
}

/// Of the first change from outside.
std::vector<std::string> categories(const BehaviourDiff& diff) {
  for (const FlowDifference& change : diff.changes)
    if (change.from.front() == "outside") return change.categories;
  return {};
}

const std::string plain = plain_mesh + dataplanes;
const std::string secured = mtls_mesh + dataplanes;

TEST(GatewayDiff, NamesTheRouteThatSendsElsewhere) {
  auto found = diff(plain + edge(http_listener) + edge_route("example.com", to_backend),
                    plain + edge(http_listener) + edge_route("example.com", to_backend_v2));
  EXPECT_THAT(lines(found), ElementsAre("outside -> edge-gateway:8080 example.com GET /api, GET /api/x, POST /api: "
                                        "route backend -> backend version=v2 (MeshHTTPRoute edge-routes changed)"));
  EXPECT_EQ(found.flows, 6u) << "five calls inside, and one door";
  auto json = diff_json(found)["changes"][0];
  EXPECT_EQ(json["from"], (nlohmann::json{"outside"}));
  EXPECT_EQ(json["to"], "edge-gateway:8080 example.com");
  EXPECT_EQ(json["requests"], (nlohmann::json{"GET /api", "GET /api/x", "POST /api"}));
  EXPECT_EQ(json["categories"], (nlohmann::json{"route"}));
}

TEST(GatewayDiff, SaysNothingWhereNothingChanges) {
  const std::string set = secured + allow_all + edge(http_listener) + edge_route("*.example.com", to_backend);
  EXPECT_THAT(lines(diff(set, set)), IsEmpty());
}

TEST(GatewayDiff, FilesAHostThatNobodyServesAsUnreachable) {
  const std::string before = plain + edge(http_listener) + edge_route("example.com", to_backend);
  auto moved = diff(before, plain + edge(http_listener) + edge_route("example.org", to_backend));
  EXPECT_THAT(lines(moved), Contains("outside -> edge-gateway:8080 example.com GET /api, GET /api/x, POST /api: "
                                     "allowed -> no route (MeshHTTPRoute edge-routes changed)"));
  EXPECT_THAT(lines(moved), Contains("outside -> edge-gateway:8080 example.org GET /api, GET /api/x, POST /api: "
                                     "no route -> allowed (MeshHTTPRoute edge-routes changed)"));
  EXPECT_THAT(categories(moved), ElementsAre("unreachable"));
  const std::string elsewhere = "{port: 9090, protocol: HTTP, tags: {port: http}}";
  auto gone = diff(before, plain + edge(elsewhere) + edge_route("example.com", to_backend));
  EXPECT_THAT(lines(gone), Contains("outside -> edge-gateway:8080 example.com GET /api, GET /api/x, POST /api: "
                                    "allowed -> nobody listens (MeshGateway edge changed)"));
  EXPECT_THAT(categories(gone), ElementsAre("unreachable"));
  EXPECT_THAT(lines(gone), Contains(HasSubstr("outside -> edge-gateway:9090 example.com GET /api")));
}

TEST(GatewayDiff, NamesTheMeshGatewayWhereItsOwnListenerDiffersOnly) {
  const std::string second = ", {port: 9090, protocol: HTTP, hostname: example.com, tags: {port: http}}";
  auto found = diff(plain + edge(http_listener) + edge_route("example.com", to_backend),
                    plain + edge(http_listener + second) + edge_route("example.com", to_backend_v2));
  EXPECT_THAT(lines(found), ElementsAre("outside -> edge-gateway:8080 example.com GET /api, GET /api/x, POST /api: "
                                        "route backend -> backend version=v2 (MeshHTTPRoute edge-routes changed)",
                                        "outside -> edge-gateway:9090 example.com GET /api, GET /api/x, POST /api: "
                                        "nobody listens -> allowed (MeshGateway edge changed, "
                                        "MeshHTTPRoute edge-routes changed)"));
  EXPECT_THAT(found.changes.back().categories, ElementsAre("allowed")) << "GET / has no route now either";
}

TEST(GatewayDiff, AsksAWildcardByAnExample) {
  auto found = diff(plain + edge(http_listener) + edge_route("*.example.com", to_backend),
                    plain + edge(http_listener) + edge_route("*.example.com", to_backend) +
                        edge_route("a.example.com", to_backend_v2, "routes-of-a"));
  EXPECT_THAT(lines(found), Contains(AllOf(HasSubstr("outside -> edge-gateway:8080 a.example.com GET /api"),
                                           HasSubstr(": route backend -> backend version=v2"))));
  EXPECT_THAT(lines(found), Not(Contains(HasSubstr("*.example.com"))));
}

TEST(GatewayDiff, NamesThePermissionThatKeepsTheGatewayOut) {
  const std::string rest = edge(http_listener) + edge_route("example.com", to_backend);
  auto found = diff(secured + allow_all + rest, secured + rest);
  EXPECT_THAT(lines(found), Contains("outside -> edge-gateway:8080 example.com GET /api, GET /api/x, POST /api: "
                                     "allowed -> denied (MeshTrafficPermission all removed)"));
  EXPECT_THAT(categories(found), ElementsAre("denied"));
}

TEST(GatewayDiff, NamesPoliciesThatAreForTheGateway) {
  const std::string policies = R"(
---
type: MeshTimeout
mesh: default
name: edge-timeouts
spec:
  targetRef: {kind: MeshGateway, name: edge}
  to: [{targetRef: {kind: Mesh}, default: {http: {requestTimeout: 5s}}}]
---
type: MeshRetry
mesh: default
name: edge-tries
spec:
  targetRef: {kind: MeshGateway, name: edge}
  to: [{targetRef: {kind: Mesh}, default: {http: {numRetries: 7}}}]
---
type: MeshRateLimit
mesh: default
name: edge-limit
spec:
  targetRef: {kind: MeshGateway, name: edge}
  to: [{targetRef: {kind: Mesh}, default: {local: {http: {requestRate: {num: 10, interval: 1s}}}}}]
---
type: MeshTimeout
mesh: default
name: of-web
spec:
  targetRef: {kind: MeshSubset, tags: {kuma.io/service: web}}
  to: [{targetRef: {kind: Mesh}, default: {http: {requestTimeout: 6s}}}]
)";
  const std::string base = plain + edge(http_listener) + edge_route("example.com", to_backend);
  auto all = lines(diff(base, base + policies));
  const std::string call = "outside -> edge-gateway:8080 example.com GET /api, GET /api/x, POST /api: ";
  EXPECT_THAT(all, Contains(call + "timeout 15s -> 5s (MeshTimeout edge-timeouts added)"));
  EXPECT_THAT(all, Contains(AllOf(HasSubstr(call + "retries "), HasSubstr(" -> 7 (MeshRetry edge-tries added)"))));
  EXPECT_THAT(all, Contains(call + "rate limit none -> 10 in 1s, then 429 (MeshRateLimit edge-limit added)"));
  EXPECT_THAT(all, Contains("web -> backend: timeout 15s -> 6s (MeshTimeout of-web added)"));
}

TEST(GatewayDiff, NamesOldPoliciesOfTheGateway) {
  const std::string old = R"(
---
type: Timeout
mesh: default
name: old-timeouts
sources: [{match: {kuma.io/service: edge-gateway}}]
destinations: [{match: {kuma.io/service: backend}}]
conf: {http: {requestTimeout: 4s}}
---
type: TrafficRoute
mesh: default
name: not-of-gateways
sources: [{match: {kuma.io/service: '*'}}]
destinations: [{match: {kuma.io/service: '*'}}]
conf: {destination: {kuma.io/service: '*'}}
)";
  const std::string mesh = "\n---\ntype: Mesh\nname: default\nskipCreatingInitialPolicies: ['*']\n";
  const std::string base = mesh + dataplanes + edge(http_listener) + edge_route("example.com", to_backend);
  EXPECT_THAT(lines(diff(base, base + old)),
              Contains(AllOf(HasSubstr("outside -> edge-gateway:8080 example.com GET /api, GET /api/x, POST /api: "
                                       "timeout "),
                             HasSubstr(" -> 4s (Timeout old-timeouts added)"))));
}

TEST(GatewayDiff, LooksAtRulesOfGatewayRoutes) {
  auto routes = [](const std::string& rule) {
    return "\n---\ntype: MeshGatewayRoute\nmesh: default\nname: old-routes\nselectors: [{match: {kuma.io/service: "
           "edge-gateway, port: http}}]\nconf: {http: {hostnames: [old.example.com], rules: [" +
           rule + "]}}\n";
  };
  auto rule = [](const std::string& match, const std::string& version) {
    return "{matches: [" + match + "], backends: [{weight: 1, destination: {kuma.io/service: backend" + version +
           "}}]}";
  };
  const std::string match = "{path: {match: EXACT, value: /v1}, headers: [{name: X-New, match: EXACT, value: b}]}";
  auto found = diff(plain + edge(http_listener) + routes(rule(match, "")),
                    plain + edge(http_listener) + routes(rule(match, ", version: v2")));
  EXPECT_THAT(lines(found), ElementsAre("outside -> edge-gateway:8080 old.example.com GET /v1 x-new:b, POST /v1 "
                                        "x-new:b: route backend -> backend version=v2 "
                                        "(MeshGatewayRoute old-routes changed)"));
  auto none = diff(plain + edge(http_listener) + routes(rule(match, "")), plain + edge(http_listener));
  EXPECT_THAT(lines(none), Contains(AllOf(HasSubstr("outside -> edge-gateway:8080 old.example.com GET /v1 x-new:b"),
                                          HasSubstr("allowed -> no route (MeshGatewayRoute old-routes removed)"))));
}

TEST(GatewayDiff, TellsBytesAndTlsApart) {
  auto route = [](const std::string& to) {
    return "\n---\ntype: MeshTCPRoute\nmesh: default\nname: bytes\nspec:\n  targetRef: {kind: MeshGateway, name: "
           "edge}\n  to: [{targetRef: {kind: Mesh}, rules: [{default: {backendRefs: [" +
           to + "]}}]}]\n";
  };
  std::string bytes = plain;  // backend speaks no HTTP
  for (std::size_t at = 0; (at = bytes.find("service: backend, version", at)) != std::string::npos; ++at)
    bytes.replace(bytes.find("protocol: http", at), 14, "protocol: tcp");
  const std::string tcp = "{port: 9000, protocol: TCP}";
  EXPECT_THAT(lines(diff(bytes + edge(tcp) + route(to_backend), bytes + edge(tcp) + route(to_backend_v2))),
              ElementsAre("outside -> edge-gateway:9000: route backend -> backend version=v2 "
                          "(MeshTCPRoute bytes changed)"));
  const std::string tls = "{port: 9000, protocol: TLS, hostname: db.example.com, tls: {mode: PASSTHROUGH}}";
  EXPECT_THAT(lines(diff(bytes + edge(tls) + route(to_backend), bytes + edge(tls) + route(to_backend_v2))),
              ElementsAre("outside -> edge-gateway:9000 tls://db.example.com: route backend -> backend version=v2 "
                          "(MeshTCPRoute bytes changed)"));
  auto closed = diff(bytes + edge(tcp) + route(to_backend), bytes + edge(tls) + route(to_backend));
  EXPECT_THAT(lines(closed), Contains("outside -> edge-gateway:9000: allowed -> no filter chain "
                                      "(MeshGateway edge changed)"));
  EXPECT_THAT(categories(closed), ElementsAre("unreachable"));
}

TEST(GatewayDiff, ShowsAClientsTlsByACertificateThatStandsForTheSecret) {
  const std::string https =
      "{port: 8443, protocol: HTTPS, hostname: example.com, tls: {mode: TERMINATE, certificates: "
      "[{secret: example-com}]}}";
  auto found = diff(plain + edge(https) + edge_route("example.com", to_backend),
                    plain + edge(https) + edge_route("example.com", to_backend_v2));
  EXPECT_THAT(lines(found), ElementsAre(HasSubstr("outside -> edge-gateway:8443 https://example.com GET /api, GET "
                                                  "/api/x, POST /api: route backend -> backend version=v2")));
  EXPECT_THAT(found.notes,
              Contains("before: there is no Secret `example-com`: a certificate of kumasim stands for that of "
                       "MeshGateway edge"));
}

TEST(GatewayDiff, ComparesADataplaneThatComesWithAnother) {
  const std::string base = plain + edge(http_listener) + edge_route("example.com", to_backend);
  const std::string second =
      "\n---\ntype: Dataplane\nmesh: default\nname: edge-1\nnetworking:\n  address: "
      "10.0.0.10\n  gateway: {type: BUILTIN, tags: {kuma.io/service: edge-gateway}}\n";
  EXPECT_THAT(lines(diff(base, base + second)), IsEmpty());
  EXPECT_THAT(lines(diff(base + second, base)), IsEmpty());
  auto gone = diff(base, plain);
  EXPECT_THAT(lines(gone), Contains(HasSubstr("outside -> edge-gateway:8080 example.com GET /api, GET /api/x, POST "
                                              "/api: allowed -> no such call")));
  EXPECT_THAT(categories(gone), ElementsAre("unreachable"));
}

TEST(GatewayDiff, SaysThatAGatewayHasNoDataplane) {
  std::string idle = edge(http_listener);
  idle.erase(0, idle.find("\n---\ntype: MeshGateway"));
  EXPECT_THAT(diff(plain + idle, plain + edge(http_listener)).notes,
              ElementsAre("before: MeshGateway edge has no Dataplane: its listeners are not looked at"));
}

}  // namespace
}  // namespace kumasim::scenario
