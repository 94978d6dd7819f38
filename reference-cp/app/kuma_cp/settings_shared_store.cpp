#include "reference-cp/app/kuma_cp/settings_shared_store.hpp"

#include <fmt/format.h>

namespace kumasim::cp {

std::span<const Setting> shared_store_settings() {
  using C = Config;
  static const std::vector<Setting> table = {
      {"store.postgres.host", "KUMA_STORE_POSTGRES_HOST", &C::postgres_host,
       "Host of the PostgreSQL server; a path is the folder of its Unix socket."},
      {"store.postgres.port", "KUMA_STORE_POSTGRES_PORT", &C::postgres_port, "Port of the PostgreSQL server."},
      {"store.postgres.user", "KUMA_STORE_POSTGRES_USER", &C::postgres_user, "Its user."},
      {"store.postgres.password", "KUMA_STORE_POSTGRES_PASSWORD", &C::postgres_password, "The user's password."},
      {"store.postgres.dbName", "KUMA_STORE_POSTGRES_DB_NAME", &C::postgres_database, "Name of the database."},
      {"store.postgres.driverName",
       "KUMA_STORE_POSTGRES_DRIVER_NAME",
       &C::postgres_driver,
       "Kuma's name of its driver; libpq is used here.",
       {"pgx"}},
      {"store.postgres.connectionTimeout", "KUMA_STORE_POSTGRES_CONNECTION_TIMEOUT", &C::postgres_connection_timeout,
       "Seconds that connecting may take."},
      {"store.postgres.tls.mode",
       "KUMA_STORE_POSTGRES_TLS_MODE",
       &C::postgres_tls_mode,
       "TLS to the server: none, without a look at its certificate, by its CA, by its CA and name.",
       {"disable", "verifyNone", "verifyCa", "verifyFull"}},
      {"store.postgres.tls.certPath", "KUMA_STORE_POSTGRES_TLS_CERT_PATH", &C::postgres_tls_certificate,
       "Certificate for a server that asks for one."},
      {"store.postgres.tls.keyPath", "KUMA_STORE_POSTGRES_TLS_KEY_PATH", &C::postgres_tls_key,
       "Key of that certificate."},
      {"store.postgres.tls.caPath", "KUMA_STORE_POSTGRES_TLS_CA_PATH", &C::postgres_tls_authority,
       "Roots of the server's certificate, for verifyCa and verifyFull."},
      {"store.postgres.tls.disableSSLSNI", "KUMA_STORE_POSTGRES_TLS_DISABLE_SSLSNI", &C::postgres_tls_hide_name,
       "Do not name the server in the TLS handshake."},
      {"interCp.catalog.instanceAddress", "KUMA_INTER_CP_CATALOG_INSTANCE_ADDRESS", &C::inter_cp_address,
       "Address at which other control planes of the store find this one; empty: the first of this machine."},
      {"interCp.catalog.heartbeatInterval", "KUMA_INTER_CP_CATALOG_HEARTBEAT_INTERVAL", &C::inter_cp_heartbeat_interval,
       "How often this one tells the leader that it lives."},
      {"interCp.catalog.writerInterval", "KUMA_INTER_CP_CATALOG_WRITER_INTERVAL", &C::inter_cp_writer_interval,
       "How often the leader writes which control planes live."},
      {"interCp.server.port", "KUMA_INTER_CP_SERVER_PORT", &C::inter_cp_port,
       "Port for other control planes; served where the store is of type postgres."},
      {"interCp.server.tlsMinVersion", "KUMA_INTER_CP_SERVER_TLS_MIN_VERSION",
       +[](C& c) -> std::string& { return c.inter_cp_tls.version_min; }, "Lowest TLS version of that server."},
      {"interCp.server.tlsMaxVersion", "KUMA_INTER_CP_SERVER_TLS_MAX_VERSION",
       +[](C& c) -> std::string& { return c.inter_cp_tls.version_max; },
       "Highest TLS version of that server; empty: any."},
      {"interCp.server.tlsCipherSuites", "KUMA_INTER_CP_SERVER_TLS_CIPHER_SUITES",
       +[](C& c) -> std::vector<std::string>& { return c.inter_cp_tls.ciphers; },
       "Ciphers of TLS 1.2 of that server; none: the usual ones."},
  };
  return table;
}

Result<> check_shared_store(const Config& config) {
  if (config.store_type != "postgres") return {};
  auto wrong = [](std::string_view name, std::string_view what) {
    std::string setting = fmt::format("store.postgres.{}", name);
    return fail(Code::invalid_argument, fmt::format("{} {}", setting, what), setting);
  };
  for (auto [value, name] :
       {std::pair(&config.postgres_host, "host"), std::pair(&config.postgres_user, "user"),
        std::pair(&config.postgres_password, "password"), std::pair(&config.postgres_database, "dbName")})
    if (value->empty()) return wrong(name, "should not be empty");
  if (config.postgres_connection_timeout == 0) return wrong("connectionTimeout", "must be positive");
  if (config.postgres_tls_mode.starts_with("verify") && config.postgres_tls_mode != "verifyNone" &&
      config.postgres_tls_authority.empty())
    return wrong("tls.caPath", "cannot be empty");
  if (config.postgres_tls_certificate.empty() != config.postgres_tls_key.empty())
    return wrong("tls", "certPath and keyPath have to be set together");
  for (auto [value, name] : {std::pair(config.inter_cp_heartbeat_interval, "interCp.catalog.heartbeatInterval"),
                             std::pair(config.inter_cp_writer_interval, "interCp.catalog.writerInterval")})
    if (value <= Duration::zero()) return fail(Code::invalid_argument, fmt::format("{} must be positive", name), name);
  return {};
}

}  // namespace kumasim::cp
