/// What is done for a mesh after a batch of changes, one step after another, and again where a step fails.
#include <algorithm>
#include <utility>

#include "kumasim/runtime/task.hpp"
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
  if (todo.certificates) co_await attempt(step_certificates, mesh, ensure_cas(mesh));
  if (!todo.derive) co_return;
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
  failed_[mesh][step] = std::move(reason);
  if (std::exchange(retrying_, true)) return;
  spawn(runtime_.executor, runtime_.log, "reconciler.retry", retry());
}

void Reconciler::note_done(const char* step, const std::string& mesh) {
  auto found = failed_.find(mesh);
  if (found == failed_.end()) return;
  found->second.erase(step);
  if (found->second.empty()) failed_.erase(found);
}

asio::awaitable<void> Reconciler::retry() {
  Duration pause = retry_pause_;
  retry_pause_ = std::min<Duration>(retry_pause_ * 2, retry_max);
  co_await sleep(runtime_.timers, pause);
  retrying_ = false;
  for (const auto& [mesh, steps] : failed_) {
    if (steps.contains(step_offer)) offer_dirty_ = true;
    if (mesh.empty()) continue;
    MeshWork& todo = again_[mesh];
    todo.certificates = todo.certificates || steps.contains(step_certificates);
    todo.derive = todo.derive || steps.contains(step_derive) || steps.contains(step_vips);
    todo.proxies.all = todo.proxies.all || steps.contains(step_serve);
  }
  wake_.set();
}

asio::awaitable<Result<>> Reconciler::refresh_vips(std::string mesh) {
  if (views_.refresh_vips(mesh)) dirty_[mesh].all = true;
  co_return Result<>();
}

asio::awaitable<Result<>> Reconciler::derive(std::string mesh) {
  MeshView::Ptr view = views_.find(mesh);
  if (!view) co_return Result<>();
  WallTime now = runtime_.clock.wall_now();
  auto writes = derive::mesh_services(*view, [this] { return next_address("MeshService"); }, now);
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

std::string Reconciler::next_address(std::string_view kind) {
  std::string address = views_.next_address(kind);
  if (!address.empty()) {
    if (auto found = exhausted_.find(kind); found != exhausted_.end()) exhausted_.erase(found);
  } else if (exhausted_.emplace(kind).second) {
    runtime_.log.error(component, "no virtual address is left", {{"kind", kind}});
  }
  return address;
}

asio::awaitable<Result<>> Reconciler::offer_services() {
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

asio::awaitable<Result<>> Reconciler::ensure_cas(std::string mesh) {
  MeshView::Ptr view = views_.find(mesh);
  if (!view || !view->mesh()) co_return Result<>();
  auto done = co_await authorities_.ensure(*view->mesh());
  if (!done) runtime_.log.error(component, "CA not made", {{"mesh", mesh}, {"error", done.error().message}});
  co_return done;
}

}  // namespace kumasim::cp
