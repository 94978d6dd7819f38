/// The rules of a store over ordered maps.
#include "reference-cp/store/memory.hpp"

#include <cassert>
#include <utility>

namespace kumasim::cp {

Result<std::unique_ptr<MemoryStore>> MemoryStore::open(std::unique_ptr<Persistence> persistence) {
  auto loaded = persistence->load();
  if (!loaded) return fail(loaded.error());
  auto out = std::make_unique<MemoryStore>();
  for (auto& resource : *loaded) {
    auto shared = std::make_shared<const Resource>(std::move(resource));
    out->tables_.put(*shared->kind, shared->key(), shared);
  }
  out->persistence_ = std::move(persistence);
  return out;
}

Result<std::vector<Change>> MemoryStore::plan(Write write, WallTime now) const {
  assert(write.resource.kind != nullptr);
  const Kind& kind = *write.resource.kind;
  ResourceKey key = write.resource.key();
  ResourcePtr before = tables_.find(kind, key);
  if (write.what != Write::What::create && before == nullptr) return resource_not_found(kind, key);
  Meta& meta = write.resource.meta;
  if (write.what == Write::What::remove) {
    if (meta.version != 0 && before->meta.version != meta.version) return resource_conflict(kind, key);
    return tables_.removals(kind, key, before);
  }
  if (write.what == Write::What::create) {
    assert(kind.is_global() == meta.mesh.empty());
    if (before != nullptr) return resource_exists(kind, key);
    meta.version = 1;
    meta.creation = now;
  } else {
    if (before->meta.version != meta.version) return resource_conflict(kind, key);
    meta.version = before->meta.version + 1;
    meta.creation = before->meta.creation;
  }
  meta.modification = now;
  return std::vector<Change>{{&kind, key, before, std::make_shared<const Resource>(std::move(write.resource))}};
}

Result<std::vector<ResourcePtr>> MemoryStore::write(std::vector<Write> writes, WallTime now) {
  if (closed_) return fail(Code::unavailable, "the store is closed");
  std::vector<Change> changes;
  std::vector<ResourcePtr> out;
  Result<> done;
  for (auto& each : writes) {
    auto planned = plan(std::move(each), now);
    if (!planned) {
      done = fail(planned.error());
      break;
    }
    for (auto& change : *planned) {
      tables_.put(*change.kind, change.key, change.after);
      changes.push_back(std::move(change));
    }
    out.push_back(changes.back().after);
  }
  if (done && persistence_ != nullptr && !changes.empty()) done = persistence_->commit(changes);
  if (!done) {
    for (auto change = changes.rbegin(); change != changes.rend(); ++change)
      tables_.put(*change->kind, change->key, change->before);
    return fail(done.error());
  }
  for (const auto& change : changes) {
    for (const auto& subscriber : subscribers_) subscriber(change);
  }
  return out;
}

Result<ResourcePtr> MemoryStore::write_one(Write::What what, Resource resource, WallTime now) {
  std::vector<Write> writes;
  writes.push_back({what, std::move(resource)});
  auto done = write(std::move(writes), now);
  if (!done) return fail(done.error());
  return done->front();
}

asio::awaitable<Result<ResourcePtr>> MemoryStore::get(const Kind& kind, ResourceKey key) {
  ResourcePtr found = tables_.find(kind, key);
  if (found == nullptr) co_return resource_not_found(kind, key);
  co_return found;
}

asio::awaitable<Result<ResourcePtr>> MemoryStore::create(Resource resource, WallTime now) {
  co_return write_one(Write::What::create, std::move(resource), now);
}

asio::awaitable<Result<ResourcePtr>> MemoryStore::update(Resource resource, WallTime now) {
  co_return write_one(Write::What::update, std::move(resource), now);
}

asio::awaitable<Result<>> MemoryStore::remove(const Kind& kind, ResourceKey key) {
  Resource target;
  target.kind = &kind;
  target.meta.mesh = std::move(key.mesh);
  target.meta.name = std::move(key.name);
  auto done = write_one(Write::What::remove, std::move(target), {});
  if (!done) co_return fail(done.error());
  co_return Result<>();
}

asio::awaitable<Result<std::vector<ResourcePtr>>> MemoryStore::commit(std::vector<Write> writes, WallTime now) {
  co_return write(std::move(writes), now);
}

asio::awaitable<Result<List>> MemoryStore::list(const Kind& kind, ListOptions options) {
  co_return tables_.list(kind, options);
}

void MemoryStore::subscribe(std::function<void(const Change&)> on_change) {
  subscribers_.push_back(std::move(on_change));
}

Result<> MemoryStore::close() {
  closed_ = true;
  return persistence_ != nullptr ? persistence_->close() : Result<>();
}

}  // namespace kumasim::cp
