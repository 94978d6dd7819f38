/// One entry a kind, in the forms that leave a mesh what it needs to come back.
#include "chaos/mesh_kinds.hpp"

namespace kumasim::chaos {
namespace {

using namespace std::chrono_literals;
using Victim = FaultKind::Victim;
using Unit = Parameter::Unit;

Parameter word(std::string name, std::vector<std::string> words) {
  return {.name = std::move(name), .unit = Unit::word, .words = std::move(words)};
}

/// Any type of resources, or one.
Parameter type(bool or_all = true) {
  std::vector<std::string> words{"Cluster", "ClusterLoadAssignment", "Listener", "RouteConfiguration", "Secret"};
  if (or_all) words.push_back("all");
  return word("type", std::move(words));
}

/// A tag that no expectation and no policy speaks of.
Parameter neutral_tag() { return word("set", {"build=next"}); }

}  // namespace

std::vector<FaultKind> store_kinds() {
  auto kind = [](FaultKind out) {
    out.victim = Victim::control_plane;
    out.of_store = true;
    out.least = 1s;
    out.most = 30s;
    return out;
  };
  Parameter share{.name = "share", .unit = Unit::hundredths_of_percent, .low = 100, .high = 10'000, .step = 100};
  return {
      kind({.name = "store.staleRead", .parameters = {{.name = "late", .low = 100, .high = 5000, .step = 100}}}),
      kind({.name = "store.conflict", .parameters = {share}}),
      kind({.name = "store.txnAbort", .parameters = {share}}),
      kind({.name = "store.webhookRejects", .parameters = {share}}),
      // A control plane that starts meanwhile ends, and nobody starts it again.
      kind({.name = "store.poolExhausted",
            .recoverable = false,
            .parameters = {{.name = "wait", .low = 100, .high = 10'000, .step = 100}}}),
      kind({.name = "view.stale", .parameters = {{.name = "late", .low = 100, .high = 10'000, .step = 100}}}),
      // What was not told is not told later.
      kind({.name = "view.unobserved", .recoverable = false, .parameters = {share}}),
      kind({.name = "view.intermediate",
            .disables = true,
            .parameters = {{.name = "writes", .unit = Unit::number, .low = 1, .high = 20}}}),
  };
}

std::vector<FaultKind> discovery_kinds() {
  auto kind = [](FaultKind out) {
    out.victim = Victim::instance;
    out.least = 500ms;
    out.most = 45s;
    return out;
  };
  return {
      // Of these two the last stays, until something else changes: nobody sends a refused configuration or a lost
      // answer again.
      kind({.name = "xds.nack", .recoverable = false, .parameters = {type()}}),
      kind({.name = "xds.ackLost", .recoverable = false, .parameters = {type()}}),
      kind({.name = "xds.nackThenGoaway", .parameters = {type()}}),
      kind({.name = "xds.neverAck", .parameters = {type()}}),
      kind({.name = "xds.ackLate", .parameters = {type(), {.name = "delay", .low = 100, .high = 5000, .step = 100}}}),
      kind({.name = "xds.oldNonce", .parameters = {type()}}),
      kind({.name = "xds.duplicateSubscribe", .parameters = {type()}}),
      kind({.name = "xds.resubscribeStorm",
            .parameters = {type(), {.name = "period", .low = 50, .high = 1000, .step = 10}}}),
      {.name = "xds.unknownType", .victim = Victim::instance},
      kind({.name = "xds.order", .parameters = {type(false)}}),
      kind({.name = "xds.removalLost", .parameters = {word("type", {"all", "Cluster", "Listener"})}}),
      kind({.name = "xds.churn", .parameters = {{.name = "period", .low = 1000, .high = 10'000, .step = 100}}}),
  };
}

std::vector<FaultKind> certificate_kinds() {
  // Who is cut off while a CA is exchanged trusts the old one alone, and calls fail, as was asked for.
  auto kind = [](FaultKind out) {
    out.victim = Victim::instance;
    out.least = 1s;
    out.most = 60s;
    return out;
  };
  return {
      {.name = "pki.rotateCA",
       .victim = Victim::mesh,
       .recoverable = false,
       .parameters = {word("how", {"staged", "atOnce"}), {.name = "pause", .low = 1000, .high = 20'000, .step = 1000}}},
      {.name = "pki.caExpired",
       .victim = Victim::mesh,
       .least = 5s,
       .most = 40s,
       .recoverable = false,
       .parameters = {{.name = "after", .low = 1000, .high = 10'000, .step = 1000}}},
      kind({.name = "pki.bundleLag"}),
      kind({.name = "pki.leafExpired", .disables = true}),
      kind({.name = "pki.slowSigner", .parameters = {{.name = "delay", .low = 100, .high = 20'000, .step = 100}}}),
  };
}

std::vector<FaultKind> resource_kinds() {
  auto kind = [](Victim victim, FaultKind out) {
    out.victim = victim;
    out.least = 500ms;
    out.most = 45s;
    return out;
  };
  return {
      // Not `deny` nor `noTime`: with these nobody is served, as was asked for.
      kind(Victim::mesh, {.name = "cfg.badPolicy", .http = true, .parameters = {word("what", {"invalid", "nacked"})}}),
      kind(Victim::mesh,
           {.name = "cfg.oversize",
            .parameters = {{.name = "bytes", .unit = Unit::number, .low = 10'000, .high = 300'000, .step = 10'000}}}),
      kind(Victim::mesh,
           {.name = "cfg.massChange", .parameters = {{.name = "count", .unit = Unit::number, .low = 5, .high = 50}}}),
      kind(Victim::resource,
           {.name = "cfg.conflict", .parameters = {{.name = "count", .unit = Unit::number, .low = 2, .high = 10}}}),
      kind(Victim::resource, {.name = "cfg.labelFlip", .parameters = {word("label", {"team"})}}),
      // Without any other resource somebody might be let in, or speak in the clear, as was asked for.
      kind(Victim::spare, {.name = "cfg.deleteRecreate"}),
  };
}

std::vector<FaultKind> operation_kinds() {
  auto kind = [](FaultKind out) {
    out.victim = Victim::some;
    out.least = 1s;
    out.most = 40s;
    out.disables = true;
    return out;
  };
  Parameter gap{.name = "gap", .low = 100, .high = 5000, .step = 100};
  return {
      {.name = "ops.rollback", .victim = Victim::changed, .least = 500ms, .most = 45s},
      kind({.name = "ops.drainZone", .parameters = {gap, {.name = "grace", .low = 100, .high = 10'000, .step = 100}}}),
      kind({.name = "ops.upgradeSkew", .parameters = {gap, neutral_tag()}}),
      {.name = "proc.restartAs",
       .victim = Victim::instance,
       .least = 100ms,
       .most = 40s,
       .disables = true,
       .parameters = {neutral_tag()}},
  };
}

std::vector<FaultKind> zone_kinds() {
  return {
      {.name = "kds.streamDrop",
       .victim = Victim::zone_control_plane,
       .parameters = {word("stream", {"all", "globalToZone", "zoneToGlobal"})}},
      {.name = "kds.zoneDeletedMidStream", .victim = Victim::zone_control_plane},
      {.name = "kds.zoneRenamed", .victim = Victim::zone_control_plane, .least = 1s, .most = 40s, .disables = true},
      {.name = "kds.resourceRefused", .victim = Victim::global, .least = 1s, .most = 40s},
      {.name = "kds.reconnectElsewhere", .victim = Victim::moving},
      // Up to longer than a silent connection is believed in (30 s).
      {.name = "kds.splitGlobal", .victim = Victim::replica, .least = 100ms, .most = 45s},
      {.name = "store.leaderFlap",
       .victim = Victim::shared_store,
       .least = 5s,
       .most = 45s,
       .parameters = {{.name = "period", .low = 500, .high = 20'000, .step = 100}}},
  };
}

std::vector<FaultKind> load_kinds() {
  auto kind = [](FaultKind out) {
    out.victim = Victim::load;
    out.least = 1s;
    out.most = 30s;
    return out;
  };
  return {
      kind({.name = "load.retryStorm",
            .parameters = {{.name = "retries", .unit = Unit::number, .low = 1, .high = 10},
                           {.name = "backoff", .low = 0, .high = 1000, .step = 10}}}),
      kind({.name = "load.flashCrowd", .parameters = {{.name = "factor", .unit = Unit::number, .low = 2, .high = 4}}}),
      kind({.name = "load.hotKey",
            .parameters =
                {{.name = "share", .unit = Unit::hundredths_of_percent, .low = 1000, .high = 10'000, .step = 100}}}),
      kind({.name = "load.largePayload",
            .parameters = {{.name = "bytes", .unit = Unit::number, .low = 10'000, .high = 1'000'000, .step = 10'000}}}),
  };
}

}  // namespace kumasim::chaos
