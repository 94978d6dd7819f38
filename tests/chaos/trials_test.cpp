/// Candidates of a shrinker: what breaks must pass without the planted bug, or without its faults, where the start
/// does.
#include <gtest/gtest.h>

#include "kumasim/scenario/document.hpp"
#include "tools/cli/trials.hpp"

namespace kumasim::cli {
namespace {

using nlohmann::json;

/// Each instance serves one request in 60 ms, and 25 come in a second: two are enough, one is not.
constexpr std::string_view text = R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: slow}
spec:
  duration: 3s
  topology:
    services:
    - {name: web, calls: [backend]}
    - {name: backend, instances: 2, concurrency: 1, latency: 60ms}
  resources:
  - {type: Mesh, name: default, mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}}
  - {type: MeshTrafficPermission, mesh: default, name: all, spec: {from: [{targetRef: {kind: Mesh}, default: {action: Allow}}]}}
  load:
  - {from: web, to: backend, rate: 25/s}
  faults:
  - {at: 0s, for: 3s, fault: app.latency, delay: 900ms, select: {service: backend, pick: all}}
  expect:
  - always: latency(web -> backend, p50) <= 250ms
)";

json document(std::string_view of = text) { return scenario::parse_document(of, "slow.yaml")->value; }

TrialOptions options(const json& of, std::string bug = "") {
  TrialOptions out{.file = "slow.yaml", .seed = 1, .planted_bug = std::move(bug), .signature = {}, .until = {}};
  auto failure = first_failure(of.dump(), out);
  EXPECT_TRUE(failure && *failure) << "the start breaks";
  if (failure && *failure) out.signature = chaos::signature_anywhen(**failure);
  return out;
}

TEST(TrialControls, ACandidateMustPassWithoutItsFaults) {
  json one = document();
  one["spec"]["topology"]["services"][1]["instances"] = 1;
  TrialOptions with = options(document());
  with.without_faults = true;
  Trials controlled(with, {});
  EXPECT_EQ(controlled.outcomes({document(), one}),
            (std::vector<std::string>{"", "breaks without its faults as well"}));
  EXPECT_EQ(controlled.first_breaking({one, document()}), 1u);
  with.without_faults = false;
  Trials without(with, {});
  EXPECT_EQ(without.outcomes({one}), std::vector<std::string>{""}) << "only the control tells them apart";
}

/// A stranger is let in by the bug; without the permission's limits by the candidate itself.
TEST(TrialControls, ACandidateMustPassWithoutThePlantedBug) {
  json start = document();
  json& spec = start["spec"];
  spec["duration"] = "2s";
  spec.erase("faults");
  spec["resources"][1]["spec"]["from"][0]["default"]["action"] = "Deny";
  spec["expect"] = {{{"always", "denied(web -> backend)"}}};
  json open = start;
  open["spec"]["resources"][1]["spec"]["from"][0]["default"]["action"] = "Allow";
  TrialOptions with = options(start, "rbac-rule-dropped");
  with.without_bug = true;
  Trials controlled(with, {});
  EXPECT_EQ(controlled.outcomes({start, open}),
            (std::vector<std::string>{"", "breaks without the planted bug as well"}));
  with.without_bug = false;
  Trials without(with, {});
  EXPECT_EQ(without.outcomes({open}), std::vector<std::string>{""}) << "only the control tells them apart";
}

}  // namespace
}  // namespace kumasim::cli
