/// The control plane's configuration: one table of settings under Kuma's names, from a file and from KUMA_* variables.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "kumasim/runtime/error.hpp"
#include "kumasim/runtime/time.hpp"
#include "reference-cp/identity/certificate.hpp"
#include "reference-cp/identity/mesh_identity_ca.hpp"
#include "reference-cp/policy/planted_bugs.hpp"
#include "reference-cp/rest/user.hpp"

namespace kumasim::cp {

/// A key that verifies tokens which are issued elsewhere: its text, or the file that holds it.
struct PublicKeySetting {
  std::string kid;
  std::string key = {};
  std::string key_file = {};
  std::string mesh = {};  ///< "": of every mesh
};

/// The settings tlsMinVersion, tlsMaxVersion and tlsCipherSuites of one server.
struct TlsSettings {
  std::string version_min = "TLSv1_2";    ///< TLSv1_2, TLSv1_3; "" is TLSv1_2
  std::string version_max = {};           ///< "": the highest
  std::vector<std::string> ciphers = {};  ///< names of IANA; none: the usual ones
};

struct Config {
  std::string environment = "universal";
  std::string mode = "zone";
  std::string store_type = "sqlite";
  std::string store_sqlite_path = "kuma.db";
  std::string postgres_host = "127.0.0.1";
  std::uint32_t postgres_port = 15432;
  std::string postgres_user = "kuma", postgres_password = "kuma", postgres_database = "kuma";
  std::string postgres_driver = "pgx";
  std::uint32_t postgres_connection_timeout = 5;  ///< seconds
  std::string postgres_tls_mode = "disable";      ///< disable, verifyNone, verifyCa, verifyFull
  std::string postgres_tls_certificate, postgres_tls_key, postgres_tls_authority;
  bool postgres_tls_hide_name = false;
  std::string admin_address = "127.0.0.1";
  std::uint32_t admin_port = 9901;
  std::string admin_access_log_path = "/dev/null";
  std::string xds_host;
  std::uint32_t xds_port = 0;
  Duration xds_connect_timeout = std::chrono::seconds(1);
  Duration status_flush_interval = std::chrono::seconds(10);
  Duration deregistration_delay = std::chrono::seconds(10);
  Duration batch_interval = std::chrono::milliseconds(5);
  Duration warming_patience = std::chrono::seconds(5);
  Duration mesh_insight_interval = std::chrono::seconds(1);
  Duration proxy_idle_time = std::chrono::minutes(5);
  Duration dataplane_cleanup_age = std::chrono::hours(72);
  Duration zone_proxy_cleanup_age = std::chrono::hours(72);
  Duration mesh_service_grace = std::chrono::hours(1);
  Duration ingress_update_interval = std::chrono::seconds(1);
  bool api_http_enabled = true;
  std::string api_http_interface = "0.0.0.0";
  std::uint32_t api_http_port = 5681;
  bool api_https_enabled = true;
  std::string api_https_interface = "0.0.0.0";
  std::uint32_t api_https_port = 5682;
  std::string api_https_certificate, api_https_key;
  bool api_read_only = false;
  bool localhost_is_admin = true;
  bool api_require_client_cert = false;
  std::string api_client_ca, api_client_certs_dir;
  std::string api_authn_type = "tokens";
  bool bootstrap_admin_token = true;
  bool user_token_issuer = true;
  bool user_token_secrets = true;
  std::vector<PublicKeySetting> user_token_keys;
  bool skip_mesh_creation = false;
  bool create_mesh_routing = false;
  bool skip_hostname_generators = false;
  std::uint32_t subscription_limit = 2;
  std::string certificate, key;
  std::string work_dir;
  std::string dns_domain = "mesh";
  std::string zone_name = "default";
  std::string global_address;
  bool skip_origin_check = false;
  bool unsafe_delete = false;
  std::uint32_t kds_port = 5685;
  bool kds_tls_enabled = true;
  std::string kds_certificate, kds_key;
  Duration kds_global_refresh_interval = std::chrono::seconds(1);
  Duration kds_global_response_backoff = Duration::zero();
  Duration kds_global_send_timeout = std::chrono::minutes(1);
  std::uint32_t kds_global_message_bytes_max = 10 << 20;
  std::vector<std::string> kds_global_label_prefixes;  ///< of labels that are not given to zones
  Duration zone_insight_flush_interval = std::chrono::seconds(10);
  Duration zone_health_poll_interval = Duration::zero();
  Duration zone_health_timeout = Duration::zero();
  bool zone_health_close_stale = false;
  std::uint32_t zone_subscription_limit = 10;
  Duration zone_idle_time = std::chrono::minutes(5);
  bool zone_compact_finished = false;
  bool kds_skip_verify = false;
  std::string kds_root_ca;
  Duration kds_zone_refresh_interval = std::chrono::seconds(1);
  Duration kds_zone_response_backoff = Duration::zero();
  Duration kds_zone_send_timeout = std::chrono::minutes(1);
  std::uint32_t kds_zone_message_bytes_max = 10 << 20;
  std::vector<std::string> kds_zone_label_prefixes;  ///< of labels that are not given to the global control plane
  Duration component_backoff_base = std::chrono::seconds(5);
  Duration component_backoff_max = std::chrono::minutes(1);
  TlsSettings general_tls;  ///< taken over into those of each server
  TlsSettings dp_server_tls, api_https_tls, kds_server_tls, inter_cp_tls;
  std::string inter_cp_address;
  Duration inter_cp_heartbeat_interval = std::chrono::seconds(5);
  Duration inter_cp_writer_interval = std::chrono::seconds(15);
  std::uint32_t inter_cp_port = 5683;
  std::uint32_t diagnostics_port = 5680;
  bool diagnostics_tls = false;
  std::uint32_t dp_server_port = 5678;
  std::string dp_server_certificate, dp_server_key;
  std::string dp_proxy_auth = "dpToken";
  bool dp_token_issuer = true;
  bool dp_token_secrets = true;
  std::vector<PublicKeySetting> dp_token_keys;
  std::string zone_proxy_auth = "zoneToken";
  bool zone_token_issuer = true;
  bool zone_token_secrets = true;
  std::vector<PublicKeySetting> zone_token_keys;
  bool reloadable_tokens = false;
  bool hds_enabled = true;
  Duration hds_interval = std::chrono::seconds(5);
  Duration hds_refresh_interval = std::chrono::seconds(10);
  Duration hds_check_timeout = std::chrono::seconds(2);
  Duration hds_check_interval = std::chrono::seconds(1);
  Duration hds_check_no_traffic_interval = std::chrono::seconds(1);
  std::uint32_t hds_healthy_threshold = 1, hds_unhealthy_threshold = 1;
  std::uint32_t gateway_connections_max = 50000;
  std::string leaf_key = "ec-p256";
  std::string ca_key = "ec-p256";
  std::string signing_key = "rsa-2048";
  bool mesh_identities = false;
  Duration mesh_identity_interval = std::chrono::seconds(5);
  std::string spire_socket = "/run/spire/sockets/socket";
  std::string access_type = "static";
  policy::PlantedBugs planted;  ///< no setting: handed over by a program that has them
  ReadOutside read_outside;     ///< no setting: absent, no MeshIdentity's CA can be in a file or a variable
  Access access;
  /// Settings without effect that were given, for GET /config.
  std::map<std::string, std::string> passive;

  /// A zone under a global control plane: what zones do not make is read-only, and comes from there.
  bool federated() const { return mode == "zone" && !global_address.empty() && !zone_name.empty(); }
};

/// One line of the table. The default is what a fresh Config holds.
struct Setting {
  using Text = std::string& (*)(Config&);
  using Texts = std::vector<std::string>& (*)(Config&);  ///< a list; in a variable parted by commas
  using Keys = std::vector<PublicKeySetting> Config::*;  ///< only in the file
  using Member = std::variant<std::string Config::*, bool Config::*, std::uint32_t Config::*, Duration Config::*, Text,
                              Texts, Keys>;
  std::string_view name;      ///< "dpServer.port": the path of keys in the file
  std::string_view variable;  ///< "KUMA_DP_SERVER_PORT"
  Member member;
  std::string_view text;                      ///< one line for people
  std::vector<std::string_view> values = {};  ///< where only some are allowed
};
std::span<const Setting> settings();

/// Names of Kuma's settings that are taken and change nothing here.
std::span<const std::string_view> settings_without_effect();

/// A variable's value; nullopt where it is not set.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

/// Defaults, then the file's text ("" for none), then the environment. Errors name the file with line, the setting or
/// the variable, and what was expected. What is set without effect goes to `ignored`, with its line where there is no
/// such setting.
Result<Config> load_config(std::string_view yaml, std::string_view file, const Environment& environment,
                           std::vector<std::string>* ignored = nullptr);

/// The key that a setting such as `identity.leafKey` names.
KeySpec key_spec(const std::string& text);

/// The effective configuration under Kuma's names, without secrets.
nlohmann::json config_to_json(const Config& config);

}  // namespace kumasim::cp
