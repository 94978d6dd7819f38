/// The configuration of kuma-dp, with Kuma's names for settings, flags and variables.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kumasim/runtime/error.hpp"
#include "kumasim/runtime/time.hpp"

namespace kumasim::dp {

struct Config {
  // Control plane.
  std::string control_plane_url = "https://localhost:5678";
  std::string ca_cert, ca_cert_file;
  bool skip_verify = false;
  Duration retry_backoff = std::chrono::seconds(3);
  Duration retry_duration_max = std::chrono::minutes(5);
  // Dataplane.
  std::string mesh, name;
  std::string proxy_type = "dataplane";
  Duration drain_time = std::chrono::seconds(30);
  std::uint32_t readiness_port = 9902;
  bool readiness_unix_socket_disabled = false;
  Duration component_backoff_base = std::chrono::seconds(5);
  Duration component_backoff_max = std::chrono::minutes(1);
  // Its runtime.
  std::string binary_path = "envoy";
  std::string work_dir, config_dir, socket_dir;
  std::uint32_t concurrency = 0;
  std::string token, token_path;
  std::string resource, resource_path;
  std::map<std::string, std::string> resource_vars;
  std::string envoy_log_level, envoy_component_log_level;
  std::uint64_t memory_bytes_max = 0;
  std::string metrics_cert_path, metrics_key_path;
  std::string system_ca_path;
  std::string transparent_proxy;  ///< JSON, empty: none
  bool bind_outbounds = false;
  std::string xds_variant;  ///< "", GRPC, DELTA_GRPC
  bool unified_naming = false;
  bool spire = false;
  bool ipv6_enabled = true;
  bool restart_envoy = false;  ///< kumasim's own: Kuma leaves restarts to the process manager
  // DNS.
  bool dns_enabled = true;
  std::uint32_t dns_proxy_port = 0;
  std::uint32_t coredns_port = 15053;
  std::uint32_t envoy_dns_port = 15054;
  std::string coredns_path = "coredns";
  std::string coredns_template_path;
  std::string dns_config_dir;
  std::uint32_t coredns_prometheus_port = 19153;
  bool coredns_logging = false;
  std::uint32_t app_probe_proxy_port = 0;

  bool zone_proxy() const { return proxy_type == "ingress" || proxy_type == "egress"; }
};

/// Where a setting lives: its variable (upper case), its flag without dashes ("" for none), its text.
struct Setting {
  std::string variable;
  std::string flag;
  std::string text;  ///< for --help
  std::function<Result<>(Config&, const std::string& value)> set;
  bool is_bool = false;
};

/// All of them, in one table: flags, variables and help are read off it.
const std::vector<Setting>& settings();

/// Applies variables; they win over flags, as in Kuma. invalid_argument names the variable.
Result<> apply_environment(Config& config,
                           const std::function<std::optional<std::string>(const std::string&)>& variable);

/// As Kuma's Validate: all violations in one message.
Result<> validate(const Config& config);

/// "feature-..." for what this configuration can do, in Kuma's order.
std::vector<std::string> features(const Config& config);

}  // namespace kumasim::dp
