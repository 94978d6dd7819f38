#include "sim/envoy/hds/health_client.hpp"

#include <envoy/service/health/v3/hds.pb.h>

#include "sim/envoy/config/proto_time.hpp"
#include "sim/envoy/config/wire.hpp"

namespace kumasim::sim::proxy {
namespace {

namespace health = ::envoy::service::health::v3;
namespace core = ::envoy::config::core::v3;
using Message = health::HealthCheckRequestOrEndpointHealthResponse;

}  // namespace

struct HealthClient::Probe {
  core::SocketAddress address;
  core::HealthCheck check;
  WirePtr wire;    ///< of a check that is under way
  EventRef timer;  ///< of its end, or of the next one
  std::optional<bool> healthy;
  std::uint32_t streak = 0;  ///< results in a row that say otherwise
};

HealthClient::HealthClient(Fabric& fabric, Process& process, std::string node, std::function<bool()> live)
    : End(fabric, process), node_(std::move(node)), live_(std::move(live)) {}

HealthClient::~HealthClient() = default;

void HealthClient::on_stream(std::function<void(std::string)> say) {
  say_ = std::move(say);
  Message message;
  auto& request = *message.mutable_health_check_request();
  request.mutable_node()->ParseFromString(node_);
  request.mutable_capability()->add_health_check_protocols(health::Capability::HTTP);
  request.mutable_capability()->add_health_check_protocols(health::Capability::TCP);
  say_(to_bytes(message));
}

bool HealthClient::on_message(const std::string& bytes) {
  health::HealthCheckSpecifier specifier;
  if (!specifier.ParseFromString(bytes)) return false;
  std::map<std::string, ProbePtr> before = std::exchange(targets_, {});
  for (const auto& cluster : specifier.cluster_health_checks()) {
    if (cluster.health_checks().empty() || cluster.locality_endpoints().empty() ||
        cluster.locality_endpoints(0).endpoints().empty())
      continue;
    auto probe = std::make_shared<Probe>();
    probe->address = cluster.locality_endpoints(0).endpoints(0).address().socket_address();
    probe->check = cluster.health_checks(0);
    // What is probed as before keeps what is known of it.
    auto known = before.find(cluster.cluster_name());
    if (known != before.end() && to_bytes(known->second->address) == to_bytes(probe->address))
      probe->healthy = known->second->healthy;
    targets_[cluster.cluster_name()] = std::move(probe);
  }
  for (const auto& [name, probe] : before) end(probe);
  for (const auto& [name, probe] : targets_)
    if (probe->check.has_tcp_health_check()) check(probe);
  cancel(timer_);
  interval_ = to_duration(specifier.interval());
  if (interval_ > Duration::zero()) timer_ = after(interval_, [this] { report(); });
  return true;
}

/// Envoy keeps its probes for the next stream; here they begin anew with it, and what was found is kept.
void HealthClient::on_stream_end() {
  say_ = nullptr;
  cancel(timer_);
  for (const auto& [name, probe] : targets_) end(probe);
}

void HealthClient::check(const ProbePtr& probe) {
  ++probes_;
  probe->timer = after(to_duration(probe->check.timeout()), [this, probe] {
    probe->timer = {};
    result(probe, false);
  });
  probe->wire = fabric().connect(*this, {.host = probe->address.address(),
                                         .port = static_cast<std::uint16_t>(probe->address.port_value()),
                                         .tls = nullptr,
                                         .from_proxy = true});
  probe->wire->owner = probe;
}

void HealthClient::on_connected(const WirePtr& wire) {
  if (wire->owner) result(std::static_pointer_cast<Probe>(wire->owner), true);
}

void HealthClient::on_closed(const WirePtr& wire, WireEnd) {
  if (wire->owner) result(std::static_pointer_cast<Probe>(wire->owner), false);
}

void HealthClient::result(const ProbePtr& probe, bool good) {
  end(probe);
  if (!probe->healthy) {
    probe->healthy = good;
  } else if (*probe->healthy == good) {
    probe->streak = 0;
  } else {
    std::uint32_t wanted = good ? probe->check.healthy_threshold().value() : probe->check.unhealthy_threshold().value();
    if (++probe->streak >= wanted) {
      probe->healthy = good;
      probe->streak = 0;
    }
  }
  // No traffic ever goes to clusters of health discovery, so that this is Envoy's time between checks.
  const auto& wait =
      probe->check.has_no_traffic_interval() ? probe->check.no_traffic_interval() : probe->check.interval();
  probe->timer = after(to_duration(wait), [this, probe] {
    probe->timer = {};
    check(probe);
  });
}

void HealthClient::end(const ProbePtr& probe) {
  cancel(probe->timer);
  if (WirePtr wire = std::exchange(probe->wire, nullptr)) {
    wire->owner.reset();
    fabric().close_by_client(wire);
  }
}

void HealthClient::report() {
  timer_ = after(interval_, [this] { report(); });
  Message message;
  auto& response = *message.mutable_endpoint_health_response();
  for (const auto& [name, probe] : targets_) {
    if (probe->check.has_http_health_check()) probe->healthy = live_();
    if (!probe->healthy) continue;
    auto& cluster = *response.add_cluster_endpoints_health();
    cluster.set_cluster_name(name);
    auto& endpoint = *cluster.add_locality_endpoints_health()->add_endpoints_health();
    *endpoint.mutable_endpoint()->mutable_address()->mutable_socket_address() = probe->address;
    endpoint.set_health_status(*probe->healthy ? core::HEALTHY : core::UNHEALTHY);
  }
  ++reports_;
  if (say_) say_(to_bytes(message));
}

}  // namespace kumasim::sim::proxy
