/// The simulated world: one process for the control plane, one for each instance, one for the operator.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kumasim/scenario/worlds.hpp"
#include "kumasim/sim/world.hpp"
#include "scenarios/engine/mesh_client.hpp"
#include "scenarios/engine/sim_control_plane.hpp"
#include "scenarios/engine/sim_faults.hpp"
#include "scenarios/engine/sim_instance.hpp"

namespace kumasim::scenario {

class SimWorld final : public MeshWorld {
 public:
  SimWorld(const Scenario& scenario, SimWorldOptions options);
  ~SimWorld() override;

  Result<> set_up() override;
  void at(Duration when, std::function<void()> action) override;
  Result<> run_until(Duration when) override;
  Duration now() const override { return world_.now() - start_; }

  bool up(const std::string& process) const override;
  void begin(const FaultOrder& order) override { faults_.begin(order); }
  void end(const FaultOrder& order) override { faults_.end(order); }
  void watch_lives(std::function<void(const std::string& process, bool up)> told) override;
  bool watch(EventSink sink) override;

  void apply(const nlohmann::json& resource, std::function<void(std::string)> done) override;
  void remove(const std::string& type, const std::string& mesh, const std::string& name,
              std::function<void(std::string)> done) override;
  void read(const std::string& type, const std::string& mesh, const std::string& name,
            std::function<void(nlohmann::json)> done) override;
  void call(const CallRequest& request, std::function<void(CallRecord)> done) override;
  void on_inner_call(std::function<void(CallRecord)> observer) override;

  StateSample sample() override;
  std::vector<Problem> problems() const override { return problems_; }
  std::map<std::string, std::string> uninterpreted() const override;
  std::map<std::string, std::string> addresses() const override;
  Duration setup_length() const override { return start_.time_since_epoch(); }
  std::uint64_t events() const override { return world_.events(); }
  std::uint64_t fingerprint() const override { return world_.fingerprint(); }

  const sim::World& simulation() const { return world_; }
  /// Null while the process has none. To be used before the world moves on.
  const sim::EnvoyProcess* envoy(const std::string& process) const;

 private:
  sim::Process& process(const std::string& name) const;
  sim::LinkOptions link_between(const std::string& a, const std::string& b) const;
  void stop(const std::string& process, Duration grace);
  void set_override(const std::string& process, const std::string& set);
  void start_operator();
  asio::awaitable<void> apply_resources();
  /// Steps of virtual time until `ready`, at most to the limit of set-up.
  Result<> wait_for(const std::function<bool()>& ready, const std::function<std::string()>& why_not);

  const Scenario& scenario_;
  SimWorldOptions options_;
  sim::World world_;
  std::unique_ptr<sim::proxy::Fabric> fabric_;
  SimFaults faults_;
  StoreFaults store_faults_;
  sim::Process* control_plane_ = nullptr;
  AskControlPlane ask_;
  std::function<void()> stop_control_plane_;
  std::function<void(const std::string& set)> set_control_plane_override_;
  std::string rollout_target_;
  std::string rollout_text_;  // the last answer: most are like the one before
  std::optional<Rollout> rollout_;
  sim::Process* operator_ = nullptr;
  std::map<std::string, std::unique_ptr<SimInstance>> instances_;
  std::shared_ptr<MeshClient> client_;
  MonotonicTime start_{};
  bool applied_ = false;
  bool running_ = false;  // set-up is over
  std::string refused_;
  std::vector<Problem> problems_;
};

}  // namespace kumasim::scenario
