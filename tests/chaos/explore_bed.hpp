/// Scenarios for the tests of exploration and shrinking.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "kumasim/scenario/document.hpp"
#include "scenarios/explore/expand.hpp"

namespace kumasim::scenario {

inline const std::string two_services = R"(apiVersion: kumasim/v1
kind: Scenario
metadata: {name: two, description: "of: two", tags: [a, b]}
spec:
  duration: 100s
  setup: 30s
  topology:
    services:
    - {name: web, instances: 2, calls: [backend]}
    - {name: idle}
    - {name: backend, latency: [1ms, 3ms], versions: [{tags: {version: v1}, instances: 2}, {tags: {version: v2}, instances: 1}]}
    links:
    - {between: [web, backend], delay: 1ms}
  resources:
  - {type: Mesh, name: default, mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}}
  - {type: MeshTrafficPermission, mesh: default, name: all, spec: {from: [{targetRef: {kind: Mesh}, default: {action: Allow}}]}}
  load:
  - {from: web, to: backend, rate: 20/s}
  faults:
  - {at: [10s, 20s], for: [1s, 5s], fault: proc.kill, select: {service: backend, pick: 2}}
  - {at: 30s, for: 2s, fault: proc.pause, target: web-0}
  changes:
  - at: [40s, 50s]
    apply: {type: MeshTimeout, mesh: default, name: t, spec: {to: [{targetRef: {kind: Mesh}, default: {http: {requestTimeout: 5s}}}]}}
  expect:
)";

/// two_services with these lines at its end.
inline std::string with_expectations(const std::string& lines) { return two_services + lines; }

inline Source source_of(const std::string& text) {
  auto loaded = load_scenario(text, "two.yaml");
  auto document = parse_document(text, "two.yaml");
  if (loaded && document) return {std::move(*loaded), std::move(document->value)};
  ADD_FAILURE() << (loaded ? document.error().text() : loaded.error()[0].text());
  return {};
}

}  // namespace kumasim::scenario
