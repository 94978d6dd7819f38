/// The simulated world: one process for each control plane, shared store, zone proxy and instance, and one for the
/// operator.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kumasim/scenario/worlds.hpp"
#include "kumasim/sim/world.hpp"
#include "scenarios/engine/proxy_tokens.hpp"
#include "scenarios/engine/sim_faults.hpp"
#include "scenarios/engine/sim_instance.hpp"
#include "scenarios/engine/sim_operator.hpp"
#include "scenarios/engine/sim_plane.hpp"
#include "scenarios/engine/sim_zone_proxy.hpp"
#include "scenarios/engine/store_table.hpp"
#include "scenarios/engine/traffic_oracle.hpp"

namespace kumasim::scenario {

class SimWorld final : public MeshWorld {
 public:
  SimWorld(const Scenario& scenario, SimWorldOptions options);
  ~SimWorld() override;

  Result<> set_up() override;
  void at(Duration when, std::function<void()> action) override;
  Result<> run_until(Duration when) override;
  Duration now() const override { return world_.now() - start_; }
  WallTime wall_now() const override { return world_.wall_now(); }

  bool up(const std::string& process) const override;
  void begin(const FaultOrder& order) override { faults_.begin(order); }
  void end(const FaultOrder& order) override { faults_.end(order); }
  void watch_lives(std::function<void(const std::string& process, bool up)> told) override;
  bool watch_paths() override;
  void tell_paths(Observations& out) const override;
  bool watch(EventSink sink) override;

  void apply(const std::string& zone, const nlohmann::json& resource, std::function<void(std::string)> done) override;
  void remove(const std::string& zone, const ResourceName& is, std::function<void(std::string)> done) override;
  void read(const std::string& zone, const ResourceName& is, std::function<void(nlohmann::json)> done) override {
    operator_->read(zone, is, std::move(done));
  }
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
  void add_processes();
  /// Null where it is no control plane, or no proxy.
  SimPlane* find_plane(const std::string& process) const;
  SimProxy* find_proxy(const std::string& process) const;
  /// A replica of Global that can write, or the first.
  SimPlane& any_global() const;
  sim::proxy::ChainPtr identity_of(const std::string& service) const;
  void revoke_tokens(const std::set<std::string>& processes);
  std::map<std::string, SimProxy*> proxies() const;
  sim::LinkOptions link_between(const std::string& a, const std::string& b) const;
  void stop(const std::string& process, Duration grace);
  void set_override(const std::string& process, const std::string& set);
  void start_tables();
  Result<> start_control_planes();
  /// What `process` failed at, as a problem of the run.
  std::function<void(std::string)> failing(const std::string& process);
  void note_planes(StateSample& sample);
  void note_zone(const ResourceName& written, bool disabled);
  /// Steps of virtual time until `ready`, at most to the limit of set-up.
  Result<> wait_for(const std::function<bool()>& ready, const std::function<std::string()>& why_not);

  const Scenario& scenario_;
  SimWorldOptions options_;
  sim::World world_;
  std::unique_ptr<sim::proxy::Fabric> fabric_;
  SimFaults faults_;
  std::vector<std::unique_ptr<SimPlane>> planes_;  // as Scenario::control_planes()
  std::map<std::string, StoreTable> tables_;       // by process; of Scenario::stores()
  std::unique_ptr<SimOperator> operator_;
  std::unique_ptr<TokenRevocations> revocations_;
  std::set<std::string> meshes_of_revocations_;
  std::map<std::string, std::unique_ptr<SimZoneProxy>> zone_proxies_;
  std::map<std::string, std::unique_ptr<SimInstance>> instances_;
  std::set<std::string> disabled_zones_;
  std::unique_ptr<TrafficOracle> oracle_;  // null: nobody asked for it
  MonotonicTime start_{};
  bool running_ = false;  // set-up is over
  std::vector<Problem> problems_;
};

}  // namespace kumasim::scenario
