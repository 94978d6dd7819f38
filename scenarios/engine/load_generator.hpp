/// The load of a scenario: when its calls begin and which instance makes them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kumasim/scenario/scenario.hpp"
#include "kumasim/scenario/world.hpp"
#include "kumasim/sim/seeded_random.hpp"

namespace kumasim::scenario {

/// Each load has a random stream of its own. The running instances of its caller take turns; while none runs, nobody
/// calls.
class LoadGenerator {
 public:
  /// Begins a call of this instance; `answered` is to be called when its answer has come, or never.
  using Begin = std::function<void(const Load&, const Instance&, std::function<void()> answered)>;

  LoadGenerator(const Scenario& scenario, MeshWorld& world, std::uint64_t seed, Begin begin);
  ~LoadGenerator();
  void start();

 private:
  struct Source;
  struct User;

  void arrive(Source& source);
  void think(Source& source, User& user, Duration least);
  void ask(Source& source, User& user);
  const Instance* caller(Source& source);

  const Scenario& scenario_;
  MeshWorld& world_;
  Begin begin_;
  std::map<std::string, std::vector<const Instance*>> instances_;  // by service
  std::vector<std::unique_ptr<Source>> sources_;
};

/// How long a call of it takes at most, all tries together.
Duration patience_of(Duration timeout, const Retries& retries);

}  // namespace kumasim::scenario
