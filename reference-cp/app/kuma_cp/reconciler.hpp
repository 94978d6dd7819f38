/// From the store's changes to the proxies: views, certificates, snapshots, pushed in batches.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kumasim/runtime/event.hpp"
#include "kumasim/runtime/offload.hpp"
#include "kumasim/runtime/runtime.hpp"
#include "reference-cp/app/kuma_cp/config.hpp"
#include "reference-cp/app/kuma_cp/endpoint_holders.hpp"
#include "reference-cp/app/kuma_cp/mesh_views.hpp"
#include "reference-cp/app/kuma_cp/proxy.hpp"
#include "reference-cp/app/kuma_cp/resource_pool.hpp"
#include "reference-cp/identity/admin_certificates.hpp"
#include "reference-cp/identity/identities.hpp"
#include "reference-cp/identity/leaf_keys.hpp"
#include "reference-cp/manager/authorities.hpp"
#include "reference-cp/store/store.hpp"
#include "reference-cp/xds/endpoint_updates.hpp"
#include "reference-cp/xds/shared_generation.hpp"
#include "reference-cp/xds/zone/reach.hpp"

namespace kumasim::cp {

class GenerationMetrics;

/// What /metrics shows of it.
struct ReconcilerCounts {
  std::uint64_t changes = 0, batches = 0, generations = 0, pushes = 0, failures = 0;
};

/// Steps that failed for a mesh, each with the last reason, until they succeed. Without a mesh: of the zone.
using FailedSteps = std::map<std::string, std::map<std::string, std::string>>;

class Reconciler {
 public:
  /// `offload` makes RSA keys, and must outlive it; nullptr: they are made on the spot. `leads` tells whether this
  /// control plane writes what is derived, where several share the store; empty: it does. `metrics` must outlive it;
  /// nullptr: no generation is counted.
  Reconciler(const Runtime& runtime, const Config& config, std::shared_ptr<Store> store, Authorities& authorities,
             Offload* offload = nullptr, std::function<bool()> leads = {}, GenerationMetrics* metrics = nullptr);

  /// Reads all that the store holds; from then on it hears of every change. An error is the store's.
  asio::awaitable<Result<>> start();
  /// Batches changes until the process ends.
  asio::awaitable<void> run();
  /// Of the one that has begun to lead: derives all again, for what the others had to leave. Until it is cancelled.
  asio::awaitable<void> lead();
  /// Renews certificates when they are due until the process ends.
  asio::awaitable<void> rotate();

  /// A proxy whose key and metadata are set; it is sent a snapshot with the next batch. One with the same key is
  /// closed: the newest stream of a proxy counts, for the older one may be a connection that died unseen.
  void add(ProxyPtr proxy);
  void remove(const ProxyPtr& proxy);
  /// Hands a request's outcome to the proxy, and minds what it holds back.
  void deliver(const ProxyPtr& proxy, AdsActions actions);

  /// By its slot.
  ProxyPtr find(const ResourceKey& slot) const;
  const std::map<ResourceKey, ProxyPtr>& proxies() const { return proxies_; }
  const MeshViews& views() const { return views_; }
  const Identities& identities() const { return identities_; }
  /// REQUIRES, for what it gives: start() has succeeded.
  AdminCertificates& admin_certificates() { return admin_; }
  const ReconcilerCounts& counts() const { return counts_; }
  const FailedSteps& failed() const { return failed_; }
  /// Every change has been taken in and pushed, and nothing is to be tried again: no step has failed, no CA and no key
  /// is being made, no ZoneIngress waits for its available services. What views left out waits for a change of its own,
  /// which this does not tell.
  bool idle() const {
    return changes_.empty() && again_.empty() && dirty_.empty() && !zone_dirty_.any() && !busy_ && !making_cas_ &&
           !making_keys_ && offer_ == Offer::none && failed_.empty();
  }
  /// Something that was written, other than an insight, has not reached the proxies' configurations yet.
  bool behind() const { return relevant_ > served_ || !dirty_.empty(); }
  /// Which of the store's changes, counted from 1, made the policy or Mesh what it is; 0 where there is none.
  /// Proxy::made_from counts the same changes.
  std::uint64_t written(const Kind& kind, const ResourceKey& key) const;

  /// A step that failed for a mesh is tried again after a pause of its own that doubles, until it succeeds.
  static constexpr Duration retry_min = std::chrono::seconds(1);
  static constexpr Duration retry_max = std::chrono::minutes(1);
  /// After a batch there is a pause as long as it took, up to this: while many proxies come, each batch serves more of
  /// them, and what is sent is overtaken less often. After a quiet time a change waits for the batch interval only.
  static constexpr Duration batch_pause_max = std::chrono::milliseconds(500);

 private:
  /// Steps as failed() and the metrics name them.
  static constexpr const char* step_certificates = "certificates";
  static constexpr const char* step_vips = "virtual-addresses";
  static constexpr const char* step_derive = "derived-services";
  static constexpr const char* step_offer = "offered-services";
  static constexpr const char* step_serve = "proxies";

  struct Retry {
    Duration pause = retry_min;  ///< the next one
    std::uint64_t waiting = 0;   ///< which of all pauses it waits for; 0: none
  };

  /// What the zone's own ZoneIngresses offer is to be written: not, after a pause, or with the next batch.
  enum class Offer : std::uint8_t { none, waits, due };

  void on_change(const Change& change);
  void hear(Change change);
  void note_for_zone(const Change& change);
  asio::awaitable<void> pause();
  asio::awaitable<void> batch();
  void take_in_changes(Work& work);
  asio::awaitable<void> bring_up(std::string mesh, MeshWork todo);
  /// Nothing that fails for one mesh may end the process: what is stored would end the next start as well.
  asio::awaitable<void> attempt(const char* step, std::string mesh, asio::awaitable<Result<>> work);
  void note_failed(const char* step, const std::string& mesh, std::string reason);
  void note_done(const char* step, const std::string& mesh);
  asio::awaitable<void> retry(std::string_view step, std::string mesh, std::uint64_t number, Duration pause);
  bool leads() const { return !leads_ || leads_(); }
  asio::awaitable<Result<>> refresh_vips(std::string mesh);
  asio::awaitable<Result<>> derive(std::string mesh);
  /// Derives at this time, though nothing has changed.
  void want_derived(const std::string& mesh, std::optional<WallTime> at);
  asio::awaitable<void> derive_later(std::string mesh, WallTime at);
  /// As MeshViews' own, and says so once where no address is left.
  std::string next_address(std::string_view kind);
  /// What the zone has is written into its own ZoneIngresses `ingress_update_interval` after it changed: who reads an
  /// ingress that was just written finds what was written.
  void want_offered();
  asio::awaitable<void> offer_later();
  asio::awaitable<Result<>> offer_services();
  /// The mesh's CA is made where it is missing, beside the batch: a key takes seconds, and nobody waits for somebody
  /// else's. That its secrets are stored is a change as any other.
  void want_cas(const std::string& mesh);
  asio::awaitable<void> make_cas();
  asio::awaitable<Result<>> ensure_cas(std::string mesh);
  asio::awaitable<Result<>> serve_mesh(std::string mesh, Affected affected);
  using Reached = std::vector<std::pair<ProxyPtr, Reach>>;
  Reached reached_by(const std::string& mesh, const Affected& affected, const EndpointUpdates& updates) const;
  void serve(const ProxyPtr& proxy, Reach reach, EndpointUpdates& updates);
  /// Makes its configuration, or the endpoints in it; false: there is nothing new to be sent.
  bool make(const ProxyPtr& proxy, Reach reach, EndpointUpdates& updates);
  /// Logs why a proxy keeps what it has.
  void note_no_configuration(const ProxyPtr& proxy, std::string_view message, const std::string& reason);
  void fail_proxy(const ProxyPtr& proxy, std::string_view reason);
  void regenerate(const ProxyPtr& proxy);
  void regenerate_zone(const ProxyPtr& proxy);
  /// What a proxy is sent for who it is.
  struct Certificates {
    ProxyIdentity facts;
    IdentityPtr held;      ///< the one that is reported of it
    bool complete = true;  ///< false: a key that it needs is being made, and the proxy is to keep what it has
  };
  /// Of the mesh's own mutual TLS. False: it is logged, and there is nothing to be sent.
  bool mtls_identity(const ProxyPtr& proxy, const MeshView& mesh, const Resource& dataplane, Certificates& out);
  /// What the Dataplane's MeshIdentity gives the proxy: nothing where none does, or it is not ready.
  Result<> workload_identity(const ProxyPtr& proxy, const MeshView& mesh, const Resource& dataplane, Certificates& out);
  /// By which the certificate of a workload identity, and that of a zone egress in a mesh, is kept; and the proxy that
  /// a kept certificate is of.
  static ResourceKey workload_key(const ResourceKey& proxy);
  static ResourceKey egress_key(const std::string& mesh, const std::string& egress);
  static ResourceKey holder_of(const ResourceKey& key);
  /// CAs of meshes that a proxy of `mesh` meets by gateways which are marked crossMesh.
  void other_cas(const std::string& mesh, ProxyIdentity& out) const;
  /// An egress is a service of every mesh with mutual TLS.
  void egress_identity(const ProxyPtr& proxy, const MeshView& mesh, Certificates& out);
  void admin_identity(const ProxyPtr& proxy, const Resource& resource, Certificates& out);
  /// It is to be made anew with the next batch.
  void mark(const Proxy& proxy);
  /// Keys that `slot` went without are made beside the batches, and it is marked as each is there.
  void await_keys(const ResourceKey& slot);
  asio::awaitable<void> make_keys();
  bool awaits_key(const std::set<ResourceKey>& slots) const;
  void push(const ProxyPtr& proxy, Snapshot fresh);
  /// False where the proxy has to be generated anew.
  bool refresh_endpoints(const ProxyPtr& proxy, EndpointUpdates& updates);
  asio::awaitable<void> mind_patience(ProxyPtr proxy, std::uint64_t number);

  Runtime runtime_;
  const Config& config_;
  std::shared_ptr<Store> store_;
  Authorities& authorities_;
  Offload* offload_;
  std::function<bool()> leads_;
  MeshViews views_;
  LeafKeys keys_;
  Identities identities_;
  AdminCertificates admin_;
  std::deque<Change> changes_;
  std::uint64_t heard_ = 0, applied_ = 0, served_ = 0;  ///< changes: of all, in the views, in the configurations
  std::uint64_t relevant_ = 0;                          ///< the last one heard that is not an insight
  std::map<std::pair<const Kind*, ResourceKey>, std::uint64_t> written_;  ///< policies and Meshes only
  std::map<ResourceKey, ProxyPtr> proxies_;
  EndpointHolders holders_;                ///< of those that are not of the zone
  std::map<std::string, Affected> dirty_;  ///< by mesh
  FailedSteps failed_;
  Work again_;                                                   ///< what failed and is due
  std::map<std::string, std::map<std::string, Retry>> retries_;  ///< of what is in failed_
  std::uint64_t retry_pauses_ = 0;                               ///< numbers them; none comes twice
  std::map<std::string, WallTime> derive_at_;                    ///< by mesh, where time alone changes something
  std::set<std::string> cas_wanted_;                             ///< meshes
  bool making_cas_ = false;
  std::map<std::string, std::set<ResourceKey>> key_waits_;  ///< slots, by the holder of the key
  bool making_keys_ = false;
  Event wake_;
  Event rotation_;
  ZoneReach zone_dirty_;                          ///< proxies of the zone that are to be made anew
  Offer offer_ = Offer::due;                      ///< at the start at once
  std::set<std::string, std::less<>> exhausted_;  ///< kinds of destinations for which no address is left
  bool busy_ = false;
  MonotonicTime pause_end_;  ///< of the pause after the last batch
  ResourcePool pool_;
  std::map<std::string, SharedGeneration> shared_;  ///< by mesh
  std::uint64_t waits_ = 0;                         // numbers what proxies were made to wait for; none comes twice
  ReconcilerCounts counts_;
  GenerationMetrics* metrics_;
};

}  // namespace kumasim::cp
