/// One entry a kind, with the reason of its ranges where they are not plain.
#include "kumasim/chaos/fault_kind.hpp"

#include <algorithm>

#include "chaos/mesh_kinds.hpp"

namespace kumasim::chaos {
namespace {

using namespace std::chrono_literals;
using Victim = FaultKind::Victim;
using Unit = Parameter::Unit;

Parameter word(std::string name, std::vector<std::string> words) {
  return {.name = std::move(name), .unit = Unit::word, .words = std::move(words)};
}

Parameter of_control_plane(Parameter parameter) {
  parameter.control_plane = true;
  return parameter;
}

Parameter direction() { return word("direction", {"both", "both", "oneWay", "otherWay"}); }

std::vector<FaultKind> network_kinds() {
  return {
      // Up to longer than a silent connection is believed in (30 s).
      {.name = "net.partition",
       .victim = Victim::way,
       .least = 100ms,
       .most = 45s,
       .parameters = {direction()},
       .shapes = {"halves", "minority", "bridge"}},
      {.name = "net.clog", .victim = Victim::way, .least = 100ms, .most = 45s},
      {.name = "net.swizzle", .victim = Victim::service, .least = 500ms, .most = 45s},
      {.name = "net.corrupt",
       .victim = Victim::way,
       .least = 100ms,
       .most = 20s,
       .parameters = {{.name = "share", .unit = Unit::hundredths_of_percent, .low = 10, .high = 2000, .step = 10}}},
      {.name = "net.flap",
       .victim = Victim::way,
       .least = 2s,
       .most = 60s,
       .parameters = {{.name = "period", .low = 500, .high = 6000, .step = 100},
                      {.name = "down", .unit = Unit::hundredths_of_percent, .low = 1000, .high = 9000, .step = 100}}},
      {.name = "net.delay",
       .victim = Victim::way,
       .least = 1s,
       .most = 60s,
       .parameters = {{.name = "delay", .low = 1, .high = 400},
                      {.name = "loss", .unit = Unit::hundredths_of_percent, .low = 0, .high = 500, .step = 10}}},
      {.name = "net.loss",
       .victim = Victim::way,
       .least = 1s,
       .most = 60s,
       .parameters = {{.name = "loss", .unit = Unit::hundredths_of_percent, .low = 10, .high = 2000, .step = 10},
                      {.name = "burst", .unit = Unit::number, .low = 1, .high = 20}}},
      {.name = "net.rate",
       .victim = Victim::way,
       .least = 1s,
       .most = 60s,
       .parameters = {{.name = "bandwidth", .unit = Unit::number, .low = 20'000, .high = 2'000'000, .step = 10'000}}},
      {.name = "tcp.reset", .victim = Victim::way},
      {.name = "tcp.halfOpen", .victim = Victim::way},
      {.name = "tcp.refuse", .victim = Victim::way, .least = 100ms, .most = 45s},
      {.name = "tcp.hang", .victim = Victim::way, .least = 100ms, .most = 45s},
      {.name = "tcp.slice",
       .victim = Victim::way,
       .least = 1s,
       .most = 20s,
       .parameters = {{.name = "bytes", .unit = Unit::number, .low = 16, .high = 4096, .step = 16}}},
      {.name = "tcp.idleKill",
       .victim = Victim::way,
       .least = 5s,
       .most = 60s,
       .parameters = {{.name = "idle", .low = 1000, .high = 20'000, .step = 500}, word("how", {"silent", "reset"})}},
      {.name = "tcp.slowClose",
       .victim = Victim::way,
       .least = 1s,
       .most = 60s,
       .parameters = {{.name = "late", .low = 100, .high = 10'000, .step = 100}}},
      {.name = "load.slowClient",
       .victim = Victim::way,
       .least = 1s,
       .most = 60s,
       .parameters = {{.name = "bandwidth", .unit = Unit::number, .low = 2000, .high = 200'000, .step = 1000}}},
      {.name = "load.reconnectHerd",
       .victim = Victim::way,
       .least = 100ms,
       .most = 30s,
       .parameters = {{.name = "period", .low = 500, .high = 10'000, .step = 100}}},
  };
}

std::vector<FaultKind> process_kinds() {
  return {
      {.name = "dns.error", .least = 100ms, .most = 45s, .parameters = {word("code", {"notFound", "tryAgain"})}},
      {.name = "dns.slow",
       .least = 1s,
       .most = 60s,
       .parameters = {{.name = "delay", .low = 10, .high = 8000, .step = 10}}},
      {.name = "dns.stale", .least = 1s, .most = 60s},
      {.name = "dns.removedLate",
       .least = 1s,
       .most = 60s,
       .parameters = {{.name = "late", .low = 100, .high = 20'000, .step = 100}}},
      // Up to longer than a deregistration takes (10 s) and than an Envoy waits before it connects again (30 s).
      {.name = "proc.kill",
       .least = 100ms,
       .most = 40s,
       .disables = true,
       .parameters = {of_control_plane(word("disk", {"keep", "lose", "loseSome"}))}},
      {.name = "proc.stop",
       .least = 100ms,
       .most = 40s,
       .disables = true,
       .parameters = {{.name = "grace", .low = 100, .high = 10'000, .step = 100}}},
      {.name = "proc.restart", .disables = true},
      {.name = "proc.newAddress", .victim = Victim::instance, .disables = true},
      // Up to longer than the pings of a connection wait for an answer (15 s).
      {.name = "proc.pause", .least = 50ms, .most = 25s, .disables = true},
      {.name = "proc.slow",
       .least = 1s,
       .most = 60s,
       .parameters = {{.name = "step", .unit = Unit::microseconds, .low = 10, .high = 500, .step = 10}}},
      {.name = "proc.limit",
       .least = 1s,
       .most = 30s,
       .disables = true,
       .parameters = {{.name = "quota", .unit = Unit::hundredths_of_percent, .low = 500, .high = 9000, .step = 100},
                      {.name = "period", .low = 50, .high = 1000, .step = 10}}},
      // Certificates are valid from some minutes before they are made.
      {.name = "clock.offset",
       .least = 1s,
       .most = 60s,
       .parameters = {{.name = "by", .low = -60'000, .high = 60'000, .step = 100}}},
      {.name = "clock.drift",
       .least = 1s,
       .most = 60s,
       .parameters = {{.name = "rate", .unit = Unit::number, .low = -1000, .high = 1000, .step = 10}}},
      {.name = "clock.sine",
       .least = 1s,
       .most = 60s,
       .parameters = {{.name = "by", .low = 100, .high = 60'000, .step = 100},
                      {.name = "period", .low = 1000, .high = 60'000, .step = 1000}}},
      {.name = "clock.freeze", .least = 1s, .most = 30s},
      {.name = "clock.jump",
       .recoverable = false,
       .parameters = {{.name = "by", .low = -3'600'000, .high = 3'600'000, .step = 1000}}},
  };
}

/// Of control planes alone: nobody else has a disk.
std::vector<FaultKind> disk_kinds() {
  auto kind = [](FaultKind out) {
    out.victim = Victim::control_plane;
    return out;
  };
  Parameter share{.name = "share", .unit = Unit::hundredths_of_percent, .low = 100, .high = 5000, .step = 100};
  return {
      kind({.name = "disk.stall", .least = 1s, .most = 20s, .parameters = {{.name = "delay", .low = 1, .high = 500}}}),
      kind({.name = "disk.throttle",
            .least = 1s,
            .most = 30s,
            .parameters =
                {{.name = "bandwidth", .unit = Unit::number, .low = 50'000, .high = 5'000'000, .step = 10'000}}}),
      // Only power failures show it.
      kind({.name = "disk.torn", .least = 10s, .most = 60s, .shown_by = {"proc.kill"}}),
      // What was acknowledged may be gone.
      kind({.name = "disk.lostFsync", .least = 10s, .most = 60s, .recoverable = false}),
      kind({.name = "disk.bitrot", .least = 1s, .most = 30s, .recoverable = false, .parameters = {share}}),
      kind({.name = "disk.misdirected", .least = 1s, .most = 30s, .recoverable = false, .parameters = {share}}),
      // A task of the control plane may end by it, which is a problem of the run.
      kind({.name = "disk.eio", .least = 1s, .most = 30s, .recoverable = false, .parameters = {share}}),
      kind({.name = "disk.enospc", .least = 1s, .most = 30s, .recoverable = false}),
      kind({.name = "disk.readOnly", .least = 1s, .most = 30s, .recoverable = false}),
  };
}

std::vector<FaultKind> application_kinds() {
  auto kind = [](FaultKind out) {
    out.victim = Victim::instance;
    out.least = 100ms;
    out.most = 45s;
    out.disables = true;
    return out;
  };
  return {
      kind({.name = "app.errorRate",
            .parameters =
                {{.name = "rate", .unit = Unit::hundredths_of_percent, .low = 500, .high = 10'000, .step = 100}}}),
      kind({.name = "app.latency", .parameters = {{.name = "delay", .low = 1, .high = 2000}}}),
      kind({.name = "app.blackHole"}),
      kind({.name = "app.slowStart",
            .parameters = {{.name = "factor", .unit = Unit::number, .low = 2, .high = 100},
                           {.name = "over", .low = 1000, .high = 20'000, .step = 100}},
            .shown_by = {"proc.kill", "proc.stop", "proc.restart"}}),
  };
}

}  // namespace

const std::vector<FaultKind>& fault_kinds() {
  static const std::vector<FaultKind> kinds = [] {
    std::vector<FaultKind> out = network_kinds();
    for (const auto& more : {process_kinds(), disk_kinds(), application_kinds(), store_kinds(), discovery_kinds(),
                             certificate_kinds(), resource_kinds(), operation_kinds(), load_kinds(), zone_kinds()})
      out.insert(out.end(), more.begin(), more.end());
    return out;
  }();
  return kinds;
}

const FaultKind* find_fault_kind(std::string_view name) {
  auto found = std::ranges::find(fault_kinds(), name, &FaultKind::name);
  return found == fault_kinds().end() ? nullptr : &*found;
}

}  // namespace kumasim::chaos
