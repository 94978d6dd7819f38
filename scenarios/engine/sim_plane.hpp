/// One of a simulated world's control planes: the only one, Global or a replica of it, or that of a zone.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
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
  /// `zone` is "" for Global, and for the only one; `process` is one of those of its control plane, and `shared` what
  /// it has in common with the others.
  SimPlane(sim::World& world, const Scenario& scenario, std::string zone, const std::string& process,
           std::shared_ptr<SharedByReplicas> shared);

  const std::string& name() const { return process_.name(); }
  const std::string& zone() const { return zone_; }
  /// That of all replicas.
  const std::string& common_name() const { return spec_.name; }
  bool up() const { return process_.up(); }

  /// Says what is wrong with its settings, with those that faults give it too; "" where they are valid.
  std::string configure(const SimWorldOptions& options);
  /// `failed` is told as start_control_plane() tells it. REQUIRES: configure() found nothing.
  void start(std::function<void(std::string)> failed);
  void stop() { running_.stop(); }
  void set_override(const std::string& set) { running_.set_override(set); }
  void set_store_faults(const StoreFaults& faults) { store_faults_ = faults; }
  void kill() { process_.kill(); }

  /// Of Global: ends streams of a zone, "all" or the one of that name.
  void drop_streams(const std::string& zone, const std::string& stream) { running_.drop_streams(zone, stream); }
  /// Of Global: the Zone and all that came from it go from its store, now or as soon as it runs.
  void remove_zone(const std::string& zone);
  /// Of Global: it has a policy that zones refuse, or not, now or as soon as it runs.
  void set_refused_policy(bool there);

  /// Of a zone under Global: all of its streams to Global are open.
  bool federated() const { return running_.federated && running_.federated(); }
  /// It reaches its store, as far as it knows.
  bool has_store() const { return running_.has_store && running_.has_store(); }
  /// It is set to be under Global.
  bool under_global() const;

  /// What it says of the proxies of its zone now; nullopt while it does not answer.
  const std::optional<Rollout>& rollout();

 private:
  void catch_up();
  void start_removal(const std::string& zone);
  void put_policy();

  const Scenario& scenario_;
  std::string zone_;
  const ControlPlaneSpec& spec_;
  sim::Process& process_;
  std::shared_ptr<SharedByReplicas> shared_;
  SimControlPlaneOptions options_;
  StoreFaults store_faults_;
  SimControlPlane running_;
  std::set<std::string> zones_to_remove_;
  bool refused_policy_ = false, has_refused_policy_ = false;
  std::string target_;  // of the question
  std::string text_;    // the last answer: most are like the one before
  std::optional<Rollout> rollout_;
};

}  // namespace kumasim::scenario
