/// The generators in their order.
#include "reference-cp/xds/generate.hpp"

#include "reference-cp/policy/all.hpp"
#include "reference-cp/xds/generate/generation.hpp"

namespace kumasim::cp {

Snapshot generate(const MeshView& mesh, const ProxyView& proxy, const GenerateOptions& options) {
  ResourceSet resources;
  generators::Generation g{mesh, proxy, resources};
  generators::admin(g);
  generators::prometheus(g);
  generators::transparent_proxy(g);
  generators::inbounds(g);
  generators::traffic_route_outbounds(g);
  generators::direct_access(g);
  generators::probes(g);
  generators::dns(g);
  policy::apply_all(resources, proxy, mesh, options);
  generators::secrets(g);
  return resources.snapshot();
}

}  // namespace kumasim::cp
