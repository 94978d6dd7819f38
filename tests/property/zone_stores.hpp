/// The stores of a world of many zones, as their changes tell: what each control plane should have of the others, and
/// what must never become of it.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "kumasim/runtime/time.hpp"
#include "kumasim/scenario/scenario.hpp"
#include "reference-cp/kds/exchange_rules.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::testing {

class ZoneStores {
 public:
  /// All must outlive it. `now` is the world's time.
  ZoneStores(const scenario::Scenario& scenario, std::function<MonotonicTime()> now);

  /// A life of a control plane has begun with this store.
  void opened(const std::string& process, cp::Store& store);

  /// What of the stores is not as their owners have it: Global of each zone exactly what it gives, each zone of Global
  /// exactly what that gives it. "" where all is. `insights`: also of what changes by itself.
  std::string difference(bool insights) const;

  /// null where that control plane has no such resource.
  cp::ResourcePtr find(const std::string& process, const cp::Kind& kind, const cp::ResourceKey& key) const;

  /// What happened though it must not: a resource was taken from one control plane while its owner gave it; two
  /// destinations of one zone had the same virtual address.
  const std::vector<std::string>& broken() const { return broken_; }

 private:
  using Resources = std::map<cp::ResourceKey, cp::ResourcePtr>;
  struct Place {
    std::string zone;  ///< "": Global
    std::map<const cp::Kind*, Resources> held;
  };
  /// A resource of another, as that one gives it.
  struct Copy {
    std::string holder;  ///< process
    const cp::Kind* kind = nullptr;
    cp::ResourceKey key;
    auto operator<=>(const Copy&) const = default;
  };
  using Copies = std::map<Copy, cp::Resource>;

  void changed(const std::string& process, const cp::Change& change);
  /// What others get of it; nothing of null.
  Copies copies(const Place& owner, const cp::Resource* resource) const;
  bool is_copy(const Place& holder, const cp::Resource& resource) const;
  void removed(const std::string& process, const cp::Change& change);
  void check_addresses(const std::string& process, const cp::Change& change);
  std::string process_of(const std::string& zone) const;

  const scenario::Scenario& scenario_;
  std::function<MonotonicTime()> now_;
  std::map<std::string, Place> places_;  ///< by process
  std::set<Copy> given_;
  std::map<Copy, MonotonicTime> withdrawn_;  ///< when last
  std::vector<std::string> broken_;
};

}  // namespace kumasim::testing
