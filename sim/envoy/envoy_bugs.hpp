/// Known bugs that the simulated Envoy can have, to show that the checkers find them. A value that is handed in.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kumasim::sim {

struct EnvoyBugs {
  /// "envoy-forgets-refused-clusters" (envoyproxy/envoy#34334): after clusters that it refused, a new stream never asks
  /// for clusters again.
  bool forgets_refused_clusters = false;
  /// "envoy-cut-by-rotation" (istio/istio#3155): a new certificate takes effect by a restart of the proxy, which cuts
  /// all of its connections, whatever is under way on them.
  bool cut_by_rotation = false;

  /// Nothing where there is none of that name.
  static std::optional<EnvoyBugs> from_name(std::string_view name);
  static const std::vector<std::string>& names();
};

}  // namespace kumasim::sim
