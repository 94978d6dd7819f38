/// What generation asks of a mesh again and again, kept up with every write: the endpoints of each service, who uses
/// it.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "reference-cp/model/rules/backend_conf.hpp"
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
  /// "identity\x1f name": Mesh*Services by their KRI, see identity_key. Two can have the same.
  PersistentMap<bool> identities;
  /// "identity\x1f name" and "destination\x1f name": MeshMultiZoneServices whose status names that MeshService, and so
  /// that destination (a name of MeshView::endpoints).
  PersistentMap<bool> combiners;
  /// User keys of what routes send traffic to, whoever sends it; "*" where they name it by labels.
  std::shared_ptr<const std::set<std::string>> routed = std::make_shared<const std::set<std::string>>();
};

/// A Mesh*Service's KRI as text that no two share; the section does not count.
std::string identity_key(const Kri& kri);
/// By what users of a Mesh*Service name it: kind and display name.
std::string user_key(const Resource& destination);
/// The second parts of all keys "first\x1f second".
std::vector<std::string> names_under(const PersistentMap<bool>& map, std::string_view first);
/// Of routes of this kind depends which services a proxy sends traffic to that its Dataplane does not name.
bool is_route(std::string_view kind);
/// User keys of what the mesh's routes send traffic to.
std::set<std::string> routed_services(const MeshView& view);

/// What others get of one Dataplane by the index. Where contributions are equal, and instances are, nobody else can
/// tell the difference.
struct Contribution {
  std::map<std::string, std::map<std::string, Endpoint>> endpoints;  ///< service -> instance -> endpoint
  std::set<std::string> names;  ///< user keys of the services that it contributes to
};
Contribution contribution(const MeshView& view, const MeshView::Index& index, const Resource& dataplane);

/// Service, address and port of every inbound as users of direct access see it: of those not ready too, of the one
/// where it serves its metrics, and never by the advertised address.
using Instances = std::set<std::tuple<std::string, std::string, std::uint32_t>>;
/// `metrics` is the mesh's mesh_prometheus_conf.
Instances instances_of(const BackendConf& metrics, const Resource& dataplane);

/// Names of MeshMultiZoneServices' ports that take endpoints from one of these services' ports, and user keys of those
/// services.
struct Combined {
  std::set<std::string> destinations, names;
};
Combined combined_of(const MeshView& view, const MeshView::Index& index, const std::set<std::string>& services);

/// Services that a Dataplane's own configuration depends on; "*" for every one.
std::set<std::string> used_services(const Resource& dataplane);

/// Collects changes and builds each touched service once. Names come first: a view whose index has them is asked for
/// the endpoints.
class IndexChange {
 public:
  explicit IndexChange(MeshView::Index base) : index_(std::move(base)) {}

  /// What is found by a Mesh*Service's name, identity and selector.
  void add_names(const Resource& destination);
  void remove_names(const Resource& destination);
  void set_routed(std::set<std::string> routed);

  void add_dataplane(const MeshView& view, const Resource& dataplane);
  void remove_dataplane(const MeshView& view, const Resource& dataplane);
  /// The local endpoints of a MeshService that was `before` and is `after`; either can be absent.
  void change_service(const MeshView& view, const Resource* before, const Resource* after);
  /// The MeshMultiZoneService (before or after its change) is to be combined anew.
  void combine_anew(const Resource& combined);
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
  std::set<std::string> sources_;   ///< identities and destinations whose MeshMultiZoneServices are to be combined anew
  std::set<std::string> combined_;  ///< identities of such MeshMultiZoneServices
  std::set<std::string> combined_old_;  ///< destinations that one of them had
};

}  // namespace kumasim::cp
