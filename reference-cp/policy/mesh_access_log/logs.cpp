/// How backends become access logs.
#include "reference-cp/policy/mesh_access_log/logs.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <envoy/config/accesslog/v3/accesslog.pb.h>
#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/extensions/access_loggers/file/v3/file.pb.h>
#include <envoy/extensions/access_loggers/open_telemetry/v3/logs_service.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>
#include <envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.pb.h>
#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/policy/envoy_edit.hpp"
#include "reference-cp/xds/envoy/listener.hpp"
#include "reference-cp/xds/proxy_view.hpp"
#include "reference-cp/xds/resource_set.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp::policy::mesh_access_log {
namespace {

using ::envoy::extensions::access_loggers::file::v3::FileAccessLog;
using OtlpLog = ::envoy::extensions::access_loggers::open_telemetry::v3::OpenTelemetryAccessLogConfig;
using google::protobuf::Struct;
using opentelemetry::proto::common::v1::AnyValue;

std::string line(std::string_view format, const Subject& subject) {
  return interpolate(std::string(format) + "\n", subject);
}

void fill(Struct& out, const Pairs& pairs, const Subject& subject) {
  for (const auto& [key, value] : pairs) (*out.mutable_fields())[key].set_string_value(interpolate(value, subject));
}

/// Placeholders may be in every text of the value, and in keys.
void interpolate(AnyValue& value, const Subject& subject) {
  if (value.has_string_value()) value.set_string_value(mesh_access_log::interpolate(value.string_value(), subject));
  if (value.has_array_value())
    for (AnyValue& each : *value.mutable_array_value()->mutable_values()) interpolate(each, subject);
  if (value.has_kvlist_value()) {
    for (auto& each : *value.mutable_kvlist_value()->mutable_values()) {
      interpolate(*each.mutable_value(), subject);
      each.set_key(mesh_access_log::interpolate(each.key(), subject));
    }
  }
}

/// What Go's encoder writes otherwise: characters that mean something in HTML or JavaScript are escaped.
std::string in_go(std::string_view json) {
  constexpr std::pair<std::string_view, std::string_view> escapes[] = {{"<", "\\u003c"},
                                                                       {">", "\\u003e"},
                                                                       {"&", "\\u0026"},
                                                                       {"\xe2\x80\xa8", "\\u2028"},
                                                                       {"\xe2\x80\xa9", "\\u2029"}};
  std::string result;
  while (!json.empty()) {
    auto escape = std::ranges::find_if(escapes, [&](const auto& each) { return json.starts_with(each.first); });
    bool plain = escape == std::end(escapes);
    result += plain ? json.substr(0, 1) : escape->second;
    json.remove_prefix(plain ? 1 : escape->first.size());
  }
  return result;
}

/// The default is the format's text, also where the body says nothing that OTLP knows. What is no OTLP value is logged
/// as its JSON text; so a plain string keeps its quotes, as with Kuma.
AnyValue body_of(const OtlpBackend& backend, std::string_view format, const Subject& subject) {
  AnyValue body;
  body.set_string_value(mesh_access_log::interpolate(std::string(format), subject));
  if (!backend.body) return body;
  std::string text = backend.body->dump();
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  AnyValue value;
  if (backend.body->is_object() && google::protobuf::util::JsonStringToMessage(text, &value, options).ok()) {
    if (value.value_case() == AnyValue::VALUE_NOT_SET) return body;
    interpolate(value, subject);
    return value;
  }
  body.set_string_value(mesh_access_log::interpolate(in_go(text), subject));
  return body;
}

AccessLog packed(const char* name, const google::protobuf::Message& config) {
  AccessLog log;
  log.set_name(name);
  pack(config, *log.mutable_typed_config());
  return log;
}

AccessLog to_file(const FileAccessLog& config) { return packed("envoy.access_loggers.file", config); }

}  // namespace

Logs::Logs(const ProxyView& proxy)
    : proxy_(proxy),
      socket_(envoy::socket_path(proxy.metadata.workdir,
                                 fmt::format("kuma-al-{}-{}", proxy.name, proxy.dataplane->meta.mesh))) {}

std::vector<AccessLog> Logs::make(std::span<const Backend> backends, std::string_view format, const Subject& subject) {
  std::vector<AccessLog> logs;
  for (const Backend& backend : backends)
    logs.push_back(std::visit([&](const auto& each) { return make(each, format, subject); }, backend));
  return logs;
}

AccessLog Logs::make(const TcpBackend& backend, std::string_view format, const Subject& subject) {
  FileAccessLog config;
  config.set_path(socket_);
  config.mutable_log_format()->set_omit_empty_values(backend.format && backend.format->omit_empty_values);
  auto& fields = *config.mutable_log_format()->mutable_json_format()->mutable_fields();
  fields["address"].set_string_value(backend.address);
  if (!backend.format || backend.format->plain) {
    fields["message"].set_string_value(line(backend.format ? *backend.format->plain : format, subject));
  } else {
    fill(*fields["message"].mutable_struct_value(), backend.format->json, subject);
  }
  return to_file(config);
}

AccessLog Logs::make(const FileBackend& backend, std::string_view format, const Subject& subject) {
  FileAccessLog config;
  config.set_path(backend.path);
  auto& out = *config.mutable_log_format();
  out.set_omit_empty_values(backend.format && backend.format->omit_empty_values);
  if (!backend.format || backend.format->plain) {
    out.mutable_text_format_source()->set_inline_string(
        line(backend.format ? *backend.format->plain : format, subject));
  } else {
    fill(*out.mutable_json_format(), backend.format->json, subject);
  }
  return to_file(config);
}

AccessLog Logs::make(const OtlpBackend& backend, std::string_view format, const Subject& subject) {
  OtlpLog config;
  *config.mutable_body() = body_of(backend, format, subject);
  auto& attributes = *config.mutable_attributes();
  for (const auto& [key, value] : backend.attributes) {  // Kuma's placeholders are not replaced in these
    auto& attribute = *attributes.add_values();
    attribute.set_key(key);
    attribute.mutable_value()->set_string_value(value);
  }
  auto& common = *config.mutable_common_config();
  common.set_log_name("MeshAccessLog");
  common.set_transport_api_version(::envoy::config::core::v3::V3);
  common.mutable_grpc_service()->mutable_envoy_grpc()->set_cluster_name(cluster_for(otlp_address(backend.endpoint)));
  return packed("envoy.access_loggers.open_telemetry", config);
}

const std::string& Logs::cluster_for(const CollectorAddress& address) {
  auto [found, added] = clusters_.try_emplace(address);
  if (added)
    found->second =
        proxy_.unified_naming
            ? "system_meshaccesslog_" + clean_name(fmt::format("{}-{}", address.host, address.port))
            : fmt::format("meshaccesslog:opentelemetry:{}", clusters_.size() - 1);
  return found->second;
}

void Logs::add_clusters(ResourceSet& resources) const {
  for (const auto& [address, name] : clusters_)
    resources.add(name, collector_cluster(name, address, proxy_, {.http2 = true}), cp::Origin::mesh_access_log);
}

void add(::envoy::config::listener::v3::Listener& listener, std::span<const AccessLog> logs) {
  if (logs.empty()) return;
  for (auto& chain : *listener.mutable_filter_chains()) {
    change_hcm(chain, [&](Hcm& hcm) { hcm.mutable_access_log()->Add(logs.begin(), logs.end()); });
    change_tcp_proxy(chain, [&](TcpProxy& tcp) { tcp.mutable_access_log()->Add(logs.begin(), logs.end()); });
  }
}

}  // namespace kumasim::cp::policy::mesh_access_log
