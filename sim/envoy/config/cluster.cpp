#include "sim/envoy/config/cluster.hpp"

#include <algorithm>

#include "envoy/config/cluster/v3/cluster.pb.h"
#include "envoy/config/endpoint/v3/endpoint.pb.h"
#include "envoy/extensions/transport_sockets/tls/v3/tls.pb.h"
#include "envoy/extensions/upstreams/http/v3/http_protocol_options.pb.h"
#include "sim/envoy/config/address_range.hpp"
#include "sim/envoy/config/extensions.hpp"
#include "sim/envoy/config/health_check.hpp"
#include "sim/envoy/config/proto_time.hpp"
#include "sim/envoy/config/validate.hpp"

namespace kumasim::sim::proxy {
namespace {

namespace cl = ::envoy::config::cluster::v3;
namespace core = ::envoy::config::core::v3;
using Fallback = SubsetSelector::Fallback;

constexpr auto http_options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

Checked<std::optional<TlsContext>> compile_socket(const core::TransportSocket& socket, CertificateStore& store,
                                                  std::set<std::string>& secrets) {
  const auto& url = socket.typed_config().type_url();
  if (auto ok = known_extension(ExtensionCategory::transport_socket, socket.name(), url); !ok)
    return refuse(ok.error());
  if (type_name(url) != "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext")
    return std::optional<TlsContext>();
  tls::UpstreamTlsContext context;
  if (auto ok = unpack(socket.typed_config(), context); !ok) return refuse(ok.error());
  auto out = compile_tls(context, store);
  if (!out) return refuse(out.error());
  for (const auto& name : out->secrets()) secrets.insert(name);
  return std::optional<TlsContext>(std::move(*out));
}

Checked<> take_sockets(const cl::Cluster& in, CertificateStore& store, Cluster& out) {
  if (in.has_transport_socket()) {
    auto socket = compile_socket(in.transport_socket(), store, out.secrets);
    if (!socket) return refuse(socket.error());
    out.tls = std::move(*socket);
  }
  for (const auto& m : in.transport_socket_matches()) {
    auto socket = compile_socket(m.transport_socket(), store, out.secrets);
    if (!socket) return refuse(socket.error());
    out.socket_matches.push_back({m.name(), to_labels(m.match()), std::move(*socket)});
  }
  return {};
}

Checked<> take_protocol(const cl::Cluster& in, Cluster& out) {
  auto common = [&](const core::HttpProtocolOptions& o) {
    if (o.has_idle_timeout()) out.idle_timeout = to_duration(o.idle_timeout());
    if (o.has_max_connection_duration()) out.connection_duration_max = to_duration(o.max_connection_duration());
    if (o.has_max_stream_duration()) out.stream_duration_max = to_duration(o.max_stream_duration());
    if (o.has_max_requests_per_connection()) out.requests_per_connection_max = o.max_requests_per_connection().value();
  };
  common(in.common_http_protocol_options());
  out.http2 = in.has_http2_protocol_options();
  auto found = in.typed_extension_protocol_options().find(http_options);
  if (found == in.typed_extension_protocol_options().end()) return {};
  ::envoy::extensions::upstreams::http::v3::HttpProtocolOptions options;
  if (auto ok = unpack(found->second, options); !ok) return ok;
  common(options.common_http_protocol_options());
  out.http2 = options.explicit_http_config().has_http2_protocol_options();
  out.follow_downstream = options.has_use_downstream_protocol_config();
  return {};
}

Checked<> take_limits(const cl::Cluster& in, Cluster& out) {
  for (const auto& t : in.circuit_breakers().thresholds()) {
    if (t.priority() != core::DEFAULT) continue;
    if (t.has_max_connections()) out.connections_max = t.max_connections().value();
    if (t.has_max_pending_requests()) out.pending_max = t.max_pending_requests().value();
    if (t.has_max_requests()) out.requests_max = t.max_requests().value();
    if (t.has_max_connection_pools()) out.pools_max = t.max_connection_pools().value();
    if (t.has_max_retries()) out.retries_max = t.max_retries().value();
  }
  if (!in.has_outlier_detection()) return {};
  const auto& o = in.outlier_detection();
  OutlierDetection d;
  auto take = [](const ::google::protobuf::UInt32Value& value, bool set, std::uint32_t& to) {
    if (set) to = value.value();
  };
  if (o.has_interval()) d.interval = to_duration(o.interval());
  if (o.has_base_ejection_time()) d.base_ejection = to_duration(o.base_ejection_time());
  d.max_ejection = std::max(d.max_ejection, d.base_ejection);
  if (o.has_max_ejection_time()) d.max_ejection = to_duration(o.max_ejection_time());
  take(o.max_ejection_percent(), o.has_max_ejection_percent(), d.max_ejection_percent);
  d.always_one = o.always_eject_one_host().value();
  d.split = o.split_external_local_origin_errors();
  if (o.has_successful_active_health_check_uneject_host())
    d.check_returns = o.successful_active_health_check_uneject_host().value();
  take(o.consecutive_5xx(), o.has_consecutive_5xx(), d.consecutive_5xx);
  take(o.enforcing_consecutive_5xx(), o.has_enforcing_consecutive_5xx(), d.enforcing_5xx);
  take(o.consecutive_gateway_failure(), o.has_consecutive_gateway_failure(), d.consecutive_gateway);
  take(o.enforcing_consecutive_gateway_failure(), o.has_enforcing_consecutive_gateway_failure(), d.enforcing_gateway);
  take(o.consecutive_local_origin_failure(), o.has_consecutive_local_origin_failure(), d.consecutive_local);
  take(o.enforcing_consecutive_local_origin_failure(), o.has_enforcing_consecutive_local_origin_failure(),
       d.enforcing_local);
  take(o.success_rate_minimum_hosts(), o.has_success_rate_minimum_hosts(), d.success_hosts_min);
  take(o.success_rate_request_volume(), o.has_success_rate_request_volume(), d.success_volume);
  take(o.success_rate_stdev_factor(), o.has_success_rate_stdev_factor(), d.success_stdev_thousandths);
  take(o.enforcing_success_rate(), o.has_enforcing_success_rate(), d.enforcing_success);
  take(o.enforcing_local_origin_success_rate(), o.has_enforcing_local_origin_success_rate(), d.enforcing_local_success);
  take(o.failure_percentage_threshold(), o.has_failure_percentage_threshold(), d.failure_threshold);
  take(o.failure_percentage_minimum_hosts(), o.has_failure_percentage_minimum_hosts(), d.failure_hosts_min);
  take(o.failure_percentage_request_volume(), o.has_failure_percentage_request_volume(), d.failure_volume);
  take(o.enforcing_failure_percentage(), o.has_enforcing_failure_percentage(), d.enforcing_failure);
  take(o.enforcing_failure_percentage_local_origin(), o.has_enforcing_failure_percentage_local_origin(),
       d.enforcing_local_failure);
  if (d.max_ejection < d.base_ejection)
    return refuse("outlier detector's max_ejection_time cannot be smaller than base_ejection_time");
  out.outlier = d;
  return {};
}

bool prime(std::uint64_t n) {
  if (n < 2) return false;
  for (std::uint64_t i = 2; i * i <= n; ++i)
    if (n % i == 0) return false;
  return true;
}

/// Texts as of Envoy's balancers.
Checked<> take_hashing(const cl::Cluster& in, Cluster& out) {
  const auto& ring = in.ring_hash_lb_config();
  if (ring.has_minimum_ring_size()) out.ring_size_min = ring.minimum_ring_size().value();
  if (ring.has_maximum_ring_size()) out.ring_size_max = ring.maximum_ring_size().value();
  out.murmur = ring.hash_function() == cl::Cluster::RingHashLbConfig::MURMUR_HASH_2;
  if (in.maglev_lb_config().has_table_size()) out.maglev_size = in.maglev_lb_config().table_size().value();
  if (out.lb == Cluster::Lb::ring_hash && out.ring_size_min > out.ring_size_max)
    return refuse("ring hash: minimum_ring_size (" + std::to_string(out.ring_size_min) + ") > maximum_ring_size (" +
                  std::to_string(out.ring_size_max) + ")");
  if (out.lb == Cluster::Lb::maglev && !prime(out.maglev_size))
    return refuse("The table size of maglev must be prime number");
  return {};
}

Fallback fallback_of(int policy) {
  using S = cl::Cluster::LbSubsetConfig::LbSubsetSelector;
  switch (policy) {
    case S::NO_FALLBACK: return Fallback::none;
    case S::ANY_ENDPOINT: return Fallback::any_endpoint;
    case S::DEFAULT_SUBSET: return Fallback::default_subset;
    default: return Fallback::not_defined;
  }
}

void take_balancing(const cl::Cluster& in, Cluster& out) {
  switch (in.lb_policy()) {
    case cl::Cluster::LEAST_REQUEST: out.lb = Cluster::Lb::least_request; break;
    case cl::Cluster::RANDOM: out.lb = Cluster::Lb::random; break;
    case cl::Cluster::RING_HASH: out.lb = Cluster::Lb::ring_hash; break;
    case cl::Cluster::MAGLEV: out.lb = Cluster::Lb::maglev; break;
    case cl::Cluster::CLUSTER_PROVIDED: out.lb = Cluster::Lb::provided; break;
    default: out.lb = Cluster::Lb::round_robin;
  }
  if (in.least_request_lb_config().has_choice_count())
    out.choice_count = in.least_request_lb_config().choice_count().value();
  if (in.least_request_lb_config().has_active_request_bias()) {
    auto bias = in.least_request_lb_config().active_request_bias().default_value();
    if (bias >= 0) out.active_request_bias = bias;  // Envoy warns of another, and takes 1
  }
  if (in.common_lb_config().has_healthy_panic_threshold())
    out.panic_percent = static_cast<std::uint32_t>(in.common_lb_config().healthy_panic_threshold().value());
  out.fail_in_panic = in.common_lb_config().zone_aware_lb_config().fail_traffic_on_panic();
  out.wait_for_check = in.common_lb_config().ignore_new_hosts_until_first_hc();
  out.leaves_at_once = in.ignore_health_on_host_removal();
  out.locality_weighted = in.common_lb_config().has_locality_weighted_lb_config();
  const auto& subsets = in.lb_subset_config();
  for (const auto& s : subsets.subset_selectors())
    out.subsets.push_back({{s.keys().begin(), s.keys().end()}, fallback_of(s.fallback_policy())});
  // Over subsets localities weigh the same unless it is asked for.
  if (!out.subsets.empty() && !subsets.locality_weight_aware()) out.locality_weighted = false;
  using C = cl::Cluster::LbSubsetConfig;
  out.subset_fallback = subsets.fallback_policy() == C::ANY_ENDPOINT     ? Fallback::any_endpoint
                        : subsets.fallback_policy() == C::DEFAULT_SUBSET ? Fallback::default_subset
                                                                         : Fallback::none;
  out.default_subset = to_labels(subsets.default_subset());
}

Checked<> take_discovery(const cl::Cluster& in, Cluster& out) {
  switch (in.type()) {
    case cl::Cluster::STRICT_DNS: out.type = Cluster::Type::strict_dns; break;
    case cl::Cluster::LOGICAL_DNS: out.type = Cluster::Type::logical_dns; break;
    case cl::Cluster::EDS: out.type = Cluster::Type::eds; break;
    case cl::Cluster::ORIGINAL_DST: out.type = Cluster::Type::original_dst; break;
    default: out.type = Cluster::Type::fixed;
  }
  if (in.has_cluster_type()) {
    auto ok = known_extension(ExtensionCategory::other, in.cluster_type().name(),
                              in.cluster_type().typed_config().type_url());
    if (!ok) return ok;
  }
  if (out.type == Cluster::Type::eds) {
    if (!in.eds_cluster_config().has_eds_config()) return refuse("cannot create an EDS cluster without an EDS config");
    out.eds_name = in.eds_cluster_config().service_name().empty() ? in.name() : in.eds_cluster_config().service_name();
    if (in.eds_cluster_config().eds_config().has_initial_fetch_timeout())
      out.eds_timeout = to_duration(in.eds_cluster_config().eds_config().initial_fetch_timeout());
    return {};
  }
  if (out.type == Cluster::Type::original_dst) {
    if (out.lb != Cluster::Lb::provided && in.lb_policy() != cl::Cluster::CLUSTER_PROVIDED)
      return refuse("cluster: LB policy " + cl::Cluster::LbPolicy_Name(in.lb_policy()) +
                    " is not valid for Cluster type ORIGINAL_DST. Only 'CLUSTER_PROVIDED' is allowed with cluster type "
                    "'ORIGINAL_DST'");
    if (in.has_load_assignment()) return refuse("ORIGINAL_DST clusters must have no load assignment configured");
    return {};
  }
  bool resolved = out.type != Cluster::Type::fixed;
  auto assignment = LoadAssignment::compile(in.load_assignment(), resolved);
  if (!assignment) return refuse(assignment.error());
  if (out.type == Cluster::Type::logical_dns &&
      ((*assignment)->localities.size() != 1 || (*assignment)->localities[0].endpoints.size() != 1))
    return refuse("LOGICAL_DNS clusters must have a single locality_lb_endpoint and a single lb_endpoint");
  out.assignment = std::move(*assignment);
  return {};
}

std::string locality_name(const core::Locality& l) { return l.region() + "/" + l.zone() + "/" + l.sub_zone(); }

bool usable(core::HealthStatus status) {
  return status == core::UNKNOWN || status == core::HEALTHY || status == core::DEGRADED;
}

}  // namespace

Checked<LoadAssignmentPtr> LoadAssignment::compile(const ::envoy::config::endpoint::v3::ClusterLoadAssignment& in,
                                                   bool resolved) {
  auto out = std::make_shared<LoadAssignment>();
  out->cluster = in.cluster_name();
  if (in.policy().has_overprovisioning_factor())
    out->overprovisioning_percent = in.policy().overprovisioning_factor().value();
  for (const auto& l : in.endpoints()) {
    Locality locality;
    locality.name = locality_name(l.locality());
    locality.weight = l.load_balancing_weight().value();
    locality.priority = l.priority();
    for (const auto& e : l.lb_endpoints()) {
      Endpoint endpoint;
      const auto& address = e.endpoint().address();
      if (address.has_pipe()) {
        endpoint.pipe = true;
        endpoint.host = endpoint.text = address.pipe().path();
      } else {
        endpoint.host = address.socket_address().address();
        endpoint.port = static_cast<std::uint16_t>(address.socket_address().port_value());
        if (!resolved && !is_ip(endpoint.host))
          return refuse("malformed IP address: " + endpoint.host +
                        ". Consider setting resolver_name or setting cluster type to 'STRICT_DNS' or 'LOGICAL_DNS'");
        bool v6 = endpoint.host.find(':') != std::string::npos;
        endpoint.text = (v6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
      }
      endpoint.weight = e.has_load_balancing_weight() ? e.load_balancing_weight().value() : 1;
      endpoint.healthy = usable(e.health_status());
      endpoint.degraded = e.health_status() == core::DEGRADED;
      endpoint.draining = e.health_status() == core::DRAINING;
      const auto& checks = e.endpoint().health_check_config();
      endpoint.unchecked = checks.disable_active_health_check();
      endpoint.check_port = static_cast<std::uint16_t>(checks.port_value());
      endpoint.check_host = checks.hostname();
      endpoint.labels = to_labels(e.metadata(), "envoy.lb");
      endpoint.socket_labels = to_labels(e.metadata(), "envoy.transport_socket_match");
      locality.endpoints.push_back(std::move(endpoint));
    }
    out->localities.push_back(std::move(locality));
  }
  return out;
}

Checked<ClusterPtr> Cluster::compile(const cl::Cluster& in, CertificateStore& store) {
  auto out = std::make_shared<Cluster>();
  out->name = in.name();
  if (in.has_connect_timeout()) out->connect_timeout = to_duration(in.connect_timeout());
  take_balancing(in, *out);
  if (auto ok = take_limits(in, *out); !ok) return refuse(ok.error());
  if (auto ok = take_hashing(in, *out); !ok) return refuse(ok.error());
  if (auto ok = take_discovery(in, *out); !ok) return refuse(ok.error());
  if (auto ok = take_protocol(in, *out); !ok) return refuse(ok.error());
  if (auto ok = take_sockets(in, store, *out); !ok) return refuse(ok.error());
  auto check = HealthCheck::compile(in, out->http2);
  if (!check) return refuse(check.error());
  out->health_check = std::move(*check);
  return out;
}

}  // namespace kumasim::sim::proxy
