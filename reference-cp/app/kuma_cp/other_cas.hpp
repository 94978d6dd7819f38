/// CAs of other meshes: for a gateway that they may reach, and for proxies that reach a gateway of theirs.
#pragma once

#include <string>
#include <string_view>

#include "reference-cp/app/kuma_cp/mesh_views.hpp"
#include "reference-cp/identity/mesh_tls.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp {

/// Adds them to what a proxy of `mesh` is sent; nothing where that has no mutual TLS itself. One that cannot be had
/// (yet) does not stand in the way of the others.
inline void add_other_cas(const MeshViews& views, const std::string& mesh, ProxyIdentity& out) {
  const CrossMeshTable& gateways = views.cross_mesh();
  auto own = out.ca_bundles.find(mesh);
  if (gateways.empty() || own == out.ca_bundles.end()) return;
  const std::string own_pem = own->second;
  const bool reached = gateways.contains(mesh);
  std::string all;
  for (const auto& [name, view] : views.all()) {
    if (name == mesh || !(reached || gateways.contains(name))) continue;
    auto tls = mesh_tls(*view->mesh(), [&view](std::string_view secret) { return view->find("Secret", secret); });
    if (!tls || !tls->has_value()) continue;
    const std::string& pem = out.ca_bundles[name] = (*tls)->ca.certificate_pem;
    all += pem + "\n";
  }
  if (reached) out.all_cas_pem = all + own_pem;
}

}  // namespace kumasim::cp
