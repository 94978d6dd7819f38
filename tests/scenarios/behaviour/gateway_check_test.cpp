/// Verdicts of `kumasim check` on calls from outside of the mesh to a builtin gateway.
#include <gmock/gmock.h>

#include "scenarios/behaviour/check_file.hpp"
#include "tests/scenarios/behaviour/still_mesh.hpp"

namespace kumasim::scenario {
namespace {

using namespace testing;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string listeners = http_listener +
                              ", {port: 8443, protocol: HTTPS, hostname: '*.example.com', tls: {mode: TERMINATE, "
                              "certificates: [{secret: example-com}]}}";

std::expected<CheckReport, Diagnostics> report(const std::vector<std::string>& expectations,
                                               const std::string& more = {}) {
  std::string text = "apiVersion: kumasim/v1\nkind: Check\nmetadata: {name: c}\nspec:\n  policies: p.yaml\n  expect:\n";
  for (const std::string& line : expectations) text += "  - '" + line + "'\n";
  auto file = read_check(text, "c.yaml");
  if (!file) return std::unexpected(file.error());
  Workshop workshop;
  const std::string set =
      mtls_mesh + allow_all + dataplanes + edge(listeners) + edge_route("*.example.com", to_backend_v2) + more;
  Deployment made = deploy(set_of("p.yaml", set), workshop, {.pairs = file->pairs()});
  return judge(*file, made);
}

/// All of them hold.
void expect_held(const std::vector<std::string>& expectations) {
  auto done = report(expectations);
  ASSERT_TRUE(done) << done.error()[0].text();
  for (const CheckVerdict& verdict : done->verdicts)
    EXPECT_TRUE(verdict.held) << verdict.text << ": " << verdict.seen << ": " << verdict.why;
}

TEST(GatewayCheck, JudgesCallsFromOutside) {
  expect_held({"allowed(outside -> edge-gateway:8080 www.example.com GET /api)",
               "mtls(outside -> edge-gateway GET /api)",
               "route(outside -> edge-gateway:8080 www.example.com /api) == backend version=v2",
               "share(outside -> edge-gateway:8080 www.example.com /api, version=v2) == 100%",
               "timeout(outside -> edge-gateway /api) == 15s", "allowed(outside -> * *.example.com /api)"});
}

TEST(GatewayCheck, BeginsAsTheListenerExpectsUnlessToldOtherwise) {
  expect_held({"protocol(outside -> edge-gateway:8080 www.example.com /api) == http",
               "protocol(outside -> edge-gateway:8443 www.example.com /api) == https",
               "allowed(outside -> edge-gateway:8443 https://www.example.com /api)",
               "access(outside -> edge-gateway:8443 http://www.example.com /api) == no filter chain",
               "access(outside -> edge-gateway:8080 https://www.example.com /api) == TLS where plain bytes are due"});
}

TEST(GatewayCheck, SaysWhereACallEnds) {
  expect_held({"access(outside -> edge-gateway:8080 other.org) == no route",
               "access(outside -> edge-gateway:8080 www.example.com /other) == no route",
               "access(outside -> edge-gateway:8443 other.org /api) == no filter chain",
               "access(outside -> edge-gateway:9090) == nobody listens"});
  auto broken = report({"allowed(outside -> edge-gateway:8080 other.org)", "allowed(web -> edge-gateway)"});
  ASSERT_TRUE(broken);
  EXPECT_EQ(broken->verdicts[0].seen, "no route");
  EXPECT_THAT(broken->verdicts[0].policies, Contains("MeshGateway edge"));
  EXPECT_THAT(broken->verdicts[1].why, HasSubstr("a gateway's listeners are called from `outside`"));
}

TEST(GatewayCheck, NamesWhatDecides) {
  auto done = report({"allowed(outside -> edge-gateway /api)", "route(outside -> edge-gateway /api) != backend",
                      "timeout(outside -> edge-gateway /api) > 1s"});
  ASSERT_TRUE(done) << done.error()[0].text();
  EXPECT_THAT(done->verdicts[0].policies, ElementsAre("MeshTrafficPermission all"));
  EXPECT_THAT(done->verdicts[1].policies, ElementsAre("MeshGateway edge", "MeshHTTPRoute edge-routes"));
  EXPECT_THAT(done->verdicts[2].policies, Contains("MeshTimeout mesh-gateways-timeout-all-default"));
}

TEST(GatewayCheck, RefusesWhatCannotBeAsked) {
  auto why = [](const std::string& line, const std::string& more = {}) {
    auto done = report({line}, more);
    return done ? "it is taken" : done.error()[0].text();
  };
  EXPECT_THAT(why("allowed(outside -> edge-gatewy)"),
              HasSubstr("there is no builtin gateway `edge-gatewy` (did you mean `edge-gateway`?)"));
  EXPECT_THAT(why("allowed(outside -> backend)"), HasSubstr("there is no builtin gateway `backend`"));
  EXPECT_THAT(why("allowed(outside -> edge-gateway:http)"), HasSubstr("`edge-gateway:http` is no gateway with a port"));
  EXPECT_THAT(why("allowed(outside -> edge-gateway:70000)"), HasSubstr("is no gateway with a port"));
  EXPECT_THAT(why("allowed(web -> outside)"), HasSubstr("nobody calls `outside`"));
  EXPECT_THAT(why("allowed(outside -> edge-gateway a.b c.d)"), HasSubstr("`c.d` is no method, no path"));
  EXPECT_THAT(why("allowed(outside -> edge-gateway)", dataplane("outside-0", "10.0.0.7", "kuma.io/service: outside")),
              HasSubstr("a service has this name too (give the service another name)"));
}

}  // namespace
}  // namespace kumasim::scenario
