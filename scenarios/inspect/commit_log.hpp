/// What was written to the control plane's store, commit by commit.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/time.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::scenario {

struct Commit {
  std::size_t number = 0;  ///< from 1
  Duration at{};           ///< from the moment when the mesh was up, once the log was shifted
  cp::Change change;

  /// "created", "updated", "removed".
  std::string what() const;
  /// "commit 57 at 1m20s: created MeshTrafficPermission audit-to-backend, version 1"
  std::string text() const;
  /// {"commit": 57, "atSeconds": 80.0, "what": "created", "type", "mesh", "name", "version"}.
  nlohmann::json to_json() const;
  /// Counts or reports others: no configuration is made of what it says.
  bool insight() const;
};

class CommitLog {
 public:
  void add(Duration at, const cp::Change& change) { commits_.push_back({commits_.size() + 1, at, change}); }
  /// Times count from `up` on.
  void shift(Duration up) {
    for (Commit& commit : commits_) commit.at -= up;
  }

  /// In the order of time; they stay where they are.
  const std::deque<Commit>& all() const { return commits_; }
  /// The last one that is no insight; null for none.
  const Commit* last() const;
  /// The last one of this resource; null for none.
  const Commit* last_of(const cp::Kind& kind, const cp::ResourceKey& key) const;

 private:
  std::deque<Commit> commits_;
};

}  // namespace kumasim::scenario
