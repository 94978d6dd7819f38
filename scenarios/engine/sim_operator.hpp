/// Who writes to the control planes of a simulated world through their REST APIs, from a process of its own.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "kumasim/scenario/scenario.hpp"
#include "kumasim/sim/world.hpp"
#include "scenarios/engine/mesh_client.hpp"

namespace kumasim::scenario {

class SimOperator {
 public:
  SimOperator(sim::World& world, const Scenario& scenario);

  const sim::Process& process() const { return process_; }
  void kill() { process_.kill(); }

  /// Applies the scenario's resources: those of Global, or of the only control plane, then those of each zone, once
  /// Global has given it the meshes.
  void start();
  /// All of them were taken.
  bool applied() const { return applied_; }
  /// "" unless one was refused.
  const std::string& refused() const { return refused_; }
  /// What it has not got yet.
  std::string waits_for() const;

  /// As MeshWorld has them. REQUIRES: start() was called.
  void apply(const std::string& zone, const nlohmann::json& resource, std::function<void(std::string)> done);
  void remove(const std::string& zone, const ResourceName& is, std::function<void(std::string)> done);
  void read(const std::string& zone, const ResourceName& is, std::function<void(nlohmann::json)> done);

 private:
  asio::awaitable<void> apply_resources();
  asio::awaitable<void> apply_resources(std::string zone);
  asio::awaitable<void> wait_for_meshes(std::string zone);

  const Scenario& scenario_;
  sim::Process& process_;
  std::map<std::string, std::shared_ptr<MeshClient>> clients_;  // by zone; "": Global, or the only control plane
  std::string asks_;                                            // the zone whose control plane must answer
  std::string waits_for_;
  std::string refused_;
  bool applied_ = false;
};

}  // namespace kumasim::scenario
