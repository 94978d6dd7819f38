/// The bootstrap of a real Envoy under test: the one that the control plane gives the proxy, but for its way to ADS.
#pragma once

#include "tests/real_envoy/real_envoy.hpp"

namespace kumasim::test {

/// ADS is plain, at a Unix socket; there is no health discovery. The node is as in the options.
nlohmann::json bootstrap(const RealEnvoyOptions& options, const std::string& ads_socket);

/// `dataplane.admin.port` of the node.
std::uint16_t admin_port(const nlohmann::json& node);

}  // namespace kumasim::test
