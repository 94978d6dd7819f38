/// Resources in memory by type and key: what a store answers reads from.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "reference-cp/store/store.hpp"

namespace kumasim::cp {

/// What was seen of a resource goes with it; nullptr where nothing is kept of such.
const Kind* insight_of(const Kind& kind);

/// Errors of stores, in Kuma's words.
std::unexpected<Error> resource_not_found(const Kind& kind, const ResourceKey& key);
std::unexpected<Error> resource_conflict(const Kind& kind, const ResourceKey& key);
std::unexpected<Error> resource_exists(const Kind& kind, const ResourceKey& key);

class ResourceTables {
 public:
  using Table = std::map<ResourceKey, ResourcePtr>;

  /// nullptr where there is none.
  ResourcePtr find(const Kind& kind, const ResourceKey& key) const;
  /// Takes the place of what was there; nullptr removes it.
  void put(const Kind& kind, const ResourceKey& key, const ResourcePtr& value);
  /// As Store::list.
  List list(const Kind& kind, const ListOptions& options) const;
  /// What goes with this resource, and itself at the end.
  std::vector<Change> removals(const Kind& kind, const ResourceKey& key, ResourcePtr resource) const;

  const std::map<std::string, Table>& by_type() const { return tables_; }

 private:
  std::map<std::string, Table> tables_;
};

}  // namespace kumasim::cp
