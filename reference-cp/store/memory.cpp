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

Result<> MemoryStore::commit(const std::vector<Change>& changes) {
  if (persistence_ != nullptr) {
    auto durable = persistence_->commit(changes);
    if (!durable) return durable;
  }
  for (const auto& change : changes) {
    Table& table = tables_[change.kind->type()];
    if (change.after != nullptr) {
      table[change.key] = change.after;
    } else {
      table.erase(change.key);
    }
  }
  for (const auto& change : changes) {
    for (const auto& subscriber : subscribers_) subscriber(change);
  }
  return {};
}

asio::awaitable<Result<ResourcePtr>> MemoryStore::get(const Kind& kind, ResourceKey key) {
  ResourcePtr found = find(kind, key);
  if (found == nullptr) co_return not_found(kind, key);
  co_return found;
}

asio::awaitable<Result<ResourcePtr>> MemoryStore::create(Resource resource, WallTime now) {
  assert(resource.kind != nullptr);
  assert(resource.kind->is_global() == resource.meta.mesh.empty());
  const Kind& kind = *resource.kind;
  ResourceKey key = resource.key();
  if (find(kind, key) != nullptr) co_return fail(Code::already_exists, "resource already exists: " + named(kind, key));
  resource.meta.version = 1;
  resource.meta.creation = now;
  resource.meta.modification = now;
  ResourcePtr after = std::make_shared<const Resource>(std::move(resource));
  auto done = commit({{&kind, key, nullptr, after}});
  if (!done) co_return fail(done.error());
  co_return after;
}

asio::awaitable<Result<ResourcePtr>> MemoryStore::update(Resource resource, WallTime now) {
  assert(resource.kind != nullptr);
  const Kind& kind = *resource.kind;
  ResourceKey key = resource.key();
  ResourcePtr before = find(kind, key);
  if (before == nullptr) co_return not_found(kind, key);
  if (before->meta.version != resource.meta.version) {
    co_return fail(Code::conflict, "resource conflict: " + named(kind, key));
  }
  resource.meta.version = before->meta.version + 1;
  resource.meta.creation = before->meta.creation;
  resource.meta.modification = now;
  ResourcePtr after = std::make_shared<const Resource>(std::move(resource));
  auto done = commit({{&kind, key, before, after}});
  if (!done) co_return fail(done.error());
  co_return after;
}

std::vector<Change> MemoryStore::removals(const Kind& kind, const ResourceKey& key, ResourcePtr resource) const {
  std::vector<Change> out;
  if (&kind == &kind::mesh()) {
    for (const auto& [type, table] : tables_) {
      for (const auto& [owned, value] : table) {
        if (owned.mesh == key.name) out.push_back({value->kind, owned, value, nullptr});
      }
    }
  } else if (&kind == &kind::dataplane()) {
    if (ResourcePtr insight = find(kind::dataplane_insight(), key))
      out.push_back({insight->kind, key, insight, nullptr});
  }
  out.push_back({&kind, key, std::move(resource), nullptr});
  return out;
}

asio::awaitable<Result<>> MemoryStore::remove(const Kind& kind, ResourceKey key) {
  ResourcePtr before = find(kind, key);
  if (before == nullptr) co_return not_found(kind, key);
  co_return commit(removals(kind, key, before));
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

}  // namespace kumasim::cp
