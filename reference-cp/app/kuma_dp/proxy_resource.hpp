/// The Dataplane (or ZoneIngress, ZoneEgress) that is given to kuma-dp on its command line.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "kumasim/runtime/error.hpp"

namespace kumasim::dp {

struct ProxyResource {
  std::string type;
  std::string mesh;  ///< empty for the global ones
  std::string name;
  std::string json;  ///< as it is sent to the control plane
};

/// Renders the template and reads the resource. invalid_argument names what is wrong, with the field where there is
/// one. The specification itself is judged by the control plane.
Result<ProxyResource> read_proxy_resource(std::string_view text, const std::map<std::string, std::string>& variables,
                                          const std::string& proxy_type);

}  // namespace kumasim::dp
