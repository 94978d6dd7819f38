/// One stream of health discovery of one proxy as a state machine without I/O: its messages and its Dataplane go in,
/// what is to be sent and to be written comes out.
///
/// envoy.service.health.v3: the proxy asks once, naming itself, and is sent what it is to probe, again whenever that
/// changes; it reports every `interval`, on what it was told to probe alone. Nothing is acknowledged. Who it is must be
/// found to be true before it is listened to.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "reference-cp/xds/hds/report.hpp"
#include "reference-cp/xds/hds/specifier.hpp"

namespace kumasim::cp {

struct HdsActions {
  std::optional<Error> refused;             ///< the stream should end, and nothing else is set
  std::optional<ResourceKey> claim;         ///< whose stream it says it is: on_admitted() once that is found true
  std::optional<HealthReport> report;       ///< to be written into the Dataplane
  std::shared_ptr<const std::string> send;  ///< a HealthCheckSpecifier
};

class HdsSession {
 public:
  explicit HdsSession(HdsSettings settings) : settings_(settings) {}

  HdsActions on_message(std::string_view bytes);
  /// REQUIRES: a claim was made.
  void on_admitted();
  /// The proxy's Dataplane, as often as one likes. REQUIRES: admitted.
  HdsActions on_dataplane(const Resource& dataplane);

  bool admitted() const { return admitted_; }
  /// REQUIRES: a claim was made.
  const ResourceKey& key() const { return key_; }

 private:
  HdsActions on_request(const AdsNode& node);

  HdsSettings settings_;
  std::string id_;
  ResourceKey key_;
  NodeMetadata metadata_;
  bool admitted_ = false;
  std::shared_ptr<const std::string> sent_;
  /// Clusters that the specifiers on this stream named, also those before the last: a report may cross a newer one.
  std::set<std::string> named_;
};

}  // namespace kumasim::cp
