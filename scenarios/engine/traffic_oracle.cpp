#include "scenarios/engine/traffic_oracle.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "sim/envoy/envoy_process.hpp"

namespace kumasim::scenario {
namespace {

using sim::proxy::InstantArrival;
using sim::proxy::InstantBranch;
using Kind = PathTrouble::Kind;

bool has_tags(const Instance& instance, const sim::proxy::Labels& wanted) {
  return std::ranges::all_of(wanted, [&](const auto& tag) {
    auto found = instance.tags.find(tag.first);
    return found != instance.tags.end() && found->second == tag.second;
  });
}

}  // namespace

TrafficOracle::TrafficOracle(const Scenario& scenario, Eyes eyes) : scenario_(scenario), eyes_(std::move(eyes)) {
  const Destinations destinations(scenario);
  for (const Instance& client : scenario.instances) {
    const Service& caller = *scenario.find_service(client.service);
    for (const Outbound& call : caller.calls) {
      const Way& way = ways_.emplace_back(&client, &call, destinations.of(caller, client, call));
      ways_of_[client.process].push_back(ways_.size() - 1);
      for (const Instance& server : scenario.instances)
        if (server.service == call.to && server.process != client.process && way.destination.leads_to(server))
          ways_of_[server.process].push_back(ways_.size() - 1);
    }
  }
}

TrafficOracle::Round TrafficOracle::round() const {
  Round out;
  auto runs = [&](const std::string& process) {
    const sim::EnvoyProcess* envoy = eyes_.envoy(process);
    return envoy != nullptr && envoy->live();
  };
  for (const Instance& instance : scenario_.instances) {
    if (!runs(instance.process)) continue;
    out.by_service[instance.service].push_back(&instance);
    out.by_address[eyes_.address(instance.process)] = &instance;
  }
  for (const Zone& zone : scenario_.zones) {
    for (const std::string& process : zone.ingresses)
      if (runs(process)) out.zone_proxies[eyes_.address(process)] = {&zone, true};
    for (const std::string& process : zone.egresses)
      if (runs(process)) out.zone_proxies[eyes_.address(process)] = {&zone, false};
  }
  return out;
}

void TrafficOracle::look_at(const std::string& process) {
  auto found = ways_of_.find(process);
  if (found == ways_of_.end()) return;
  const Round now = round();
  for (std::size_t way : found->second) look(now, ways_[way]);
}

void TrafficOracle::look_at_all() {
  const Round now = round();
  for (const Way& way : ways_) look(now, way);
}

void TrafficOracle::look(const Round& round, const Way& way) {
  const std::string &client = way.client->process, &service = way.call->to;
  std::map<Key, std::string> now;
  for (Found& found : met(round, way))
    now.emplace(Key{client, service, found.kind, std::move(found.server)}, std::move(found.why));
  auto first = open_.lower_bound(Key{client, service, Kind{}, ""});
  while (first != open_.end() && std::get<0>(first->first) == client && std::get<1>(first->first) == service) {
    bool stays = now.erase(first->first) > 0;
    if (!stays) troubles_[first->second].end = eyes_.now();
    first = stays ? std::next(first) : open_.erase(first);
  }
  for (auto& [key, why] : now) {
    const auto& [from, to, kind, server] = key;
    open_.emplace(key, troubles_.size());
    troubles_.push_back(
        {.kind = kind, .from = from, .to = to, .server = server, .why = std::move(why), .begin = eyes_.now()});
  }
}

sim::proxy::InstantEnd TrafficOracle::end_at(const std::string& process) const {
  return {eyes_.envoy(process)->config(), eyes_.address(process), eyes_.wall_now(process)};
}

/// Who starts, or has nobody to call, meets nothing.
std::vector<TrafficOracle::Found> TrafficOracle::met(const Round& round, const Way& way) {
  const Instance& client = *way.client;
  std::vector<Found> out;
  const sim::EnvoyProcess* envoy = eyes_.envoy(client.process);
  auto running = round.by_service.find(way.call->to);
  if (envoy == nullptr || !envoy->live() || running == round.by_service.end()) return out;
  Servers servers;
  for (const Instance* server : running->second)
    if (way.destination.leads_to(*server) && (server->zone() == client.zone() || !eyes_.disabled(server->zone())))
      servers.push_back(server);
  if (servers.empty()) return out;
  if (Duration now = eyes_.now(); looks_.empty() || looks_.back() != now) looks_.push_back(now);
  sim::Call request = eyes_.call(client.process, way.call->to);
  request.path = way.call->path;
  auto path = sim::proxy::outbound_path(envoy->config(), request);
  if (!path.broken.empty()) out.push_back({Kind::black_hole, "", path.broken});
  for (const InstantBranch& branch : path.branches) follow(round, client, servers, branch, out);
  return out;
}

void TrafficOracle::follow(const Round& round, const Instance& client, const Servers& servers,
                           const InstantBranch& branch, std::vector<Found>& out) const {
  bool reached = false;
  for (const auto& [endpoint, tls] : branch.endpoints) {
    for (const Instance* server : behind(round, client, servers, *endpoint)) {
      if (!has_tags(*server, branch.subset)) continue;
      reached = true;
      auto arrival = sim::proxy::arrive(end_at(client.process), tls, end_at(server->process),
                                        eyes_.inbound_port(server->process), eyes_.certificates);
      using What = InstantArrival::What;
      if (arrival.what == What::passes) continue;
      if (arrival.what == What::distrust && !arrival.allowed) continue;
      Kind kind = arrival.what == What::distrust    ? Kind::distrust
                  : arrival.what == What::plaintext ? Kind::plaintext
                                                    : Kind::black_hole;
      out.push_back({kind, server->process, std::move(arrival.why)});
    }
  }
  bool somebody =
      std::ranges::any_of(servers, [&](const Instance* server) { return has_tags(*server, branch.subset); });
  if (reached || !somebody) return;
  out.push_back({Kind::black_hole, "",
                 branch.endpoints.empty()
                     ? fmt::format("cluster {} has no endpoint", branch.cluster)
                     : fmt::format("no endpoint of cluster {} leads to one that runs", branch.cluster)});
}

TrafficOracle::Servers TrafficOracle::behind(const Round& round, const Instance& client, const Servers& servers,
                                             const sim::proxy::Endpoint& endpoint) const {
  if (auto own = round.by_address.find(endpoint.host); own != round.by_address.end()) {
    bool there = std::ranges::find(servers, own->second) != servers.end() &&
                 eyes_.inbound_port(own->second->process) == endpoint.port;
    return there ? Servers{own->second} : Servers();
  }
  Servers out;
  auto by = round.zone_proxies.find(endpoint.host);
  if (by == round.zone_proxies.end()) return out;
  const auto& [zone, ingress] = by->second;
  for (const Instance* server : servers)
    if (ingress ? server->zone() == zone->name : server->zone() != client.zone()) out.push_back(server);
  return out;
}

}  // namespace kumasim::scenario
