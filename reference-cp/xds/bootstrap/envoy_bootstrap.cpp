#include "reference-cp/xds/bootstrap/envoy_bootstrap.hpp"

#include <arpa/inet.h>

#include <array>

#include <fmt/format.h>

#include "reference-cp/identity/base64.hpp"

namespace kumasim::cp {
namespace {

using Json = nlohmann::json;

constexpr std::string_view type_prefix = "type.googleapis.com/";
constexpr const char* validation_context = "cp_validation_ctx";
constexpr const char* heap_monitor = "envoy.resource_monitors.fixed_heap";
/// A Unix socket's path is limited (sun_path); Kuma cuts it here, before the ending.
constexpr std::size_t socket_path_length_max = 98;

Json typed(std::string_view message, Json fields = Json::object()) {
  fields["@type"] = fmt::format("{}{}", type_prefix, message);
  return fields;
}

bool is_ip(const std::string& host) {
  std::array<unsigned char, 16> address;
  return inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

std::string seconds(Duration duration) {
  auto whole = std::chrono::floor<std::chrono::seconds>(duration);
  auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(duration - whole).count();
  return rest == 0 ? fmt::format("{}s", whole.count()) : fmt::format("{}.{:03}s", whole.count(), rest);
}

struct Names {
  std::string ads, access_log_sink;
};

class Builder {
 public:
  Builder(const BootstrapRequest& request, const BootstrapSettings& settings, const BootstrapProxy& proxy,
          const std::string& ca_pem)
      : request_(request),
        settings_(settings),
        proxy_(proxy),
        ca_pem_(ca_pem),
        names_(proxy.unified_names ? Names{"system_ads", "system_access_log_sink"}
                                   : Names{"ads_cluster", "access_log_sink"}),
        host_(settings.xds_host.empty() ? request.host : settings.xds_host),
        token_file_(settings.reloadable_tokens && !request.dataplane_token_path.empty()) {}

  Json build() const {
    Json ads{{"ads", Json::object()}, {"initialFetchTimeout", "0s"}, {"resourceApiVersion", "V3"}};
    Json out{
        {"node", {{"id", request_.mesh + "." + request_.name}, {"cluster", proxy_.service}, {"metadata", metadata()}}},
        {"layeredRuntime", {{"layers", runtime_layers()}}},
        {"statsConfig", {{"statsTags", stats_tags()}}},
        {"dynamicResources",
         {{"ldsConfig", ads},
          {"cdsConfig", ads},
          {"adsConfig", api_config(request_.features.contains("feature-delta-grpc") ? "DELTA_GRPC" : "GRPC")}}},
        {"staticResources", {{"clusters", clusters()}, {"secrets", Json::array({secret()})}}},
        {"defaultRegexEngine",
         {{"name", "envoy.regex_engines.google_re2"},
          {"typedConfig", typed("envoy.extensions.regex_engines.v3.GoogleRE2")}}},
    };
    if (settings_.hds_enabled && request_.proxy_type == "dataplane") out["hdsConfig"] = api_config("GRPC");
    if (proxy_.builtin_gateway) out["overloadManager"] = overload_manager();
    if (admin_port() != 0) out["admin"] = admin();
    return out;
  }

 private:
  std::uint32_t admin_port() const { return proxy_.admin_port != 0 ? proxy_.admin_port : settings_.admin_port; }

  Json metadata() const {
    Json out{
        {"version", {{"kumaDp", request_.kuma_dp_version}, {"envoy", request_.envoy_version}}},
        {"features", request_.features},
        {"workdir", request_.workdir},
        {"metricsCertPath", request_.metrics_cert_path},
        {"metricsKeyPath", request_.metrics_key_path},
        {"systemCaPath", request_.system_ca_path},
        {"ipv6Enabled", request_.ipv6_enabled},
        {"dataplane.proxyType", request_.proxy_type},
    };
    if (!request_.dataplane_resource.empty()) out["dataplane.resource"] = request_.dataplane_resource;
    if (admin_port() != 0) {
      out["dataplane.admin.port"] = std::to_string(admin_port());
      out["dataplane.admin.address"] = settings_.admin_address;
    }
    if (request_.dns_port != 0) out["dataplane.dns.port"] = std::to_string(request_.dns_port);
    if (request_.readiness_port != 0) out["dataplane.readinessReporter.port"] = std::to_string(request_.readiness_port);
    if (request_.app_probe_proxy) out["dataplane.appProbeProxy.enabled"] = "true";
    if (!request_.dynamic_metadata.empty()) out["dynamicMetadata"] = request_.dynamic_metadata;
    if (request_.transparent_proxy.is_object()) out["transparentProxy"] = request_.transparent_proxy;
    return out;
  }

  Json runtime_layers() const {
    Json out = Json::array();
    out.push_back({{"name", "kuma"},
                   {"staticLayer",
                    {{"re2.max_program_size.error_level", 4294967295u}, {"re2.max_program_size.warn_level", 1000}}}});
    if (proxy_.builtin_gateway)
      out.push_back(
          {{"name", "gateway.listeners"},
           {"rtdsLayer",
            {{"name", "gateway.listeners"}, {"rtdsConfig", {{"ads", Json::object()}, {"resourceApiVersion", "V3"}}}}}});
    return out;
  }

  static Json stats_tags() {
    Json out = Json::array();
    auto add = [&](const char* name, const char* regex) { out.push_back({{"tagName", name}, {"regex", regex}}); };
    add("name", "^grpc\\.((.+)\\.)");
    add("status", "^grpc.*streams_closed(_([0-9]+))");
    add("kafka_name", "^kafka(\\.(\\S*[0-9]))\\.");
    add("kafka_type", "^kafka\\..*\\.(.*?(?=_duration|$))");
    add("worker", "(worker_([0-9]+)\\.)");
    add("listener", "((.+?)\\.)rbac\\.");
    return out;
  }

  Json api_config(const char* type) const {
    Json service = grpc_service();
    if (!token_file_ && !request_.dataplane_token.empty())
      service["initialMetadata"] = Json::array({{{"key", "authorization"}, {"value", request_.dataplane_token}}});
    return {{"apiType", type},
            {"transportApiVersion", "V3"},
            {"setNodeOnFirstMessageOnly", true},
            {"grpcServices", Json::array({service})}};
  }

  /// With tokens that may be replaced on disk, Envoy's Google gRPC client reads the file for each stream.
  Json grpc_service() const {
    if (!token_file_) return {{"envoyGrpc", {{"clusterName", names_.ads}}}};
    constexpr const char* plugin = "envoy.grpc_credentials.file_based_metadata";
    Json credentials = typed("envoy.config.grpc_credential.v3.FileBasedMetadataConfig",
                             {{"secretData", {{"filename", request_.dataplane_token_path}}}});
    Json call = {{"fromPlugin", {{"name", plugin}, {"typedConfig", credentials}}}};
    Json google{
        {"targetUri",
         fmt::format("{}:{}", host_.find(':') == std::string::npos ? host_ : "[" + host_ + "]", settings_.xds_port)},
        {"statPrefix", "ads"},
        {"credentialsFactoryName", plugin},
        {"callCredentials", Json::array({call})},
        {"channelArgs",
         {{"args",
           {{"grpc.keepalive_time_ms", {{"intValue", "10000"}}},
            {"grpc.keepalive_timeout_ms", {{"intValue", "30000"}}},
            {"grpc.http2.max_pings_without_data", {{"intValue", "0"}}}}}}},
    };
    if (!ca_pem_.empty())
      google["channelCredentials"] = {{"sslCredentials", {{"rootCerts", {{"inlineBytes", base64_encode(ca_pem_)}}}}}};
    return {{"googleGrpc", google}};
  }

  Json cluster(const std::string& name, const char* type, Json address) const {
    Json endpoint = {{"endpoint", {{"address", std::move(address)}}}};
    Json locality = {{"lbEndpoints", Json::array({endpoint})}};
    Json http2 = typed("envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                       {{"explicitHttpConfig", {{"http2ProtocolOptions", Json::object()}}}});
    return {
        {"name", name},
        {"type", type},
        {"connectTimeout", seconds(settings_.xds_connect_timeout)},
        {"upstreamConnectionOptions",
         {{"tcpKeepalive", {{"keepaliveProbes", 3}, {"keepaliveTime", 10}, {"keepaliveInterval", 10}}}}},
        {"loadAssignment", {{"clusterName", name}, {"endpoints", Json::array({locality})}}},
        {"typedExtensionProtocolOptions", {{"envoy.extensions.upstreams.http.v3.HttpProtocolOptions", http2}}},
    };
  }

  Json clusters() const {
    std::string socket =
        fmt::format("{}/kuma-al-{}-{}", request_.workdir.empty() ? "" : request_.workdir, request_.name, request_.mesh);
    if (request_.workdir.empty()) socket.erase(0, 1);
    socket.resize(std::min(socket.size(), socket_path_length_max));
    Json out = Json::array({cluster(names_.access_log_sink, "STATIC", {{"pipe", {{"path", socket + ".sock"}}}})});
    if (token_file_) return out;
    Json ads = cluster(names_.ads, is_ip(host_) ? "STATIC" : "STRICT_DNS",
                       {{"socketAddress", {{"address", host_}, {"portValue", settings_.xds_port}}}});
    Json common{{"tlsParams", {{"tlsMinimumProtocolVersion", "TLSv1_2"}}},
                {"validationContextSdsSecretConfig", {{"name", validation_context}}}};
    ads["transportSocket"] = {{"name", "envoy.transport_sockets.tls"},
                              {"typedConfig", typed("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
                                                    {{"sni", host_}, {"commonTlsContext", common}})}};
    out.push_back(ads);
    return out;
  }

  Json secret() const {
    Json matchers = Json::array();
    for (const char* type : {"DNS", "IP_ADDRESS"})
      matchers.push_back({{"sanType", type}, {"matcher", {{"exact", host_}}}});
    Json context{{"matchTypedSubjectAltNames", matchers}, {"trustedCa", {{"inlineBytes", base64_encode(ca_pem_)}}}};
    return {{"name", validation_context}, {"validationContext", context}};
  }

  Json overload_manager() const {
    Json monitors = Json::array();
    monitors.push_back(
        {{"name", "envoy.resource_monitors.global_downstream_max_connections"},
         {"typedConfig",
          typed("envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                {{"maxActiveDownstreamConnections", std::to_string(settings_.gateway_connections_max)}})}});
    Json out{{"refreshInterval", "0.250s"}};
    if (request_.heap_bytes_max > 0) {
      monitors.push_back({{"name", heap_monitor},
                          {"typedConfig", typed("envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig",
                                                {{"maxHeapSizeBytes", std::to_string(request_.heap_bytes_max)}})}});
      Json actions = Json::array();
      auto add = [&](const char* name, double threshold) {
        Json trigger = {{"name", heap_monitor}, {"threshold", {{"value", threshold}}}};
        actions.push_back({{"name", name}, {"triggers", Json::array({trigger})}});
      };
      add("envoy.overload_actions.shrink_heap", 0.95);
      add("envoy.overload_actions.stop_accepting_requests", 0.98);
      out["actions"] = actions;
    }
    out["resourceMonitors"] = monitors;
    return out;
  }

  Json admin() const {
    Json out{{"address", {{"socketAddress", {{"address", settings_.admin_address}, {"portValue", admin_port()}}}}}};
    if (!settings_.admin_access_log_path.empty()) {
      Json log = {{"name", "envoy.access_loggers.file"},
                  {"typedConfig", typed("envoy.extensions.access_loggers.file.v3.FileAccessLog",
                                        {{"path", settings_.admin_access_log_path}})}};
      out["accessLog"] = Json::array({log});
    }
    return out;
  }

  const BootstrapRequest& request_;
  const BootstrapSettings& settings_;
  const BootstrapProxy& proxy_;
  const std::string& ca_pem_;
  Names names_;
  std::string host_;
  bool token_file_;
};

void write_yaml(const Json& value, std::size_t indent, std::string& out) {
  std::string pad(indent, ' ');
  bool first = true;
  auto open = [&] {
    if (!first) out += pad;
    first = false;
  };
  auto child = [&](const Json& item) {
    bool block = (item.is_object() || item.is_array()) && !item.empty();
    if (block) {
      out += "\n" + std::string(indent + 2, ' ');
      write_yaml(item, indent + 2, out);
    } else {
      out += " " + item.dump() + "\n";
    }
  };
  if (value.is_object() && !value.empty()) {
    for (const auto& [key, item] : value.items()) {
      open();
      out += Json(key).dump() + ":";
      child(item);
    }
  } else if (value.is_array() && !value.empty()) {
    for (const auto& item : value) {
      open();
      out += "-";
      if ((item.is_object() || item.is_array()) && !item.empty()) {
        out += " ";
        write_yaml(item, indent + 2, out);
      } else {
        out += " " + item.dump() + "\n";
      }
    }
  } else {
    out += value.dump() + "\n";
  }
}

}  // namespace

Json envoy_bootstrap(const BootstrapRequest& request, const BootstrapSettings& settings, const BootstrapProxy& proxy,
                     const std::string& ca_pem) {
  return Builder(request, settings, proxy, ca_pem).build();
}

std::string to_yaml(const Json& value) {
  std::string out;
  write_yaml(value, 0, out);
  return out;
}

}  // namespace kumasim::cp
