#include "reference-cp/xds/gateway/listener.hpp"

#include <fmt/format.h>

#include "reference-cp/policy/gateway.hpp"
#include "reference-cp/xds/gateway/hostname.hpp"
#include "reference-cp/xds/json_read.hpp"

namespace kumasim::cp::gateway {

std::string Listener::route_name(const HostGroup& group) const {
  return name + ":" + (protocol == "HTTP" || protocol == "TCP" ? "*" : group.hostname);
}

std::vector<Part> parts_of(const policy::Gateway& gateway) {
  std::vector<Part> parts;
  const nlohmann::json& listeners = at(gateway.resource->spec, "conf", "listeners");
  for (std::size_t i = 0; i < gateway.listeners.size() && i < listeners.size(); ++i) {
    const policy::GatewayListener& listener = gateway.listeners[i];
    parts.push_back({listener.port, text_at(listeners[i], "protocol"), listener.hostname, listener.tags, listeners[i]});
  }
  return parts;
}

Listener listener_of(const policy::Gateway& gateway, const Part& part) {
  Listener listener;
  listener.port = part.port;
  listener.protocol = part.protocol;
  listener.name = fmt::format("{}:{}:{}", gateway.resource->meta.name, part.protocol, part.port);
  listener.cross_mesh = flag_at(part.conf, "crossMesh");
  listener.connection_limit = number_at(part.conf, "resources", "connectionLimit");
  return listener;
}

void sort_by_hostname(Listener& listener) {
  for (HostGroup& group : listener.groups) sort_by_exactness(group.hosts, &Host::hostname);
  sort_by_exactness(listener.groups, &HostGroup::hostname);
}

}  // namespace kumasim::cp::gateway
