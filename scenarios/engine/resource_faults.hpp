/// Faults of what an operator, or CI, does: writes to the control plane's resources through its REST API, in any world.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
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
  /// the beginning waits for it.
  void begin(const FaultOrder& order);
  void end(const FaultOrder& order);
  /// A change of the scenario was taken: null where it deleted the resource.
  void note_change(const ResourceName& is, const nlohmann::json& body);

 private:
  using json = nlohmann::json;
  using Key = std::tuple<std::string, std::string, std::string>;  // type, mesh, name
  enum class Phase : std::uint8_t { beginning, going_on, ending };

  struct Active {
    FaultOrder order;
    Phase phase = Phase::beginning;
    bool ended = false;
    std::size_t unanswered = 0;
    json saved = {};                      // what is put back
    std::vector<ResourceName> made = {};  // what is deleted
  };

  void strike(Active& active);
  void undo(Active& active);
  void put_policies(Active& active);
  void write_at_once(Active& active, const json& now);
  void flip(Active& active, json now);
  void flip_back(Active& active, json now);
  void roll_back(Active& active);
  void roll_forward(Active& active);

  /// Calls `then` with what the control plane has of the fault's resource; not where it has none.
  void read(Active& active, void (ResourceFaults::*then)(Active&, json));
  void save_and_delete(Active& active, json now);
  void save_and_write(Active& active, json now);
  void apply(Active& active, const json& body);
  void remove(Active& active, const ResourceName& is);
  void expect_answer(Active& active) { ++active.unanswered; }
  void answered(std::uint64_t id);
  ResourceName named(const FaultOrder& order) const;

  const Scenario& scenario_;
  MeshWorld& world_;
  Hooks hooks_;
  std::map<std::uint64_t, Active> active_;  // by the order's id
  std::map<Key, json> changed_;             // what `changes` made of a resource; null: deleted
};

/// The policies of cfg.badPolicy, cfg.oversize and cfg.massChange.
std::vector<nlohmann::json> policies_of_fault(const Scenario& scenario, const FaultOrder& order);

}  // namespace kumasim::scenario
