/// Asking the control plane for Envoy's bootstrap configuration, as kuma-dp does before it starts Envoy.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "kumasim/runtime/runtime.hpp"

namespace kumasim::dp {

/// The body of POST /bootstrap (types.BootstrapRequest of Kuma 2.12).
struct BootstrapRequest {
  std::string mesh;
  std::string name;
  std::string proxy_type = "dataplane";  ///< dataplane, ingress, egress
  std::string dataplane_token = {};
  std::string dataplane_token_path = {};
  std::string dataplane_resource = {};  ///< JSON; empty: the control plane has it
  std::string ca_cert = {};             ///< PEM
  std::string kuma_dp_version = "2.12.14";
  std::string envoy_version = {};
  std::string envoy_build = {};
  bool envoy_compatible = true;
  std::map<std::string, std::string> dynamic_metadata = {};
  std::uint32_t dns_port = 0;
  std::uint32_t readiness_port = 9902;
  bool app_probe_proxy = false;
  std::vector<std::string> features = {};
  std::uint64_t heap_bytes_max = 0;
  std::string workdir = {};
  std::string metrics_cert_path = {}, metrics_key_path = {};
  std::string system_ca_path = {};
  std::string transparent_proxy = {};  ///< JSON of `dataplaneConfig`; empty: none
  bool ipv6_enabled = false;
};

std::string to_json(const BootstrapRequest& request);

/// Where metrics of an application are to be read.
struct MetricsAggregate {
  std::string name, address, path;
  std::uint32_t port = 0;
};

struct BootstrapResponse {
  std::string bootstrap;          ///< YAML or JSON, for Envoy
  std::string corefile_template;  ///< empty: the built-in one
  std::string address;            ///< of the dataplane
  std::vector<MetricsAggregate> metrics;
};

/// data_loss where the body has not this form.
Result<BootstrapResponse> parse_bootstrap_response(std::string_view body);

/// The address and port of Envoy's admin interface, read out of a bootstrap; port 0 where it has none.
Result<Address> admin_address(std::string_view bootstrap);

struct BootstrapOptions {
  std::string control_plane_url = "https://localhost:5678";
  /// Roots that the control plane's certificate must reach.
  std::string trust_pem = {};
  bool verify = true;
  Duration retry_backoff = std::chrono::seconds(3);
  Duration retry_duration_max = std::chrono::minutes(5);
  Duration request_duration_max = std::chrono::seconds(10);
};

/// Asks until the control plane answers; every failure is logged with what it may come from. invalid_argument at once
/// where the control plane refuses the request (its text is the message); the last failure when the time is over.
asio::awaitable<Result<BootstrapResponse>> fetch_bootstrap(Runtime& runtime, BootstrapRequest request,
                                                           BootstrapOptions options);

}  // namespace kumasim::dp
