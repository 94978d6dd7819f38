/// Faults of simulated proxies' conversations with the control plane, and of their certificates.
#include <algorithm>

#include "scenarios/engine/sim_faults.hpp"

namespace kumasim::scenario {
namespace {

using sim::proxy::Type;

std::set<Type> types_of(const std::string& word) {
  std::set<Type> out;
  for (Type type : sim::proxy::all_types) {
    std::string_view url = sim::proxy::type_url(type);
    if (word == "all" || url.substr(url.rfind('.') + 1) == word) out.insert(type);
  }
  return out;
}

std::set<Type> types_of(const FaultOrder& order) { return types_of(order.has("type") ? order.word("type") : "all"); }

/// Of two faults of one kind and type the later one counts.
void add(const FaultOrder& order, sim::proxy::DiscoveryFaults& out) {
  std::string_view kind = order.kind->name;
  std::set<Type> types = types_of(order);
  if (kind == "xds.order") {
    for (Type type : types) {
      std::set<Type> others = types_of(order.word("behind"));
      others.erase(type);
      if (!others.empty()) out.behind[type] = std::move(others);
    }
  }
  if (kind == "xds.churn") out.churn = std::max(order.duration("period"), Duration(1));
  if (kind == "pki.bundleLag") out.old_trust = true;
  if (kind == "pki.leafExpired") out.old_certificate = true;
  if (kind == "pki.slowSigner") out.late_certificate = order.duration("delay");
  for (Type type : types) {
    if (kind == "xds.nack") out.nack.insert(type);
    if (kind == "xds.ackLost") out.lost.insert(type);
    if (kind == "xds.neverAck") out.withheld.insert(type);
    if (kind == "xds.ackLate") out.late[type] = order.duration("delay");
    if (kind == "xds.oldNonce") out.old_nonce.insert(type);
    if (kind == "xds.duplicateSubscribe") out.twice.insert(type);
    if (kind == "xds.removalLost") out.removals_lost.insert(type);
    if (kind == "xds.resubscribeStorm") out.storm[type] = std::max(order.duration("period"), Duration(1));
  }
}

}  // namespace

void SimFaults::show_other_identity(Active& active, const FaultOrder& part) {
  active.identity = hooks_.identity_of(part.word("of"));
  set_discovery_faults(active, part);
}

void SimFaults::set_discovery_faults(Active&, const FaultOrder& part) {
  for (const std::string& name : part.processes) {
    sim::proxy::DiscoveryFaults faults;
    for (auto& [id, active] : active_) {
      if (!active.order.kind->proxies || !active.order.touches(name)) continue;
      add(active.order, faults);
      if (active.identity) faults.identity = active.identity;
      if (active.order.kind->name != "xds.nackThenGoaway") continue;
      auto& struck = active.struck[name];
      if (!struck) struck = std::make_shared<bool>(false);
      faults.goaway.push_back({types_of(active.order), struck});
    }
    hooks_.set_discovery_faults(name, faults);
  }
}

void SimFaults::revoke_tokens(Active&, const FaultOrder& part) {
  std::set<std::string> revoked;
  for (const auto& [id, active] : active_)
    if (active.order.kind == part.kind) revoked.insert(active.order.processes.begin(), active.order.processes.end());
  hooks_.revoke_tokens(revoked);
}

void SimFaults::ask_unknown(Active&, const FaultOrder& part) {
  for (const std::string& name : part.processes) hooks_.ask_unknown(name);
}

}  // namespace kumasim::scenario
