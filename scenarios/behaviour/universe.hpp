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

namespace kumasim::scenario {

/// What a proxy holds in a mesh: its Dataplane, ZoneIngress or ZoneEgress. In the mesh "" a zone proxy's certificates
/// of the admin listener.
using Identify = std::function<cp::ProxyIdentity(const std::string& mesh, const cp::Resource& proxy)>;

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
  cp::MeshView::Ptr view(const std::string& mesh) const;
  cp::Snapshot snapshot(const std::string& mesh, const std::string& dataplane,
                        const nlohmann::json& node_metadata) const;
  /// Certificates of a proxy, with the CAs of other meshes that its own one has to do with.
  cp::ProxyIdentity identity(const cp::MeshView& mesh, const cp::Resource& proxy) const;
  std::vector<std::string> meshes() const;
  const std::map<std::pair<std::string, cp::ResourceKey>, cp::ResourcePtr>& resources() const { return resources_; }

 private:
  void put(cp::Resource resource);
  std::string next_address(std::string_view kind) const;
  cp::CrossMeshTable cross_mesh() const;
  /// Writes what the zone offers into its ingresses; false where nothing changes.
  bool offer_services();
  std::map<std::string, cp::MeshView::Ptr> views() const;
  cp::Snapshot zone_snapshot(const std::string& name, const cp::NodeMetadata& metadata) const;

  Identify identify_;
  cp::LabelOptions labels_;
  std::map<std::pair<std::string, cp::ResourceKey>, cp::ResourcePtr> resources_;
  std::map<std::string, std::shared_ptr<const cp::VipTable>> vips_;
  std::int64_t clock_ = 1'700'000'000;
};

}  // namespace kumasim::scenario
