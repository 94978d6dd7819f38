/// Kuma's resource identifier: which resource something in a proxy's configuration comes from.
#pragma once

#include <compare>
#include <string>

namespace kumasim::cp {

struct Resource;

struct Kri {
  std::string type;  ///< the kind's name, "MeshService"
  std::string mesh;
  std::string zone;
  std::string ns;  ///< Kubernetes namespace, or empty
  std::string name;
  std::string section;

  static Kri of(const Resource& resource, std::string section = {});

  bool empty() const { return type.empty() && name.empty(); }
  Kri without_section() const;
  Kri with_section(std::string section) const;
  /// `kri_<short name>_<mesh>_<zone>_<namespace>_<name>_<section>`; empty for an empty one.
  std::string to_string() const;

  auto operator<=>(const Kri&) const = default;
};

}  // namespace kumasim::cp
