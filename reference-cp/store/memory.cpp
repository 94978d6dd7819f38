/// The rules of a store over ordered maps.
#include "reference-cp/store/memory.hpp"

#include <cassert>
#include <utility>

#include <fmt/format.h>

#include "reference-cp/model/kinds.hpp"

namespace kumasim::cp {
namespace {

std::string named(const Kind& kind, const ResourceKey& key) {
  return fmt::format("type=\"{}\" name=\"{}\" mesh=\"{}\"", kind.type(), key.name, key.mesh);
}

/// What was seen of a resource goes with it; nullptr where nothing is kept of such.
const Kind* insight_of(const Kind& kind) {
  if (&kind == &kind::dataplane()) return &kind::dataplane_insight();
  if (&kind == &kind::mesh()) return &kind::mesh_insight();
  if (&kind == &kind::zone()) return &kind::zone_insight();
  if (&kind == &kind::zone_ingress()) return &kind::zone_ingress_insight();
  return &kind == &kind::zone_egress() ? &kind::zone_egress_insight() : nullptr;
}

std::unexpected<Error> not_found(const Kind& kind, const ResourceKey& key) {
  return fail(Code::not_found, "resource not found: " + named(kind, key));
}

}  // namespace

Result<std::unique_ptr<MemoryStore>> MemoryStore::open(std::unique_ptr<Persistence> persistence) {
  auto loaded = persistence->load();
  if (!loaded) return fail(loaded.error());
  auto out = std::make_unique<MemoryStore>();
  for (auto& resource : *loaded) {
    auto shared = std::make_shared<const Resource>(std::move(resource));
    out->tables_[shared->kind->type()][shared->key()] = shared;
  }
  out->persistence_ = std::move(persistence);
  return out;
}

ResourcePtr MemoryStore::find(const Kind& kind, const ResourceKey& key) const {
  auto table = tables_.find(kind.type());
  if (table == tables_.end()) return nullptr;
  auto found = table->second.find(key);
  return found == table->second.end() ? nullptr : found->second;
}

void MemoryStore::put(const ResourceKey& key, const Kind& kind, const ResourcePtr& value) {
  Table& table = tables_[kind.type()];
  if (value != nullptr) {
    table[key] = value;
  } else {
    table.erase(key);
  }
}

Result<std::vector<Change>> MemoryStore::plan(Write write, WallTime now) const {
  assert(write.resource.kind != nullptr);
  const Kind& kind = *write.resource.kind;
  ResourceKey key = write.resource.key();
  ResourcePtr before = find(kind, key);
  if (write.what != Write::What::create && before == nullptr) return not_found(kind, key);
  Meta& meta = write.resource.meta;
  if (write.what == Write::What::remove) {
    if (meta.version != 0 && before->meta.version != meta.version)
      return fail(Code::conflict, "resource conflict: " + named(kind, key));
    return removals(kind, key, before);
  }
  if (write.what == Write::What::create) {
    assert(kind.is_global() == meta.mesh.empty());
    if (before != nullptr) return fail(Code::already_exists, "resource already exists: " + named(kind, key));
    meta.version = 1;
    meta.creation = now;
  } else {
    if (before->meta.version != meta.version) return fail(Code::conflict, "resource conflict: " + named(kind, key));
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
      put(change.key, *change.kind, change.after);
      changes.push_back(std::move(change));
    }
    out.push_back(changes.back().after);
  }
  if (done && persistence_ != nullptr && !changes.empty()) done = persistence_->commit(changes);
  if (!done) {
    for (auto change = changes.rbegin(); change != changes.rend(); ++change)
      put(change->key, *change->kind, change->before);
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
  ResourcePtr found = find(kind, key);
  if (found == nullptr) co_return not_found(kind, key);
  co_return found;
}

asio::awaitable<Result<ResourcePtr>> MemoryStore::create(Resource resource, WallTime now) {
  co_return write_one(Write::What::create, std::move(resource), now);
}

asio::awaitable<Result<ResourcePtr>> MemoryStore::update(Resource resource, WallTime now) {
  co_return write_one(Write::What::update, std::move(resource), now);
}

std::vector<Change> MemoryStore::removals(const Kind& kind, const ResourceKey& key, ResourcePtr resource) const {
  std::vector<Change> out;
  if (&kind == &kind::mesh()) {
    for (const auto& [type, table] : tables_) {
      for (const auto& [owned, value] : table) {
        if (owned.mesh == key.name) out.push_back({value->kind, owned, value, nullptr});
      }
    }
  }
  if (const Kind* owned = insight_of(kind))
    if (ResourcePtr insight = find(*owned, key)) out.push_back({owned, key, insight, nullptr});
  out.push_back({&kind, key, std::move(resource), nullptr});
  return out;
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
  List out;
  auto table = tables_.find(kind.type());
  if (table == tables_.end()) co_return out;
  auto first = options.mesh.empty() ? table->second.begin() : table->second.lower_bound({options.mesh, ""});
  for (auto at = first; at != table->second.end(); ++at) {
    const auto& [key, resource] = *at;
    if (!options.mesh.empty() && key.mesh != options.mesh) break;
    if (key.name.find(options.name_contains) == std::string::npos) continue;
    if (options.filter && !options.filter(*resource)) continue;
    std::size_t index = out.total++;
    bool on_page = index >= options.offset && (options.size == 0 || index - options.offset < options.size);
    if (on_page) out.items.push_back(resource);
  }
  if (options.size != 0 && options.offset + options.size < out.total) out.next = options.offset + options.size;
  co_return out;
}

void MemoryStore::subscribe(std::function<void(const Change&)> on_change) {
  subscribers_.push_back(std::move(on_change));
}

Result<> MemoryStore::close() {
  closed_ = true;
  return persistence_ != nullptr ? persistence_->close() : Result<>();
}

}  // namespace kumasim::cp
