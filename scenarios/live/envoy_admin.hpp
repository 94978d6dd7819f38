/// Reads a real Envoy's state from its admin port.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/runtime.hpp"
#include "kumasim/scenario/observation.hpp"

namespace kumasim::scenario {

/// What /clusters, /certs and /stats say, as a ProxyState; `called` are the services whose endpoints are of interest.
/// Not up where Envoy does not answer.
asio::awaitable<ProxyState> read_envoy(Runtime& runtime, std::uint16_t admin_port, std::vector<std::string> called);

/// --- the parts, for tests
void read_clusters(const nlohmann::json& clusters, const std::vector<std::string>& called, ProxyState& state);
void read_certificates(const nlohmann::json& certificates, ProxyState& state);
void read_stats(const std::string& stats, ProxyState& state);

}  // namespace kumasim::scenario
