/// MeshTLS's conf (Kuma docs, "MeshTLS").
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace kumasim::cp::policy::mesh_tls {

struct Conf {
  std::optional<std::string> min, max;  ///< TLSAuto, TLS10, ...
  std::vector<std::string> ciphers;
  std::optional<bool> permissive;  ///< otherwise strict with a workload identity, else as the mesh's CA backend says

  static Conf from_json(const nlohmann::json& json);
};

}  // namespace kumasim::cp::policy::mesh_tls
