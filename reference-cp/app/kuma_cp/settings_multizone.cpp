#include "reference-cp/app/kuma_cp/settings_multizone.hpp"

#include <fmt/format.h>

#include "reference-cp/model/rules/network.hpp"

namespace kumasim::cp {
namespace {

Result<> check_positive(Duration value, const char* setting) {
  if (value > Duration::zero()) return {};
  return fail(Code::invalid_argument, fmt::format("{} must be positive", setting), setting);
}

Result<> check_global(const Config& config) {
  for (auto [value, setting] :
       {std::pair(config.kds_global_refresh_interval, "multizone.global.kds.refreshInterval"),
        std::pair(config.zone_insight_flush_interval, "multizone.global.kds.zoneInsightFlushInterval"),
        std::pair(config.kds_global_send_timeout, "multizone.global.kds.msgSendTimeout")})
    if (auto good = check_positive(value, setting); !good) return good;
  if ((config.zone_health_timeout > Duration::zero()) != (config.zone_health_poll_interval > Duration::zero()))
    return fail(Code::invalid_argument,
                "multizone.global.kds.zoneHealthCheck: timeout and pollInterval must both be either set or unset",
                "multizone.global.kds.zoneHealthCheck");
  return {};
}

Result<> check_zone(const Config& config) {
  auto wrong = [](std::string what) { return fail(Code::invalid_argument, std::move(what), "multizone.zone.name"); };
  const std::string& name = config.zone_name;
  if (name.empty()) return wrong("multizone.zone.name is mandatory");
  if (!is_dns_name(name)) return wrong(fmt::format("multizone.zone.name: {} has to be a valid DNS name", name));
  if (name.size() > 63) return wrong("multizone.zone.name cannot be longer than 63 characters");
  if (config.global_address.empty()) return {};
  auto address = parse_global_address(config.global_address);
  if (!address) return fail(address.error());
  for (auto [value, setting] : {std::pair(config.kds_zone_refresh_interval, "multizone.zone.kds.refreshInterval"),
                                std::pair(config.kds_zone_send_timeout, "multizone.zone.kds.msgSendTimeout"),
                                std::pair(config.component_backoff_base, "general.resilientComponentBaseBackoff")})
    if (auto good = check_positive(value, setting); !good) return good;
  return {};
}

}  // namespace

Result<Url> parse_global_address(const std::string& text) {
  constexpr const char* setting = "multizone.zone.globalAddress";
  auto scheme = text.substr(0, text.find("://"));
  if (scheme.size() == text.size() || (scheme != "grpc" && scheme != "grpcs"))
    return fail(Code::invalid_argument,
                fmt::format("{}: unsupported scheme \"{}\". Use one of grpc, grpcs", setting,
                            scheme.size() == text.size() ? "" : scheme),
                setting);
  auto url = parse_url("https" + text.substr(scheme.size()));
  if (!url) return fail(Code::invalid_argument, fmt::format("{}: {}", setting, url.error().message), setting);
  url->tls = scheme == "grpcs";
  return url;
}

Result<> check_multizone(const Config& config) {
  return config.mode == "global" ? check_global(config) : check_zone(config);
}

std::span<const Setting> multizone_settings() {
  using C = Config;
  static const std::vector<Setting> table = {
      {"metrics.zone.subscriptionLimit", "KUMA_METRICS_ZONE_SUBSCRIPTION_LIMIT", &C::zone_subscription_limit,
       "Subscriptions kept in a ZoneInsight; 0: none."},
      {"metrics.zone.idleTimeout", "KUMA_METRICS_ZONE_IDLE_TIMEOUT", &C::zone_idle_time,
       "After this time a zone's stream that its control plane no longer keeps up counts as closed; 0: never."},
      {"metrics.zone.compactFinishedSubscriptions", "KUMA_METRICS_ZONE_COMPACT_FINISHED_SUBSCRIPTIONS",
       &C::zone_compact_finished, "Keep neither configuration nor counts of a zone's finished streams."},
      {"general.resilientComponentBaseBackoff", "KUMA_GENERAL_RESILIENT_COMPONENT_BASE_BACKOFF",
       &C::component_backoff_base, "Pause before a zone connects to its global control plane again."},
      {"general.resilientComponentMaxBackoff", "KUMA_GENERAL_RESILIENT_COMPONENT_MAX_BACKOFF",
       &C::component_backoff_max, "Longest of these pauses, which double."},
      {"multizone.global.kds.grpcPort", "KUMA_MULTIZONE_GLOBAL_KDS_GRPC_PORT", &C::kds_port,
       "Port that zones connect to."},
      {"multizone.global.kds.refreshInterval", "KUMA_MULTIZONE_GLOBAL_KDS_REFRESH_INTERVAL",
       &C::kds_global_refresh_interval, "Changes within this time are given to zones together."},
      {"multizone.global.kds.zoneInsightFlushInterval", "KUMA_MULTIZONE_GLOBAL_KDS_ZONE_INSIGHT_FLUSH_INTERVAL",
       &C::zone_insight_flush_interval, "How often a zone's status is written to its insight."},
      {"multizone.global.kds.tlsEnabled", "KUMA_MULTIZONE_GLOBAL_KDS_TLS_ENABLED", &C::kds_tls_enabled,
       "Serve zones by TLS."},
      {"multizone.global.kds.tlsCertFile", "KUMA_MULTIZONE_GLOBAL_KDS_TLS_CERT_FILE", &C::kds_certificate,
       "Certificate of the server of zones; empty: general.tlsCertFile."},
      {"multizone.global.kds.tlsKeyFile", "KUMA_MULTIZONE_GLOBAL_KDS_TLS_KEY_FILE", &C::kds_key,
       "Key of the server of zones; empty: general.tlsKeyFile."},
      {"multizone.global.kds.tlsMinVersion", "KUMA_MULTIZONE_GLOBAL_KDS_TLS_MIN_VERSION",
       +[](C& c) -> std::string& { return c.kds_server_tls.version_min; },
       "Lowest TLS version of the server of zones."},
      {"multizone.global.kds.tlsMaxVersion", "KUMA_MULTIZONE_GLOBAL_KDS_TLS_MAX_VERSION",
       +[](C& c) -> std::string& { return c.kds_server_tls.version_max; },
       "Highest TLS version of the server of zones; empty: any."},
      {"multizone.global.kds.tlsCipherSuites", "KUMA_MULTIZONE_GLOBAL_KDS_TLS_CIPHER_SUITES",
       +[](C& c) -> std::vector<std::string>& { return c.kds_server_tls.ciphers; },
       "Ciphers of TLS 1.2 of the server of zones; none: the usual ones."},
      {"multizone.global.kds.maxMsgSize", "KUMA_MULTIZONE_GLOBAL_KDS_MAX_MSG_SIZE", &C::kds_global_message_bytes_max,
       "Largest message that is taken from a zone, in bytes."},
      {"multizone.global.kds.msgSendTimeout", "KUMA_MULTIZONE_GLOBAL_KDS_MSG_SEND_TIMEOUT", &C::kds_global_send_timeout,
       "A zone that does not take a message within this time is disconnected."},
      {"multizone.global.kds.responseBackoff", "KUMA_MULTIZONE_GLOBAL_KDS_RESPONSE_BACKOFF",
       &C::kds_global_response_backoff, "Pause before a zone's message is confirmed, which slows zones down."},
      {"multizone.global.kds.zoneHealthCheck.pollInterval", "KUMA_MULTIZONE_GLOBAL_KDS_ZONE_HEALTH_CHECK_POLL_INTERVAL",
       &C::zone_health_poll_interval,
       "How often zones report that they live, and how often that is looked at; 0: every 5 minutes, never."},
      {"multizone.global.kds.zoneHealthCheck.timeout", "KUMA_MULTIZONE_GLOBAL_KDS_ZONE_HEALTH_CHECK_TIMEOUT",
       &C::zone_health_timeout, "A zone without a report for this time is disconnected; 0: never."},
      {"multizone.global.kds.zoneHealthCheck.closeStaleConn",
       "KUMA_MULTIZONE_GLOBAL_KDS_ZONE_HEALTH_CHECK_CLOSE_STALE_CONN", &C::zone_health_close_stale,
       "Disconnect a zone's older stream when it opens another of the same kind."},
      {"multizone.global.kds.labels.skipPrefixes", "KUMA_MULTIZONE_GLOBAL_KDS_LABELS_SKIP_PREFIXES",
       +[](C& c) -> std::vector<std::string>& { return c.kds_global_label_prefixes; },
       "Labels with these prefixes are not given to zones."},
      {"multizone.zone.name", "KUMA_MULTIZONE_ZONE_NAME", &C::zone_name, "Name of this zone."},
      {"multizone.zone.globalAddress", "KUMA_MULTIZONE_ZONE_GLOBAL_ADDRESS", &C::global_address,
       "Where the global control plane is (grpcs://HOST:5685; grpc:// without TLS): what zones do not make comes from "
       "there."},
      {"multizone.zone.ingressUpdateInterval", "KUMA_MULTIZONE_ZONE_INGRESS_UPDATE_INTERVAL",
       &C::ingress_update_interval, "The available services of the zone's ingresses are written at most so often."},
      {"multizone.zone.disableOriginLabelValidation", "KUMA_MULTIZONE_ZONE_DISABLE_ORIGIN_LABEL_VALIDATION",
       &C::skip_origin_check, "Take resources that do not say to be of this zone."},
      {"multizone.zone.kds.refreshInterval", "KUMA_MULTIZONE_ZONE_KDS_REFRESH_INTERVAL", &C::kds_zone_refresh_interval,
       "Changes within this time are given to the global control plane together."},
      {"multizone.zone.kds.tlsSkipVerify", "KUMA_MULTIZONE_ZONE_KDS_TLS_SKIP_VERIFY", &C::kds_skip_verify,
       "Take any certificate of the global control plane."},
      {"multizone.zone.kds.rootCaFile", "KUMA_MULTIZONE_ZONE_KDS_ROOT_CA_FILE", &C::kds_root_ca,
       "Roots of the certificate of the global control plane; empty: those of the system."},
      {"multizone.zone.kds.maxMsgSize", "KUMA_MULTIZONE_ZONE_KDS_MAX_MSG_SIZE", &C::kds_zone_message_bytes_max,
       "Largest message that is taken from the global control plane, in bytes."},
      {"multizone.zone.kds.msgSendTimeout", "KUMA_MULTIZONE_ZONE_KDS_MSG_SEND_TIMEOUT", &C::kds_zone_send_timeout,
       "The connection is made anew where the global control plane does not take a message within this time."},
      {"multizone.zone.kds.responseBackoff", "KUMA_MULTIZONE_ZONE_KDS_RESPONSE_BACKOFF", &C::kds_zone_response_backoff,
       "Pause before a message of the global control plane is confirmed, which slows it down."},
      {"multizone.zone.kds.labels.skipPrefixes", "KUMA_MULTIZONE_ZONE_KDS_LABELS_SKIP_PREFIXES",
       +[](C& c) -> std::vector<std::string>& { return c.kds_zone_label_prefixes; },
       "Labels with these prefixes are not given to the global control plane."},
  };
  return table;
}

}  // namespace kumasim::cp
