#include "reference-cp/app/kuma_cp/reconciler.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/app/kuma_cp/generation_metrics.hpp"
#include "reference-cp/identity/key_making.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/xds/generate.hpp"
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

LeafKeys leaf_keys(const Config& config, const Offload* offload) {
  KeySpec spec = key_spec(config.leaf_key);
  return LeafKeys(spec, is_made_beside(offload, spec) ? LeafKeys::Made::beside : LeafKeys::Made::on_the_spot);
}

}  // namespace

Reconciler::Reconciler(const Runtime& runtime, const Config& config, std::shared_ptr<Store> store,
                       Authorities& authorities, Offload* offload, std::function<bool()> leads,
                       GenerationMetrics* metrics)
    : runtime_(runtime),
      config_(config),
      store_(std::move(store)),
      authorities_(authorities),
      offload_(offload),
      leads_(std::move(leads)),
      views_(zone_settings(config)),
      keys_(leaf_keys(config, offload)),
      identities_(runtime.clock, runtime.random, keys_),
      admin_(runtime.clock, runtime.random, keys_),
      wake_(runtime.executor),
      rotation_(runtime.executor),
      metrics_(metrics) {}

asio::awaitable<Result<>> Reconciler::start() {
  // A global control plane has no proxies.
  if (config_.mode != "global")
    if (auto admin = co_await admin_.start(*store_, offload_); !admin) co_return admin;
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
      identities_.forget_mesh(change.key.name);
    }
  }
}

asio::awaitable<void> Reconciler::batch() {
  busy_ = true;
  ++counts_.batches;
  Work work = std::exchange(again_, {});
  for (int round = 0; round < rounds_max && (!changes_.empty() || !work.empty() || offer_ == Offer::due); ++round) {
    take_in_changes(work);
    for (auto& [mesh, todo] : std::exchange(work, {})) co_await bring_up(mesh, std::move(todo));
    if (offer_ != Offer::due) continue;
    offer_ = Offer::none;
    co_await attempt(step_offer, {}, offer_services());
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
  static constexpr std::string_view offered[] = {"Dataplane", "ExternalService", "Mesh", "MeshGateway", "ZoneIngress"};
  if (std::ranges::find(offered, kind) != std::end(offered)) want_offered();
}

/// What fails for one proxy must not keep others from their configuration: its stream ends, and it comes again.
void Reconciler::serve(const ProxyPtr& proxy, Reach reach, EndpointUpdates& updates) {
  const MonotonicTime begun = runtime_.clock.now();
  const std::uint64_t pushes = counts_.pushes;
  try {
    if (make(proxy, reach, updates) && metrics_ != nullptr)
      metrics_->xds_generated(proxy->metadata.proxy_type, counts_.pushes != pushes, runtime_.clock.now() - begun);
  } catch (const std::exception& error) {
    fail_proxy(proxy, error.what());
  }
  await_keys(proxy->slot());
}

bool Reconciler::make(const ProxyPtr& proxy, Reach reach, EndpointUpdates& updates) {
  if (proxy->is_of_zone())
    regenerate_zone(proxy);
  else if (reach != Reach::everything && refresh_endpoints(proxy, updates))
    return true;
  else
    regenerate(proxy);
  return !proxy->stale;
}

void Reconciler::note_no_configuration(const ProxyPtr& proxy, std::string_view message, const std::string& reason) {
  if (metrics_ != nullptr) metrics_->xds_failed();
  runtime_.log.error(component, message, {{"mesh", proxy->key.mesh}, {"proxy", proxy->key.name}, {"error", reason}});
}

void Reconciler::fail_proxy(const ProxyPtr& proxy, std::string_view reason) {
  if (metrics_ != nullptr) metrics_->xds_failed();
  runtime_.log.error(component, "proxy not configured",
                     {{"mesh", proxy->key.mesh}, {"proxy", proxy->key.name}, {"error", reason}});
  proxy->drop({GrpcCode::internal, "the proxy's configuration could not be made"});
}

bool Reconciler::refresh_endpoints(const ProxyPtr& proxy, EndpointUpdates& updates) {
  if (!proxy->snapshot || config_.planted.configuration) return false;
  std::shared_ptr<const Snapshot> fresh = updates.apply(proxy->snapshot);
  if (!fresh) return false;
  if (fresh == proxy->snapshot) return true;
  proxy->snapshot = std::move(fresh);
  ++counts_.pushes;
  runtime_.log.debug(component, "snapshot made", {{"mesh", proxy->key.mesh}, {"proxy", proxy->key.name}});
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
  Certificates certificates;
  if (!mtls_identity(proxy, *view, **dataplane, certificates)) return;
  if (auto workload = workload_identity(proxy, *view, **dataplane, certificates); !workload)
    return note_no_configuration(proxy, "no identity issued", workload.error().message);
  admin_identity(proxy, **dataplane, certificates);
  if (!certificates.complete) return;
  other_cas(proxy->key.mesh, certificates.facts);
  ProxyView facts = proxy_view(*view, *dataplane, proxy->metadata, std::move(certificates.facts));
  ++counts_.generations;
  auto made = try_generate(*view, facts, {.planted = config_.planted, .shared = &shared_[proxy->key.mesh]});
  if (!made) return note_no_configuration(proxy, "no configuration", made.error().message);
  proxy->hold(std::move(certificates.held));
  proxy->made_from = applied_;
  proxy->stale = false;
  push(proxy, std::move(*made));
  proxy->note_taken();
}

void Reconciler::push(const ProxyPtr& proxy, Snapshot fresh) {
  if (config_.planted.configuration) config_.planted.configuration(fresh);
  if (proxy->snapshot) fresh.share(*proxy->snapshot);
  if (proxy->snapshot && *proxy->snapshot == fresh) return;
  auto made = std::make_shared<const Snapshot>(pool_.shared(fresh));
  if (!proxy->is_of_zone() && find(proxy->slot()) == proxy) holders_.change(*proxy, proxy->snapshot.get(), *made);
  proxy->snapshot = std::move(made);
  ++counts_.pushes;
  runtime_.log.debug(component, "snapshot made", {{"mesh", proxy->key.mesh}, {"proxy", proxy->key.name}});
  deliver(proxy, proxy->session.on_snapshot(proxy->snapshot));
}

void Reconciler::regenerate_zone(const ProxyPtr& proxy) {
  proxy->stale = true;  // until it is made
  bool ingress = proxy->metadata.proxy_type == "ingress";
  ZoneProxy facts;
  facts.resource = views_.find(ingress ? "ZoneIngress" : "ZoneEgress", proxy->key);
  if (!facts.resource) return;
  facts.metadata = proxy->metadata;
  if (facts.metadata.admin_port != 0 && facts.metadata.readiness_port == 0)
    return note_no_configuration(proxy, "no configuration", "the proxy names no port of readiness");
  facts.settings = zone_settings(config_);
  Certificates admin;
  admin_identity(proxy, *facts.resource, admin);
  facts.admin = std::move(admin.facts);
  bool complete = admin.complete;
  for (const auto& [name, mesh] : views_.all()) {
    if (ingress || !mesh->mtls_enabled()) continue;
    Certificates certificates;
    egress_identity(proxy, *mesh, certificates);
    facts.identities[name] = std::move(certificates.facts);
    complete = complete && certificates.complete;
  }
  if (!complete) return;
  ++counts_.generations;
  proxy->stale = false;
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
  mark(*proxy);
}

void Reconciler::mark(const Proxy& proxy) {
  if (proxy.is_of_zone())
    (proxy.metadata.proxy_type == "ingress" ? zone_dirty_.ingresses : zone_dirty_.egresses) = true;
  else
    dirty_[proxy.key.mesh].names.insert(proxy.key.name);
  wake_.set();
}

void Reconciler::remove(const ProxyPtr& proxy) {
  auto found = proxies_.find(proxy->slot());
  bool ends = found != proxies_.end() && found->second == proxy;
  if (found != proxies_.end() && config_.planted.stream_ends) ends = config_.planted.stream_ends(ends);
  if (ends) {
    if (!proxy->is_of_zone()) holders_.remove(*found->second, found->second->snapshot.get());
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
  if (runtime_.log.enabled(LogLevel::debug)) {
    for (const AdsResponse& response : actions.send)
      runtime_.log.debug("ads", "pushed",
                         {{"mesh", proxy->key.mesh},
                          {"proxy", proxy->key.name},
                          {"type", response.type_url},
                          {"version", response.version},
                          {"nonce", response.nonce}});
  }
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

}  // namespace kumasim::cp
