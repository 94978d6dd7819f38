/// What generation asks of a mesh again and again, kept up with every write: the endpoints of each service, who uses
/// it.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/persistent_map.hpp"
#include "reference-cp/xds/remote_endpoints.hpp"

namespace kumasim::cp {

/// All endpoints of one service (a kuma.io/service, or the destination name of a Mesh*Service's port). Those of a
/// MeshMultiZoneService are its MeshServices' together, and stand as remote ones.
struct ServiceEndpoints {
  PersistentMap<Endpoint> instances;  ///< by "dataplane/inbound": the order in which Kuma lists them
  std::vector<Endpoint> remote;       ///< reached through zone proxies, see remote_endpoints
  std::vector<Endpoint> list;         ///< both, as generation wants it
  std::string protocol;
  /// By name: what MeshView::endpoints_resource made of them. Not part of the value; a change makes a new object.
  mutable std::map<std::string, XdsResourcePtr, std::less<>> made;
};

struct MeshView::Index {
  PersistentMap<std::shared_ptr<const ServiceEndpoints>> services;
  /// "service\x1f dataplane": that proxy's configuration depends on the service. The service "*" stands for every one.
  PersistentMap<bool> users;
  /// "tag=value\x1f name" or "@dataplane\x1f name": MeshServices that may select a Dataplane with that tag or name.
  PersistentMap<bool> selectors;
  std::shared_ptr<const RemoteEndpoints> remote = std::make_shared<const RemoteEndpoints>();
  std::uint32_t local_weight = 1;  ///< of a kuma.io/service's local endpoints
  std::set<std::string> combined;  ///< names of MeshMultiZoneServices' ports that have endpoints
};

/// What others see of one Dataplane, most of it by the index; equal contributions mean that nobody else can tell the
/// difference.
struct Contribution {
  std::map<std::string, std::map<std::string, Endpoint>> endpoints;  ///< service -> instance -> endpoint
  std::set<std::string> names;  ///< user keys of the services that it contributes to
  /// Service, address and port of every inbound as users of direct access see it: of those not ready too, and never by
  /// the advertised address.
  std::set<std::tuple<std::string, std::string, std::uint32_t>> instances;
};

/// Names of MeshMultiZoneServices' ports that take endpoints from one of these services' ports, and user keys of those
/// services.
struct Combined {
  std::set<std::string> destinations, names;
};
Combined combined_of(const MeshView& view, const std::set<std::string>& services);

Contribution contribution(const MeshView& view, const MeshView::Index& index, const Resource& dataplane);
/// Services that a Dataplane's own configuration depends on; "*" for every one.
std::set<std::string> used_services(const Resource& dataplane);

/// Collects changes of endpoints and builds each touched service once.
class IndexChange {
 public:
  explicit IndexChange(MeshView::Index base) : index_(std::move(base)) {}
  void add_dataplane(const MeshView& view, const Resource& dataplane);
  void remove_dataplane(const MeshView& view, const Resource& dataplane);
  /// Lets Dataplanes that are added later find the service.
  void register_service(const Resource& service);
  /// As register_service, and adds the Dataplanes that are there.
  void add_service(const MeshView& view, const Resource& service);
  void remove_service(const Resource& service);
  /// Replaces all remote endpoints.
  void set_remote(RemoteEndpoints remote);
  MeshView::Index finish(const MeshView& view);

 private:
  struct Sources {
    PersistentMap<Endpoint> instances;
    std::vector<Endpoint> remote;
  };
  Sources& touched(const std::string& service);
  void add(const std::string& service, const std::string& instance, const Endpoint& endpoint);
  void remove(const std::string& service, const std::string& instance);
  void build(const std::string& service, Sources sources);
  void combine(const MeshView& view);

  MeshView::Index index_;
  std::map<std::string, Sources> touched_;
};

}  // namespace kumasim::cp
