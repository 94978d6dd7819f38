/// The kinds of the resources that stand for a connected proxy.
#pragma once

#include "reference-cp/app/kuma_cp/proxy.hpp"
#include "reference-cp/model/kinds.hpp"

namespace kumasim::cp {

inline const Kind& kind_of(const Proxy& proxy) {
  if (proxy.metadata.proxy_type == "ingress") return kind::zone_ingress();
  return proxy.metadata.proxy_type == "egress" ? kind::zone_egress() : kind::dataplane();
}

inline const Kind& insight_kind_of(const Proxy& proxy) {
  if (proxy.metadata.proxy_type == "ingress") return kind::zone_ingress_insight();
  return proxy.metadata.proxy_type == "egress" ? kind::zone_egress_insight() : kind::dataplane_insight();
}

/// Where the proxy that this resource, or insight, stands for is found among those that are connected (Proxy::slot).
inline ResourceKey slot_of(const Resource& resource) {
  const Kind* kind = resource.kind;
  if (kind == &kind::zone_ingress() || kind == &kind::zone_ingress_insight())
    return {{}, "ingress." + resource.meta.name};
  if (kind == &kind::zone_egress() || kind == &kind::zone_egress_insight()) return {{}, "egress." + resource.meta.name};
  return resource.key();
}

}  // namespace kumasim::cp
