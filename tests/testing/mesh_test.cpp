/// Drawn meshes are valid, load as scenarios and run.
#include "kumasim/testing/mesh.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "kumasim/testing/generators.hpp"
#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/kinds.hpp"
#include "tests/scenarios/scenario_texts.hpp"
#include "tests/scenarios/sim_run.hpp"
#include "tests/testing/shrinking.hpp"

namespace kumasim::testing {
namespace {

using namespace std::chrono_literals;

/// Why a resource is refused; "" where it is taken.
std::string refusal(const nlohmann::json& body) {
  const cp::Kind* kind = cp::find_kind(body.at("type").get<std::string>());
  if (kind == nullptr) return "no such kind";
  auto resource = cp::decode(*kind, body, cp::UnknownFields::refuse);
  return resource ? "" : resource.error().text() + " in " + body.dump();
}

class DrawnPolicy : public ::testing::TestWithParam<std::string> {};

TEST_P(DrawnPolicy, IsValid) {
  bool ok = rc::check("a policy is taken", [] {
    nlohmann::json policy = *policies(GetParam(), {"web", "backend"});
    policy["name"] = "drawn";
    RC_ASSERT(policy["type"] == GetParam());
    RC_ASSERT(refusal(policy) == "");
  });
  EXPECT_TRUE(ok);
}

INSTANTIATE_TEST_SUITE_P(Kinds, DrawnPolicy, ::testing::ValuesIn(policy_kinds()),
                         [](const auto& info) { return info.param; });

RC_GTEST_PROP(DrawnMeshes, LoadAsScenariosWithFaultsAndLinks, ()) {
  DrawnMesh mesh = *meshes({});
  FaultPlan faults = *fault_plans({.processes = processes_of(mesh)});
  auto roles = TopologyOptions{.roles = {{.name = mesh.services[0].name, .least = 2, .most = 2}}};
  std::vector<Link> links;
  if (mesh.services[0].instances >= 2) links = (*topologies(roles)).links;
  std::string text = to_scenario(mesh, {.faults = faults, .links = links, .always = {"failed-calls >= 0"}});
  std::string errors = scenario::errors(text);
  if (!errors.empty()) RC_FAIL(errors + text);
}

TEST(DrawnMeshes, ShrinkToTwoServicesWithoutPolicies) {
  auto least = least_with(meshes({})(rc::Random(3)), [](const DrawnMesh&) { return true; });
  EXPECT_EQ(least.services,
            (std::vector<MeshService>{{.name = "service-0", .calls = {"service-1"}}, {.name = "service-1"}}));
  EXPECT_EQ(least.resources.size(), 1u);
}

TEST(DrawnMeshes, RunInTheSimulatedWorld) {
  for (std::uint64_t seed : {1, 2, 3}) {
    auto mesh = meshes({.services_most = 3, .instances_most = 2})(rc::Random(seed)).value();
    auto loaded = scenario::load_scenario(
        to_scenario(mesh, {.duration = 5s, .always = {"calls(service-0 -> service-1) >= 10"}}), "drawn.yaml");
    ASSERT_TRUE(loaded) << scenario::lines_of(loaded.error());
    EXPECT_EQ(scenario::broken(scenario::run(*loaded, {.seed = seed})), "");
  }
}

}  // namespace
}  // namespace kumasim::testing
