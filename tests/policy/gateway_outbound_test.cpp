/// What policies do to the listeners and clusters of builtin gateways, where Kuma treats them unlike a sidecar's.
#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/policy/xds_json.hpp"

namespace kumasim::cp::policy::testing {
namespace {

using Json = nlohmann::json;

/// The old policy for one destination holds for every name of a gateway's TLS listener, as in Kuma.
TEST(Retry, IsOneForAllNamesOfATlsListener) {
  const char* listeners =
      "{port: 8443, protocol: TLS, hostname: a.example.com, tls: {mode: PASSTHROUGH}, tags: {n: a}}, "
      "{port: 8443, protocol: TLS, hostname: b.example.com, tls: {mode: PASSTHROUGH}, tags: {n: b}}";
  Generated edge(World(std::string(calling_mesh) + edge_gateway(listeners) + R"(
---
type: MeshTCPRoute
mesh: default
name: a
spec:
  targetRef: {kind: MeshGateway, name: edge, tags: {n: a}}
  to:
  - {targetRef: {kind: Mesh}, rules: [{default: {backendRefs: [{kind: MeshService, name: backend}]}}]}
---
type: MeshTCPRoute
mesh: default
name: b
spec:
  targetRef: {kind: MeshGateway, name: edge, tags: {n: b}}
  to:
  - {targetRef: {kind: Mesh}, rules: [{default: {backendRefs: [{kind: MeshService, name: redis}]}}]}
---
type: Retry
mesh: default
name: r
sources: [{match: {kuma.io/service: edge}}]
destinations: [{match: {kuma.io/service: redis}}]
conf: {tcp: {maxConnectAttempts: 7}}
)"),
                 "edge");
  Json chains = edge.listener("edge:TLS:8443")["filterChains"];
  ASSERT_EQ(chains.size(), 2u);
  for (const Json& chain : chains) EXPECT_EQ(chain["filters"][0]["typedConfig"]["maxConnectAttempts"], 7);
}

/// The cluster by which a builtin gateway reaches the ExternalServices `ext`; `mesh` is what stands in the Mesh.
Json outside_cluster(const std::string& mesh, const std::string& policies) {
  Generated edge(World("type: Mesh\nname: default\nmeshServices: {mode: Disabled}\n" + mesh +
                       edge_gateway("{port: 8080, protocol: HTTP}") + R"(
---
type: ZoneEgress
name: egress
networking: {address: 10.0.0.8, port: 10002}
---
type: ExternalService
mesh: default
name: ext-1
tags: {kuma.io/service: ext, kuma.io/protocol: http}
networking: {address: 'a.example.com:80'}
---
type: ExternalService
mesh: default
name: ext-2
tags: {kuma.io/service: ext, kuma.io/protocol: http, kuma.io/zone: other}
networking: {address: 'b.example.com:80'}
---
type: MeshHTTPRoute
mesh: default
name: all
spec:
  targetRef: {kind: MeshGateway, name: edge}
  to:
  - targetRef: {kind: Mesh}
    rules:
    - matches: [{path: {type: PathPrefix, value: /}}]
      default: {backendRefs: [{kind: MeshService, name: ext}]}
)" + policies),
                 "edge");
  Json route = edge.get(type_url::route, "edge:HTTP:8080:*").at("virtualHosts").at(0).at("routes").at(0);
  return edge.cluster(route["route"]["weightedClusters"]["clusters"][0]["name"].get<std::string>());
}

/// Kuma does not know a gateway's cluster for one that leads outside.
TEST(MeshTls, SetsParametersTowardsTheOutsideOnAGateway) {
  Json cluster = outside_cluster(
      "routing: {zoneEgress: true}\nmtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}\n", R"(
---
type: MeshTLS
mesh: default
name: t
spec:
  from: [{targetRef: {kind: Mesh}, default: {tlsVersion: {min: TLS13}}}]
)");
  Json context = cluster["transportSocket"]["typedConfig"]["commonTlsContext"];
  EXPECT_EQ(context["tlsParams"]["tlsMinimumProtocolVersion"], "TLSv1_3") << cluster.dump(1);
}

/// Nor does it take the service's own conf for the localities of its endpoints, but that for all.
TEST(MeshLoadBalancingStrategy, TakesTheCommonLocalitiesForTheOutsideOnAGateway) {
  auto assignment = [](const std::string& target, const std::string& conf) {
    return outside_cluster("", "---\ntype: MeshLoadBalancingStrategy\nmesh: default\nname: b\nspec:\n"
                               "  targetRef: {kind: Mesh}\n  to: [{targetRef: " +
                                   target + ", default: " + conf + "}]\n")["loadAssignment"];
  };
  const std::string other = "{loadBalancer: {type: Random}}", off = "{localityAwareness: {disabled: true}}";
  const std::string ext = "{kind: MeshService, name: ext}";
  ASSERT_FALSE(assignment(ext, other).is_null());
  EXPECT_EQ(assignment(ext, off), assignment(ext, other));
}

/// Intervals of the checks of the cluster that the routes of the host with this number lead to.
std::vector<std::string> intervals(const Generated& edge, std::size_t host) {
  Json route = edge.get(type_url::route, "edge:HTTP:8080:*").at("virtualHosts").at(host).at("routes").at(0);
  Json cluster = edge.cluster(route["route"]["weightedClusters"]["clusters"][0]["name"].get<std::string>());
  std::vector<std::string> list;
  for (const Json& check : cluster.at("healthChecks")) list.push_back(check.at("interval").get<std::string>());
  return list;
}

/// Kuma adds one to all clusters of a service for each entry that leads to it. Here those of one listener are bounded,
/// and leave room for those of the cluster's own listener.
TEST(MeshHealthCheck, HasABoundOnAGatewayWithManyRoutes) {
  std::string yaml = "type: Mesh\nname: default\nmeshServices: {mode: Exclusive}\n" + edge_gateway(two_hosts) + R"(
---
type: MeshService
mesh: default
name: backend
spec:
  selector: {dataplaneTags: {kuma.io/service: backend}}
  ports: [{port: 80, targetPort: 80, appProtocol: http}]
)";
  auto add = [&](const std::string& name, int routes, const std::string& interval) {
    std::string matches;
    for (int i = 0; i < routes; ++i)
      matches += fmt::format("{}{{path: {{type: Exact, value: /{}}}}}", i ? ", " : "", i);
    const std::string target = "  targetRef: {kind: MeshGateway, name: edge, tags: {n: " + name + "}}\n";
    yaml += "---\ntype: MeshHTTPRoute\nmesh: default\nname: " + name + "\nspec:\n" + target +
            "  to: [{targetRef: {kind: Mesh}, rules: [{matches: [" + matches +
            "], default: {backendRefs: [{kind: MeshService, name: backend, port: 80}]}}]}]\n";
    yaml += "---\ntype: MeshHealthCheck\nmesh: default\nname: " + name + "\nspec:\n" + target +
            "  to: [{targetRef: {kind: Mesh}, default: {interval: " + interval + ", http: {path: /up}}}]\n";
  };
  add("a", 20, "1s");
  add("b", 1, "2s");
  Generated edge(World(yaml), "edge");
  EXPECT_EQ(intervals(edge, 0).size(), 17u);  // with the one for the resource, whatever leads to it
  std::vector<std::string> second = intervals(edge, 1);
  EXPECT_EQ(second.size(), 11u);
  EXPECT_GE(std::ranges::count(second, "2s"), 2);
}

}  // namespace
}  // namespace kumasim::cp::policy::testing
