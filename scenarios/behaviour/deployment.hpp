/// What a set of resources makes of every proxy: the control plane's own configuration, as the simulated Envoy holds
/// it.
#pragma once

#include <array>
#include <expected>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "reference-cp/xds/mesh_view.hpp"
#include "reference-cp/xds/proxy_view.hpp"
#include "scenarios/behaviour/hidden_call.hpp"
#include "scenarios/behaviour/policy_set.hpp"
#include "scenarios/behaviour/still_certificates.hpp"
#include "sim/envoy/config/state.hpp"

namespace kumasim::scenario {

/// All Dataplanes of one service that differ in nothing but addresses, and names where no resource of the mesh selects
/// by them; the first stands for them.
struct StillProxy {
  std::string mesh;
  std::string service;                                   ///< the first of its kuma.io/service values
  std::vector<std::string> names = {};                   ///< of the Dataplanes
  cp::ProxyView view = {};                               ///< of the first
  std::unique_ptr<sim::proxy::ConfigState> config = {};  ///< never null
  std::map<std::string, std::string> versions = {};      ///< of its listeners, routes and clusters, by type and name
  std::vector<HiddenCall> hidden = {};                   ///< calls that are not looked at
  std::string refusal = {};  ///< why no configuration could be made, or what Envoy refuses of it; "" for neither
};

/// Where an endpoint leads.
struct InboundPlace {
  const StillProxy* proxy = nullptr;
  std::size_t inbound = 0;  ///< in its view
};

/// What the parts of several deployments share; must outlive them.
struct Workshop {
  StillCertificates certificates;
  std::shared_ptr<sim::proxy::ResourceCache> cache = std::make_shared<sim::proxy::ResourceCache>();
  sim::proxy::ConfigObserver nobody;
};

/// A Dataplane that names its outbounds calls these. One without any, that is not behind a transparent proxy either,
/// is taken to call every service of its mesh, unless a scenario says whom it calls. More pairs are taken to
/// call each other where `pairs` says so.
struct DeploymentOptions {
  bool all_pairs = false;
  std::set<std::pair<std::string, std::string>> pairs = {};  ///< of services; "*" for any
  /// Mesh and name of Secrets that another set has, with which this one is compared: nothing stands for them here.
  std::set<std::pair<std::string, std::string>> secrets = {};
};

class Deployment {
 public:
  /// Fails where the control plane would refuse a resource, or its mesh is missing.
  static std::expected<Deployment, Diagnostics> make(const PolicySet& set, const DeploymentOptions& options,
                                                     Workshop& workshop);

  const std::string& name() const { return name_; }
  /// By mesh, service and name.
  const std::vector<StillProxy>& proxies() const { return proxies_; }
  /// Null where the mesh has no such Dataplane.
  const StillProxy* find(const std::string& mesh, const std::string& dataplane) const;
  /// Without a proxy where nobody of the mesh listens there.
  InboundPlace at(const std::string& mesh, const std::string& address, std::uint32_t port) const;
  const cp::MeshView& view(const std::string& mesh) const { return *views_.at(mesh); }
  const std::map<std::string, cp::MeshView::Ptr>& views() const { return views_; }
  Workshop& workshop() const { return *workshop_; }
  const std::vector<std::string>& notes() const { return notes_; }

  /// What was given, by kind, mesh and name, in canonical form; without Dataplanes.
  using Key = std::array<std::string, 3>;
  const std::map<Key, nlohmann::json>& resources() const { return resources_; }

  /// Its Dataplanes are in several zones, and a policy decides which of them calls go to: all are looked at as one
  /// zone.
  bool zones_matter() const;
  /// The resource is such a policy.
  bool decides_on_zones(const Key& key) const;

 private:
  friend class DeploymentBuilder;
  explicit Deployment(Workshop& workshop) : workshop_(&workshop) {}

  std::string name_;
  Workshop* workshop_;
  std::map<std::string, cp::MeshView::Ptr> views_;
  std::vector<StillProxy> proxies_;
  std::map<std::pair<std::string, std::string>, std::size_t> by_name_;  // mesh and Dataplane
  std::map<std::tuple<std::string, std::string, std::uint32_t>, std::pair<std::size_t, std::size_t>> by_address_;
  std::map<Key, nlohmann::json> resources_;
  std::vector<std::string> notes_;
  std::set<std::string> zones_;  // that its Dataplanes are in, as they say it or a scenario
};

/// Tags by which some Dataplanes of a service are told from others: what all of `these` share and not all of `of`.
/// Without those that the platform sets.
cp::Tags distinguishing(const std::vector<cp::Tags>& these, const std::vector<cp::Tags>& of);
/// "version=v1, env=test"
std::string tags_text(const cp::Tags& tags);

}  // namespace kumasim::scenario
