#include "scenarios/behaviour/gateway_door.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "reference-cp/policy/gateway.hpp"
#include "reference-cp/xds/gateway/listener.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "scenarios/behaviour/server_side.hpp"
#include "sim/envoy/data/standing.hpp"

namespace kumasim::scenario {

using namespace sim::proxy;
using sim::proxy::Listener;

namespace {

constexpr const char* outside_address = "192.0.2.1";  // RFC 5737: of documentation
constexpr std::uint16_t client_port = 40'000;

void add_chain(const StillProxy& proxy, const FilterChain& chain, std::uint32_t port, std::vector<Door>& out) {
  Door door{.port = port, .tls = chain.match.transport_protocol == "tls"};
  auto add = [&](const std::string& hostname) {
    door.hostname = hostname;
    if (std::ranges::none_of(out, [&](const Door& other) { return door.same(other); })) out.push_back(door);
  };
  for (const NetworkFilter& filter : chain.filters) {
    if (const auto* http = std::get_if<HttpConnectionManager>(&filter.what)) {
      if (const RouteConfig* routes = routes_of(*proxy.config, *http); routes != nullptr)
        for (const std::string& domain : routes->domains()) add(domain);
    } else if (std::holds_alternative<TcpProxy>(filter.what)) {
      door.http = false;
      for (const std::string& name : chain.match.server_names) add(name);
      if (chain.match.server_names.empty()) add("*");
    }
  }
}

}  // namespace

std::string Door::text() const {
  std::string scheme = !tls ? "" : http ? "https://" : "tls://";
  std::string name = !tls && hostname == "*" ? "" : hostname;
  return fmt::format(":{}{}{}{}", port, scheme.empty() && name.empty() ? "" : " ", scheme, name);
}

std::string Door::host() const {
  if (hostname == "*") return {};
  std::string out = hostname;
  if (std::size_t star = out.find('*'); star != std::string::npos) out.replace(star, 1, "any");
  return out;
}

Hello Door::hello(const std::string& address) const {
  Hello out{.destination_ip = address,
            .destination_port = static_cast<std::uint16_t>(port),
            .source_ip = outside_address,
            .source_port = client_port,
            .tls = tls};
  if (tls) out.server_name = host();
  out.application_protocols = tls && http ? std::vector<std::string>{"h2", "http/1.1"}
                              : tls       ? std::vector<std::string>{}
                                          : std::vector<std::string>{"http/1.1"};
  return out;
}

std::vector<Door> doors_of(const Deployment& deployment, const StillProxy& proxy) {
  std::vector<Door> out;
  auto gateway = cp::policy::gateway_of(proxy.view, deployment.view(proxy.mesh));
  if (!gateway) return out;
  std::set<std::uint32_t> ports;
  for (const cp::gateway::Part& part : cp::gateway::parts_of(*gateway))
    if (!cp::flag_at(part.conf, "crossMesh")) ports.insert(part.port);
  for (std::uint32_t port : ports) {
    const Listener* listener = find_listener(*proxy.config, gateway->address, port, false, Standing::warming_too);
    if (listener == nullptr) continue;
    for (const FilterChainPtr& chain : listener->chains) add_chain(proxy, *chain, port, out);
  }
  return out;
}

}  // namespace kumasim::scenario
