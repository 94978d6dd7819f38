/// What proxies are sent for who they are, the keys that it takes, and its renewal.
#include <algorithm>
#include <optional>
#include <ranges>
#include <utility>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/app/kuma_cp/reconciler.hpp"
#include "reference-cp/identity/key_making.hpp"
#include "reference-cp/identity/mesh_identity_ca.hpp"
#include "reference-cp/identity/mesh_tls.hpp"
#include "reference-cp/model/duration.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/mesh_identity.hpp"
#include "reference-cp/xds/other_cas.hpp"

namespace kumasim::cp {
namespace {

constexpr std::string_view component = "reconciler";

/// By which such certificates are kept beside those of the mesh's own mutual TLS; no Dataplane's name has a space.
constexpr std::string_view workload_prefix = "workload ";
constexpr std::string_view egress_prefix = "zone egress ";

bool is_egress_key(const ResourceKey& key) { return key.name.starts_with(egress_prefix); }

SecretLookup secrets_of(const MeshView& view) {
  return [&view](std::string_view name) { return view.find("Secret", name); };
}

Duration agent_timeout(const Resource& identity) {
  auto timeout = parse_duration(text_at(identity.spec, "provider", "spire", "agent", "timeout"));
  return timeout.value_or(std::chrono::seconds(1));
}

}  // namespace

ResourceKey Reconciler::workload_key(const ResourceKey& proxy) {
  return {proxy.mesh, std::string(workload_prefix) + proxy.name};
}

ResourceKey Reconciler::egress_key(const std::string& mesh, const std::string& egress) {
  return {mesh, std::string(egress_prefix) + egress};
}

ResourceKey Reconciler::holder_of(const ResourceKey& key) {
  if (!key.name.starts_with(workload_prefix)) return key;
  return {key.mesh, key.name.substr(workload_prefix.size())};
}

bool Reconciler::mtls_identity(const ProxyPtr& proxy, const MeshView& mesh, const Resource& dataplane,
                               Certificates& out) {
  if (!mesh.mesh()) return true;
  auto tls = mesh_tls(*mesh.mesh(), secrets_of(mesh));
  if (!tls) {
    runtime_.log.warn(component, "proxy without certificate",
                      {{"mesh", mesh.name()}, {"proxy", proxy->key.name}, {"error", tls.error().message}});
    return false;
  }
  if (!tls->has_value()) {
    identities_.forget(proxy->key);
    return true;
  }
  auto issued = identities_.get(proxy->key, **tls, dataplane_tags(dataplane));
  if (!issued) {
    note_no_configuration(proxy, "no certificate issued", issued.error().message);
    return false;
  }
  if (!*issued) {
    out.complete = false;
    return true;
  }
  out.held = *issued;
  out.facts.certificate_pem = out.held->leaf.certificate_pem;
  out.facts.key_pem = out.held->leaf.key_pem;
  out.facts.ca_bundles[mesh.name()] = out.held->ca_bundle_pem;
  if (out.held != proxy->identity) rotation_.set();
  return true;
}

Result<> Reconciler::workload_identity(const ProxyPtr& proxy, const MeshView& mesh, const Resource& dataplane,
                                       Certificates& out) {
  const Resource* source = mesh_identity::matched(mesh, dataplane.meta);
  ResourceKey key = workload_key(proxy->key);
  bool by_agent = source && !is_bundled(*source);
  bool has = source && mesh_identity::is_ready(*source) && (!by_agent || proxy->metadata.has("feature-spire"));
  if (!has || by_agent) identities_.forget(key);
  if (!has) return {};
  auto domain = mesh_identity::trust_domain(*source, source->meta, mesh.settings().zone);
  if (!domain) return fail(domain.error());
  auto id = mesh_identity::spiffe_id(*source, *domain, dataplane.meta);
  if (!id) return fail(id.error());
  WorkloadIdentity workload{.kri = Kri::of(*source).to_string(), .spiffe_id = *id};
  if (by_agent) {
    workload.by_agent = true;
    workload.agent_socket = config_.spire_socket;
    workload.agent_timeout = agent_timeout(*source);
    out.facts.workload = workload;
    if (proxy->identity && proxy->identity->by_agent && proxy->identity->tls.backend == workload.kri) {
      out.held = proxy->identity;
      return {};
    }
    auto held = std::make_shared<Identity>();
    held->by_agent = true;
    held->spiffe_id = *id;
    held->tls.mesh = mesh.name();
    held->tls.backend = workload.kri;
    out.held = std::move(held);
    return {};
  }
  if (auto good = mesh_identity::check_spiffe_id(*id); !good) return fail(good.error());
  auto issue = [&]() -> Result<IdentityPtr> {
    auto ca = identity_ca(*source, {secrets_of(mesh), config_.read_outside});
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
      return fail(issued.error());
    runtime_.log.warn(component, "certificate kept, none can be issued",
                      {{"mesh", mesh.name()}, {"proxy", proxy->key.name}, {"error", issued.error().message}});
    issued = std::move(held);
  }
  if (!*issued) {
    out.complete = false;
    return {};
  }
  workload.certificate_pem = (*issued)->leaf.certificate_pem;
  workload.key_pem = (*issued)->leaf.key_pem;
  out.facts.workload = std::move(workload);
  out.held = std::move(*issued);
  rotation_.set();
  return {};
}

void Reconciler::other_cas(const std::string& mesh, ProxyIdentity& out) const {
  auto ca_of = [this](const std::string& name) -> std::optional<std::string> {
    const MeshView& view = *views_.all().at(name);
    auto tls = mesh_tls(*view.mesh(), secrets_of(view));
    if (!tls || !tls->has_value()) return std::nullopt;
    return std::move((*tls)->ca.certificate_pem);
  };
  add_other_cas(views_.cross_mesh(), mesh, std::views::keys(views_.all()), ca_of, out);
}

/// What fails for one mesh leaves the others theirs.
void Reconciler::egress_identity(const ProxyPtr& proxy, const MeshView& mesh, Certificates& out) {
  ResourceKey key = egress_key(mesh.name(), proxy->key.name);
  auto tls = mesh_tls(*mesh.mesh(), secrets_of(mesh));
  if (!tls || !tls->has_value()) return identities_.forget(key);
  auto issued = identities_.get(key, **tls, {{"kuma.io/service", {"zone-egress"}}});
  if (!issued) {
    runtime_.log.error(component, "no certificate issued",
                       {{"mesh", mesh.name()}, {"proxy", proxy->key.name}, {"error", issued.error().message}});
    return;
  }
  if (!*issued) {
    out.complete = false;
    return;
  }
  out.facts.certificate_pem = (*issued)->leaf.certificate_pem;
  out.facts.key_pem = (*issued)->leaf.key_pem;
  out.facts.ca_bundles[mesh.name()] = (*issued)->ca_bundle_pem;
  rotation_.set();
}

void Reconciler::admin_identity(const ProxyPtr& proxy, const Resource& resource, Certificates& out) {
  if (proxy->metadata.admin_port == 0) return;  // it has no such listener
  auto pair = admin_.get(text_at(resource.spec, "networking", "address"),
                         text_at(resource.spec, "networking", "advertisedAddress"));
  if (!pair) {
    runtime_.log.error(component, "no admin certificate",
                       {{"proxy", proxy->key.name}, {"error", pair.error().message}});
    return;
  }
  if (!*pair) {
    out.complete = false;
    return;
  }
  out.facts.admin_ca_pem = admin_.ca_pem();
  out.facts.admin_certificate_pem = (*pair)->certificate_pem;
  out.facts.admin_key_pem = (*pair)->key_pem;
}

void Reconciler::await_keys(const ResourceKey& slot) {
  for (std::string& holder : keys_.take_lacking()) key_waits_[std::move(holder)].insert(slot);
  if (!keys_.next() || std::exchange(making_keys_, true)) return;
  spawn(runtime_.executor, runtime_.log, "reconciler.keys", make_keys());
}

bool Reconciler::awaits_key(const std::set<ResourceKey>& slots) const {
  return std::ranges::any_of(slots, [&](const ResourceKey& slot) { return proxies_.contains(slot); });
}

/// One after another, as CAs: turns in the queue of keys are left to who asks through the API.
asio::awaitable<void> Reconciler::make_keys() {
  while (const std::string* next = keys_.next()) {
    const std::string holder = *next;
    if (!awaits_key(key_waits_[holder])) {
      keys_.forget(holder);  // who asked has gone, and asks anew
      key_waits_.erase(holder);
      continue;
    }
    std::string failed;
    try {
      KeySpec spec = keys_.spec();
      auto key = co_await make_beside(offload_, spec, [spec] { return make_private_key(spec); });
      if (key)
        keys_.put(holder, std::move(*key));
      else
        failed = key.error().message;
    } catch (const boost::system::system_error& error) {
      if (error.code() == asio::error::operation_aborted) throw;
      failed = error.code().message();
    } catch (const std::exception& error) {
      failed = error.what();
    }
    if (!failed.empty()) {
      runtime_.log.warn(component, "key not made", {{"of", holder}, {"error", failed}});
      keys_.defer(holder);
      co_await sleep(runtime_.timers, retry_min);
      continue;
    }
    auto waits = key_waits_.extract(holder);
    if (!waits) continue;
    for (const ResourceKey& slot : waits.mapped())
      if (ProxyPtr proxy = find(slot)) mark(*proxy);
  }
  key_waits_.clear();  // of holders that were forgotten meanwhile
  making_keys_ = false;
}

asio::awaitable<void> Reconciler::rotate() {
  for (;;) {
    rotation_.reset();
    auto next = identities_.next_rotation();
    if (!next) {
      co_await rotation_.wait();
      continue;
    }
    WallTime now = runtime_.clock.wall_now();
    // Slept in steps, for the wall clock may be set meanwhile; a new certificate may be due sooner.
    if (now < *next) {
      (void)co_await with_timeout(runtime_.timers, std::min<Duration>(*next - now, std::chrono::minutes(1)),
                                  rotation_.wait());
      continue;
    }
    for (const ResourceKey& due : identities_.due()) {
      if (is_egress_key(due)) {
        zone_dirty_.egresses = true;
        continue;
      }
      ResourceKey key = holder_of(due);
      if (!proxies_.contains(key)) {
        identities_.forget(due);  // nobody holds it: issued anew when the proxy comes back
        continue;
      }
      dirty_[key.mesh].names.insert(key.name);
    }
    wake_.set();
    co_await sleep(runtime_.timers, config_.batch_interval + std::chrono::milliseconds(100));
  }
}

}  // namespace kumasim::cp
