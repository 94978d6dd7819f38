/// One stream on which this side gives resources, as the ZoneInsight's `subscriptions` tell of it. No I/O.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "kumasim/runtime/time.hpp"
#include "reference-cp/manager/labels.hpp"
#include "reference-cp/xds/ads/request.hpp"

namespace kumasim::cp::kds {

/// Who serves the stream.
struct Server {
  CpMode mode = CpMode::global;
  std::string instance;
  std::string version;  ///< of this control plane: whether the other fits it
};

class ZoneSubscription {
 public:
  /// `id` names the stream (a UUID); `authenticated`: the call came with an authorization. `client` is the zone that
  /// the call's metadata names; "" where that does not (a zone's side): then the first node names it.
  ZoneSubscription(Server server, std::string id, bool authenticated, WallTime now, std::string client = {});

  /// Each request of the stream. The first one with a node names the zone's version, its configuration and its
  /// instance.
  void on_request(const DeltaDiscoveryRequest& request, WallTime now);
  /// Each response, by the type name of its kind.
  void on_response(const std::string& kind, WallTime now);
  /// The stream has ended. Only the first call counts.
  void end(WallTime now);
  /// A sign of life: twice in the idle time (metrics.zone.idleTimeout).
  void count_up() { ++generation_; }

  /// "" until the first request.
  const std::string& zone() const { return zone_; }
  const std::string& id() const { return id_; }
  bool ended() const { return disconnected_.has_value(); }
  WallTime connected() const { return connected_; }
  /// The subscription as it is in the insight.
  nlohmann::json print() const;

 private:
  struct Counts {
    std::uint64_t sent = 0, acknowledged = 0, rejected = 0;
  };
  static nlohmann::json print(const Counts& counts);
  void introduce(const AdsNode& node);

  Server server_;
  std::string id_;
  bool authenticated_;
  WallTime connected_;
  WallTime updated_;
  std::optional<WallTime> disconnected_;
  std::string client_, zone_, other_instance_, config_, version_json_;
  std::map<std::string, Counts> counts_;  ///< by kind
  std::uint32_t generation_ = 0;
};

}  // namespace kumasim::cp::kds
