#include "sim/envoy/data/standing.hpp"

#include <algorithm>
#include <cstddef>
#include <span>

#include "kumasim/runtime/random.hpp"

namespace kumasim::sim::proxy {
namespace {

/// Every draw is the lowest: what happens with some chance happens.
class LowestDraw final : public Random {
 public:
  void fill(std::span<std::byte> bytes) override { std::ranges::fill(bytes, std::byte{0}); }
};

}  // namespace

const Listener* find_listener(const ConfigState& config, const std::string& host, std::uint32_t port, bool outbound,
                              Standing standing) {
  const Listener* redirected = nullptr;
  for (const auto* map : {&config.listeners(), &config.warming_listeners()}) {
    if (standing == Standing::in_use && map == &config.warming_listeners()) continue;
    for (const auto& [name, state] : *map) {
      const Listener& listener = *state.config;
      if (listener.udp || listener.pipe) continue;
      if (listener.host == host && listener.port == port) return &listener;
      if (listener.use_original_dst && listener.outbound == outbound) redirected = &listener;
    }
  }
  return redirected;
}

const RouteConfig* routes_of(const ConfigState& config, const HttpConnectionManager& manager) {
  if (manager.rds.empty()) return manager.routes.get();
  auto found = config.routes().find(manager.rds);
  return found == config.routes().end() ? nullptr : found->second.value.get();
}

const Route* find_route(const VirtualHost& host, const std::string& authority, const std::string& method,
                        const std::string& path, const Headers& headers) {
  LowestDraw draw;
  // Envoy matches these like headers.
  Headers seen = headers;
  seen.emplace_back(":path", path);
  seen.emplace_back(":method", method);
  seen.emplace_back(":authority", authority);
  for (const Route& route : host.routes)
    if (route.matches(path, seen, draw)) return &route;
  return nullptr;
}

const TlsContext* socket_for(const Cluster& cluster, const Endpoint& endpoint) {
  for (const SocketMatch& match : cluster.socket_matches)
    if (contains(endpoint.socket_labels, match.match)) return match.tls ? &*match.tls : nullptr;
  return cluster.tls ? &*cluster.tls : nullptr;
}

}  // namespace kumasim::sim::proxy
