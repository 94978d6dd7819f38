/// What each part of a control plane takes from its configuration.
#pragma once

#include <string>
#include <vector>

#include "kumasim/transport/tls.hpp"
#include "reference-cp/app/kuma_cp/config.hpp"
#include "reference-cp/app/kuma_cp/control_plane.hpp"
#include "reference-cp/auth/proxy_authenticator.hpp"
#include "reference-cp/manager/manager.hpp"
#include "reference-cp/rest/authentication.hpp"
#include "reference-cp/rest/tokens.hpp"
#include "reference-cp/xds/bootstrap/bootstrap_server.hpp"
#include "reference-cp/xds/text/envoy_text_error.hpp"

namespace kumasim::cp {

inline ManagerOptions manager_options(const Config& config) {
  ManagerOptions out;
  if (config.mode == "global") out.labels.mode = CpMode::global;
  out.labels.zone = config.zone_name;
  out.labels.environment = config.environment;
  out.routing_policies = config.create_mesh_routing;
  out.unsafe_delete = config.unsafe_delete;
  out.envoy_text_error = envoy_text_error;
  return out;
}

inline Manager::FirstStart first_start(const Config& config) {
  return {.mesh = !config.skip_mesh_creation && !config.federated(),
          .zone = true,
          .hostname_generators = !config.skip_hostname_generators};
}

inline BootstrapOptions bootstrap_options(const Config& config, const std::string& certificate) {
  BootstrapOptions out;
  out.settings.admin_address = config.admin_address;
  out.settings.admin_port = config.admin_port;
  out.settings.admin_access_log_path = config.admin_access_log_path;
  out.settings.xds_host = config.xds_host;
  out.settings.xds_port = config.xds_port;
  out.settings.xds_connect_timeout = config.xds_connect_timeout;
  out.settings.hds_enabled = config.hds_enabled;
  out.settings.reloadable_tokens = config.reloadable_tokens;
  out.settings.gateway_connections_max = config.gateway_connections_max;
  out.certificate_pem = certificate;
  out.dp_token_required = config.dp_proxy_auth != "none";
  out.zone_token_required = config.zone_proxy_auth != "none";
  return out;
}

/// Of clients of the HTTPS API.
inline TlsPeerCheck client_check(const Config& config, const ControlPlaneOptions& options) {
  if (config.api_require_client_cert) return TlsPeerCheck::required;
  return options.api_client_roots.empty() ? TlsPeerCheck::none : TlsPeerCheck::optional;
}

inline ValidatorOptions validator_options(const Config& config, bool use_secrets,
                                          const std::vector<PublicKeySetting>& keys) {
  ValidatorOptions out{.use_secrets = use_secrets, .public_keys = {}, .memory_store = config.store_type == "memory"};
  for (const PublicKeySetting& key : keys) out.public_keys.push_back({key.kid, key.key, key.mesh});
  return out;
}

inline bool has_user_tokens(const Config& config) { return config.api_authn_type == "tokens"; }

inline Authentication::Options authentication_options(const Config& config) {
  return {.type = has_user_tokens(config) ? Authentication::Type::tokens : Authentication::Type::admin_client_certs,
          .localhost_is_admin = config.localhost_is_admin,
          .validator = validator_options(config, config.user_token_secrets, config.user_token_keys)};
}

inline TokenEndpoints::Options token_options(const Config& config) {
  return {.access = config.access,
          .dataplane = config.dp_token_issuer,
          .zone = config.zone_token_issuer,
          .user = config.user_token_issuer,
          .user_tokens_served = has_user_tokens(config)};
}

inline ProxyAuthenticator::Options proxy_options(const Config& config) {
  return {.dp_tokens = config.dp_proxy_auth != "none",
          .zone_tokens = config.zone_proxy_auth != "none",
          .zone = config.zone_name,
          .federated = config.federated(),
          .dp_validator = validator_options(config, config.dp_token_secrets, config.dp_token_keys),
          .zone_validator = validator_options(config, config.zone_token_secrets, config.zone_token_keys)};
}

}  // namespace kumasim::cp
