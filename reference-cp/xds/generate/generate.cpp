/// The generators in their order.
#include "reference-cp/xds/generate.hpp"

#include <optional>

#include "reference-cp/policy/all.hpp"
#include "reference-cp/policy/legacy/proxy_template.hpp"
#include "reference-cp/xds/gateway/gateway.hpp"
#include "reference-cp/xds/generate/generation.hpp"
#include "reference-cp/xds/generate/shared_outbounds.hpp"
#include "reference-cp/xds/references.hpp"

namespace kumasim::cp {
namespace {

/// What the profile for sidecars makes before the policies, but the outbounds.
Result<> begin_profile(generators::Generation& g) {
  if (auto done = generators::admin(g); !done) return done;
  generators::prometheus(g);
  generators::tracing(g);
  generators::transparent_proxy(g);
  if (auto done = generators::inbounds(g); !done) return done;
  generators::direct_access(g);
  generators::probes(g);
  generators::dns(g);
  generators::identities(g);
  return {};
}

/// All that the profile for sidecars makes, policies included, in one piece.
Result<> profile(generators::Generation g, const GenerateOptions& options) {
  if (auto done = begin_profile(g); !done) return done;
  generators::traffic_route_outbounds(g);
  if (auto done = policy::apply_all(g.resources, g.proxy, g.mesh, options); !done) return done;
  generators::secrets(g);
  return {};
}

/// The same, the outbounds apart from the rest. nullopt where both made something of one name, not the same: only in
/// one piece it shows which counts.
Result<std::optional<Snapshot>> profile_in_parts(const MeshView& mesh, const ProxyView& proxy,
                                                 const GenerateOptions& options) {
  SharedGeneration* shared = options.shared && options.shared->is_for(mesh) ? options.shared : nullptr;
  policy::SelectedByKind selected = policy::select_all(
      proxy, mesh, {.include_shadow = options.include_shadow, .decoded = shared ? &shared->tables().decoded : nullptr});
  ProxyView rest = proxy;
  generators::SharedOutbounds outbounds =
      generators::outbounds_for(generators::client_of(rest, mesh, policy::outgoing(selected)), mesh, shared);

  ResourceSet resources;
  generators::Generation g{mesh, proxy, resources};
  if (auto done = begin_profile(g); !done) return std::unexpected(done.error());
  if (auto done = policy::apply_without_outbounds(resources, rest, mesh, selected, options); !done)
    return std::unexpected(done.error());
  generators::secrets(g, std::move(outbounds.secrets));

  std::optional<Snapshot> all = *outbounds.snapshot;
  const Snapshot own = resources.snapshot();
  for (const auto& [type, of_type] : own.types())
    for (const auto& [name, resource] : of_type) {
      XdsResourcePtr other = all->find(type, name);
      if (other && other->version != resource->version) return std::nullopt;
      if (!other) all->add(type, resource);
    }
  return all;
}

/// What the profile for builtin gateways makes.
Result<> gateway_profile(generators::Generation g, const GenerateOptions& options) {
  if (auto done = generators::admin(g); !done) return done;
  generators::prometheus(g);
  generators::tracing(g);
  generators::transparent_proxy(g);
  generators::dns(g);
  if (auto done = gateway::generate(g, options); !done) return done;
  generators::identities(g);
  if (auto done = policy::apply_all(g.resources, g.proxy, g.mesh, options); !done) return done;
  generators::secrets(g);
  return {};
}

}  // namespace

Result<Snapshot> try_generate(const MeshView& mesh, const ProxyView& proxy, const GenerateOptions& options) {
  ResourceSet resources;
  ResourcePtr changes = policy::legacy::proxy_template::find(proxy, mesh);
  if (!changes && !options.in_one_piece && generators::outbounds_are_apart(proxy, mesh)) {
    auto made = profile_in_parts(mesh, proxy, options);
    if (!made) return std::unexpected(made.error());
    if (*made) return std::move(**made);
  }
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
