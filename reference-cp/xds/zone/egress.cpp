/// ZoneEgress.
#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string_view>
#include <vector>

#include <envoy/config/cluster/v3/cluster.pb.h>
#include <envoy/config/listener/v3/listener.pb.h>
#include <envoy/config/route/v3/route.pb.h>
#include <envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h>
#include <envoy/extensions/transport_sockets/tls/v3/secret.pb.h>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/policy/legacy/connection_policy.hpp"
#include "reference-cp/policy/legacy/fault_injection.hpp"
#include "reference-cp/policy/legacy/rate_limit.hpp"
#include "reference-cp/xds/envoy/cluster.hpp"
#include "reference-cp/xds/envoy/external.hpp"
#include "reference-cp/xds/envoy/http.hpp"
#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/envoy/tls.hpp"
#include "reference-cp/xds/generate/external_services.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/mesh_service.hpp"
#include "reference-cp/xds/protocol.hpp"
#include "reference-cp/xds/remote_endpoints.hpp"
#include "reference-cp/xds/zone/egress_policies.hpp"
#include "reference-cp/xds/zone/outside_tls.hpp"
#include "reference-cp/xds/zone/parts.hpp"
#include "reference-cp/xds/zone/passages.hpp"

namespace kumasim::cp {
namespace {

/// One service outside of the mesh, and one server name that it is asked for by.
struct Outside {
  std::string service;  ///< as statistics name it
  std::string cluster, server_name, chain_name, route_name;
  Tags tags;  ///< by which endpoints are chosen
};

/// The part of an egress that serves one mesh.
class MeshEgress {
 public:
  /// `runs`: how often Kuma applies policies to it, once when it is made and once for each mesh that follows.
  MeshEgress(const MeshView& mesh, const ZoneProxy& proxy, envoy::Listener& listener, std::size_t runs)
      : mesh_(mesh), proxy_(proxy), listener_(listener), runs_(runs), unified_(proxy.unified_naming()) {}

  ResourceSet generate() {
    collect();
    if (uses_zone_egress(mesh_)) other_zones();
    services_outside();
    zone::apply_localities(mesh_, endpoints_, resources_);
    // Kuma looks for the chains of MeshExternalServices by their old names only.
    envoy::Listener none;
    zone::apply_to_mesh_external(mesh_, resources_, unified_ ? none : listener_, runs_);
    if (ends_tls_) secrets();
    return std::move(resources_);
  }

 private:
  void collect() {
    endpoints_ = ingress_endpoints(mesh_);
    for (const auto& [name, service] : mesh_.all("ExternalService")) {
      Tags tags = tags_of(at(service->spec, "tags"));
      if (!is_reachable_from(tags, proxy_.settings.zone)) continue;
      if (std::optional<Endpoint> endpoint = generators::external_endpoint(mesh_, *service))
        endpoints_[tags["kuma.io/service"]].push_back(std::move(*endpoint));
    }
    // So that services of the same name in several meshes are not mixed up.
    for (auto& [service, list] : endpoints_)
      for (Endpoint& endpoint : list) endpoint.tags["mesh"] = mesh_.name();
  }

  void other_zones() {
    std::map<std::string, nlohmann::json> available;  // by tags: two ingresses of a zone offer the same
    for (const auto& [name, ingress] : mesh_.all("ZoneIngress")) {
      if (!is_remote_ingress(*ingress, proxy_.settings.zone)) continue;
      for (const nlohmann::json& service : zone::services_of(*ingress, mesh_.name())) {
        Tags tags = tags_of(at(service, "tags"));
        auto found = endpoints_.find(tags["kuma.io/service"]);
        if (found == endpoints_.end()) continue;
        const Endpoint& first = found->second.front();
        if (first.external && is_reachable_from(first.tags, proxy_.settings.zone)) continue;
        available.try_emplace(envoy::to_string(tags), service);
      }
    }
    std::vector<nlohmann::json> list;
    for (const auto& [tags, service] : available) list.push_back(service);
    zone::Passages passages(mesh_, zone::shares(mesh_, list));
    for (const nlohmann::json& service : list) {
      std::string tag = text_at(service, "tags", "kuma.io/service");
      passages.add_legacy(tag, endpoints_[tag]);
    }
    passages.add_clusters(resources_, Origin::egress, [&](const std::string& service) { return endpoints_[service]; });
    passages.add_chains(listener_);
  }

  /// What makes the parts for a service outside, by its name as a legacy service.
  using Makers = std::multimap<std::string, std::function<void()>>;

  /// Of both kinds together, in Kuma's order: that of the names, which the chains of the listener show.
  void services_outside() {
    Makers makers;
    external_services(makers);
    mesh_external_services(makers);
    for (const auto& [name, make] : makers) make();
  }

  void external_services(Makers& out) {
    zone::Shares shares = zone::shares(mesh_, {});
    std::map<std::string, std::vector<Outside>> ways;
    std::map<std::string, std::vector<Tags>> tags;
    std::set<std::string> taken;
    for (const auto& [name, service] : mesh_.all("ExternalService")) {
      Tags own = tags_of(at(service->spec, "tags"));
      std::string tag = own["kuma.io/service"];
      auto found = endpoints_.find(tag);
      if (found == endpoints_.end() || !found->second.front().external) continue;
      tags[tag].push_back(own);
      for (const Tags& share : zone::shares_of(shares, tag)) {
        Tags asked = share;
        asked["kuma.io/service"] = tag;
        const std::string cluster = zone::mesh_cluster_name(mesh_.name(), tag);
        const std::string& shown = unified_ ? cluster : tag;
        Outside way{shown,
                    cluster,
                    envoy::sni(asked, mesh_.name()),
                    shown + "_" + mesh_.name(),
                    "outbound:" + shown,
                    share};
        way.tags["mesh"] = mesh_.name();
        if (taken.insert(way.server_name).second) ways[tag].push_back(std::move(way));
      }
    }
    for (const auto& [service, list] : ways)
      out.emplace(service, [this, service = service, list = list, own = tags[service]] {
        external_service(service, list, own);
      });
  }

  void external_service(const std::string& service, const std::vector<Outside>& ways,
                        const std::vector<Tags>& outside) {
    const std::vector<Endpoint>& endpoints = endpoints_[service];
    std::string protocol = endpoints.front().protocol();
    envoy::ClusterPtr cluster = outside_cluster(ways.front().cluster, protocol);
    envoy::external_endpoints(*cluster, endpoints, is_ipv6());
    resources_.add(ways.front().cluster, std::move(cluster), Origin::egress);
    for (const Outside& way : ways) {
      // By the unified name Kuma finds no policy for it, and who is permitted by none is forbidden.
      if (unified_) {
        zone::forbid(way.service, chain(way, protocol));
        continue;
      }
      envoy::FilterChain& made = chain(way, protocol, &outside);
      zone::apply_to_external(mesh_, outside.front(), protocol, made);
      zone::permit_external(mesh_, outside, listener_.name(), made);
    }
  }

  void mesh_external_services(Makers& out) {
    for (const auto& [name, service] : mesh_.all("MeshExternalService")) {
      std::vector<ServicePort> ports = mesh_service::ports(*service);
      if (ports.empty()) continue;
      out.emplace(mesh_service::destination_name(*service, ports.front()),
                  [this, service = service, port = ports.front()] { mesh_external_service(*service, port); });
    }
  }

  void mesh_external_service(const Resource& service, const ServicePort& port) {
    Tags tags(service.meta.labels.begin(), service.meta.labels.end());
    if (!is_reachable_from(tags, proxy_.settings.zone)) return;
    tags["mesh"] = mesh_.name();
    std::vector<Endpoint> endpoints;
    for (const nlohmann::json& from : at(service.spec, "endpoints")) {
      Endpoint& endpoint = endpoints.emplace_back();
      endpoint.address = text_at(from, "address");
      endpoint.port = number_at(from, "port");
      endpoint.tags = tags;
      endpoint.locality = locality_of(mesh_, tags);
    }
    if (endpoints.empty()) return;
    std::string destination =
        unified_ ? Kri::of(service, port.name).to_string() : mesh_service::destination_name(service, port);
    envoy::ClusterPtr cluster = outside_cluster(destination, port.protocol);
    envoy::fixed_endpoints(*cluster, endpoints, is_ipv6());
    if (!zone::outside_tls(mesh_, service, proxy_.metadata.system_ca_path, *cluster)) return;
    resources_.add(destination, std::move(cluster), Origin::egress, Kri::of(service), port.protocol);
    std::string server_name =
        envoy::sni_of_resource(mesh_service::sni_name(service, {}), mesh_.name(), "MeshExternalService", port.port);
    Outside way{destination, destination, server_name, destination, destination, {}};
    zone::permit_mesh_external(mesh_, listener_.name(), chain(way, port.protocol));
  }

  static envoy::ClusterPtr outside_cluster(const std::string& name, const std::string& protocol) {
    envoy::ClusterPtr cluster = envoy::make_cluster(name);
    if (protocol == "http") envoy::http1(*cluster);
    if (protocol == "http2" || protocol == "grpc") envoy::http2(*cluster);
    return cluster;
  }

  /// Policies of a legacy kind for any of the ExternalServices with these tags, each once.
  std::vector<ResourcePtr> policies_for(std::string_view type, const std::vector<Tags>& outside) const {
    std::vector<ResourcePtr> result;
    for (const Tags& tags : outside)
      for (const ResourcePtr& each : policy::legacy::inbound_policies(type, tags, mesh_))
        if (std::ranges::find(result, each) == result.end()) result.push_back(each);
    return result;
  }

  /// Ends the mesh's TLS, and forwards what comes. `outside`: tags of the ExternalServices that it leads to.
  envoy::FilterChain& chain(const Outside& way, const std::string& protocol,
                            const std::vector<Tags>* outside = nullptr) {
    envoy::FilterChain& chain = zone::add_named_chain(listener_, way.server_name);
    chain.set_name(way.chain_name);
    envoy::downstream_mesh_tls(*chain.mutable_transport_socket(), {mesh_.name(), unified_});
    ends_tls_ = true;
    if (!is_http_based(protocol)) {
      zone::tcp_proxy(chain, way.service, way.cluster, way.tags);
      return chain;
    }
    envoy::HttpManager manager =
        envoy::http_manager(way.service, proxy_.settings.internal_addresses, proxy_.metadata.ipv6_enabled);
    // The legacy policies for an ExternalService are its egress' to apply.
    std::vector<ResourcePtr> limits;
    if (outside) {
      policy::legacy::fault_injection::add(manager, policies_for("FaultInjection", *outside));
      limits = policies_for("RateLimit", *outside);
      if (!limits.empty()) policy::legacy::rate_limit::add_filter(manager);
    }
    envoy::RouteConfiguration& routes = envoy::routes(manager, way.route_name, way.service);
    routes.mutable_validate_clusters()->set_value(false);
    auto add_route = [&]() -> envoy::Route& {
      envoy::Route& route = envoy::add_route(routes);
      route.mutable_match()->set_prefix("/");
      route.mutable_route()->mutable_timeout();
      envoy::Split to{way.cluster, 1, true};
      envoy::forward(*route.mutable_route(), {&to, 1});
      return route;
    };
    policy::legacy::rate_limit::add_routes(limits, add_route);
    add_route();
    envoy::finish(chain, std::move(manager));
    return chain;
  }

  void secrets() {
    using ::envoy::extensions::transport_sockets::tls::v3::Secret;
    // Only here Kuma asks the mesh as well: where that is not of MeshServices alone, the contexts name other secrets.
    envoy::MeshSecrets names{mesh_.name(), unified_ && mesh_.mesh_services_mode() == "Exclusive"};
    auto held = proxy_.identities.find(mesh_.name());
    if (held == proxy_.identities.end()) return;
    auto own = std::make_unique<Secret>();
    own->set_name(names.identity());
    own->mutable_tls_certificate()->mutable_certificate_chain()->set_inline_bytes(held->second.certificate_pem);
    own->mutable_tls_certificate()->mutable_private_key()->set_inline_bytes(held->second.key_pem);
    resources_.add(names.identity(), std::move(own), Origin::secrets);
    auto bundle = held->second.ca_bundles.find(mesh_.name());
    auto trust = std::make_unique<Secret>();
    trust->set_name(names.ca());
    trust->mutable_validation_context()->mutable_trusted_ca()->set_inline_bytes(
        bundle == held->second.ca_bundles.end() ? std::string() : bundle->second);
    resources_.add(names.ca(), std::move(trust), Origin::secrets);
  }

  bool is_ipv6() const {
    return text_at(proxy_.resource->spec, "networking", "address").find(':') != std::string::npos;
  }

  const MeshView& mesh_;
  const ZoneProxy& proxy_;
  envoy::Listener& listener_;
  const std::size_t runs_;
  const bool unified_;
  ResourceSet resources_;
  RemoteEndpoints endpoints_;  ///< by service, all with the mesh as tag
  bool ends_tls_ = false;
};

}  // namespace

Snapshot generate_zone_egress(const MeshViewMap& meshes, const ZoneProxy& proxy) {
  ResourceSet resources;
  zone::add_admin(resources, proxy);
  envoy::ListenerPtr listener = zone::make_listener(proxy);
  std::vector<const MeshView*> served;
  for (const auto& [name, mesh] : meshes)
    if (mesh->mtls_enabled()) served.push_back(mesh.get());
  for (std::size_t i = 0; i < served.size(); ++i)
    resources.add_all(MeshEgress(*served[i], proxy, *listener, served.size() - i).generate());
  // Envoy takes no listener without a chain.
  if (!listener->filter_chains().empty()) {
    std::string name = listener->name();
    resources.add(name, std::move(listener), Origin::egress);
  }
  return resources.snapshot();
}

}  // namespace kumasim::cp
