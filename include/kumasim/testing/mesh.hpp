/// rapidcheck generators of meshes: services that call each other and Kuma policies about them, as JSON that the REST
/// API, kumactl and scenario files take.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <rapidcheck/Gen.h>

#include "kumasim/runtime/time.hpp"
#include "kumasim/testing/fault_plan.hpp"
#include "kumasim/testing/topology.hpp"

namespace kumasim::testing {

struct MeshService {
  std::string name;
  int instances = 1;
  std::vector<std::string> calls{};  ///< of services that stand behind it in the mesh
  bool operator==(const MeshService&) const = default;
};

struct DrawnMesh {
  std::vector<MeshService> services;
  /// Resources in the Universal form: the Mesh `default`, with mutual TLS a permission for all, then policies.
  std::vector<nlohmann::json> resources;
};

struct MeshOptions {
  int services_most = 4;  ///< at least two are drawn
  int instances_most = 3;
  int policies_most = 5;
  std::vector<std::string> policy_kinds{};  ///< of policy_kinds(); empty: all of them
};

/// The kinds of which policies() knows a form.
const std::vector<std::string>& policy_kinds();

/// One valid policy of the mesh `default`, without a name. REQUIRES: `kind` is one of policy_kinds(), `services` is not
/// empty.
rc::Gen<nlohmann::json> policies(const std::string& kind, const std::vector<std::string>& services);

/// Shrinks to fewer policies, services, instances and calls, and to smaller numbers in policies.
rc::Gen<DrawnMesh> meshes(const MeshOptions& options);

/// "service-0-0" and so on.
std::vector<std::string> processes_of(const DrawnMesh& mesh);

struct ScenarioOptions {
  std::string name = "drawn";
  Duration duration = std::chrono::seconds(30);
  int calls_per_second = 10;  ///< of each service to each that it calls
  FaultPlan faults{};
  std::vector<Link> links{};
  std::vector<std::string> always;  ///< expectations (scenarios/README.md); not empty
};

/// A scenario file, for `kumasim run` and for the scenario engine. Its processes, of which faults and links tell, are
/// those that processes_of() names.
std::string to_scenario(const DrawnMesh& mesh, const ScenarioOptions& options);

}  // namespace kumasim::testing
