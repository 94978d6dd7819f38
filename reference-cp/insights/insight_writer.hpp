/// Writes each mesh's MeshInsight and ServiceInsight some time after what they count has changed.
///
/// Kuma's insights resyncer: it counts a mesh anew at most once in its shortest interval, and all of them at its full
/// one, as events may be lost on the way. Here the store's word of a change is not lost, and what was counted is kept:
/// a change costs what it changes.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "kumasim/runtime/clock.hpp"
#include "kumasim/runtime/event.hpp"
#include "kumasim/runtime/log.hpp"
#include "kumasim/runtime/timer.hpp"
#include "reference-cp/insights/mesh_tally.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::cp {

/// The services of a mesh are in one ServiceInsight of this name.
std::string service_insight_name(const std::string& mesh);

class InsightWriter {
 public:
  /// All must outlive it.
  InsightWriter(const Clock& clock, Log& log, Store& store) : clock_(clock), log_(log), store_(store) {}

  /// Counts all that the store holds; from then on it hears of every change. An error is the store's.
  asio::awaitable<Result<>> start();
  /// Writes what is due, at most once in `interval`, until the process ends.
  asio::awaitable<void> run(Timers& timers, Duration interval);
  /// Writes what is due now. What fails is due again.
  asio::awaitable<void> write_due();
  bool idle() const { return due_.empty(); }

 private:
  struct Mesh {
    bool there = false;  ///< the Mesh itself is stored
    MeshTally tally;
  };

  void hear(const Change& change);
  void want(const std::string& mesh);
  asio::awaitable<Result<>> write(std::string mesh);
  asio::awaitable<Result<>> put(const Kind& kind, ResourceKey key, nlohmann::json spec);

  const Clock& clock_;
  Log& log_;
  Store& store_;
  std::map<std::string, Mesh> meshes_;
  std::set<std::string> due_;
  bool own_ = false;  ///< the change being heard of is one of these writes
  std::optional<Event> wake_;
};

}  // namespace kumasim::cp
