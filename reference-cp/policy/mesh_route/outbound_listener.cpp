/// Outbound listeners.
#include "reference-cp/policy/mesh_route/outbound_listener.hpp"

#include <envoy/config/listener/v3/listener.pb.h>

#include "reference-cp/xds/envoy/names.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp::policy {

envoy::ListenerPtr outbound_listener(const ProxyView& proxy, const Outbound& outbound) {
  std::string address = outbound.address.empty() ? "127.0.0.1" : outbound.address;
  bool unified = proxy.unified_naming && !outbound.legacy();
  std::string name = unified ? outbound.resource.to_string() : envoy::outbound_listener_name(address, outbound.port);
  envoy::ListenerPtr listener = envoy::outbound_listener(name, address, outbound.port);
  if (unified) listener->set_stat_prefix(name);
  if (proxy.transparent_proxy && !proxy.has("feature-bind-outbounds")) envoy::not_bound(*listener);
  envoy::tags(*listener, envoy::without(outbound.tags, "kuma.io/mesh"));
  return listener;
}

}  // namespace kumasim::cp::policy
