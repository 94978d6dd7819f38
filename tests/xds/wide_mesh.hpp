/// Writes of every kind that changes a proxy, out of small pools, so that names, labels and addresses collide often.
#pragma once

#include <map>
#include <ostream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <rapidcheck.h>

#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp {

/// One write of a resource, or its removal.
struct WideWrite {
  std::string kind, mesh, name;  ///< no mesh where the kind is global
  std::map<std::string, std::string> labels;
  nlohmann::json spec;      ///< null: removed
  nlohmann::json status;    ///< what of it does not follow from the mesh, or is to be put right
  bool ends_batch = false;  ///< proxies are served after it

  bool removes() const { return spec.is_null(); }
};

void showValue(const WideWrite& write, std::ostream& os);

rc::Gen<WideWrite> any_wide_write();
/// One that reaches few proxies, and so makes good little of what others before it have missed.
rc::Gen<WideWrite> narrow_wide_write();
/// What a mesh with some traffic begins with.
rc::Gen<std::vector<WideWrite>> first_writes();
/// A resource's age follows from its name. REQUIRES: no removal.
Resource to_resource(const WideWrite& write);

/// What the Envoy of a Dataplane says of itself: each Dataplane of the pools has an Envoy of its own sort.
NodeMetadata node_of(const std::string& dataplane);

}  // namespace kumasim::cp
