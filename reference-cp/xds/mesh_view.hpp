/// One mesh as generation sees it: an immutable view of its resources and of the global ones, cheap to change.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reference-cp/xds/cross_mesh.hpp"
#include "reference-cp/xds/endpoint.hpp"
#include "reference-cp/xds/persistent_map.hpp"
#include "reference-cp/xds/snapshot.hpp"
#include "reference-cp/xds/vip_table.hpp"

namespace kumasim::cp {

struct Resource;
using ResourcePtr = std::shared_ptr<const Resource>;

/// One write: created (no before), changed, or removed (no after).
struct ResourceChange {
  ResourcePtr before;
  ResourcePtr after;
};

/// Which proxies (Dataplane names) a change can reach, and how.
struct Affected {
  // Everything of these can change:
  bool all = false;
  std::set<std::string> names;  ///< used where not all
  bool virtual_outbounds =
      false;  ///< and every proxy whose Envoy says that it is given virtual outbounds; see reach_of()

  /// Of all others nothing but the endpoints of these services (in the names of MeshView::endpoints); see
  /// EndpointUpdates.
  std::set<std::string> endpoints;

  bool none() const { return !all && !virtual_outbounds && names.empty() && endpoints.empty(); }
  void merge(const Affected& other);
};

/// What is known of a service of the mesh by all its endpoints together.
struct ServiceInfo {
  std::string protocol = "unknown";  ///< the most general protocol that all endpoints share
  bool tls_ready = false;            ///< every endpoint takes mutual TLS
  bool external = false;
  bool operator==(const ServiceInfo&) const = default;
};

/// What does not come from the mesh's resources, but from the control plane's settings.
struct ZoneSettings {
  std::string zone = "default";     ///< name of the zone that the control plane serves
  std::string system_namespace;     ///< Kubernetes only
  std::string dns_domain = "mesh";  ///< domain of generated VIP names
  bool global = false;
  std::uint32_t vip_port = 80;  ///< port that every generated VIP answers on
  /// Sources that Envoy takes for internal, as prefix and length; IPv6 ones are left out for proxies without IPv6.
  std::vector<std::pair<std::string, std::uint32_t>> internal_addresses = {
      {"10.0.0.0", 8}, {"192.168.0.0", 16}, {"172.16.0.0", 12}, {"fc00::", 7},
      {"fd00::", 8},   {"127.0.0.1", 32},   {"::1", 128}};
};

class MeshView {
 public:
  using Resources = PersistentMap<ResourcePtr>;
  using Ptr = std::shared_ptr<const MeshView>;

  /// A view of `mesh` from scratch: takes the resources of the mesh and the global-scoped ones, leaves those of other
  /// meshes.
  static Ptr build(std::string mesh, const ZoneSettings& settings, std::span<const ResourcePtr> resources);
  /// The view after one write; shares everything that the write does not touch. Equal to one from scratch, whatever the
  /// order of the writes. A change of another mesh's resource gives an equal view.
  Ptr with(const ResourceChange& change) const;

  /// The view with another table of virtual addresses.
  Ptr with_vips(std::shared_ptr<const VipTable> vips) const;

  /// The view with another table of the gateways that other meshes may reach: those of all meshes, its own too.
  Ptr with_cross_mesh(std::shared_ptr<const CrossMeshTable> gateways) const;

  const std::string& name() const { return name_; }
  const VipTable& vips() const { return *vips_; }
  const CrossMeshTable& cross_mesh() const { return *cross_mesh_; }
  const ZoneSettings& settings() const { return settings_; }
  /// The Mesh resource, nullptr where it does not exist.
  const Resource* mesh() const;
  /// All resources of a kind by name, in order; of the mesh, or global ones for a global kind.
  const Resources& all(std::string_view kind) const;
  const Resource* find(std::string_view kind, std::string_view name) const;
  /// The Mesh*Service of a KRI (its section is ignored), nullptr where there is none; of several the one that is named
  /// as the KRI says, else the first.
  const Resource* destination(const Kri& kri) const;
  /// Of several that have all of the labels the oldest (Kuma's rule: least likely to break traffic); empty for none.
  Kri destination_by_labels(std::string_view kind, const Tags& labels) const;
  bool mtls_enabled() const { return mtls_enabled(name_); }
  bool mtls_permissive() const { return mtls_permissive(name_); }
  /// Of any mesh.
  bool mtls_enabled(std::string_view mesh) const;
  bool mtls_permissive(std::string_view mesh) const;
  /// Disabled, Everywhere, ReachableBackends or Exclusive.
  std::string mesh_services_mode() const;

  /// Endpoints of a legacy service (kuma.io/service) or of a Mesh*Service by its destination name, as a proxy of this
  /// zone reaches them, in Kuma's order.
  const std::vector<Endpoint>& endpoints(std::string_view service) const;
  /// `make` of all endpoints of a service, which has to follow from them and `name` alone: it runs once for all proxies
  /// and for all views in which they are the same. To be called from the view's executor only, as it remembers.
  using MakeEndpoints = std::function<XdsResourcePtr(const std::vector<Endpoint>&)>;
  XdsResourcePtr endpoints_resource(std::string_view service, const std::string& name, const MakeEndpoints& make) const;
  ServiceInfo service(std::string_view service) const;
  std::string protocol(std::string_view service) const { return this->service(service).protocol; }
  /// Names of all services that have an endpoint, in order.
  std::vector<std::string> services() const;

  /// Which Dataplanes' configuration a write can change, judged with this view (the one after the write).
  Affected affected(const ResourceChange& change) const;

  ~MeshView();
  struct Index;

 private:
  MeshView() = default;
  MeshView(const MeshView&) = default;
  bool takes(const Resource& resource) const;
  Affected affected_by_dataplane(const ResourceChange& change) const;
  Affected affected_by_destination(const ResourceChange& change) const;
  Affected affected_by_certificate(const ResourceChange& change) const;
  /// The write left of these services all but their lists of endpoints as it was.
  bool only_endpoints(const ResourceChange& change, const std::set<std::string>& services) const;
  void add_users(const std::set<std::string>& services, std::set<std::string>& out) const;
  /// Everything of whoever uses one of these, as their user keys name them.
  void reach_users(std::set<std::string> keys, Affected& out) const;
  void reindex();
  void index_names(const ResourceChange& change, const Resource* before);
  void index_endpoints(const MeshView& old, const ResourceChange& change, const Resource* before);

  std::string name_;
  ZoneSettings settings_;
  std::map<std::string, Resources, std::less<>> kinds_;
  std::shared_ptr<const VipTable> vips_;
  std::shared_ptr<const CrossMeshTable> cross_mesh_;
  std::shared_ptr<const Index> index_;
};

}  // namespace kumasim::cp
