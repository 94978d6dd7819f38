/// CAs of other meshes: for a gateway that they may reach, and for proxies that reach a gateway of theirs.
#pragma once

#include <string>

#include "reference-cp/xds/cross_mesh.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp {

/// Adds them to what a proxy of `mesh` is sent; nothing where that has no CA itself. `ca_of` gives the PEM of a mesh's
/// CA, as std::optional: one that cannot be had (yet) does not stand in the way of the others.
template <class Names, class CaOf>
void add_other_cas(const CrossMeshTable& gateways, const std::string& mesh, const Names& meshes, CaOf ca_of,
                   ProxyIdentity& out) {
  auto own = out.ca_bundles.find(mesh);
  if (gateways.empty() || own == out.ca_bundles.end()) return;
  const bool reached = gateways.contains(mesh);
  std::string all;
  for (const std::string& name : meshes) {
    if (name == mesh || !(reached || gateways.contains(name))) continue;
    auto pem = ca_of(name);
    if (!pem) continue;
    all += *pem + "\n";
    out.ca_bundles[name] = *std::move(pem);
  }
  if (reached) out.all_cas_pem = all + own->second;
}

}  // namespace kumasim::cp
