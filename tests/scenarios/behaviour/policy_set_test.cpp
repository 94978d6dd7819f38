/// Which texts are sets of resources, and what is said of those that are not.
#include "scenarios/behaviour/policy_set.hpp"

#include <gmock/gmock.h>

#include "tests/scenarios/behaviour/still_mesh.hpp"

namespace kumasim::scenario {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> wrong(const std::vector<SourceText>& texts) {
  auto set = read_policy_set("set", texts);
  std::vector<std::string> out;
  if (set) return out;
  for (const Diagnostic& each : set.error()) out.push_back(each.text());
  return out;
}

TEST(PolicySet, TakesBothFormsAndPassesOverWhatIsNotKumas) {
  auto set = set_of("k8s", R"(
apiVersion: v1
kind: List
items:
- {apiVersion: kuma.io/v1alpha1, kind: Mesh, metadata: {name: default}, spec: {}}
- {apiVersion: apps/v1, kind: Deployment, metadata: {name: web}}
- {apiVersion: kuma.io/v1alpha1, kind: MeshGatewayInstance, metadata: {name: edge, namespace: n}, spec: {replicas: 1}}
)");
  ASSERT_EQ(set.resources.size(), 1u);
  EXPECT_EQ(set.resources[0].body["type"], "Mesh");
  EXPECT_THAT(set.notes,
              ElementsAre("k8s: 1 object of other systems than Kuma passed over",
                          "k8s: 1 MeshGatewayInstance passed over: what Kubernetes makes of it is not known here"));
  EXPECT_FALSE(set.has_dataplanes());
}

TEST(PolicySet, TakesTheServicesOfAScenario) {
  auto set = set_of("s.yaml", R"(
apiVersion: kumasim/v1
kind: Scenario
metadata: {name: s}
spec:
  duration: 1s
  topology: {services: [{name: web, calls: [backend]}, {name: backend, instances: 2}]}
  resources: [{type: Mesh, name: default}]
  load: [{from: web, to: backend, rate: 1/s}]
  expect: [{always: reachable(web -> backend)}]
)");
  ASSERT_TRUE(set.scenario);
  add_dataplanes(set, *set.scenario);
  EXPECT_EQ(set.resources.size(), 4u);
  Workshop workshop;
  Deployment made = deploy(set, workshop);
  EXPECT_EQ(made.proxies().size(), 2u);
  ASSERT_NE(made.find("default", "backend-1"), nullptr);
  EXPECT_EQ(made.find("default", "backend-1")->names, (std::vector<std::string>{"backend-0", "backend-1"}));
}

TEST(PolicySet, PutsTheServicesOfAScenarioBesideItsOwnDataplanes) {
  const auto topology = load_scenario(R"(
apiVersion: kumasim/v1
kind: Scenario
metadata: {name: t}
spec:
  duration: 1s
  topology: {services: [{name: web, calls: [backend]}, {name: backend, instances: 2}]}
  load: [{from: web, to: backend, rate: 1/s}]
  expect: [{always: reachable(web -> backend)}]
)",
                                      "t.yaml");
  ASSERT_TRUE(topology);
  auto set = set_of("own", plain_mesh + edge(http_listener) +
                               dataplane("backend-1", "10.1.0.2", "kuma.io/service: backend, version: v2") +
                               dataplane("audit-0", "10.0.0.3", "kuma.io/service: audit"));
  add_dataplanes(set, *topology);
  EXPECT_THAT(set.notes,
              ElementsAre("own: Dataplane backend-1 stands in the place of the instance of backend in t.yaml"));
  Workshop workshop;
  Deployment made = deploy(set, workshop);
  for (const char* name : {"edge-0", "backend-0", "backend-1", "web-0", "audit-0"})
    EXPECT_NE(made.find("default", name), nullptr) << name;
  EXPECT_EQ(made.find("default", "backend-1")->view.address, "10.1.0.2");
  EXPECT_EQ(made.find("default", "web-0")->view.outbounds.size(), 1u);
  EXPECT_NE(made.find("default", "web-0")->view.address, "10.1.0.2") << "an address that is taken";
  EXPECT_EQ(made.find("default", "audit-0")->view.outbounds.size(), 2u) << "of whose calls no scenario speaks";
  EXPECT_EQ(made.find("default", "backend-1")->view.outbounds.size(), 2u) << "which says itself whom it calls";
  EXPECT_THAT(made.find("default", "backend-0")->view.outbounds, ::testing::IsEmpty());
}

TEST(PolicySet, NamesTheLineOfWhatIsWrong) {
  EXPECT_THAT(wrong({{"a.yaml",
                      "type: Mesh\nname: default\n---\ntype: MeshTimeout\nmesh: default\nname: t\nspec: {bad: 1}\n"}}),
              ElementsAre(HasSubstr("a.yaml:7:8: spec.bad: ")));
  EXPECT_THAT(wrong({{"a.yaml", plain_mesh}, {"b.yaml", plain_mesh}}),
              ElementsAre(HasSubstr("b.yaml:3:1: Mesh `default` stands in it twice")));
  Workshop workshop;
  auto missing =
      Deployment::make(set_of("c.yaml",
                              "type: MeshTimeout\nmesh: defualt\nname: t\nspec: {targetRef: {kind: Mesh}, to: "
                              "[{targetRef: {kind: Mesh}, default: {connectionTimeout: 1s}}]}\n"),
                       {}, workshop);
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error()[0].text(), HasSubstr("c.yaml:1"));
  EXPECT_THAT(missing.error()[0].text(),
              HasSubstr("is in mesh `defualt`, which there is not (did you mean `default`?)"));
}

}  // namespace
}  // namespace kumasim::scenario
