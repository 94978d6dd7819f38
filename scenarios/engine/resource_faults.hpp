/// Faults of what an operator, or CI, does: writes to the control plane's resources through its REST API, in any world.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/scenario/fault_order.hpp"
#include "kumasim/scenario/world.hpp"
#include "scenarios/engine/reader.hpp"

namespace kumasim::scenario {

class ResourceFaults {
 public:
  struct Hooks {
    /// A write was answered; `at` is left out.
    std::function<void(ResourceRecord)> written;
    /// One line for the timeline.
    std::function<void(std::string)> said;
    /// The control plane took what it must refuse.
    std::function<void(std::string)> broke;
  };
  ResourceFaults(const Scenario& scenario, MeshWorld& world, Hooks hooks)
      : scenario_(scenario), world_(world), hooks_(std::move(hooks)) {}

  /// As MeshWorld has them, of kinds that strike resources. An end that comes while the control plane has not answered
  /// the beginning waits for it. Where several strike one resource, an end leaves it as those make it that are left,
  /// and the last end as it is without any.
  void begin(const FaultOrder& order);
  void end(const FaultOrder& order);
  /// A change of the scenario was taken by the control plane of a zone, as MeshWorld has it: null where it deleted the
  /// resource.
  void note_change(const std::string& zone, const ResourceName& is, const nlohmann::json& body);

 private:
  using json = nlohmann::json;
  using Key = std::tuple<std::string, std::string, std::string, std::string>;  // zone, type, mesh, name
  enum class Phase : std::uint8_t { waiting, beginning, going_on, ending };

  struct Active {
    FaultOrder order;
    Phase phase = Phase::waiting;
    bool ended = false;
    bool struck = false;  // a resource of its name was there
    std::size_t unanswered = 0;
    std::vector<ResourceName> made = {};  // what is deleted
  };
  /// A resource that faults strike. Their beginnings and ends write to it one after another.
  struct Struck {
    std::vector<std::uint64_t> faults = {};  // by their orders' ids, as they came
    std::optional<json> owed = {};           // what it is without them; null: it is not there
    bool changed = false;                    // that is what one of `changes` has made of it meanwhile
  };

  /// Where a fault makes resources of its own: a key that no other fault has.
  Key key_of(const FaultOrder& order) const;
  /// Begins or ends what is next for the resource, where nothing of it is unanswered.
  void go_on(const Key& key);
  void strike(Active& active);
  void undo(Active& active);
  void restore(Active& active);
  /// What the faults that strike the resource now make of it.
  json wanted(const Key& key) const;
  /// As the scenario has it before its changes; null for none.
  json first_of(const ResourceName& is) const;
  void put_policies(Active& active);
  void flip(Active& active, json now);
  void flip_back(Active& active, json now);
  void roll_back(Active& active);

  /// Calls `then` with what the control plane has of the fault's resource; not where it has none.
  void read(Active& active, void (ResourceFaults::*then)(Active&, json));
  /// At the beginning of a fault: what its resource is.
  void note_struck(Active& active, const json& now);
  void delete_it(Active& active, json now);
  void write_at_once(Active& active, json now);
  void apply(Active& active, const json& body);
  void remove(Active& active, const ResourceName& is);
  void expect_answer(Active& active) { ++active.unanswered; }
  void answered(std::uint64_t id);
  ResourceName named(const FaultOrder& order) const;
  /// Whose control plane it is written to: that of its instance, or as `resources` and `changes` say.
  std::string zone_of(const ResourceName& is) const;

  const Scenario& scenario_;
  MeshWorld& world_;
  Hooks hooks_;
  std::map<std::uint64_t, Active> active_;  // by the order's id
  std::map<Key, Struck> struck_;
  std::map<Key, json> changed_;  // what `changes` made of a resource; null: deleted
};

/// The policies of cfg.badPolicy, cfg.oversize and cfg.massChange.
std::vector<nlohmann::json> policies_of_fault(const Scenario& scenario, const FaultOrder& order);

}  // namespace kumasim::scenario
