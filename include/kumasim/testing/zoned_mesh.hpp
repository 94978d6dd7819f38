/// A rapidcheck generator of meshes that lie in several zones: services and where they are, policies of Global and of
/// zones, what is written to them while the mesh runs, and faults of control planes and of the ways between them.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <rapidcheck/Gen.h>

#include "kumasim/runtime/time.hpp"

namespace kumasim::testing {

/// One instance in each of its zones.
struct ZonedService {
  std::string name;
  std::vector<std::string> zones;
  std::vector<std::string> calls{};  ///< of services that stand behind it in the mesh
};

struct ZonedWrite {
  Duration at{};
  std::string zone{};  ///< whose control plane is told; "": Global
  nlohmann::json resource{};
  bool removes = false;
};

/// As scenario files have it. Of `process` alone, of what lies between it and `peer`, or, without both, of the mesh.
struct ZonedFault {
  std::string kind;  ///< "proc.kill"
  std::string process{}, peer{};
  Duration at{}, lasts{};  ///< of what is over at once: zero
  nlohmann::json more = nlohmann::json::object();
};

struct ZonedMesh {
  std::vector<std::string> zones;  ///< zone-1, zone-2, ...; their control planes are kuma-cp-zone-1 and so on
  bool egress = false;             ///< calls of other zones leave by one
  std::vector<ZonedService> services;
  /// What Global is told before the mesh runs: the Mesh `default` with mutual TLS, a permission for all, then policies
  /// and destinations.
  std::vector<nlohmann::json> resources;
  std::vector<ZonedWrite> writes;
  std::vector<ZonedFault> faults;
};

struct ZonedMeshOptions {
  int zones_least = 3, zones_most = 6;
  int services_most = 3;  ///< at least two are drawn
  int policies_most = 4;
  int writes_most = 8;
  int faults_most = 6;
  Duration from = std::chrono::seconds(2);    ///< neither writes nor faults begin before; >= 1s
  Duration until = std::chrono::seconds(25);  ///< nor go on after
};

/// Shrinks to fewer zones, services, policies, writes and faults.
rc::Gen<ZonedMesh> zoned_meshes(const ZonedMeshOptions& options);

struct ZonedScenarioOptions {
  std::string name = "drawn";
  Duration duration = std::chrono::seconds(60);
  int calls_per_second = 2;               ///< of each service to each that it calls
  std::vector<std::string> expectations;  ///< "always: no-plaintext" and so on (scenarios/README.md); not empty
};

/// A scenario file. Its control planes try to reach Global again after 1 to 5 seconds.
std::string to_scenario(const ZonedMesh& mesh, const ZonedScenarioOptions& options);

}  // namespace kumasim::testing
