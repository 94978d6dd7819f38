/// Known bugs of KDS that a test can switch on, as reference-cp/policy/planted_bugs.hpp has them of the rest; null
/// where there is none. What they do lies in the library kumasim_planted_bugs.
#pragma once

#include <functional>

#include "kumasim/runtime/time.hpp"

namespace kumasim {
class Random;
struct GrpcClientOptions;
}  // namespace kumasim

namespace kumasim::cp {
class Kind;
struct DeltaDiscoveryRequest;
}  // namespace kumasim::cp

namespace kumasim::cp::kds {

struct SyncReport;

struct PlantedBugs {
  /// Hears the requests of one stream before the side that gives does, and may change them; false: it hears nothing
  /// of it. One for each stream.
  std::function<bool(DeltaDiscoveryRequest&)> (*request_filter)() = nullptr;
  /// Whether the side that takes ends its stream after this.
  bool (*ends_stream)(const SyncReport&) = nullptr;
  /// Kinds of which Global finds nothing for any zone, from the end of one zone's stream until a zone opens another.
  bool (*overlooks)(const Kind&) = nullptr;
  /// Whether the streams of a zone go on when its Zone is removed.
  bool (*outlives_its_zone)() = nullptr;
  /// How long GlobalToZoneSync takes before it makes the Zone of a new zone; ZoneToGlobalSync makes none then.
  Duration (*zone_made_after)(Random&) = nullptr;
  /// Changes how a zone connects to Global, and how long it waits for an answer to its health check.
  void (*connection)(GrpcClientOptions&, Duration& health_duration_max) = nullptr;
};

}  // namespace kumasim::cp::kds
