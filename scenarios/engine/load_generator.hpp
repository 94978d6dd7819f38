/// The load of a scenario: when its calls begin and which instance makes them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kumasim/scenario/fault_order.hpp"
#include "kumasim/scenario/scenario.hpp"
#include "kumasim/scenario/world.hpp"
#include "kumasim/sim/seeded_random.hpp"

namespace kumasim::scenario {

/// Each load has a random stream of its own. The running instances of its caller take turns; while none runs, nobody
/// calls.
class LoadGenerator {
 public:
  /// Begins a call of this instance, as the load is under its faults; `answered` is to be called when its answer has
  /// come, or never.
  using Begin = std::function<void(const Load&, const Instance&, std::function<void()> answered)>;

  LoadGenerator(const Scenario& scenario, MeshWorld& world, std::uint64_t seed, Begin begin);
  ~LoadGenerator();
  void start();

  /// As MeshWorld has them, of kinds that strike loads.
  void begin(const FaultOrder& order);
  void end(const FaultOrder& order);

 private:
  struct Source;
  struct User;

  void start(Source& source, Duration when);
  void add_crowd(const FaultOrder& order);
  /// What faults make of it for one call.
  Load struck(Source& source) const;
  void arrive(Source& source);
  void think(Source& source, User& user, Duration least);
  void ask(Source& source, User& user);
  const Instance* caller(Source& source);

  const Scenario& scenario_;
  MeshWorld& world_;
  std::uint64_t seed_;
  Begin begin_;
  std::map<std::string, std::vector<const Instance*>> instances_;  // by service
  std::vector<std::unique_ptr<Source>> sources_;
  std::vector<FaultOrder> faults_;  // that go on
};

/// How long a call of it takes at most, all tries together.
Duration patience_of(Duration timeout, const Retries& retries);

}  // namespace kumasim::scenario
