/// Calls that are not looked at, for they lead to another zone.
#pragma once

#include <compare>
#include <string>
#include <vector>

namespace kumasim::cp {
class MeshView;
struct ProxyView;
}  // namespace kumasim::cp

namespace kumasim::scenario {

struct HiddenCall {
  std::string to;    ///< as people know the destination
  std::string kind;  ///< of the destination: MeshService, ...
  std::string why;   ///< "it leads to zone west"
  auto operator<=>(const HiddenCall&) const = default;
};

/// Those of the proxy's own outbounds, and of the routes that select it, that the control plane of one zone finds
/// nothing for. An outbound that it finds a MeshMultiZoneService for whose MeshServices are of other zones is taken out
/// of the view. Sorted, each once.
std::vector<HiddenCall> take_hidden_calls(const cp::MeshView& mesh, cp::ProxyView& proxy);

}  // namespace kumasim::scenario
