/// What is done for a mesh after a batch of changes, one step after another, and again where a step fails.
#include <algorithm>
#include <utility>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/app/kuma_cp/generation_metrics.hpp"
#include "reference-cp/app/kuma_cp/reconciler.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/xds/derive/available_services.hpp"
#include "reference-cp/xds/derive/destinations.hpp"
#include "reference-cp/xds/derive/mesh_services.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/mesh_service.hpp"
#include "reference-cp/xds/remote_endpoints.hpp"

namespace kumasim::cp {
namespace {

constexpr std::string_view component = "reconciler";

}  // namespace

asio::awaitable<void> Reconciler::bring_up(std::string mesh, MeshWork todo) {
  dirty_[mesh].merge(todo.proxies);
  // All zones of a mesh have one CA: under a global control plane it comes from there, after the mesh.
  if (todo.certificates && !config_.federated()) want_cas(mesh);
  // What derives from proxies is their zones' business.
  if (!todo.derive || config_.mode == "global") co_return;
  co_await attempt(step_vips, mesh, refresh_vips(mesh));
  co_await attempt(step_derive, mesh, derive(mesh));
}

asio::awaitable<void> Reconciler::attempt(const char* step, std::string mesh, asio::awaitable<Result<>> work) {
  std::string reason;
  try {
    auto done = co_await std::move(work);
    if (done) {
      note_done(step, mesh);
      co_return;
    }
    reason = done.error().message;
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::operation_aborted) throw;
    reason = error.what();
    runtime_.log.error(component, "task failed", {{"task", step}, {"mesh", mesh}, {"error", reason}});
  } catch (const std::exception& error) {
    reason = error.what();
    runtime_.log.error(component, "task failed", {{"task", step}, {"mesh", mesh}, {"error", reason}});
  }
  note_failed(step, mesh, std::move(reason));
}

void Reconciler::note_failed(const char* step, const std::string& mesh, std::string reason) {
  ++counts_.failures;
  if (metrics_ != nullptr && step == std::string_view(step_vips)) metrics_->vips_failed();
  failed_[mesh][step] = std::move(reason);
  Retry& again = retries_[mesh][step];
  if (again.waiting != 0) return;
  again.waiting = ++retry_pauses_;
  Duration pause = std::exchange(again.pause, std::min<Duration>(again.pause * 2, retry_max));
  spawn(runtime_.executor, runtime_.log, "reconciler.retry", retry(step, mesh, again.waiting, pause));
}

/// A pause that is still waited for ends without effect: a failure from now on is a new one.
void Reconciler::note_done(const char* step, const std::string& mesh) {
  auto drop = [&](auto& table) {
    auto found = table.find(mesh);
    if (found == table.end()) return;
    found->second.erase(step);
    if (found->second.empty()) table.erase(found);
  };
  drop(failed_);
  drop(retries_);
}

asio::awaitable<void> Reconciler::retry(std::string_view step, std::string mesh, std::uint64_t number, Duration pause) {
  co_await sleep(runtime_.timers, pause);
  auto steps = retries_.find(mesh);
  if (steps == retries_.end()) co_return;
  auto found = steps->second.find(std::string(step));
  if (found == steps->second.end() || found->second.waiting != number) co_return;
  found->second.waiting = 0;
  if (step == step_offer) {
    if (offer_ == Offer::none) offer_ = Offer::due;  // one that waits comes all the same
  } else {
    MeshWork& todo = again_[mesh];
    todo.certificates = todo.certificates || step == step_certificates;
    todo.derive = todo.derive || step == step_derive || step == step_vips;
    todo.proxies.all = todo.proxies.all || step == step_serve;
  }
  wake_.set();
}

asio::awaitable<Result<>> Reconciler::refresh_vips(std::string mesh) {
  const MonotonicTime begun = runtime_.clock.now();
  if (views_.refresh_vips(mesh)) dirty_[mesh].all = true;
  if (metrics_ != nullptr) metrics_->vips_generated(runtime_.clock.now() - begun);
  co_return Result<>();
}

asio::awaitable<Result<>> Reconciler::derive(std::string mesh) {
  MeshView::Ptr view = views_.find(mesh);
  if (!view || !leads()) co_return Result<>();
  WallTime now = runtime_.clock.wall_now();
  auto writes =
      derive::mesh_services(*view, [this] { return next_address("MeshService"); }, now, config_.mesh_service_grace);
  want_derived(mesh, writes.again_at);
  Result<> all;
  auto report = [&](const auto& done, const std::string& name) {
    // What was overtaken is made up for by the change that overtook it.
    if (done || done.error().code == Code::conflict || done.error().code == Code::not_found ||
        done.error().code == Code::already_exists)
      return;
    runtime_.log.warn(component, "service not written",
                      {{"mesh", mesh}, {"name", name}, {"error", done.error().message}});
    all = fail(done.error());
  };
  for (auto& resource : writes.create) {
    std::string name = resource.meta.name;
    std::vector<std::string> addresses = mesh_service::vips(resource);
    auto done = co_await store_->create(std::move(resource), now);
    if (!done) views_.cancel_addresses("MeshService", addresses);
    report(done, name);
  }
  for (auto& resource : writes.update) {
    std::string name = resource.meta.name;
    std::vector<std::string> addresses = mesh_service::vips(resource);
    auto done = co_await store_->update(std::move(resource), now);
    if (!done) views_.cancel_addresses("MeshService", addresses);
    report(done, name);
  }
  for (const auto& key : writes.remove) {
    auto done = co_await store_->remove(kind::mesh_service(), key);
    report(done, key.name);
  }
  auto destinations = derive::destinations(*view, [this](std::string_view kind) { return next_address(kind); });
  for (auto& resource : destinations) {
    std::string name = resource.meta.name, type = resource.kind->type();
    std::vector<std::string> addresses = mesh_service::vips(resource);
    auto done = co_await store_->update(std::move(resource), now);
    if (!done) views_.cancel_addresses(type, addresses);
    report(done, name);
  }
  co_return all;
}

asio::awaitable<void> Reconciler::lead() {
  for (const auto& [mesh, view] : views_.all()) again_[mesh].derive = true;
  if (offer_ == Offer::none) offer_ = Offer::due;  // one that waits comes all the same
  wake_.set();
  Event never(runtime_.executor);
  co_await never.wait();
}

void Reconciler::want_derived(const std::string& mesh, std::optional<WallTime> at) {
  if (!at) {
    derive_at_.erase(mesh);
    return;
  }
  auto [found, fresh] = derive_at_.try_emplace(mesh, *at);
  if (!fresh && found->second == *at) return;
  found->second = *at;
  spawn(runtime_.executor, runtime_.log, "reconciler.derive", derive_later(mesh, *at));
}

asio::awaitable<void> Reconciler::derive_later(std::string mesh, WallTime at) {
  for (WallTime now = runtime_.clock.wall_now(); now < at; now = runtime_.clock.wall_now()) {
    // Slept in steps, for the wall clock may be set meanwhile.
    co_await sleep(runtime_.timers, std::min<Duration>(at - now, std::chrono::minutes(1)));
    auto found = derive_at_.find(mesh);
    if (found == derive_at_.end() || found->second != at) co_return;  // another one waits for another time
  }
  derive_at_.erase(mesh);
  again_[mesh].derive = true;
  wake_.set();
}

std::string Reconciler::next_address(std::string_view kind) {
  std::string address = views_.next_address(kind);
  if (!address.empty()) {
    if (auto found = exhausted_.find(kind); found != exhausted_.end()) exhausted_.erase(found);
  } else if (exhausted_.emplace(kind).second) {
    runtime_.log.error(component, "no virtual address is left", {{"kind", kind}});
  }
  return address;
}

void Reconciler::want_offered() {
  if (offer_ != Offer::none || config_.mode == "global" || views_.count("ZoneIngress") == 0) return;
  offer_ = Offer::waits;
  spawn(runtime_.executor, runtime_.log, "reconciler.offer", offer_later());
}

asio::awaitable<void> Reconciler::offer_later() {
  co_await sleep(runtime_.timers, config_.ingress_update_interval);
  offer_ = Offer::due;
  wake_.set();
}

asio::awaitable<Result<>> Reconciler::offer_services() {
  if (!leads()) co_return Result<>();
  std::vector<ResourcePtr> ingresses = views_.list("ZoneIngress");
  std::erase_if(ingresses, [&](const ResourcePtr& r) { return is_remote_ingress(*r, config_.zone_name); });
  if (ingresses.empty()) co_return Result<>();
  nlohmann::json services = derive::available_services(views_.all());
  Result<> all;
  for (const ResourcePtr& ingress : ingresses) {
    const nlohmann::json& held = at(ingress->spec, "availableServices");
    if (held == services || (held.is_null() && services.empty())) continue;
    Resource changed = *ingress;
    changed.spec["availableServices"] = services;
    auto done = co_await store_->update(std::move(changed), runtime_.clock.wall_now());
    // Who was overtaken comes again with the change that overtook it.
    if (done || done.error().code == Code::conflict || done.error().code == Code::not_found) continue;
    runtime_.log.warn(component, "ZoneIngress not written",
                      {{"name", ingress->meta.name}, {"error", done.error().message}});
    all = fail(done.error());
  }
  co_return all;
}

void Reconciler::want_cas(const std::string& mesh) {
  cas_wanted_.insert(mesh);
  if (std::exchange(making_cas_, true)) return;
  spawn(runtime_.executor, runtime_.log, "reconciler.cas", make_cas());
}

/// One after another: turns in the queue of keys are left to who asks through the API.
asio::awaitable<void> Reconciler::make_cas() {
  while (!cas_wanted_.empty()) {
    std::string mesh = std::move(cas_wanted_.extract(cas_wanted_.begin()).value());
    co_await attempt(step_certificates, mesh, ensure_cas(mesh));
  }
  making_cas_ = false;
}

asio::awaitable<Result<>> Reconciler::ensure_cas(std::string mesh) {
  MeshView::Ptr view = views_.find(mesh);
  if (!view || !view->mesh()) co_return Result<>();
  auto done = co_await authorities_.ensure(*view->mesh());
  if (!done) runtime_.log.error(component, "CA not made", {{"mesh", mesh}, {"error", done.error().message}});
  co_return done;
}

}  // namespace kumasim::cp
