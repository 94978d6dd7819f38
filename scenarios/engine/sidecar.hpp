/// What kuma-dp does before it starts Envoy: asks the control plane for the bootstrap configuration.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/runtime.hpp"

namespace kumasim::scenario {

struct SidecarOptions {
  std::string control_plane;  // host
  std::uint16_t port = 5678;
  nlohmann::json dataplane;
  std::uint16_t admin_port = 9901;
};

/// The bytes of Envoy's bootstrap. Repeats until the control plane answers with them.
asio::awaitable<std::string> fetch_bootstrap(Runtime& runtime, SidecarOptions options);

}  // namespace kumasim::scenario
