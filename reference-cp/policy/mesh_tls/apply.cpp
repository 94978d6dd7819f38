/// How MeshTLS rebuilds inbound listeners and sets the TLS parameters of clusters.
#include "reference-cp/policy/mesh_tls/apply.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/extensions/transport_sockets/tls/v3/tls.pb.h>

#include "reference-cp/policy/mesh_tls/spec.hpp"
#include "reference-cp/policy/targets.hpp"
#include "reference-cp/xds/envoy/listener.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/envoy/tls.hpp"
#include "reference-cp/xds/mesh_identity.hpp"
#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp::policy::mesh_tls {
namespace {

namespace tls = ::envoy::extensions::transport_sockets::tls::v3;
using ::envoy::config::core::v3::TransportSocket;
using ::envoy::config::listener::v3::FilterChain;

tls::TlsParameters::TlsProtocol protocol(const std::string& version) {
  if (version == "TLS10") return tls::TlsParameters::TLSv1_0;
  if (version == "TLS11") return tls::TlsParameters::TLSv1_1;
  if (version == "TLS12") return tls::TlsParameters::TLSv1_2;
  if (version == "TLS13") return tls::TlsParameters::TLSv1_3;
  return tls::TlsParameters::TLS_AUTO;
}

/// Kuma sets a server's ciphers only together with a version.
template <class Context>
void set_parameters(TransportSocket& socket, const Conf& conf, bool ciphers_alone) {
  Context context;
  bool versions = conf.min || conf.max;
  bool any = versions || (ciphers_alone && !conf.ciphers.empty());
  if (!any || socket.name() != "envoy.transport_sockets.tls" || !socket.typed_config().UnpackTo(&context)) return;
  tls::TlsParameters& parameters = *context.mutable_common_tls_context()->mutable_tls_params();
  parameters.Clear();
  if (conf.min) parameters.set_tls_minimum_protocol_version(protocol(*conf.min));
  if (conf.max) parameters.set_tls_maximum_protocol_version(protocol(*conf.max));
  for (const std::string& cipher : conf.ciphers) parameters.add_cipher_suites(cipher);
  pack(context, *socket.mutable_typed_config());
}

/// The last chain is the one for clients of the mesh, whatever the mesh's own mode is. `workload`: the socket of a
/// proxy with a workload identity, which takes the place of the mesh's own.
void rebuild(Listener& listener, const Conf& conf, bool permissive, const TransportSocket* workload) {
  FilterChain mutual = listener.filter_chains(listener.filter_chains_size() - 1);
  mutual.clear_filter_chain_match();
  FilterChain plain = mutual;
  plain.clear_transport_socket();
  if (workload) *mutual.mutable_transport_socket() = *workload;
  set_parameters<tls::DownstreamTlsContext>(*mutual.mutable_transport_socket(), conf, workload != nullptr);
  listener.clear_filter_chains();
  listener.clear_listener_filters();
  if (permissive) {
    envoy::tls_inspector(listener);
    for (const char* transport : {"raw_buffer", "tls"}) {
      FilterChain& chain = envoy::add_chain(listener) = plain;
      envoy::match_transport(chain, transport);
    }
    envoy::match_transport(mutual, "tls", envoy::mesh_alpn);
  }
  envoy::add_chain(listener) = std::move(mutual);
}

std::optional<TransportSocket> workload_socket(const ProxyView& proxy, const MeshView& mesh) {
  const WorkloadIdentity* identity = proxy.workload();
  if (!identity) return std::nullopt;
  std::vector<std::string> domains;
  for (const auto& [domain, bundle] : mesh_identity::trust_bundles(mesh)) domains.push_back(domain);
  TransportSocket socket;
  envoy::downstream_workload_tls(socket, *identity, domains);
  return socket;
}

void change_inbounds(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh,
                     const MatchedPolicies& policies) {
  std::optional<TransportSocket> workload = workload_socket(proxy, mesh);
  auto inbound_listeners = listeners(resources, cp::Origin::inbound);
  for (const Inbound& inbound : proxy.inbounds) {
    auto found = inbound_listeners.find({inbound.address, inbound.port});
    if (found == inbound_listeners.end()) continue;
    Conf conf = Conf::from_json(policies.inbound_conf({inbound.address, inbound.port}));
    // Without a policy who has a workload identity is strict, whatever the mesh's CA backend says.
    bool permissive = conf.permissive.value_or(!workload && mesh.mtls_permissive());
    rebuild(*found->second, conf, permissive, workload ? &*workload : nullptr);
    if (!proxy.unified_naming) continue;
    // The rebuilt listener is named after the inbound itself, its statistics after its port.
    auto renamed = std::make_unique<Listener>(*found->second);
    resources.remove(type_url::listener, renamed->name());
    std::string name = Kri::of(*proxy.dataplane, std::to_string(inbound.service_port)).to_string();
    renamed->set_name(name);
    resources.add(std::move(name), std::move(renamed), cp::Origin::inbound);
  }
}

void change_clusters(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const Conf& conf) {
  std::set<std::string> services;
  for (const Outbound& outbound : proxy.outbounds)
    if (outbound.legacy() && !mesh.service(outbound.service()).external) services.insert(outbound.service());
  std::set<Cluster*> clusters;
  for (auto& [service, of_service] : outbound_clusters(resources))
    if (services.contains(service)) clusters.insert(of_service.begin(), of_service.end());
  for (EnvoyResource* resource : service_resources(resources))
    if (auto* cluster = dynamic_cast<Cluster*>(resource->message.get());
        cluster && resource->resource.type != "MeshExternalService")
      clusters.insert(cluster);
  // Kuma asks by the cluster's name whether it leads outside, which a gateway's does not say: all with TLS get them.
  for (auto& [name, resource] : resources.of(type_url::cluster))
    if (resource.origin == cp::Origin::gateway && !mesh.service(name).external)
      clusters.insert(&ResourceSet::as<Cluster>(resource));
  for (Cluster* cluster : clusters)
    if (cluster->has_transport_socket())
      set_parameters<tls::UpstreamTlsContext>(*cluster->mutable_transport_socket(), conf, true);
}

}  // namespace

void apply(ResourceSet& resources, const ProxyView& proxy, const MeshView& mesh, const MatchedPolicies& policies) {
  bool concerned = proxy.workload() || (mesh.mtls_enabled() && !policies.rules.empty());
  if (!concerned) return;
  change_inbounds(resources, proxy, mesh, policies);
  if (policies.rules.empty()) return;
  // A policy of the whole mesh alone may set versions and ciphers, so they are the same for all inbounds.
  change_clusters(resources, proxy, mesh, Conf::from_json(policies.inbound_conf(policies.rules.begin()->first)));
}

}  // namespace kumasim::cp::policy::mesh_tls
