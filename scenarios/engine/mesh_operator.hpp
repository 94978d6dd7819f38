/// Who writes to the control planes of a world through their REST APIs, as a person with kumactl would.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kumasim/scenario/scenario.hpp"
#include "scenarios/engine/mesh_client.hpp"

namespace kumasim::scenario {

class MeshOperator {
 public:
  /// The scenario must outlive it.
  explicit MeshOperator(const Scenario& scenario) : scenario_(scenario) {}

  /// How the control plane of the zone is reached, "" being Global, or the only one. The runtimes must outlive the
  /// tasks of this object.
  void reach(const std::string& zone, std::vector<MeshClient::Door> doors);
  /// Applies the scenario's resources: those of Global, or of the only control plane, then those of each zone, once
  /// Global has given it the meshes. REQUIRES: all control planes can be reached; this object outlives the runtime's
  /// tasks.
  void begin(Runtime& runtime);

  /// All of them were taken.
  bool applied() const { return applied_; }
  /// "" unless one was refused.
  const std::string& refused() const { return refused_; }
  /// What it has not got yet.
  std::string waits_for() const;

  /// As MeshWorld has them. REQUIRES: begin() was called.
  void apply(const std::string& zone, const nlohmann::json& resource, std::function<void(std::string)> done);
  void remove(const std::string& zone, const ResourceName& is, std::function<void(std::string)> done);
  void read(const std::string& zone, const ResourceName& is, std::function<void(nlohmann::json)> done);

 private:
  asio::awaitable<void> apply_resources();
  asio::awaitable<void> apply_resources(std::string zone);
  asio::awaitable<void> wait_for_meshes(std::string zone);
  /// Tells what the client's call gives.
  template <class T>
  void ask(std::shared_ptr<MeshClient> client, asio::awaitable<T> call, std::function<void(T)> done);

  const Scenario& scenario_;
  Runtime* runtime_ = nullptr;
  std::map<std::string, std::shared_ptr<MeshClient>> clients_;  // by zone
  std::string asks_;                                            // the zone whose control plane must answer
  std::string waits_for_;
  std::string refused_;
  bool applied_ = false;
};

}  // namespace kumasim::scenario
