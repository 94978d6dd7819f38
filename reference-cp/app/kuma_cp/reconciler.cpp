#include "reference-cp/app/kuma_cp/reconciler.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/identity/mesh_tls.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/xds/generate.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/zone/zone_proxy.hpp"

namespace kumasim::cp {
namespace {

constexpr std::string_view component = "reconciler";
/// Derived resources give changes of their own; so often at most they are taken in before proxies are served.
constexpr int rounds_max = 5;

ZoneSettings zone_settings(const Config& config) {
  ZoneSettings out;
  out.zone = config.zone_name;
  out.dns_domain = config.dns_domain;
  return out;
}

/// By which the certificate of a zone egress for one mesh is kept; no Dataplane's name has a space.
constexpr std::string_view egress_prefix = "zone egress ";

ResourceKey egress_key(const std::string& mesh, const std::string& egress) {
  return {mesh, std::string(egress_prefix) + egress};
}

bool is_egress_key(const ResourceKey& key) { return key.name.starts_with(egress_prefix); }

SecretLookup secrets_of(const MeshView& view) {
  return [&view](std::string_view name) { return view.find("Secret", name); };
}

}  // namespace

Reconciler::Reconciler(const Runtime& runtime, const Config& config, std::shared_ptr<Store> store,
                       Authorities& authorities)
    : runtime_(runtime),
      config_(config),
      store_(std::move(store)),
      authorities_(authorities),
      views_(zone_settings(config)),
      identities_(runtime.clock, runtime.random, key_spec(config.leaf_key)),
      admin_(runtime.clock, runtime.random, key_spec(config.leaf_key)),
      wake_(runtime.executor),
      rotation_(runtime.executor) {}

asio::awaitable<Result<>> Reconciler::start() {
  // A global control plane has no proxies.
  if (config_.mode != "global")
    if (auto admin = co_await admin_.start(*store_); !admin) co_return admin;
  store_->subscribe([this](const Change& change) { on_change(change); });
  // Meshes come first, so that what is in them finds its view.
  std::vector<const Kind*> order{&kind::mesh()};
  for (const Kind* kind : kinds())
    if (kind != &kind::mesh()) order.push_back(kind);
  for (const Kind* kind : order) {
    auto list = co_await store_->list(*kind, {});
    if (!list) co_return fail(list.error());
    for (const auto& resource : list->items) hear({kind, resource->key(), nullptr, resource});
  }
  co_await batch();
  co_return Result<>();
}

void Reconciler::hear(Change change) {
  ++heard_;
  if (!change.kind->type().ends_with("Insight")) relevant_ = heard_;
  if (change.kind->is_policy() || change.kind == &kind::mesh()) {
    std::pair name{change.kind, change.key};
    const Resource *before = change.before.get(), *after = change.after.get();
    if (!after)
      written_.erase(name);
    else if (!before || before->spec != after->spec || before->meta.labels != after->meta.labels)
      written_[name] = heard_;
  }
  changes_.push_back(std::move(change));
}

std::uint64_t Reconciler::written(const Kind& kind, const ResourceKey& key) const {
  auto found = written_.find({&kind, key});
  return found == written_.end() ? 0 : found->second;
}

void Reconciler::on_change(const Change& change) {
  if (MeshViews::is_count(*change.kind)) {
    Work none;
    views_.apply(change, none);
    return;
  }
  hear(change);
  ++counts_.changes;
  wake_.set();
}

asio::awaitable<void> Reconciler::run() {
  for (;;) {
    co_await wake_.wait();
    co_await pause();
    wake_.reset();
    MonotonicTime begun = runtime_.timers.now();
    co_await batch();
    MonotonicTime ended = runtime_.timers.now();
    pause_end_ = ended + std::min<Duration>(ended - begun, batch_pause_max);
  }
}

/// What comes within the interval, or before the pause after the last batch is over, goes out together.
asio::awaitable<void> Reconciler::pause() {
  Duration length = std::max(config_.batch_interval, Duration(pause_end_ - runtime_.timers.now()));
  if (length > Duration::zero()) co_await sleep(runtime_.timers, length);
}

void Reconciler::take_in_changes(Work& work) {
  while (!changes_.empty()) {
    Change change = std::move(changes_.front());
    changes_.pop_front();
    ++applied_;
    for (const LeftOut& left : views_.apply(change, work)) {
      ++counts_.failures;
      runtime_.log.error(component, "resource left out",
                         {{"mesh", left.mesh},
                          {"type", change.kind->type()},
                          {"resource mesh", change.key.mesh},
                          {"name", change.key.name},
                          {"error", left.reason}});
    }
    note_for_zone(change);
    if (change.kind == &kind::dataplane() && !change.after) {
      identities_.forget(change.key);
      identities_.forget(workload_key(change.key));
    }
    if (change.kind == &kind::mesh() && !change.after) {
      shared_.erase(change.key.name);
      failed_.erase(change.key.name);
      retries_.erase(change.key.name);
      derive_at_.erase(change.key.name);
    }
  }
}

asio::awaitable<void> Reconciler::batch() {
  busy_ = true;
  ++counts_.batches;
  Work work = std::exchange(again_, {});
  for (int round = 0; round < rounds_max && (!changes_.empty() || !work.empty() || offer_dirty_); ++round) {
    take_in_changes(work);
    for (auto& [mesh, todo] : std::exchange(work, {})) co_await bring_up(mesh, std::move(todo));
    if (std::exchange(offer_dirty_, false)) co_await attempt(step_offer, {}, offer_services());
  }
  const std::uint64_t taken_in = applied_;
  auto dirty = std::move(dirty_);
  dirty_.clear();
  for (auto& [mesh, affected] : dirty) co_await attempt(step_serve, mesh, serve_mesh(mesh, std::move(affected)));
  if (ZoneReach reach = std::exchange(zone_dirty_, {}); reach.any()) {
    std::vector<ProxyPtr> zone_proxies;
    for (auto it = proxies_.lower_bound({}); it != proxies_.end() && it->first.mesh.empty(); ++it)
      if (it->second->is_of_zone() && reach.of(it->second->metadata.proxy_type == "ingress"))
        zone_proxies.push_back(it->second);
    EndpointUpdates none(nullptr, {});
    for (const ProxyPtr& proxy : zone_proxies) {
      if (!proxy->closing) serve(proxy, Reach::everything, none);
      co_await asio::post(runtime_.executor, asio::use_awaitable);
    }
  }
  served_ = taken_in;
  busy_ = false;
  if (!changes_.empty() || zone_dirty_.any()) wake_.set();
}

/// In the order of their names.
Reconciler::Reached Reconciler::reached_by(const std::string& mesh, const Affected& affected,
                                           const EndpointUpdates& updates) const {
  Reached out;
  const bool has_view = views_.find(mesh) != nullptr;
  auto add = [&](const std::string& name, const ProxyPtr& proxy) {
    Reach reach = reach_of(affected, name, proxy->metadata);
    if (reach != Reach::nothing) out.emplace_back(proxy, has_view ? reach : Reach::everything);
  };
  if (!has_view || affected.all || affected.virtual_outbounds) {
    for (auto it = proxies_.lower_bound({mesh, ""}); it != proxies_.end() && it->first.mesh == mesh; ++it)
      add(it->first.name, it->second);
    return out;
  }
  // Few of many, mostly: the cost is theirs.
  std::set<std::string> names = holders_.of(mesh, updates.clusters());
  names.insert(affected.names.begin(), affected.names.end());
  for (const std::string& name : names)
    if (ProxyPtr proxy = find({mesh, name})) add(name, proxy);
  return out;
}

asio::awaitable<Result<>> Reconciler::serve_mesh(std::string mesh, Affected affected) {
  MeshView::Ptr view = views_.find(mesh);
  if (view)
    shared_[mesh].follow(view, affected);
  else
    shared_.erase(mesh);
  EndpointUpdates updates(std::move(view), affected.endpoints);
  const Reached reached = reached_by(mesh, affected, updates);
  for (const auto& [proxy, reach] : reached) {
    if (!proxy->closing) serve(proxy, reach, updates);
    // Handshakes and requests that came meanwhile have their turn after each proxy.
    co_await asio::post(runtime_.executor, asio::use_awaitable);
  }
  co_return Result<>();
}

void Reconciler::note_for_zone(const Change& change) {
  const std::string& kind = change.kind->type();
  zone_dirty_.merge(zone_reach({change.before, change.after}));
  static constexpr std::string_view offered[] = {"Dataplane", "ExternalService", "Mesh", "ZoneIngress"};
  if (std::ranges::find(offered, kind) != std::end(offered)) offer_dirty_ = true;
}

/// What fails for one proxy must not keep others from their configuration: its stream ends, and it comes again.
void Reconciler::serve(const ProxyPtr& proxy, Reach reach, EndpointUpdates& updates) {
  try {
    if (proxy->is_of_zone())
      regenerate_zone(proxy);
    else if (reach == Reach::everything || !refresh_endpoints(proxy, updates))
      regenerate(proxy);
  } catch (const std::exception& error) {
    fail_proxy(proxy, error.what());
  }
}

void Reconciler::fail_proxy(const ProxyPtr& proxy, std::string_view reason) {
  runtime_.log.error(component, "proxy not configured",
                     {{"mesh", proxy->key.mesh}, {"proxy", proxy->key.name}, {"error", reason}});
  proxy->drop({GrpcCode::internal, "the proxy's configuration could not be made"});
}

bool Reconciler::refresh_endpoints(const ProxyPtr& proxy, EndpointUpdates& updates) {
  if (!proxy->snapshot) return false;
  std::shared_ptr<const Snapshot> fresh = updates.apply(proxy->snapshot);
  if (!fresh) return false;
  if (fresh == proxy->snapshot) return true;
  proxy->snapshot = std::move(fresh);
  ++counts_.pushes;
  deliver(proxy, proxy->session.on_snapshot(proxy->snapshot));
  return true;
}

void Reconciler::regenerate(const ProxyPtr& proxy) {
  proxy->stale = true;  // until it is made
  MeshView::Ptr view = views_.find(proxy->key.mesh);
  if (!view) return;
  const ResourcePtr* dataplane = view->all("Dataplane").find(proxy->key.name);
  // Not there (any more): the proxy keeps what it has until it goes, as traffic may still be draining.
  if (!dataplane) return;
  ProxyIdentity identity;
  IdentityPtr held;
  if (view->mesh()) {
    auto tls = mesh_tls(*view->mesh(), secrets_of(*view));
    if (!tls) {
      runtime_.log.warn(component, "proxy without certificate",
                        {{"mesh", proxy->key.mesh}, {"proxy", proxy->key.name}, {"error", tls.error().message}});
      return;
    }
    if (tls->has_value()) {
      auto issued = identities_.get(proxy->key, **tls, dataplane_tags(**dataplane));
      if (!issued) {
        runtime_.log.error(component, "no certificate issued",
                           {{"mesh", proxy->key.mesh}, {"proxy", proxy->key.name}, {"error", issued.error().message}});
        return;
      }
      held = *issued;
      identity.certificate_pem = held->leaf.certificate_pem;
      identity.key_pem = held->leaf.key_pem;
      identity.ca_bundles[proxy->key.mesh] = held->ca_bundle_pem;
      if (held != proxy->identity) rotation_.set();
    } else {
      identities_.forget(proxy->key);
    }
  }
  auto workload = workload_identity(proxy, *view, **dataplane, identity);
  if (!workload) {
    runtime_.log.error(component, "no identity issued",
                       {{"mesh", proxy->key.mesh}, {"proxy", proxy->key.name}, {"error", workload.error().message}});
    return;
  }
  if (*workload) held = std::move(*workload);
  ProxyView facts = proxy_view(*view, *dataplane, proxy->metadata, std::move(identity));
  fill_admin(proxy->key, **dataplane, facts.identity);
  ++counts_.generations;
  auto made = try_generate(*view, facts, {.planted = config_.planted, .shared = &shared_[proxy->key.mesh]});
  if (!made) {
    runtime_.log.error(component, "no configuration",
                       {{"mesh", proxy->key.mesh}, {"proxy", proxy->key.name}, {"error", made.error().message}});
    return;
  }
  proxy->hold(std::move(held));
  proxy->made_from = applied_;
  proxy->stale = false;
  push(proxy, std::move(*made));
  proxy->note_taken();
}

void Reconciler::fill_admin(const ResourceKey& proxy, const Resource& resource, ProxyIdentity& identity) {
  auto pair = admin_.get(text_at(resource.spec, "networking", "address"),
                         text_at(resource.spec, "networking", "advertisedAddress"));
  if (!pair) {
    runtime_.log.error(component, "no admin certificate", {{"proxy", proxy.name}, {"error", pair.error().message}});
    return;
  }
  identity.admin_ca_pem = admin_.ca_pem();
  identity.admin_certificate_pem = pair->certificate_pem;
  identity.admin_key_pem = pair->key_pem;
}

void Reconciler::push(const ProxyPtr& proxy, Snapshot fresh) {
  if (proxy->snapshot) fresh.share(*proxy->snapshot);
  if (proxy->snapshot && *proxy->snapshot == fresh) return;
  auto made = std::make_shared<const Snapshot>(pool_.shared(fresh));
  if (!proxy->is_of_zone() && find(proxy->slot()) == proxy) holders_.change(*proxy, proxy->snapshot.get(), *made);
  proxy->snapshot = std::move(made);
  ++counts_.pushes;
  deliver(proxy, proxy->session.on_snapshot(proxy->snapshot));
}

ProxyIdentity Reconciler::egress_identity(const ProxyPtr& proxy, const MeshView& mesh) {
  ProxyIdentity identity;
  ResourceKey key = egress_key(mesh.name(), proxy->key.name);
  auto tls = mesh_tls(*mesh.mesh(), secrets_of(mesh));
  if (!tls || !tls->has_value()) {
    identities_.forget(key);
    return identity;
  }
  auto issued = identities_.get(key, **tls, {{"kuma.io/service", {"zone-egress"}}});
  if (!issued) {
    runtime_.log.error(component, "no certificate issued",
                       {{"mesh", mesh.name()}, {"proxy", proxy->key.name}, {"error", issued.error().message}});
    return identity;
  }
  identity.certificate_pem = (*issued)->leaf.certificate_pem;
  identity.key_pem = (*issued)->leaf.key_pem;
  identity.ca_bundles[mesh.name()] = (*issued)->ca_bundle_pem;
  rotation_.set();
  return identity;
}

void Reconciler::regenerate_zone(const ProxyPtr& proxy) {
  bool ingress = proxy->metadata.proxy_type == "ingress";
  ZoneProxy facts;
  facts.resource = views_.find(ingress ? "ZoneIngress" : "ZoneEgress", proxy->key);
  if (!facts.resource) return;
  facts.metadata = proxy->metadata;
  if (facts.metadata.admin_port != 0 && facts.metadata.readiness_port == 0) {
    runtime_.log.error(component, "no configuration",
                       {{"proxy", proxy->key.name}, {"error", "the proxy names no port of readiness"}});
    return;
  }
  facts.settings = zone_settings(config_);
  fill_admin(proxy->key, *facts.resource, facts.admin);
  if (!ingress)
    for (const auto& [name, mesh] : views_.all())
      if (mesh->mtls_enabled()) facts.identities[name] = egress_identity(proxy, *mesh);
  ++counts_.generations;
  push(proxy, ingress ? generate_zone_ingress(views_.all(), facts) : generate_zone_egress(views_.all(), facts));
}

void Reconciler::add(ProxyPtr proxy) {
  ProxyPtr& slot = proxies_[proxy->slot()];
  if (slot) {
    slot->drop({GrpcCode::aborted, "the proxy has opened another stream"});
    if (!slot->is_of_zone()) holders_.remove(*slot, slot->snapshot.get());
  }
  slot = proxy;
  if (!proxy->is_of_zone()) holders_.add(*proxy);
  if (proxy->is_of_zone())
    (proxy->metadata.proxy_type == "ingress" ? zone_dirty_.ingresses : zone_dirty_.egresses) = true;
  else
    dirty_[proxy->key.mesh].names.insert(proxy->key.name);
  wake_.set();
}

void Reconciler::remove(const ProxyPtr& proxy) {
  auto found = proxies_.find(proxy->slot());
  if (found != proxies_.end() && found->second == proxy) {
    if (!proxy->is_of_zone()) holders_.remove(*proxy, proxy->snapshot.get());
    proxies_.erase(found);
  }
  if (proxy->metadata.proxy_type == "egress" && !proxies_.contains(proxy->slot()))
    for (const auto& [mesh, view] : views_.all()) identities_.forget(egress_key(mesh, proxy->key.name));
}

ProxyPtr Reconciler::find(const ResourceKey& slot) const {
  auto found = proxies_.find(slot);
  return found == proxies_.end() ? nullptr : found->second;
}

void Reconciler::deliver(const ProxyPtr& proxy, AdsActions actions) {
  bool waiting = actions.waiting;
  proxy->take(std::move(actions), runtime_.clock.wall_now());
  proxy->note_taken();
  if (!waiting) {
    proxy->patience = 0;
    return;
  }
  if (proxy->patience != 0) return;
  proxy->patience = ++waits_;
  spawn(runtime_.executor, runtime_.log, "ads.patience", mind_patience(proxy, proxy->patience));
}

asio::awaitable<void> Reconciler::mind_patience(ProxyPtr proxy, std::uint64_t number) {
  co_await sleep(runtime_.timers, config_.warming_patience);
  if (proxy->closing || proxy->patience != number) co_return;
  runtime_.log.warn("ads", "proxy has not taken its clusters in time",
                    {{"mesh", proxy->key.mesh}, {"proxy", proxy->key.name}});
  proxy->patience = 0;
  try {
    deliver(proxy, proxy->session.on_patience_end());
  } catch (const std::exception& error) {
    fail_proxy(proxy, error.what());
  }
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
