#include "scenarios/engine/zone_trouble.hpp"

#include <utility>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/manager/zone_removal.hpp"
#include "reference-cp/model/kinds.hpp"

namespace kumasim::scenario {
namespace {

constexpr Duration pause_between = std::chrono::milliseconds(200);

/// Its timeout is below 0, which validation refuses.
cp::Resource refused_policy(const std::string& mesh) {
  nlohmann::json to = {{"targetRef", {{"kind", "Mesh"}}}, {"default", {{"idleTimeout", "-1s"}}}};
  cp::Resource out;
  out.kind = &cp::kind::mesh_timeout();
  out.meta.mesh = mesh;
  out.meta.name = "refused-by-zones";
  out.meta.labels = {{"kuma.io/origin", "global"}, {"kuma.io/mesh", mesh}};
  out.spec = {{"targetRef", {{"kind", "Mesh"}}}, {"to", nlohmann::json::array({to})}};
  return out;
}

/// Somebody else has written meanwhile, or the store cannot do it now; a disk that is full may have room again.
bool may_pass(const Error& error) {
  return error.code == Code::conflict || error.code == Code::unavailable || error.code == Code::resource_exhausted;
}

}  // namespace

StoreWork remove_zone_of(std::string zone) {
  return [zone = std::move(zone)](cp::Store& store, Runtime& runtime) -> asio::awaitable<Result<>> {
    for (;; co_await sleep(runtime.timers, pause_between)) {
      auto writes = co_await cp::zone_removal(store, zone);
      if (!writes && writes.error().code == Code::not_found) co_return Result<>();
      if (!writes && may_pass(writes.error())) continue;
      if (!writes) co_return fail(writes.error());
      auto done = co_await store.commit(std::move(*writes), runtime.clock.wall_now());
      if (done) co_return Result<>();
      // Of what it was to take along, something has gone by itself.
      if (done.error().code != Code::not_found && !may_pass(done.error())) co_return fail(done.error());
    }
  };
}

StoreWork put_refused_policy(std::string mesh, bool there) {
  return [mesh = std::move(mesh), there](cp::Store& store, Runtime& runtime) -> asio::awaitable<Result<>> {
    cp::Resource policy = refused_policy(mesh);
    for (;; co_await sleep(runtime.timers, pause_between)) {
      Result<> done;
      if (there) {
        auto made = co_await store.create(policy, runtime.clock.wall_now());
        if (!made && made.error().code != Code::already_exists) done = fail(made.error());
      } else {
        auto gone = co_await store.remove(*policy.kind, policy.key());
        if (!gone && gone.error().code != Code::not_found) done = fail(gone.error());
      }
      if (done || !may_pass(done.error())) co_return done;
    }
  };
}

}  // namespace kumasim::scenario
