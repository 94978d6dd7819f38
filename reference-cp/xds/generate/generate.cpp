/// The generators in their order.
#include "reference-cp/xds/generate.hpp"

#include "reference-cp/policy/all.hpp"
#include "reference-cp/policy/legacy/proxy_template.hpp"
#include "reference-cp/xds/generate/generation.hpp"

namespace kumasim::cp {
namespace {

/// What the profile for sidecars makes, policies included.
void profile(generators::Generation g, const GenerateOptions& options) {
  generators::admin(g);
  generators::prometheus(g);
  generators::transparent_proxy(g);
  generators::inbounds(g);
  generators::traffic_route_outbounds(g);
  generators::direct_access(g);
  generators::probes(g);
  generators::dns(g);
  policy::apply_all(g.resources, g.proxy, g.mesh, options);
  generators::secrets(g);
}

}  // namespace

Snapshot generate(const MeshView& mesh, const ProxyView& proxy, const GenerateOptions& options) {
  ResourceSet resources;
  ResourcePtr changes = policy::legacy::proxy_template::find(proxy, mesh);
  if (policy::legacy::proxy_template::imports_profile(changes)) profile({mesh, proxy, resources}, options);
  if (changes) policy::legacy::proxy_template::apply(resources, *changes);
  return resources.snapshot();
}

}  // namespace kumasim::cp
