/// Where the REST API has a resource or a list of them, and which kinds kumactl shows.
#pragma once

#include <string>
#include <vector>

#include "kumasim/transport/url.hpp"
#include "reference-cp/model/kinds.hpp"

namespace kumasim::cp {

/// "/meshes/default/dataplanes/web-1", "/zones/east"; without a name the list.
inline std::string resource_path(const Kind& kind, const std::string& mesh, const std::string& name) {
  std::string path = kind.is_global() ? "" : "/meshes/" + percent_encode(mesh);
  path += "/" + kind.path();
  return name.empty() ? path : path + "/" + percent_encode(name);
}

/// A second name of a single resource for `get` and `delete`, or "".
inline std::string alias_of(const Kind& kind) {
  if (kind.type() == "GlobalSecret") return "global-secret";
  return kind.type() == "ZoneIngress" ? "zone-ingress" : "";
}

/// The same of a list.
inline std::string list_alias_of(const Kind& kind) {
  return alias_of(kind).empty() ? std::string() : kind.table().path_old;
}

/// Kinds with a name on the command line.
inline std::vector<const Kind*> shown_kinds() {
  std::vector<const Kind*> out;
  for (const auto* kind : kinds())
    if (!kind->path().empty() && !kind->singular().empty() && !kind->plural().empty()) out.push_back(kind);
  return out;
}

}  // namespace kumasim::cp
