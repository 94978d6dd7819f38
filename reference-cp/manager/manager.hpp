/// The rules above the store: a resource's mesh must exist, a new mesh gets its defaults, a mesh in use stays.
#pragma once

#include <expected>

#include "kumasim/runtime/clock.hpp"
#include "reference-cp/manager/authorities.hpp"
#include "reference-cp/manager/labels.hpp"
#include "reference-cp/model/rules/envoy_text.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::cp {

/// Why a write was refused. `violations` belong to Code::invalid_argument; `mesh_missing` says that the mesh is not
/// there.
struct Refusal {
  Error error;
  Violations violations;
  bool mesh_missing = false;
};

template <class T = void>
using Outcome = std::expected<T, Refusal>;

struct ManagerOptions {
  LabelOptions labels{};
  bool routing_policies = false;      // a new mesh gets the old TrafficPermission and TrafficRoute
                                      // (KUMA_DEFAULTS_CREATE_MESH_ROUTING_RESOURCES)
  bool unsafe_delete = false;         // meshes, zones and secrets in use may be removed (KUMA_STORE_UNSAFE_DELETE)
  EnvoyTextError envoy_text_error{};  // judges Envoy's resources in policies; empty: nobody does
};

class Manager {
 public:
  /// `authorities` may be null: then no CA is checked or made, and no signing key. All must outlive the manager.
  Manager(Store& store, const Clock& clock, Authorities* authorities, ManagerOptions options);

  /// What the rules of its kind, and those of Envoy's resources in it, say of a resource.
  Violations violations_of(const Resource& resource) const;

  /// Validates, fills in, and stores. A mesh also gets its certificate authority, signing key and default policies, all
  /// in one commit.
  /// Labels are those of the resource; the control plane's own are added with `compute_labels` by who takes it from
  /// outside.
  asio::awaitable<Outcome<ResourcePtr>> create(Resource resource);

  /// As Store::update, with the rules.
  asio::awaitable<Outcome<ResourcePtr>> update(Resource resource);

  /// Refuses a mesh with dataplanes, a secret that a mesh's backend uses, and a Zone that is connected. A Zone that
  /// Global removes takes along what the zone has given it.
  asio::awaitable<Outcome<>> remove(const Kind& kind, ResourceKey key);

  /// Makes what of these is not there: the mesh `default`, the zone (in zone mode, where Zones of other names go), the
  /// generators of host names.
  struct FirstStart {
    bool mesh = true;
    bool zone = true;
    bool hostname_generators = true;
  };
  asio::awaitable<Outcome<>> ensure_defaults(FirstStart what);

  Store& store() { return store_; }
  const ManagerOptions& options() const { return options_; }

 private:
  asio::awaitable<Outcome<>> check_mesh_write(const Resource& mesh, bool is_new);
  /// What a new mesh gets and is not there.
  asio::awaitable<Outcome<std::vector<Resource>>> belongings(const Resource& mesh);
  asio::awaitable<Outcome<ResourcePtr>> create_mesh(Resource mesh);
  asio::awaitable<Outcome<ResourcePtr>> update_mesh(Resource mesh, ResourcePtr before);
  /// With the secrets of the CA that was made for it.
  asio::awaitable<Outcome<>> remove_identity(ResourceKey key);
  asio::awaitable<Outcome<>> remove_zone(ResourceKey key);
  asio::awaitable<Outcome<>> check_removal(const Kind& kind, const ResourceKey& key);
  asio::awaitable<Outcome<>> ensure(Resource resource);
  asio::awaitable<Outcome<>> ensure_only_zone(std::string name);
  /// `stored` is the metadata of what an update replaces, nullptr for a new resource. As in Kuma the rules of an update
  /// see it in place of the resource's own: a new label counts from the next write on.
  Outcome<> prepare(Resource& resource, const Meta* stored) const;
  /// Of a RateLimit and an ExternalService, which have to get on with each other.
  asio::awaitable<Outcome<>> check_rate_limits(const Resource& resource);
  static Outcome<> check_membership(const Resource& dataplane, const Resource& mesh);

  Store& store_;
  const Clock& clock_;
  Authorities* authorities_;
  ManagerOptions options_;
};

}  // namespace kumasim::cp
