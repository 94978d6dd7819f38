#include "reference-cp/manager/cluster_id.hpp"

#include "reference-cp/model/kinds.hpp"

namespace kumasim::cp {

std::optional<std::string> cluster_id_of(const ResourcePtr& resource) {
  if (!resource || resource->kind != &kind::config() || resource->meta.name != cluster_id_config) return std::nullopt;
  return resource->spec.value("config", "");
}

asio::awaitable<Result<std::string>> cluster_id(Store& store, std::string fresh, WallTime now) {
  auto kept = co_await store.get(kind::config(), {"", cluster_id_config});
  if (!kept && kept.error().code != Code::not_found) co_return fail(kept.error());
  if (kept) co_return *cluster_id_of(*kept);
  Resource record;
  record.kind = &kind::config();
  record.meta.name = cluster_id_config;
  record.spec["config"] = fresh;
  auto made = co_await store.create(std::move(record), now);
  if (!made) co_return fail(made.error());
  co_return fresh;
}

}  // namespace kumasim::cp
