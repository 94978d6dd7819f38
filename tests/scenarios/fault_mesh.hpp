/// A small simulated mesh for faults, and what its timeline says.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "tests/scenarios/scenario_texts.hpp"
#include "tests/scenarios/sim_run.hpp"

namespace kumasim::scenario {

/// web-0 calls two backends under mTLS.
inline Scenario mesh(std::string_view duration, const std::string& rest, const std::string& expectations) {
  return must_load(load_scenario(fmt::format(R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {{name: mesh}}
spec:
  duration: {}
  topology:
    services: [{{name: web, calls: [backend]}}, {{name: backend, instances: 2}}]
  resources:
  - {{type: Mesh, name: default, mtls: {{enabledBackend: ca, backends: [{{name: ca, type: builtin}}]}}}}
  - {{type: MeshTrafficPermission, mesh: default, name: all, spec: {{from: [{{targetRef: {{kind: Mesh}}, default: {{action: Allow}}}}]}}}}
  load: [{{from: web, to: backend, rate: 20/s}}]
{}
  expect:
{})",
                                             duration, rest, expectations),
                                 "mesh.yaml"));
}

/// One run of it, with everything that did not hold.
inline std::string broken(std::string_view duration, const std::string& rest, const std::string& expectations) {
  return broken(run(mesh(duration, rest, expectations)));
}

inline std::vector<Duration> times_of(const WorldRun& run, std::string_view text) {
  std::vector<Duration> out;
  for (const TimelineEntry& entry : run.timeline)
    if (entry.text.find(text) != std::string::npos) out.push_back(entry.at);
  return out;
}

}  // namespace kumasim::scenario
