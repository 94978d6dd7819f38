/// One of a simulated world's control planes: the only one, Global, or that of a zone.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "kumasim/scenario/observation.hpp"
#include "kumasim/scenario/scenario.hpp"
#include "kumasim/scenario/worlds.hpp"
#include "kumasim/sim/world.hpp"
#include "scenarios/engine/faulty_store.hpp"
#include "scenarios/engine/sim_control_plane.hpp"

namespace kumasim::scenario {

class SimPlane {
 public:
  /// `zone` is "" for Global, and for the only one.
  SimPlane(sim::World& world, const Scenario& scenario, std::string zone);

  const std::string& name() const { return spec_.name; }
  const std::string& zone() const { return zone_; }
  bool up() const { return process_.up(); }

  /// Says what is wrong with its settings, with those that faults give it too; "" where they are valid.
  std::string configure(const SimWorldOptions& options);
  /// `failed` is told as start_control_plane() tells it. REQUIRES: configure() found nothing.
  void start(std::function<void(std::string)> failed);
  void stop() { running_.stop(); }
  void set_override(const std::string& set) { running_.set_override(set); }
  void set_store_faults(const StoreFaults& faults) { store_faults_ = faults; }
  void kill() { process_.kill(); }

  /// Of a zone under Global: all of its streams to Global are open.
  bool federated() const { return running_.federated && running_.federated(); }
  /// It is set to be under Global.
  bool under_global() const;

  /// What it says of the proxies of its zone now; nullopt while it does not answer.
  const std::optional<Rollout>& rollout();

 private:
  const Scenario& scenario_;
  std::string zone_;
  const ControlPlaneSpec& spec_;
  sim::Process& process_;
  SimControlPlaneOptions options_;
  StoreFaults store_faults_;
  SimControlPlane running_;
  std::string target_;  // of the question
  std::string text_;    // the last answer: most are like the one before
  std::optional<Rollout> rollout_;
};

}  // namespace kumasim::scenario
