/// The table of kuma-dp's settings.
#include "reference-cp/app/kuma_dp/config.hpp"

#include <charconv>

#include "reference-cp/model/duration.hpp"

namespace kumasim::dp {
namespace {

Result<> bad(const std::string& value, const char* expected) {
  return fail(Code::invalid_argument, "\"" + value + "\" is not " + expected);
}

auto text(std::string Config::* member) {
  return [member](Config& config, const std::string& value) -> Result<> {
    config.*member = value;
    return {};
  };
}

auto flag(bool Config::* member) {
  return [member](Config& config, const std::string& value) -> Result<> {
    // The spellings of Go's strconv.ParseBool.
    for (auto* yes : {"1", "t", "T", "true", "TRUE", "True"})
      if (value == yes) return config.*member = true, Result<>();
    for (auto* no : {"0", "f", "F", "false", "FALSE", "False"})
      if (value == no) return config.*member = false, Result<>();
    return bad(value, "true or false");
  };
}

template <class Number>
auto number(Number Config::* member) {
  return [member](Config& config, const std::string& value) -> Result<> {
    auto end = value.data() + value.size();
    auto read = std::from_chars(value.data(), end, config.*member);
    if (value.empty() || read.ec != std::errc() || read.ptr != end) return bad(value, "a whole number");
    return {};
  };
}

auto duration(Duration Config::* member) {
  return [member](Config& config, const std::string& value) -> Result<> {
    auto parsed = cp::parse_duration(value);
    if (!parsed) return bad(value, "a duration such as 30s");
    config.*member = *parsed;
    return {};
  };
}

std::vector<Setting> make_settings() {
  using C = Config;
  return {
      {"KUMA_CONTROL_PLANE_URL", "cp-address",
       "URL of the Control Plane Dataplane Server. Example: https://localhost:5678", text(&C::control_plane_url)},
      {"KUMA_CONTROL_PLANE_CA_CERT", "", "CA certificate, PEM", text(&C::ca_cert)},
      {"KUMA_CONTROL_PLANE_CA_CERT_FILE", "ca-cert-file",
       "Path to CA cert by which connection to the Control Plane will be verified if HTTPS is used",
       text(&C::ca_cert_file)},
      {"KUMA_CONTROL_PLANE_TLS_SKIP_VERIFY", "skip-verify",
       "Skip TLS verification of the Control Plane certificate (insecure, for development/testing only)",
       flag(&C::skip_verify), true},
      {"KUMA_CONTROL_PLANE_RETRY_BACKOFF", "", "", duration(&C::retry_backoff)},
      {"KUMA_CONTROL_PLANE_RETRY_MAX_DURATION", "", "", duration(&C::retry_duration_max)},
      {"KUMA_DATAPLANE_MESH", "mesh", "Mesh that Dataplane belongs to", text(&C::mesh)},
      {"KUMA_DATAPLANE_NAME", "name", "Name of the Dataplane", text(&C::name)},
      {"KUMA_DATAPLANE_PROXY_TYPE", "proxy-type", "type of the Dataplane (\"dataplane\", \"ingress\")",
       text(&C::proxy_type)},
      {"KUMA_DATAPLANE_DRAIN_TIME", "drain-time", "drain time for Envoy connections on Kuma DP shutdown",
       duration(&C::drain_time)},
      {"KUMA_READINESS_UNIX_SOCKET_DISABLED", "", "", flag(&C::readiness_unix_socket_disabled), true},
      {"KUMA_READINESS_PORT", "", "", number(&C::readiness_port)},
      {"KUMA_DATAPLANE_RESILIENT_COMPONENT_BASE_BACKOFF", "", "", duration(&C::component_backoff_base)},
      {"KUMA_DATAPLANE_RESILIENT_COMPONENT_MAX_BACKOFF", "", "", duration(&C::component_backoff_max)},
      {"KUMA_DATAPLANE_RUNTIME_BINARY_PATH", "binary-path", "Binary path of Envoy executable", text(&C::binary_path)},
      {"KUMA_DATAPLANE_RUNTIME_CONFIG_DIR", "config-dir", "Deprecated: use --work-dir instead", text(&C::config_dir)},
      {"KUMA_DATAPLANE_RUNTIME_WORK_DIR", "work-dir", "Directory in which Kuma DP config will be generated",
       text(&C::work_dir)},
      {"KUMA_DATAPLANE_RUNTIME_SOCKET_DIR", "", "", text(&C::socket_dir)},
      {"KUMA_DATAPLANE_RUNTIME_CONCURRENCY", "concurrency", "Number of Envoy worker threads", number(&C::concurrency)},
      {"KUMA_DATAPLANE_RUNTIME_TOKEN_PATH", "dataplane-token-file",
       "Path to a file with dataplane token (use 'kumactl generate dataplane-token' to get one)", text(&C::token_path)},
      {"KUMA_DATAPLANE_RUNTIME_TOKEN", "dataplane-token", "Dataplane Token", text(&C::token)},
      {"KUMA_DATAPLANE_RUNTIME_RESOURCE", "dataplane", "Dataplane template to apply (YAML or JSON)",
       text(&C::resource)},
      {"KUMA_DATAPLANE_RUNTIME_RESOURCE_PATH", "dataplane-file", "Path to Dataplane template to apply (YAML or JSON)",
       text(&C::resource_path)},
      {"KUMA_DATAPLANE_RUNTIME_ENVOY_LOG_LEVEL", "envoy-log-level",
       "Envoy log level. Available values are: [trace][debug][info][warning|warn][error][critical][off]. By default it "
       "inherits Kuma DP logging level.",
       text(&C::envoy_log_level)},
      {"KUMA_DATAPLANE_RUNTIME_ENVOY_COMPONENT_LOG_LEVEL", "envoy-component-log-level",
       "Configures Envoy's --component-log-level", text(&C::envoy_component_log_level)},
      {"KUMA_DATAPLANE_RESOURCES_MAX_MEMORY_BYTES", "", "", number(&C::memory_bytes_max)},
      {"KUMA_DATAPLANE_RUNTIME_METRICS_CERT_PATH", "metrics-cert-path",
       "A path to the certificate for metrics listener", text(&C::metrics_cert_path)},
      {"KUMA_DATAPLANE_RUNTIME_METRICS_KEY_PATH", "metrics-key-path",
       "A path to the certificate key for metrics listener", text(&C::metrics_key_path)},
      {"KUMA_DATAPLANE_RUNTIME_DYNAMIC_SYSTEM_CA_PATH", "", "", text(&C::system_ca_path)},
      {"KUMA_DATAPLANE_RUNTIME_BIND_OUTBOUNDS", "bind-outbounds",
       "If true then dataplane bind outbounds to real addresses", flag(&C::bind_outbounds), true},
      {"KUMA_DATAPLANE_RUNTIME_ENVOY_XDS_TRANSPORT_PROTOCOL_VARIANT", "", "", text(&C::xds_variant)},
      {"KUMA_DATAPLANE_RUNTIME_UNIFIED_RESOURCE_NAMING_ENABLED", "", "", flag(&C::unified_naming), true},
      {"KUMA_DATAPLANE_RUNTIME_SPIRE_SUPPORTED", "", "", flag(&C::spire), true},
      {"KUMA_DATAPLANE_RUNTIME_IPV6_ENABLED", "", "", flag(&C::ipv6_enabled), true},
      {"KUMASIM_DATAPLANE_RESTART_ENVOY", "restart-envoy",
       "Start Envoy again after a crash, with a growing pause; by default kuma-dp ends with Envoy's error",
       flag(&C::restart_envoy), true},
      {"KUMA_DNS_ENABLED", "dns-enabled",
       "If true then builtin DNS functionality is enabled and CoreDNS server is started", flag(&C::dns_enabled), true},
      {"KUMA_DNS_PROXY_PORT", "", "", number(&C::dns_proxy_port)},
      {"KUMA_DNS_CORE_DNS_PORT", "dns-coredns-port",
       "A port that handles DNS requests. When transparent proxy is enabled then iptables will redirect DNS traffic to "
       "this port.",
       number(&C::coredns_port)},
      {"KUMA_DNS_ENVOY_DNS_PORT", "dns-envoy-port",
       "A port that handles Virtual IP resolving by Envoy. CoreDNS should be configured that it first tries to use "
       "this "
       "DNS resolver and then the real one",
       number(&C::envoy_dns_port)},
      {"KUMA_DNS_CORE_DNS_BINARY_PATH", "dns-coredns-path", "A path to CoreDNS binary.", text(&C::coredns_path)},
      {"KUMA_DNS_CORE_DNS_CONFIG_TEMPLATE_PATH", "dns-coredns-config-template-path",
       "A path to a CoreDNS config template.", text(&C::coredns_template_path)},
      {"KUMA_DNS_CONFIG_DIR", "dns-server-config-dir", "Directory in which DNS Server config will be generated",
       text(&C::dns_config_dir)},
      {"KUMA_DNS_PROMETHEUS_PORT", "dns-prometheus-port", "A port for exposing Prometheus stats",
       number(&C::coredns_prometheus_port)},
      {"KUMA_DNS_ENABLE_LOGGING", "dns-enable-logging", "If true then CoreDNS logging is enabled",
       flag(&C::coredns_logging), true},
      {"KUMA_APPLICATION_PROBE_PROXY_PORT", "", "", number(&C::app_probe_proxy_port)},
  };
}

}  // namespace

const std::vector<Setting>& settings() {
  static const std::vector<Setting> table = make_settings();
  return table;
}

Result<> apply_environment(Config& config,
                           const std::function<std::optional<std::string>(const std::string&)>& variable) {
  for (const auto& setting : settings()) {
    auto value = variable(setting.variable);
    if (!value) continue;
    if (auto done = setting.set(config, *value); !done)
      return fail(Code::invalid_argument, setting.variable + ": " + done.error().message, setting.variable);
  }
  // On Kubernetes the injected sidecar is named after its pod.
  auto pod = variable("POD_NAME");
  auto ns = variable("POD_NAMESPACE");
  auto unusable = config.name.empty() || config.name.find_first_of("$(){}") != std::string::npos;
  if (unusable && pod && ns) config.name = *pod + "." + *ns;
  return {};
}

Result<> validate(const Config& config) {
  std::vector<std::string> dataplane, violations;
  auto has_template = !config.resource.empty() || !config.resource_path.empty();
  if (!has_template) {
    if (config.proxy_type != "dataplane" && !config.zone_proxy())
      dataplane.push_back(".ProxyType is not valid: \"" + config.proxy_type + "\" is not a supported proxy type");
    if (config.mesh.empty() && !config.zone_proxy()) dataplane.push_back(".Mesh must be non-empty");
    if (config.name.empty()) dataplane.push_back(".Name must be non-empty");
    if (config.readiness_port == 0 || config.readiness_port > 65353)
      dataplane.push_back(".ReadinessPort has to be in (0, 65353] range");
  }
  if (config.drain_time <= Duration::zero()) dataplane.push_back(".DrainTime must be positive");
  auto add = [&](const char* section, const std::string& what) {
    violations.push_back(std::string(section) + " is not valid: " + what);
  };
  if (config.retry_backoff <= Duration::zero())
    add(".ControlPlane", ".Retry is not valid: .Backoff must be a positive duration");
  if (config.retry_duration_max <= Duration::zero())
    add(".ControlPlane", ".Retry is not valid: .MaxDuration must be a positive duration");
  for (const auto& what : dataplane) add(".Dataplane", what);
  if (config.binary_path.empty()) add(".DataplaneRuntime", ".BinaryPath must be non-empty");
  if (!config.xds_variant.empty() && config.xds_variant != "GRPC" && config.xds_variant != "DELTA_GRPC")
    add(".DataplaneRuntime", ".EnvoyXdsTransportProtocolVariant invalid value: " + config.xds_variant +
                                 " . Must be one of: DELTA_GRPC or GRPC when defined");
  if (config.dns_enabled && config.coredns_path.empty()) add(".DNS", ".CoreDNSBinaryPath cannot be empty");
  if (violations.empty()) return {};
  std::string message;
  for (const auto& violation : violations) message += (message.empty() ? "" : "; ") + violation;
  return fail(Code::invalid_argument, "Invalid configuration: " + message);
}

std::vector<std::string> features(const Config& config) {
  std::vector<std::string> out{"feature-tcp-accesslog-via-named-pipe"};
  if (config.dns_proxy_port != 0) out.push_back("feature-embedded-dns");
  if (!config.transparent_proxy.empty()) out.push_back("feature-transparent-proxy-in-dataplane-metadata");
  if (config.bind_outbounds) out.push_back("feature-bind-outbounds");
  if (config.xds_variant == "DELTA_GRPC") out.push_back("feature-delta-grpc");
  if (config.unified_naming) out.push_back("feature-unified-resource-naming");
  if (config.spire) out.push_back("feature-spire");
  if (!config.readiness_unix_socket_disabled) out.push_back("feature-readiness-unix-socket");
  return out;
}

}  // namespace kumasim::dp
