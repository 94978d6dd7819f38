#include "reference-cp/xds/hds/specifier.hpp"

#include <envoy/service/health/v3/hds.pb.h>
#include <google/protobuf/util/time_util.h>

#include "reference-cp/xds/dataplane.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/transparent_proxy.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp {
namespace {

using ::envoy::config::core::v3::HealthCheck;
using ::envoy::service::health::v3::ClusterHealthCheck;
using ::envoy::service::health::v3::HealthCheckSpecifier;
using google::protobuf::util::TimeUtil;

/// Sources of a proxy's own connections to its application where inbound traffic is redirected: iptables leaves them
/// alone, as they leave those of inbound traffic.
constexpr const char* passthrough_ipv4 = "127.0.0.6";
constexpr const char* passthrough_ipv6 = "::6";

google::protobuf::Duration proto(Duration value) { return TimeUtil::NanosecondsToDuration(value.count()); }

/// A probe's own duration (protojson), or the default. Kuma leaves `interval` empty where only a timeout is given,
/// which Envoy refuses, and passes it over where no timeout is given.
google::protobuf::Duration duration_or(const nlohmann::json& said, Duration otherwise) {
  google::protobuf::Duration out;
  if (said.is_string() && TimeUtil::FromString(said.get<std::string>(), &out)) return out;
  return proto(otherwise);
}

std::uint32_t number_or(const nlohmann::json& probe, const char* field, std::uint32_t otherwise) {
  return at(probe, field).is_null() ? otherwise : number_at(probe, field);
}

HealthCheck& add_cluster(HealthCheckSpecifier& out, const std::string& name, const std::string& address,
                         std::uint32_t port) {
  ClusterHealthCheck& cluster = *out.add_cluster_health_checks();
  cluster.set_cluster_name(name);
  auto& socket = *cluster.add_locality_endpoints()->add_endpoints()->mutable_address()->mutable_socket_address();
  socket.set_address(address);
  socket.set_port_value(port);
  return *cluster.add_health_checks();
}

/// `probe` is a `serviceProbe`, or null for what the settings say.
void set_times(HealthCheck& check, const nlohmann::json& probe, const HdsSettings& settings) {
  *check.mutable_timeout() = duration_or(at(probe, "timeout"), settings.check_timeout);
  *check.mutable_interval() = duration_or(at(probe, "interval"), settings.check_interval);
  *check.mutable_no_traffic_interval() = proto(settings.check_no_traffic_interval);
  check.mutable_healthy_threshold()->set_value(number_or(probe, "healthyThreshold", settings.healthy_threshold));
  check.mutable_unhealthy_threshold()->set_value(number_or(probe, "unhealthyThreshold", settings.unhealthy_threshold));
}

}  // namespace

Specifier health_check_specifier(const Resource& dataplane, const NodeMetadata& metadata, const HdsSettings& settings) {
  HealthCheckSpecifier out;
  *out.mutable_interval() = proto(settings.interval);
  const nlohmann::json& networking = at(dataplane.spec, "networking");
  std::uint32_t admin_port = number_at(networking, "admin", "port");
  HealthCheck& admin =
      add_cluster(out, metadata.has("feature-unified-resource-naming") ? envoy::unified::admin : "kuma:envoy:admin",
                  "127.0.0.1", admin_port != 0 ? admin_port : settings.admin_port);
  set_times(admin, nullptr, settings);
  admin.mutable_http_health_check()->set_path("/ready");

  bool redirected = transparent_proxy_of(dataplane, metadata).has_value();
  for (const Inbound& inbound : inbounds_of(dataplane)) {
    const nlohmann::json& probe = at(networking["inbound"][inbound.index], "serviceProbe");
    if (probe.is_null()) continue;
    HealthCheck& check = add_cluster(out, envoy::local_cluster_name(inbound.service_port), inbound.service_address,
                                     inbound.service_port);
    set_times(check, probe, settings);
    check.mutable_tcp_health_check();
    if (!redirected || inbound.service_address == "127.0.0.1" || inbound.service_address == "::1") continue;
    bool is_ipv6 = inbound.service_address.find(':') != std::string::npos;
    ClusterHealthCheck& cluster = *out.mutable_cluster_health_checks(out.cluster_health_checks_size() - 1);
    auto& source = *cluster.mutable_upstream_bind_config()->mutable_source_address();
    source.set_address(is_ipv6 ? passthrough_ipv6 : passthrough_ipv4);
    source.set_port_value(0);
  }
  Specifier result{.bytes = deterministic_bytes(out), .clusters = {}};
  for (const ClusterHealthCheck& cluster : out.cluster_health_checks()) result.clusters.insert(cluster.cluster_name());
  return result;
}

}  // namespace kumasim::cp
