#include "tests/real_envoy/traffic_snapshot.hpp"

#include <algorithm>
#include <optional>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <google/protobuf/any.pb.h>

#include "envoy/config/cluster/v3/cluster.pb.h"
#include "envoy/config/endpoint/v3/endpoint.pb.h"
#include "envoy/config/listener/v3/listener.pb.h"
#include "envoy/extensions/access_loggers/file/v3/file.pb.h"
#include "envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h"
#include "envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.pb.h"
#include "sim/envoy/config/resource.hpp"
#include "sim/envoy/config/wire.hpp"

namespace kumasim::test {
namespace {

namespace core = ::envoy::config::core::v3;
namespace lst = ::envoy::config::listener::v3;
namespace net = ::envoy::extensions::filters::network;
using sim::proxy::Type;

constexpr auto log_line =
    "%DOWNSTREAM_DIRECT_REMOTE_PORT%|%UPSTREAM_CLUSTER_RAW%|%RESPONSE_CODE%|%RESPONSE_FLAGS%|%ROUTE_NAME%|"
    "%UPSTREAM_HOST%|%RESPONSE_CODE_DETAILS%\n";

bool is_address(const std::string& text) {
  in6_addr scratch{};
  return ::inet_pton(AF_INET, text.c_str(), &scratch) == 1 || ::inet_pton(AF_INET6, text.c_str(), &scratch) == 1;
}

bool wildcard(const std::string& address) { return address == "0.0.0.0" || address == "::"; }

/// Kuma names a gateway's listeners `gateway:PROTOCOL:port`.
bool of_gateway(const std::string& name) {
  for (const char* protocol : {":HTTP:", ":HTTPS:", ":TCP:", ":TLS:"})
    if (name.find(protocol) != std::string::npos) return true;
  return false;
}

/// Of Kuma's own listeners none is compared; without a direction they come from a MeshProxyPatch.
bool of_kuma(const std::string& name) {
  for (const char* prefix : {"_kuma:", "kuma:", "system_", "inbound:", "self_inbound", "self_transparentproxy"})
    if (name.starts_with(prefix)) return true;
  return false;
}

class Fitting {
 public:
  explicit Fitting(const std::string& access_log) {
    ::envoy::extensions::access_loggers::file::v3::FileAccessLog file;
    file.set_path(access_log);
    file.mutable_log_format()->mutable_text_format_source()->set_inline_string(log_line);
    log_.set_name("envoy.access_loggers.file");
    log_.mutable_typed_config()->PackFrom(file);
  }

  TrafficSnapshot fit(const cp::Snapshot& of) {
    for (const auto& [url, resources] : of.types())
      for (const auto& [name, resource] : resources) {
        auto any = ::google::protobuf::Any();
        if (!any.ParseFromString(*resource->any)) continue;
        auto type = sim::proxy::type_of(url);
        if (type && !fit(*type, any)) continue;
        auto bytes = std::make_shared<const std::string>(sim::proxy::to_bytes(any));
        auto fitted = cp::XdsResource{name, resource->version + "-t", std::move(bytes)};
        out_.snapshot.add(url, std::make_shared<const cp::XdsResource>(std::move(fitted)));
      }
    for (const auto& taken : bound_) out_.applications.erase(taken);
    if (out_.machine.empty()) out_.machine = "10.255.255.254";
    return std::move(out_);
  }

 private:
  bool fit(Type type, ::google::protobuf::Any& any) {
    switch (type) {
      case Type::cluster: return changed<::envoy::config::cluster::v3::Cluster>(any, [&](auto& m) { return fit(m); });
      case Type::endpoints:
        return changed<::envoy::config::endpoint::v3::ClusterLoadAssignment>(any, [&](auto& m) { return fit(m); });
      case Type::listener: return changed<lst::Listener>(any, [&](auto& m) { return fit(m); });
      case Type::routes:
      case Type::secret: return true;
    }
    return true;
  }

  template <class Message, class Change>
  static bool changed(::google::protobuf::Any& any, Change change) {
    Message message;
    if (!any.UnpackTo(&message) || !change(message)) return false;
    any.set_value(sim::proxy::to_bytes(message));
    return true;
  }

  bool fit(::envoy::config::cluster::v3::Cluster& cluster) {
    cluster.clear_transport_socket();
    cluster.clear_transport_socket_matches();
    cluster.clear_health_checks();
    using C = ::envoy::config::cluster::v3::Cluster;
    if (cluster.type() == C::STRICT_DNS || cluster.type() == C::LOGICAL_DNS) {
      cluster.set_type(C::STATIC);
      cluster.clear_dns_lookup_family();
      cluster.clear_respect_dns_ttl();
    }
    // Envoy's own admin interface answers there.
    if (cluster.name() == "kuma:envoy:admin" || cluster.name() == "system_envoy_admin") return true;
    return !cluster.has_load_assignment() || fit(*cluster.mutable_load_assignment());
  }

  bool fit(::envoy::config::endpoint::v3::ClusterLoadAssignment& assignment) {
    for (auto& locality : *assignment.mutable_endpoints())
      for (auto& endpoint : *locality.mutable_lb_endpoints()) {
        endpoint.mutable_endpoint()->clear_health_check_config();
        auto& address = *endpoint.mutable_endpoint()->mutable_address();
        if (!address.has_socket_address()) continue;
        auto& socket = *address.mutable_socket_address();
        if (!is_address(socket.address())) socket.set_address(address_of(socket.address()));
        out_.applications.insert({socket.address(), static_cast<std::uint16_t>(socket.port_value())});
      }
    return true;
  }

  /// One of 198.18.0.0/15 (RFC 2544: for tests) for each host name.
  std::string address_of(const std::string& host) {
    auto number = names_.emplace(host, names_.size() + 1).first->second;
    return fmt::format("198.18.{}.{}", number / 250, number % 250 + 1);
  }

  bool fit(lst::Listener& listener) {
    if (!listener.address().has_socket_address()) return false;
    const auto& socket = listener.address().socket_address();
    bool own = !wildcard(socket.address()) && !socket.address().starts_with("127.");
    if (own && listener.traffic_direction() == core::INBOUND) out_.machine = socket.address();
    bool compared = listener.traffic_direction() == core::INBOUND
                        ? of_gateway(listener.name())
                        : listener.traffic_direction() == core::OUTBOUND || !of_kuma(listener.name());
    if (!compared || socket.protocol() == core::SocketAddress::UDP) return false;
    if (listener.use_original_dst().value()) out_.redirect_port = static_cast<std::uint16_t>(socket.port_value());
    listener.clear_access_log();
    for (auto& chain : *listener.mutable_filter_chains()) fit(chain);
    if (listener.has_default_filter_chain()) fit(*listener.mutable_default_filter_chain());
    bound_.insert({socket.address(), static_cast<std::uint16_t>(socket.port_value())});
    return true;
  }

  void fit(lst::FilterChain& chain) {
    // The pinned Envoy is built without it (known_refusals.json).
    auto& filters = *chain.mutable_filters();
    for (int i = filters.size() - 1; i >= 0; --i)
      if (filters[i].typed_config().type_url().ends_with(".KafkaBroker")) filters.DeleteSubrange(i, 1);
    for (auto& filter : filters) {
      auto& config = *filter.mutable_typed_config();
      auto log = [&](auto& message) {
        message.clear_access_log();
        *message.add_access_log() = log_;
        return true;
      };
      if (config.Is<net::http_connection_manager::v3::HttpConnectionManager>())
        changed<net::http_connection_manager::v3::HttpConnectionManager>(config, log);
      if (config.Is<net::tcp_proxy::v3::TcpProxy>()) changed<net::tcp_proxy::v3::TcpProxy>(config, log);
    }
  }

  TrafficSnapshot out_;
  ::envoy::config::accesslog::v3::AccessLog log_;
  std::map<std::string, std::size_t> names_;
  std::set<Application> bound_;  ///< by listeners: no application can have these
};

}  // namespace

TrafficSnapshot traffic_snapshot(const cp::Snapshot& of, const std::string& access_log) {
  return Fitting(access_log).fit(of);
}

}  // namespace kumasim::test
