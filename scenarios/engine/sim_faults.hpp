/// How each kind of fault is carried out in the simulated world.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kumasim/scenario/fault_order.hpp"
#include "kumasim/sim/world.hpp"
#include "scenarios/engine/faulty_store.hpp"
#include "sim/apps/instance.hpp"
#include "sim/envoy/ads/discovery_faults.hpp"

namespace kumasim::sim::proxy {
class Fabric;
}

namespace kumasim::scenario {

class SimFaults {
 public:
  /// What the world does for them.
  struct Hooks {
    /// The link as the scenario has it, without faults.
    std::function<sim::LinkOptions(const std::string& from, const std::string& to)> link;
    /// Asks a process that is up to end within the time.
    std::function<void(const std::string& process, Duration grace)> stop;
    /// What is wrong with the application of a process from now on, in all of its lives.
    std::function<void(const std::string& process, const sim::InstanceFaults& faults)> set_app_faults;
    /// From its next life on the process has this besides, "NAME=VALUE"; "": what the scenario says.
    std::function<void(const std::string& process, const std::string& set)> set_override;
    /// What is wrong with a control plane's store from now on, in all of its lives.
    std::function<void(const std::string& process, const StoreFaults& faults)> set_store_faults;
    /// What is wrong with its proxy's conversation with the control plane from now on, in all of its lives.
    std::function<void(const std::string& process, const sim::proxy::DiscoveryFaults& faults)> set_discovery_faults;
    /// The certificate of the first instance of a service whose proxy has one; null: none has.
    std::function<sim::proxy::ChainPtr(const std::string& service)> identity_of;
    /// Of these proxies the tokens are revoked, and no others.
    std::function<void(const std::set<std::string>& processes)> revoke_tokens;
    /// Its proxy asks for a type of resources that there is not.
    std::function<void(const std::string& process)> ask_unknown;
    /// Global ends streams of the zone of that control plane: "all", or the one of that name.
    std::function<void(const std::string& process, const std::string& stream)> drop_streams = {};
    /// The zone of that control plane under a name of its own, "" for its own, is removed at Global.
    std::function<void(const std::string& process, const std::string& name)> remove_zone = {};
    /// The zone's name as the scenario has it.
    std::function<std::string(const std::string& process)> zone_of = {};
    /// Global has a policy that zones refuse, or not.
    std::function<void(bool there)> set_refused_policy = {};
    /// The processes of Global.
    std::function<std::vector<std::string>()> replicas_of_global = {};
    /// Whoever leads of those that share the store in that process leads no more.
    std::function<void(const std::string& process)> take_lease = {};
  };

  SimFaults(sim::World& world, sim::proxy::Fabric& fabric, Hooks hooks)
      : world_(world), fabric_(fabric), hooks_(std::move(hooks)) {}

  /// As MeshWorld has them.
  void begin(const FaultOrder& order);
  void end(const FaultOrder& order);
  /// Whether the kind of that name can be carried out; for what is checked against the catalogue.
  static bool knows(std::string_view kind);

 private:
  /// A fault that goes on.
  struct Active {
    FaultOrder order;
    std::set<Way> ways;
    MonotonicTime began = {};
    std::shared_ptr<sim::Lookup> lookup = {};
    std::map<std::string, std::uint64_t> skews = {};           // process -> number
    std::map<std::string, std::uint64_t> lives = {};           // process -> the life that was asked to end
    std::map<std::string, std::shared_ptr<bool>> struck = {};  // process -> whether its stream has ended by it
    sim::proxy::ChainPtr identity = {};                        // that is shown in place of another one
  };
  /// By its disk, in that life.
  struct HeldUp {
    std::uint64_t life = 0;
    MonotonicTime until = {};
  };
  using Carry = void (SimFaults::*)(Active& active, const FaultOrder& part);
  struct Acts {
    Carry begin;
    Carry end = nullptr;  // of what lasts
  };
  static const std::map<std::string_view, Acts>& acts();

  // Links.
  void relink(Active& active, const FaultOrder& part);
  void cut(Active& active, const FaultOrder& part);
  void heal(Active& active, const FaultOrder& part);
  void clog(Active& active, const FaultOrder& part);
  void release(Active& active, const FaultOrder& part);
  void close_doors(Active& active, const FaultOrder& part);
  void open_doors(Active& active, const FaultOrder& part);
  // Connections and names.
  void reset(Active& active, const FaultOrder& part);
  void silence(Active& active, const FaultOrder& part);
  void watch_idle(Active& active, const FaultOrder& part);
  void stampede(Active& active, const FaultOrder& part);
  void forget(Active&, const FaultOrder&) {}
  void look_up(Active& active, const FaultOrder& part);
  void look_up_again(Active& active, const FaultOrder& part);
  // Processes, disks and clocks.
  void set_disk_faults(Active& active, const FaultOrder& part);
  void kill(Active& active, const FaultOrder& part);
  void stop(Active& active, const FaultOrder& part);
  void start(Active& active, const FaultOrder& part);
  void restart(Active& active, const FaultOrder& part);
  void wipe(Active& active, const FaultOrder& part);
  void restart_as(Active& active, const FaultOrder& part);
  void move(Active& active, const FaultOrder& part);
  void pause(Active& active, const FaultOrder& part);
  void resume(Active& active, const FaultOrder& part);
  void slow(Active& active, const FaultOrder& part);
  void hasten(Active& active, const FaultOrder& part);
  void skew(Active& active, const FaultOrder& part);
  void set_right(Active& active, const FaultOrder& part);

  // Stores.
  void set_store_faults(Active& active, const FaultOrder& part);
  StoreFaults store_faults_of(const std::string& process);
  /// True where the control plane dies by it.
  bool count_write(std::uint64_t id);

  // Applications.
  void set_app_faults(Active& active, const FaultOrder& part);
  // Proxies' conversations with the control plane.
  void set_discovery_faults(Active& active, const FaultOrder& part);
  void show_other_identity(Active& active, const FaultOrder& part);
  void revoke_tokens(Active& active, const FaultOrder& part);
  void ask_unknown(Active& active, const FaultOrder& part);
  // Zones and Global.
  void drop_streams(Active& active, const FaultOrder& part);
  void remove_zones(Active& active, const FaultOrder& part);
  void rename_zones(Active& active, const FaultOrder& part);
  void name_zones_again(Active& active, const FaultOrder& part);
  void set_refused_policy(Active& active, const FaultOrder& part);
  void reconnect_elsewhere(Active& active, const FaultOrder& part);
  void flap_leader(Active& active, const FaultOrder& part);
  void flap_again(std::uint64_t id);

  sim::Process& process(const std::string& name);
  sim::LinkOptions link(const Way& way) const;
  /// A fault that lasts, other than that one, has ended its life and not given it back.
  bool held_down(const std::string& process, std::uint64_t other_than) const;
  /// What it starts with besides; of several that say so, the latest that goes on counts.
  std::string override_of(const std::string& process) const;
  std::string renamed(const std::string& process) const;
  /// Kills it, and starts it where nothing holds it down.
  void start_anew(const std::string& process, std::uint64_t order);
  /// Nothing of it runs until then, or longer where more of it is told.
  void hold_up(const std::string& process, Duration time);
  void resume_if_free(const std::string& process, std::uint64_t other_than);
  /// A name had this address before.
  void keep_old_name(const std::string& name, const std::string& address);
  void stampede_again(std::uint64_t id);
  /// Another fault of the kind goes on there.
  bool also(std::string_view kind, const Way& way) const;
  void sweep_idle(std::uint64_t id);
  void record(const FaultOrder& order, std::uint64_t what);

  sim::World& world_;
  sim::proxy::Fabric& fabric_;
  Hooks hooks_;
  std::map<std::uint64_t, Active> active_;  // by the order's id
  std::map<std::string, sim::Process*> found_;
  std::uint32_t moves_ = 0;
  std::map<std::string, sim::SeededRandom> disk_chance_;
  std::map<std::uint64_t, std::int64_t> writes_;  // since view.intermediate struck last
  std::map<std::string, HeldUp> held_up_;
};

}  // namespace kumasim::scenario
