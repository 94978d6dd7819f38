/// The labels that the control plane adds.
#include "reference-cp/manager/labels.hpp"

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/rules/dataplane_rules.hpp"

namespace kumasim::cp {

std::map<std::string, std::string> compute_labels(const Resource& resource, const LabelOptions& options) {
  const Kind& kind = *resource.kind;
  std::map<std::string, std::string> out = resource.meta.labels;
  if (!kind.is_global()) out.emplace("kuma.io/mesh", resource.meta.mesh.empty() ? "default" : resource.meta.mesh);
  // What a zone cannot make (a Mesh, an old policy) carries no mark of one.
  if (options.mode == CpMode::zone && kind.is_provided_by_zone()) {
    out.emplace("kuma.io/origin", "zone");
    if (out["kuma.io/origin"] != "global") {
      out.emplace("kuma.io/zone", options.zone);
      out.emplace("kuma.io/env", options.environment);
    }
  }
  if (&kind == &kind::dataplane()) out["kuma.io/proxy-type"] = dataplane_proxy_type(resource.spec);
  if (&kind == &kind::zone_ingress()) out["kuma.io/proxy-type"] = "zoneingress";
  if (&kind == &kind::zone_egress()) out["kuma.io/proxy-type"] = "zoneegress";
  return out;
}

}  // namespace kumasim::cp
