/// What kuma-dp asks of POST /bootstrap, read from its JSON.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/error.hpp"

namespace kumasim::cp {

struct BootstrapRequest {
  std::string mesh;
  std::string name;
  std::string proxy_type = "dataplane";  ///< dataplane, ingress, egress
  std::string dataplane_token;
  std::string dataplane_token_path;
  std::string dataplane_resource;  ///< the proxy's own Dataplane as YAML; "": it is in the store
  std::string host;                ///< by which the control plane was reached, without the port
  nlohmann::json kuma_dp_version = nlohmann::json::object();
  nlohmann::json envoy_version = nlohmann::json::object();
  std::string ca_cert;             ///< PEM given to kuma-dp with --ca-cert-file
  std::map<std::string, std::string> dynamic_metadata;
  std::uint32_t dns_port = 0;
  std::uint32_t readiness_port = 0;
  bool app_probe_proxy = false;
  std::set<std::string> features;
  std::uint64_t heap_bytes_max = 0;
  std::string workdir;
  std::string metrics_cert_path, metrics_key_path, system_ca_path;
  nlohmann::json transparent_proxy;  ///< `dataplaneConfig`, with all of its fields; null where it is not given
  bool ipv6_enabled = false;

  /// Redirects inbound or outbound traffic, not of IPv4 alone.
  bool transparent() const;
};

/// invalid_argument where the body is not JSON of this shape. Unknown fields are left out.
Result<BootstrapRequest> parse_bootstrap_request(std::string_view body, std::string host);

}  // namespace kumasim::cp
