/// A drawn configuration of a whole Envoy: clusters, routes, and listeners of every kind of filter chain.
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include "reference-cp/xds/snapshot.hpp"

namespace kumasim::test {

struct GeneratedEnvoy {
  cp::Snapshot snapshot;
  nlohmann::json document;  ///< the same to read: type -> list of resources in protobuf's JSON mapping
  bool slow = false;        ///< calls may ask for applications that do not answer
};

/// The same seed gives the same configuration. Real Envoy is meant to accept each of them.
GeneratedEnvoy generate_envoy(std::uint64_t seed);

}  // namespace kumasim::test
