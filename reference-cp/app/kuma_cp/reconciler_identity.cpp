/// What a proxy's MeshIdentity gives it.
#include "reference-cp/app/kuma_cp/reconciler.hpp"
#include "reference-cp/identity/mesh_identity_ca.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/mesh_identity.hpp"
#include "reference-cp/model/duration.hpp"

namespace kumasim::cp {
namespace {

/// By which such a certificate is kept beside that of the mesh's own mutual TLS; no Dataplane's name has a space.
constexpr std::string_view workload_prefix = "workload ";

Duration agent_timeout(const Resource& identity) {
  auto timeout = parse_duration(text_at(identity.spec, "provider", "spire", "agent", "timeout"));
  return timeout.value_or(std::chrono::seconds(1));
}

}  // namespace

ResourceKey Reconciler::workload_key(const ResourceKey& proxy) {
  return {proxy.mesh, std::string(workload_prefix) + proxy.name};
}

ResourceKey Reconciler::holder_of(const ResourceKey& key) {
  if (!key.name.starts_with(workload_prefix)) return key;
  return {key.mesh, key.name.substr(workload_prefix.size())};
}

Result<IdentityPtr> Reconciler::workload_identity(const ProxyPtr& proxy, const MeshView& mesh,
                                                  const Resource& dataplane, ProxyIdentity& out) {
  const Resource* source = mesh_identity::matched(mesh, dataplane.meta);
  ResourceKey key = workload_key(proxy->key);
  bool by_agent = source && !is_bundled(*source);
  bool has = source && mesh_identity::is_ready(*source) && (!by_agent || proxy->metadata.has("feature-spire"));
  if (!has || by_agent) identities_.forget(key);
  if (!has) return IdentityPtr();
  auto domain = mesh_identity::trust_domain(*source, source->meta, mesh.settings().zone);
  if (!domain) return fail(domain.error());
  auto id = mesh_identity::spiffe_id(*source, *domain, dataplane.meta);
  if (!id) return fail(id.error());
  WorkloadIdentity workload{.kri = Kri::of(*source).to_string(), .spiffe_id = *id};
  if (by_agent) {
    workload.by_agent = true;
    workload.agent_socket = config_.spire_socket;
    workload.agent_timeout = agent_timeout(*source);
    out.workload = workload;
    if (proxy->identity && proxy->identity->by_agent && proxy->identity->tls.backend == workload.kri)
      return proxy->identity;
    auto held = std::make_shared<Identity>();
    held->by_agent = true;
    held->spiffe_id = *id;
    held->tls.mesh = mesh.name();
    held->tls.backend = workload.kri;
    return held;
  }
  if (auto good = mesh_identity::check_spiffe_id(*id); !good) return fail(good.error());
  auto issue = [&]() -> Result<IdentityPtr> {
    auto ca =
        identity_ca(*source, {[&](std::string_view name) { return mesh.find("Secret", name); }, config_.read_outside});
    if (!ca) return fail(ca.error());
    return identities_.get_workload(key,
                                    {.mesh = mesh.name(),
                                     .backend = workload.kri,
                                     .ca = std::move(*ca),
                                     .leaf_lifetime = certificate_lifetime(*source)},
                                    *id);
  };
  auto issued = issue();
  if (!issued) {
    // What it holds is good until it ends, and the rest of its configuration does not wait for the CA.
    IdentityPtr held = identities_.find(key);
    if (!held || held->tls.backend != workload.kri || held->spiffe_id != *id ||
        held->expires <= runtime_.clock.wall_now())
      return issued;
    runtime_.log.warn("reconciler", "certificate kept, none can be issued",
                      {{"mesh", mesh.name()}, {"proxy", proxy->key.name}, {"error", issued.error().message}});
    issued = std::move(held);
  }
  workload.certificate_pem = (*issued)->leaf.certificate_pem;
  workload.key_pem = (*issued)->leaf.key_pem;
  out.workload = std::move(workload);
  rotation_.set();
  return issued;
}

}  // namespace kumasim::cp
