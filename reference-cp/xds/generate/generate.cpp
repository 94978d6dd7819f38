/// The generators in their order.
#include "reference-cp/xds/generate.hpp"

#include "reference-cp/policy/all.hpp"
#include "reference-cp/policy/legacy/proxy_template.hpp"
#include "reference-cp/xds/gateway/gateway.hpp"
#include "reference-cp/xds/generate/generation.hpp"
#include "reference-cp/xds/references.hpp"

namespace kumasim::cp {
namespace {

/// What the profile for sidecars makes, policies included.
Result<> profile(generators::Generation g, const GenerateOptions& options) {
  if (auto done = generators::admin(g); !done) return done;
  generators::prometheus(g);
  generators::tracing(g);
  generators::transparent_proxy(g);
  if (auto done = generators::inbounds(g); !done) return done;
  generators::traffic_route_outbounds(g);
  generators::direct_access(g);
  generators::probes(g);
  generators::dns(g);
  if (auto done = policy::apply_all(g.resources, g.proxy, g.mesh, options); !done) return done;
  generators::secrets(g);
  return {};
}

/// What the profile for builtin gateways makes.
Result<> gateway_profile(generators::Generation g, const GenerateOptions& options) {
  if (auto done = generators::admin(g); !done) return done;
  generators::prometheus(g);
  generators::tracing(g);
  generators::transparent_proxy(g);
  generators::dns(g);
  if (auto done = gateway::generate(g, options); !done) return done;
  if (auto done = policy::apply_all(g.resources, g.proxy, g.mesh, options); !done) return done;
  generators::secrets(g);
  return {};
}

}  // namespace

Result<Snapshot> try_generate(const MeshView& mesh, const ProxyView& proxy, const GenerateOptions& options) {
  ResourceSet resources;
  ResourcePtr changes = policy::legacy::proxy_template::find(proxy, mesh);
  if (proxy.gateway_type == "BUILTIN") {  // whatever profile a ProxyTemplate imports
    if (auto done = gateway_profile({mesh, proxy, resources}, options); !done) return std::unexpected(done.error());
  } else if (policy::legacy::proxy_template::imports_profile(changes)) {
    if (auto done = profile({mesh, proxy, resources}, options); !done) return std::unexpected(done.error());
  }
  if (changes)
    if (auto done = policy::legacy::proxy_template::apply(resources, *changes); !done)
      return std::unexpected(done.error());
  Snapshot snapshot = resources.snapshot();
  // Only changes by hand can break what the generators make whole.
  if (changes || !mesh.all("MeshProxyPatch").empty())
    if (auto whole = check_references(resources, snapshot); !whole) return std::unexpected(whole.error());
  return snapshot;
}

Snapshot generate(const MeshView& mesh, const ProxyView& proxy, const GenerateOptions& options) {
  return try_generate(mesh, proxy, options).value_or(Snapshot{});
}

}  // namespace kumasim::cp
