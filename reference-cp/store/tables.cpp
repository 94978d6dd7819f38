#include "reference-cp/store/tables.hpp"

#include <utility>

#include <fmt/format.h>

#include "reference-cp/model/kinds.hpp"

namespace kumasim::cp {
namespace {

std::string named(const Kind& kind, const ResourceKey& key) {
  return fmt::format("type=\"{}\" name=\"{}\" mesh=\"{}\"", kind.type(), key.name, key.mesh);
}

}  // namespace

std::unexpected<Error> resource_not_found(const Kind& kind, const ResourceKey& key) {
  return fail(Code::not_found, "resource not found: " + named(kind, key));
}

std::unexpected<Error> resource_conflict(const Kind& kind, const ResourceKey& key) {
  return fail(Code::conflict, "resource conflict: " + named(kind, key));
}

std::unexpected<Error> resource_exists(const Kind& kind, const ResourceKey& key) {
  return fail(Code::already_exists, "resource already exists: " + named(kind, key));
}

const Kind* insight_of(const Kind& kind) {
  if (&kind == &kind::dataplane()) return &kind::dataplane_insight();
  if (&kind == &kind::mesh()) return &kind::mesh_insight();
  if (&kind == &kind::zone()) return &kind::zone_insight();
  if (&kind == &kind::zone_ingress()) return &kind::zone_ingress_insight();
  return &kind == &kind::zone_egress() ? &kind::zone_egress_insight() : nullptr;
}

ResourcePtr ResourceTables::find(const Kind& kind, const ResourceKey& key) const {
  auto table = tables_.find(kind.type());
  if (table == tables_.end()) return nullptr;
  auto found = table->second.find(key);
  return found == table->second.end() ? nullptr : found->second;
}

void ResourceTables::put(const Kind& kind, const ResourceKey& key, const ResourcePtr& value) {
  Table& table = tables_[kind.type()];
  if (value != nullptr) {
    table[key] = value;
  } else {
    table.erase(key);
  }
}

std::vector<Change> ResourceTables::removals(const Kind& kind, const ResourceKey& key, ResourcePtr resource) const {
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

List ResourceTables::list(const Kind& kind, const ListOptions& options) const {
  List out;
  auto table = tables_.find(kind.type());
  if (table == tables_.end()) return out;
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
  return out;
}

}  // namespace kumasim::cp
