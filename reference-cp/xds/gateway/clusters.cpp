#include "reference-cp/xds/gateway/clusters.hpp"

#include <openssl/sha.h>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/endpoint/v3/endpoint.pb.h>
#include <envoy/extensions/upstreams/http/v3/http_protocol_options.pb.h>
#include <fmt/format.h>

#include "reference-cp/policy/resolve.hpp"
#include "reference-cp/policy/legacy/tag_selector.hpp"
#include "reference-cp/xds/envoy/cluster.hpp"
#include "reference-cp/xds/envoy/destination.hpp"
#include "reference-cp/xds/envoy/external.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/envoy/tls.hpp"
#include "reference-cp/xds/gateway/connection_policies.hpp"
#include "reference-cp/xds/gateway/window.hpp"
#include "reference-cp/xds/generate/external_services.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/mesh_service.hpp"
#include "reference-cp/xds/protocol.hpp"

namespace kumasim::cp::gateway {
namespace {

constexpr char egress_service[] = "zone-egress";

/// What the service says; else what the route is, HTTP rather than nothing.
std::string protocol_of(const std::string& service, const std::string& route) {
  if (!service.empty() && service != "unknown") return service;
  return route == "tcp" ? "tcp" : "http";
}

void speak(envoy::Cluster& cluster, std::string_view protocol) {
  if (protocol == "http") envoy::http1(cluster);
  if (protocol != "http2" && protocol != "grpc") return;
  envoy::http2(cluster);
  envoy::update_http_options(cluster, [](envoy::HttpProtocolOptions& options) {
    auto& http2 = *options.mutable_explicit_http_config()->mutable_http2_protocol_options();
    http2.mutable_initial_stream_window_size()->set_value(stream_window);
    http2.mutable_initial_connection_window_size()->set_value(connection_window);
  });
}

}  // namespace

std::string cluster_name(const Tags& destination, const Tags& host) {
  auto service = destination.find("kuma.io/service");
  std::string name = service == destination.end() ? std::string() : service->second;
  if (host.empty() && destination.size() <= 1) return name;
  std::string text;
  for (const Tags* tags : {&destination, &host})
    for (const auto& [key, value] : *tags) text += key + value;
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  name += '-';
  for (int i = 0; i < 8; ++i) name += fmt::format("{:02x}", digest[i]);
  return name;
}

Clusters::Clusters(generators::Generation& g)
    : g_(g), egress_(g.mesh.mesh() && flag_at(g.mesh.mesh()->spec, "routing", "zoneEgress")) {
  if (g.mesh.all("TrafficPermission").empty()) {
    for (auto [name, service] : g.mesh.all("ExternalService"))
      outside_.insert(text_at(service->spec, "tags", "kuma.io/service"));
  } else {
    for (const auto& [service, endpoints] : generators::external_services(g.mesh, g.proxy)) outside_.insert(service);
  }
}

void Clusters::add(Listener& listener) {
  for (HostGroup& group : listener.groups)
    for (Host& host : group.hosts)
      for (Entry& entry : host.entries)
        for (Destination* destination : entry.destinations()) add(*destination, host.tags);
}

bool Clusters::is_direct(const Destination& destination) const {
  return !egress_ && outside_.contains(destination.service());
}

std::vector<Endpoint> Clusters::external_endpoints(const Tags& tags) const {
  std::vector<Endpoint> endpoints;
  for (auto [name, service] : g_.mesh.all("ExternalService")) {
    if (!policy::legacy::matches(tags, tags_of(at(service->spec, "tags")))) continue;
    if (std::optional<Endpoint> endpoint = generators::external_endpoint(g_.mesh, *service))
      endpoints.push_back(std::move(*endpoint));
  }
  return endpoints;
}

void Clusters::real_tls(envoy::Cluster& cluster, const envoy::Destination& target, std::uint32_t port) const {
  if (const WorkloadIdentity* workload = g_.proxy.workload())
    return envoy::workload_tls(g_.mesh, cluster, target, *workload);
  if (target.resource.type != "MeshExternalService")
    return envoy::mesh_tls(g_.mesh, cluster, target, g_.proxy.unified_naming);
  if (!g_.mesh.mtls_enabled()) return;
  // Kuma does not ask who stands for the outside.
  const Resource& outside = *g_.mesh.destination(target.resource);
  envoy::upstream_mesh_tls(*cluster.mutable_transport_socket(), {g_.mesh.name(), g_.proxy.unified_naming}, {},
                           envoy::sni_of_resource(mesh_service::sni_name(outside, g_.mesh.settings().system_namespace),
                                                  g_.mesh.name(), target.resource.type, port));
}

void Clusters::add(Destination& destination, const Tags& host) {
  std::string service = destination.service();
  if (service == unresolved) {
    destination.cluster = unresolved;
    return;
  }
  bool real = !destination.resource.empty();
  // Kuma writes a route to no cluster where the resource does not exist.
  if (service.empty() || (real && !g_.mesh.destination(destination.resource))) return;
  std::string name = cluster_name(destination.tags, host);
  destination.cluster = name;
  envoy::Destination target{service, destination.tags, destination.resource};
  envoy::ClusterPtr cluster = envoy::make_cluster(service);
  std::vector<Endpoint> outside;
  if (!real && is_direct(destination)) outside = external_endpoints(destination.tags);
  std::string protocol;
  if (real) {
    auto port = policy::find_port(*g_.mesh.destination(destination.resource), destination.resource.section);
    protocol = protocol_of(port ? port->protocol : "", destination.protocol);
    real_tls(*cluster, target, port ? port->value : 0);
  } else {
    auto tag = destination.tags.find("kuma.io/protocol");
    std::string own = tag == destination.tags.end() ? "" : parse_protocol(tag->second);
    protocol = protocol_of(outside.empty() ? own : g_.mesh.protocol(service), destination.protocol);
    configure_cluster(*cluster, protocol, g_.mesh, host, destination.tags);
  }
  speak(*cluster, protocol);
  cluster->mutable_per_connection_buffer_limit_bytes()->set_value(connection_buffer);
  if (!outside.empty()) {
    envoy::external_endpoints(*cluster, outside, g_.proxy.address.find(':') != std::string::npos);
  } else {
    envoy::eds(*cluster);
    if (!real && g_.mesh.mtls_enabled()) {
      std::string identity = envoy::through_egress(g_.mesh, service) ? egress_service : service;
      envoy::upstream_mesh_tls(*cluster->mutable_transport_socket(), {g_.mesh.name()}, {&identity, 1},
                               envoy::sni(destination.tags, g_.mesh.name()));
    }
    envoy::add_endpoints(g_.resources, g_.mesh, name, target);
  }
  cluster->set_name(name);
  g_.add(std::move(cluster), Origin::gateway, destination.resource, real ? destination.protocol : "");
}

}  // namespace kumasim::cp::gateway
