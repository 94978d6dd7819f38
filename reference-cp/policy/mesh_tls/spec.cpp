/// MeshTLS's conf from JSON.
#include "reference-cp/policy/mesh_tls/spec.hpp"

#include "reference-cp/policy/conf_read.hpp"

namespace kumasim::cp::policy::mesh_tls {

Conf Conf::from_json(const nlohmann::json& json) {
  Conf conf;
  conf.min = optional_text_at(at(json, "tlsVersion"), "min");
  conf.max = optional_text_at(at(json, "tlsVersion"), "max");
  for (const nlohmann::json& cipher : list_at(json, "tlsCiphers")) conf.ciphers.push_back(cipher.get<std::string>());
  if (auto mode = optional_text_at(json, "mode")) conf.permissive = *mode == "Permissive";
  return conf;
}

}  // namespace kumasim::cp::policy::mesh_tls
