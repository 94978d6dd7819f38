/// One seed of an exploration whose process dies: what its branches came to by then is kept.
#include <gtest/gtest.h>

#include <cstdlib>

#include "kumasim/scenario/document.hpp"
#include "tools/cli/seed_run.hpp"

namespace kumasim::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view text = R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: two}
spec:
  duration: 3s
  topology: {services: [{name: web, calls: [backend]}, {name: backend}]}
  resources:
  - {type: Mesh, name: default, mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}}
  - {type: MeshTrafficPermission, mesh: default, name: all, spec: {from: [{targetRef: {kind: Mesh}, default: {action: Allow}}]}}
  load: [{from: web, to: backend, rate: 5/s}]
  swarm: {pick: 1, from: [net.delay], instances: {web: 1, backend: 1}}
  liveness: {after: 2s, within: 1s}
  expect: [{always: no-plaintext}]
)";

/// The seed's process, which dies where it has said so much.
chaos::SeedResult result_after(std::size_t said_max) {
  auto loaded = scenario::load_scenario(text, "two.yaml");
  scenario::Source source{std::move(*loaded), scenario::parse_document(text, "two.yaml")->value};
  WorkerPool pool(1, 60s);
  std::size_t said = 0;
  pool.start(0, [&](const Say& say) {
    return run_seed(source, *scenario::find_profile("swarm"), 1, "", 2, [&](std::string_view line) {
      say(line);
      if (++said == said_max) std::abort();
    });
  });
  return result_of(*pool.wait(), 1);
}

TEST(SeedRun, KeepsBranchesOfARunThatDies) {
  chaos::SeedResult whole = result_after(1000);
  EXPECT_TRUE(whole.passed());
  ASSERT_EQ(whole.branches.size(), 2u);
  EXPECT_NE(whole.fingerprint, 0u);

  chaos::SeedResult dead = result_after(1);
  ASSERT_EQ(dead.failures.size(), 1u);
  EXPECT_EQ(dead.failures[0].kind, "crash");
  EXPECT_EQ(dead.seed, 1u);
  ASSERT_EQ(dead.branches.size(), 1u);
  EXPECT_EQ(dead.branches[0].branch, whole.branches[0].branch);
  EXPECT_EQ(dead.branches[0].fingerprint, whole.branches[0].fingerprint);
  EXPECT_TRUE(dead.branches[0].passed());
}

}  // namespace
}  // namespace kumasim::cli
