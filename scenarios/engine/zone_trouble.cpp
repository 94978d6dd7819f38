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

}  // namespace

StoreWork remove_zone_of(std::string zone) {
  return [zone = std::move(zone)](cp::Store& store, Runtime& runtime) -> asio::awaitable<void> {
    for (;; co_await sleep(runtime.timers, pause_between)) {
      auto writes = co_await cp::zone_removal(store, zone);
      if (!writes && writes.error().code == Code::not_found) co_return;
      if (!writes) continue;
      if (co_await store.commit(std::move(*writes), runtime.clock.wall_now())) co_return;
    }
  };
}

StoreWork put_refused_policy(std::string mesh, bool there) {
  return [mesh = std::move(mesh), there](cp::Store& store, Runtime& runtime) -> asio::awaitable<void> {
    cp::Resource policy = refused_policy(mesh);
    for (;; co_await sleep(runtime.timers, pause_between)) {
      if (there) {
        auto made = co_await store.create(policy, runtime.clock.wall_now());
        if (made || made.error().code == Code::already_exists) co_return;
      } else {
        auto gone = co_await store.remove(*policy.kind, policy.key());
        if (gone || gone.error().code == Code::not_found) co_return;
      }
    }
  };
}

}  // namespace kumasim::scenario
