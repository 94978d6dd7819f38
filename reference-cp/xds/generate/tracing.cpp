/// The cluster that spans go to, where a legacy TrafficTrace selects the proxy.
#include "reference-cp/policy/legacy/traffic_trace.hpp"
#include "reference-cp/xds/generate/generation.hpp"

namespace kumasim::cp::generators {

void tracing(Generation& g) { policy::legacy::TrafficTrace(g.proxy, g.mesh).add_cluster(g.resources); }

}  // namespace kumasim::cp::generators
