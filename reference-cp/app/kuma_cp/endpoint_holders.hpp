/// Which proxies hold the endpoints of a cluster: whom an instance that starts or stops concerns.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "reference-cp/app/kuma_cp/proxy.hpp"
#include "reference-cp/xds/snapshot.hpp"
#include "reference-cp/xds/type_url.hpp"

namespace kumasim::cp {

/// Follows the snapshots of connected Dataplanes' proxies.
class EndpointHolders {
 public:
  /// The proxy has connected; it holds nothing.
  void add(Proxy& proxy) { meshes_[proxy.key.mesh].bare.insert(&proxy); }

  /// What it holds is another. `before` is what it had at the last call, nullptr for nothing.
  void change(Proxy& proxy, const Snapshot* before, const Snapshot& after) {
    Mesh& mesh = meshes_[proxy.key.mesh];
    mesh.bare.erase(&proxy);
    static const Snapshot::Resources none;
    const auto& gone = before ? before->of(type_url::endpoint) : none;
    const auto& come = after.of(type_url::endpoint);
    auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
    if (std::ranges::equal(gone, come, same)) return;
    drop(mesh, proxy, gone);
    for (const auto& [name, resource] : come) mesh.clusters[name].push_back(&proxy);
  }

  /// The proxy has gone.
  void remove(Proxy& proxy, const Snapshot* held) {
    auto mesh = meshes_.find(proxy.key.mesh);
    if (mesh == meshes_.end()) return;
    mesh->second.bare.erase(&proxy);
    if (held) drop(mesh->second, proxy, held->of(type_url::endpoint));
    if (mesh->second.bare.empty() && mesh->second.clusters.empty()) meshes_.erase(mesh);
  }

  /// Names of proxies that hold a cluster of these names, or of names that begin with one (a part of the cluster), or
  /// that have nothing at all yet.
  std::set<std::string> of(const std::string& mesh, const std::map<std::string, std::string>& clusters) const {
    std::set<std::string> out;
    auto found = meshes_.find(mesh);
    if (found == meshes_.end()) return out;
    std::vector<const Proxy*> proxies(found->second.bare.begin(), found->second.bare.end());
    const auto& held = found->second.clusters;
    for (const auto& [cluster, service] : clusters)
      for (auto it = held.lower_bound(cluster); it != held.end() && it->first.starts_with(cluster); ++it)
        proxies.insert(proxies.end(), it->second.begin(), it->second.end());
    std::ranges::sort(proxies);
    proxies.erase(std::ranges::unique(proxies).begin(), proxies.end());
    for (const Proxy* proxy : proxies) out.insert(proxy->key.name);
    return out;
  }

 private:
  struct Mesh {
    std::map<std::string, std::vector<Proxy*>> clusters;
    std::set<Proxy*> bare;
  };

  static void drop(Mesh& mesh, Proxy& proxy, const Snapshot::Resources& held) {
    for (const auto& [name, resource] : held) {
      auto found = mesh.clusters.find(name);
      if (found == mesh.clusters.end()) continue;
      std::erase(found->second, &proxy);
      if (found->second.empty()) mesh.clusters.erase(found);
    }
  }

  std::map<std::string, Mesh> meshes_;
};

}  // namespace kumasim::cp
