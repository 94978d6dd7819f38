/// Writes each mesh's MeshInsight and ServiceInsight some time after what they count has changed.
///
/// Kuma's insights resyncer: it counts a mesh anew at most once in its shortest interval, and all of them at its full
/// one, as events may be lost on the way. Here the store's word of a change is not lost, and what was counted is kept:
/// a change costs what it changes.
#pragma once

#include <cstdint>
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
  /// Writes what is due now. What another write has overtaken is due again at once; what fails, an exception too, after
  /// a pause that doubles until it succeeds, and that is told where it begins, changes and ends.
  asio::awaitable<void> write_due();
  bool idle() const { return due_.empty() && failed_.empty(); }

  static constexpr Duration retry_min = std::chrono::seconds(1);
  static constexpr Duration retry_max = std::chrono::minutes(1);

 private:
  struct Mesh {
    bool there = false;  ///< the Mesh itself is stored
    MeshTally tally;
  };
  struct Failure {
    std::string reason;
    Duration pause = retry_min;  ///< the next one
    std::uint64_t waiting = 0;   ///< which of all pauses it waits for; 0: none
  };

  void hear(const Change& change);
  void want(const std::string& mesh);
  void note_failed(const std::string& mesh, std::string reason);
  void note_done(const std::string& mesh);
  asio::awaitable<void> retry(std::string mesh, std::uint64_t number, Duration pause);
  asio::awaitable<Result<>> write(std::string mesh);
  asio::awaitable<Result<>> put(const Kind& kind, ResourceKey key, nlohmann::json spec);

  const Clock& clock_;
  Log& log_;
  Store& store_;
  std::map<std::string, Mesh> meshes_;
  std::set<std::string> due_;
  std::map<std::string, Failure> failed_;  ///< by mesh
  std::uint64_t retry_pauses_ = 0;         ///< numbers them; none comes twice
  Timers* timers_ = nullptr;               ///< while it runs
  bool own_ = false;                       ///< the change being heard of is one of these writes
  std::optional<Event> wake_;
};

}  // namespace kumasim::cp
