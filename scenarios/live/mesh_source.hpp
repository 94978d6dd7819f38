/// All resources of a live control plane, over its REST API.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/error.hpp"

namespace kumasim::scenario {

struct MeshSource {
  std::string url;           ///< http://localhost:5681
  std::string token = {};    ///< of a user; "": none is sent
  std::string ca_file = {};  ///< PEM, for https; "": the machine's authorities
};

/// In the Universal form. Kinds that the server names in /_resources and we do not know are left to `unknown`; so are
/// those of administrators, secrets among them, which are not asked for at all.
struct FetchedMesh {
  std::vector<nlohmann::json> resources;
  std::vector<std::string> unknown;  ///< kinds
  std::string server;                ///< "Kuma 2.12.14"
};
Result<FetchedMesh> fetch_mesh(const MeshSource& source);

}  // namespace kumasim::scenario
