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
  for (const Instance& client : scenario.instances) {
    for (const Outbound& call : scenario.find_service(client.service)->calls) {
      calls_[client.process].emplace_back(&client, &call);
      for (const Instance& server : scenario.instances)
        if (server.service == call.to && server.process != client.process)
          calls_[server.process].emplace_back(&client, &call);
    }
  }
}

void TrafficOracle::look_at(const std::string& process) {
  auto found = calls_.find(process);
  if (found == calls_.end()) return;
  for (const auto& [client, call] : found->second) look(*client, *call);
}

void TrafficOracle::look_at_all() {
  for (const Instance& client : scenario_.instances)
    for (const Outbound& call : scenario_.find_service(client.service)->calls) look(client, call);
}

void TrafficOracle::look(const Instance& client, const Outbound& call) {
  ++looks_;
  std::map<Key, std::string> now;
  for (Found& found : met(client, call))
    now.emplace(Key{client.process, call.to, found.kind, std::move(found.server)}, std::move(found.why));
  auto first = open_.lower_bound(Key{client.process, call.to, Kind{}, ""});
  while (first != open_.end() && std::get<0>(first->first) == client.process && std::get<1>(first->first) == call.to) {
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

std::vector<const Instance*> TrafficOracle::running(const std::string& service) const {
  std::vector<const Instance*> out;
  for (const Instance& instance : scenario_.instances) {
    const sim::EnvoyProcess* envoy = instance.service == service ? eyes_.envoy(instance.process) : nullptr;
    if (envoy != nullptr && envoy->live()) out.push_back(&instance);
  }
  return out;
}

sim::proxy::InstantEnd TrafficOracle::end_at(const std::string& process) const {
  return {eyes_.envoy(process)->config(), eyes_.address(process), eyes_.wall_now(process)};
}

/// Who starts, or has nobody to call, meets nothing.
std::vector<TrafficOracle::Found> TrafficOracle::met(const Instance& client, const Outbound& call) const {
  std::vector<Found> out;
  const sim::EnvoyProcess* envoy = eyes_.envoy(client.process);
  if (envoy == nullptr || !envoy->live()) return out;
  std::vector<const Instance*> servers = running(call.to);
  if (servers.empty()) return out;
  sim::Call request = eyes_.call(client.process, call.to);
  auto path = sim::proxy::outbound_path(envoy->config(), request.address, request.port, request.authority, call.path);
  if (!path.broken.empty()) out.push_back({Kind::black_hole, "", path.broken});
  for (const InstantBranch& branch : path.branches) follow(client, branch, servers, out);
  return out;
}

void TrafficOracle::follow(const Instance& client, const InstantBranch& branch,
                           const std::vector<const Instance*>& servers, std::vector<Found>& out) const {
  bool reached = false;
  for (const auto& [endpoint, tls] : branch.endpoints) {
    for (const Instance* server : behind(client, endpoint->host, servers)) {
      reached = true;
      auto arrival = sim::proxy::arrive(end_at(client.process), tls, end_at(server->process),
                                        eyes_.inbound_port(server->process), eyes_.certificates);
      using What = InstantArrival::What;
      if (arrival.what == What::passes) continue;
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

std::vector<const Instance*> TrafficOracle::behind(const Instance& client, const std::string& address,
                                                   const std::vector<const Instance*>& servers) const {
  std::vector<const Instance*> out;
  for (const Instance* server : servers)
    if (eyes_.address(server->process) == address) return {server};
  for (const Zone& zone : scenario_.zones) {
    auto is_at = [&](const std::string& process) { return eyes_.address(process) == address; };
    bool in = std::ranges::any_of(zone.ingresses, is_at), away = std::ranges::any_of(zone.egresses, is_at);
    if (!in && !away) continue;
    for (const Instance* server : servers)
      if (in ? server->zone() == zone.name : server->zone() != client.zone()) out.push_back(server);
    return out;
  }
  return out;
}

}  // namespace kumasim::scenario
