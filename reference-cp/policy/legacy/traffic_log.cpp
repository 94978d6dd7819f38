/// How TrafficLog becomes access logs of Envoy.
#include "reference-cp/policy/legacy/traffic_log.hpp"

#include <set>

#include <fmt/format.h>

#include <envoy/config/accesslog/v3/accesslog.pb.h>
#include <envoy/config/listener/v3/listener_components.pb.h>
#include <envoy/extensions/access_loggers/file/v3/file.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>
#include <envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.pb.h>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/policy/envoy_edit.hpp"
#include "reference-cp/policy/legacy/connection_policy.hpp"
#include "reference-cp/policy/legacy/mesh_backend.hpp"
#include "reference-cp/policy/mesh_access_log/format.hpp"
#include "reference-cp/xds/envoy/listener.hpp"
#include "reference-cp/xds/proxy_view.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp::policy::legacy {
namespace {

constexpr char pass_through[] = "pass_through";

std::map<std::string, ResourcePtr> policies_of(const ProxyView& proxy, const MeshView& mesh) {
  if (mesh.all("TrafficLog").empty()) return {};
  std::set<std::string> services = {pass_through};
  for (const Outbound& outbound : proxy.outbounds)
    if (outbound.legacy()) services.insert(outbound.service());
  return policies_to("TrafficLog", services, proxy, mesh);
}

/// Where others reach the proxy.
std::string address_of(const ProxyView& proxy) {
  std::string advertised = text_at(proxy.dataplane->spec, "networking", "advertisedAddress");
  return advertised.empty() ? proxy.address : advertised;
}

}  // namespace

TrafficLogs::TrafficLogs(const ProxyView& proxy, const MeshView& mesh)
    : proxy_(proxy), mesh_(mesh), policies_(policies_of(proxy, mesh)) {}

const nlohmann::json* TrafficLogs::backend(const std::string& service) const {
  auto policy = policies_.find(service);
  if (policy == policies_.end()) return nullptr;
  const nlohmann::json& backend = mesh_backend(mesh_, "logging", *policy->second);
  return backend.is_object() ? &backend : nullptr;
}

TrafficLogs::AccessLog TrafficLogs::log(const nlohmann::json& backend, std::string format,
                                        const std::string& destination, const char* direction) const {
  if (std::string own = text_at(backend, "format"); !own.empty()) format = std::move(own);
  format = mesh_access_log::interpolate(
      std::move(format), {proxy_.service, address_of(proxy_), destination, mesh_.name(), direction});
  format += "\n";
  ::envoy::extensions::access_loggers::file::v3::FileAccessLog config;
  if (text_at(backend, "type") == "tcp") {  // kuma-dp sends the lines on to the address in front of them
    config.set_path(
        envoy::socket_path(proxy_.metadata.workdir, fmt::format("kuma-al-{}-{}", proxy_.name, mesh_.name())));
    format = text_at(backend, "conf", "address") + ";" + format;
  } else {
    config.set_path(text_at(backend, "conf", "path"));
  }
  config.mutable_log_format()->mutable_text_format_source()->set_inline_string(format);
  AccessLog result;
  result.set_name("envoy.access_loggers.file");
  pack(config, *result.mutable_typed_config());
  return result;
}

void TrafficLogs::add(const std::string& service, Hcm& manager) const {
  if (const nlohmann::json* to = backend(service))
    *manager.add_access_log() = log(*to, std::string(mesh_access_log::default_format("http")), service, "OUTBOUND");
}

void TrafficLogs::add_to_tcp(const std::string& service, const std::string& destination, const char* direction,
                             ::envoy::config::listener::v3::FilterChain& chain) const {
  const nlohmann::json* to = backend(service);
  if (!to) return;
  AccessLog line = log(*to, std::string(mesh_access_log::default_format("tcp")), destination, direction);
  change_tcp_proxy(chain, [&](TcpProxy& proxy) { *proxy.add_access_log() = line; });
}

void TrafficLogs::add(const std::string& service, ::envoy::config::listener::v3::FilterChain& chain) const {
  bool passes = service == pass_through;
  add_to_tcp(service, passes ? "external" : service, passes ? "UNSPECIFIED" : "OUTBOUND", chain);
}

void TrafficLogs::add_gateway(Hcm& manager) const {
  if (const nlohmann::json* to = backend(pass_through))
    *manager.add_access_log() = log(*to, std::string(mesh_access_log::default_format("http")), "*", "INBOUND");
}

void TrafficLogs::add_gateway(::envoy::config::listener::v3::FilterChain& chain) const {
  add_to_tcp(pass_through, "*", "INBOUND", chain);
}

void TrafficLogs::add_pass_through(::envoy::config::listener::v3::FilterChain& chain) const {
  add(pass_through, chain);
}

void TrafficLogs::add_direct_access(const std::string& listener,
                                    ::envoy::config::listener::v3::FilterChain& chain) const {
  add_to_tcp(pass_through, listener, "OUTBOUND", chain);
}

}  // namespace kumasim::cp::policy::legacy
