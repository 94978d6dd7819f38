#include "scenarios/live/live_links.hpp"

#include <algorithm>
#include <utility>

#include "scenarios/engine/law.hpp"
#include "scenarios/engine/link_faults.hpp"

namespace kumasim::scenario {
namespace {

using Ports = CarriedConnections::Ports;
using Questions = std::vector<CarriedConnections::Question>;

constexpr Duration idle_sweep = std::chrono::seconds(1), stampede_least = std::chrono::milliseconds(10);

/// A partition can do without: neighbours of namespaces are aimed at nowhere then.
bool strikes_frames(const fault::Kind& kind) {
  if (kind.name == "kds.reconnectElsewhere") return true;
  std::string_view wanted = kind.made_of.empty() ? kind.name : kind.made_of;
  return kind.whom == fault::Whom::ways && wanted != "net.partition" && kind.heals != "net.partition";
}

/// Between the two ports, on the switch's thread.
Questions strike_between(CarriedConnections& connections, Ports between, const FaultOrder& order, MonotonicTime now) {
  std::string_view kind = order.kind->name;
  if (kind == "tcp.reset" || kind == "load.reconnectHerd" || kind == "kds.reconnectElsewhere")
    return connections.reset(between);
  if (kind == "tcp.idleKill")
    return connections.forget_idle(between, now - order.duration("idle"), order.word("how") == "reset");
  if (kind == "tcp.halfOpen") connections.silence(between);
  return {};
}

}  // namespace

bool LiveLinks::needed(const Scenario& scenario) {
  return !scenario.links.empty() ||
         std::ranges::any_of(scenario.faults, [](const Fault& fault) { return strikes_frames(*fault.kind); });
}

LiveLinks::LiveLinks(const Scenario& scenario, std::uint64_t seed)
    : frames_(seed), switch_([this](const live::EthernetSwitch::Passing& passing) { return frames_.pass(passing); }) {
  for (const std::string& process : scenario.processes()) ports_.emplace(process, ports_.size());
  // Of a later link counts what it says, as in the simulated world.
  auto add = [&](const Link& link, const Way& way) {
    sim::LinkOptions& options = links_.try_emplace(way, FrameWay().link).first->second;
    if (link.delay) options.delay = to_sim(*link.delay);
    options.loss_ppm = static_cast<std::uint32_t>(link.loss_ppm);
  };
  for (const Link& link : scenario.links) {
    for (const std::string& a : scenario.processes_of(link.between[0])) {
      for (const std::string& b : scenario.processes_of(link.between[1])) {
        if (a == b) continue;
        add(link, {a, b});
        add(link, {b, a});
      }
    }
  }
  for (const auto& [way, options] : links_) frames_.set(ports(way).from, ports(way).to, {.link = options});
}

FrameWay LiveLinks::way(const Way& way) const {
  FrameWay out;
  if (auto link = links_.find(way); link != links_.end()) out.link = link->second;
  for (const auto& [id, active] : active_) {
    if (!active.ways.contains(way)) continue;
    change_link(out.link, active.order);
    std::string_view kind = active.order.kind->name;
    if (kind == "net.partition") out.cut = true;
    if (kind == "net.clog") out.clogged = true;
    if (kind == "tcp.refuse" && out.door == sim::Door::open) out.door = sim::Door::refusing;
    if (kind == "tcp.hang") out.door = sim::Door::silent;
  }
  return out;
}

void LiveLinks::begin(const FaultOrder& order, MonotonicTime now) {
  if (order.kind->lasting) {
    active_[order.id] = {order, {order.ways.begin(), order.ways.end()}};
    tell(order.ways);
  }
  strike(order, now);
}

void LiveLinks::end(const FaultOrder& order) {
  std::set<Way>& ways = active_.at(order.id).ways;
  for (const Way& way : order.ways) ways.erase(way);
  if (ways.empty()) active_.erase(order.id);
  tell(order.ways);
}

void LiveLinks::tell(const std::vector<Way>& ways) {
  std::vector<std::pair<Ports, FrameWay>> news;
  for (const Way& changed : ways) news.emplace_back(ports(changed), way(changed));
  switch_.post([this, news = std::move(news)]() mutable {
    for (auto& [ports, way] : news) {
      if (frames_.set(ports.from, ports.to, std::move(way))) switch_.release(ports.from, ports.to);
    }
  });
}

void LiveLinks::strike(const FaultOrder& order, MonotonicTime now) {
  switch_.post([this, order, now] {
    for (const Way& way : order.ways) {
      for (const auto& [to, frame] : strike_between(frames_.connections(), ports(way), order, now))
        switch_.inject(to, frame);
    }
  });
}

Duration LiveLinks::period(const FaultOrder& order) {
  if (order.kind->name == "tcp.idleKill") return idle_sweep;
  if (order.kind->name == "load.reconnectHerd") return std::max(order.duration("period"), stampede_least);
  return Duration(0);
}

}  // namespace kumasim::scenario
