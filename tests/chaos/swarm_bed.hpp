/// What the tests of drawing draw from.
#pragma once

#include <string>

#include "kumasim/chaos/budget.hpp"

namespace kumasim::chaos {

using namespace std::chrono_literals;

inline Surface surface() {
  return {.control_plane = "kuma-cp",
          .groups = {{"web", "web", 2, 1, 4}, {"backend", "backend-v1", 3, 2, 3}, {"backend", "backend-v2", 1, 1, 1}},
          .ways = {{"kuma-cp", "web"}, {"kuma-cp", "backend"}, {"web", "backend"}},
          .linked = {{"web", "backend"}},
          .end = 100s,
          .meshes = {"default"},
          .resources = {{"Mesh", "", "default"}, {"MeshTimeout", "default", "t"}, {"TrafficRoute", "default", "r"}},
          .spare = {{"MeshTimeout", "default", "t"}},
          .changed = {{"TrafficRoute", "default", "r"}},
          .loads = {{"web", "backend"}, {"web", "web"}},
          .http = true};
}

inline SwarmOptions options() {
  SwarmOptions out{.pick_low = 0, .pick_high = 12, .delay_low = 1ms, .delay_high = 9ms};
  for (const FaultKind& kind : fault_kinds()) out.from.push_back(kind.name);
  return out;
}

inline DrawnFault kill(std::string target, Duration at, std::optional<Duration> lasts) {
  return {.kind = "proc.kill", .at = at, .lasts = lasts, .target = std::move(target), .between = {}};
}

}  // namespace kumasim::chaos
