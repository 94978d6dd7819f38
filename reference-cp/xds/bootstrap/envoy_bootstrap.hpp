/// Envoy's bootstrap configuration for one proxy, as Kuma 2.12 writes it.
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/time.hpp"
#include "reference-cp/xds/bootstrap/request.hpp"

namespace kumasim::cp {

/// What the control plane's configuration says (`bootstrapServer.params`, `dpServer`, `proxy.gateway`).
struct BootstrapSettings {
  std::string admin_address = "127.0.0.1";
  std::uint32_t admin_port = 9901;
  std::string admin_access_log_path = "/dev/null";
  std::string xds_host;  ///< "": the host by which the control plane was reached
  std::uint32_t xds_port = 5678;
  Duration xds_connect_timeout = std::chrono::seconds(1);
  bool hds_enabled = true;
  bool reloadable_tokens = false;
  std::uint32_t gateway_connections_max = 50000;
};

/// What the proxy's own resource and its mesh add.
struct BootstrapProxy {
  std::string service;           ///< cluster of the node
  std::uint32_t admin_port = 0;  ///< 0: the settings' one
  bool builtin_gateway = false;
  bool unified_names = false;  ///< system resources by their unified names
};

/// envoy.config.bootstrap.v3.Bootstrap as canonical JSON. `ca_pem` is what Envoy verifies the control plane with.
nlohmann::json envoy_bootstrap(const BootstrapRequest& request, const BootstrapSettings& settings,
                               const BootstrapProxy& proxy, const std::string& ca_pem);

/// JSON as YAML in block style; every string is quoted, so that it reads back the same.
std::string to_yaml(const nlohmann::json& value);

}  // namespace kumasim::cp
