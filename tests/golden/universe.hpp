/// A zone without I/O: documents in, snapshots of proxies out, through the model, the derivation and generation.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "reference-cp/manager/labels.hpp"
#include "reference-cp/xds/cross_mesh.hpp"
#include "reference-cp/xds/generate.hpp"

namespace kumasim::cp::golden {

/// What a proxy holds in a mesh: its Dataplane, ZoneIngress or ZoneEgress. In the mesh "" a zone proxy's certificates
/// of the admin listener.
using Identify = std::function<ProxyIdentity(const std::string& mesh, const Resource& proxy)>;

class Universe {
 public:
  /// Without `identify`, every certificate is the word "pem".
  explicit Universe(Identify identify = {});

  /// A document as PUT to the REST API; false where the model does not know its kind or refuses it.
  bool apply(const nlohmann::json& document);
  void remove(const nlohmann::json& document);
  /// The proxy of this Dataplane is online; with mutual TLS it has got a certificate.
  void connect(const std::string& mesh, const std::string& dataplane);
  /// Derives MeshServices and virtual addresses until nothing changes any more.
  void settle();

  /// Settled, as the mesh is now.
  MeshView::Ptr view(const std::string& mesh) const;
  Snapshot snapshot(const std::string& mesh, const std::string& dataplane, const nlohmann::json& node_metadata) const;
  std::vector<std::string> meshes() const;
  const std::map<std::pair<std::string, ResourceKey>, ResourcePtr>& resources() const { return resources_; }

 private:
  void put(Resource resource);
  std::string next_address(std::string_view kind) const;
  CrossMeshTable cross_mesh() const;
  /// Certificates of a proxy, with the CAs of other meshes that its own one has to do with.
  ProxyIdentity identity(const MeshView& mesh, const Resource& proxy) const;
  /// Writes what the zone offers into its ingresses; false where nothing changes.
  bool offer_services();
  std::map<std::string, MeshView::Ptr> views() const;
  Snapshot zone_snapshot(const std::string& name, const NodeMetadata& metadata) const;

  Identify identify_;
  LabelOptions labels_;
  std::map<std::pair<std::string, ResourceKey>, ResourcePtr> resources_;
  std::map<std::string, std::shared_ptr<const VipTable>> vips_;
  std::int64_t clock_ = 1'700'000'000;
};

}  // namespace kumasim::cp::golden
