/// rapidcheck generators of topologies and fault plans. A failing case shrinks to fewer processes, links and faults,
/// then to earlier and shorter faults.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <rapidcheck/Gen.h>

#include "kumasim/testing/fault_plan.hpp"
#include "kumasim/testing/topology.hpp"

namespace kumasim::testing {

/// Processes that do the same: NAME where there can be one only, else NAME-0, NAME-1 and so on.
struct Role {
  std::string name;
  int least = 1, most = 1;
};

struct TopologyOptions {
  std::vector<Role> roles;
  /// Links are drawn for up to so many pairs; the others have the world's default.
  int links_most = 4;
  Duration delay_most = std::chrono::milliseconds(100);  ///< >= 1ms
  std::uint32_t loss_ppm_most = 20'000;                  ///< in parts of a million
};

struct FaultPlanOptions {
  std::vector<std::string> processes{};  ///< whom faults may strike; two at least for kinds that strike a way
  std::vector<Fault::Kind> kinds = {Fault::Kind::partition, Fault::Kind::clog, Fault::Kind::delay, Fault::Kind::loss,
                                    Fault::Kind::reset,     Fault::Kind::kill, Fault::Kind::pause};
  int faults_most = 5;
  Duration over_by = std::chrono::seconds(30);  ///< no fault lasts longer than to this time; >= 1ms
  Duration lasts_most = std::chrono::seconds(10);
  Duration delay_most = std::chrono::seconds(2);
  std::uint32_t loss_ppm_most = 500'000;  ///< in parts of a million; >= 1 where there are losses
};

/// What a run of a test is given.
struct Case {
  Topology topology{};
  FaultPlan faults{};
  bool operator==(const Case&) const = default;
};

rc::Gen<Topology> topologies(const TopologyOptions& options);
rc::Gen<FaultPlan> fault_plans(const FaultPlanOptions& options);
/// Faults strike the processes of the topology where their options name none.
rc::Gen<Case> cases(const TopologyOptions& topology, const FaultPlanOptions& faults);

}  // namespace kumasim::testing
