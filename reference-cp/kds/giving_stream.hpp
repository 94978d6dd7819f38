/// One delta stream on which this side gives resources, from its first request to its end: Global's GlobalToZoneSync,
/// a zone's ZoneToGlobalSync.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <set>
#include <string>

#include "kumasim/runtime/runtime.hpp"
#include "reference-cp/kds/exchange_rules.hpp"
#include "reference-cp/kds/message_stream.hpp"
#include "reference-cp/kds/planted_bugs.hpp"
#include "reference-cp/kds/snapshot_feed.hpp"
#include "reference-cp/kds/zone_status.hpp"
#include "reference-cp/kds/zone_subscription.hpp"

namespace kumasim::cp::kds {

class KdsMetrics;

struct GivingOptions {
  std::string control_plane;  ///< names this side in responses: "global", or the zone's name
  Server server;
  Duration send_duration_max = std::chrono::minutes(1);  ///< multizone.*.kds.msgSendTimeout
  /// What the other side refused is given once more after this time, for what stood in its way may have gone.
  Duration refused_retry_interval = std::chrono::minutes(1);
  PlantedBugs planted = {};
  KdsMetrics* metrics = nullptr;  ///< must outlive it; nullptr: nothing is counted
};

class GivingStream {
 public:
  /// The rules of a peer by the node of its first request; `on_snapshot` and `on_complete` are set here.
  using PeerOf = std::function<SnapshotFeed::Peer(const AdsNode& node)>;

  /// All must outlive it.
  GivingStream(const Runtime& runtime, SnapshotFeed& feed, ZoneStatus& status, GivingOptions options)
      : runtime_(runtime), feed_(feed), status_(status), options_(std::move(options)) {}

  /// Serves until the stream is over and its end is in the zone's insight. ok where the other side ended it; else why
  /// it should end, and the caller ends it. `client` is the zone whose call it is, and no node may name another; "" on
  /// a zone's side.
  asio::awaitable<GrpcStatus> run(MessageStream stream, PeerOf peer_of, std::string client, bool authenticated);

  /// Zones that have not yet answered all that there is for them on the last stream that they have opened; who has none
  /// is not among them. What they refused they have answered.
  std::set<std::string> behind() const;

 private:
  struct Session;
  asio::awaitable<GrpcStatus> read_all(std::shared_ptr<Session> session, MessageStream stream, PeerOf peer_of) const;
  static asio::awaitable<void> follow(ZoneStatus& status, std::shared_ptr<Session> session);
  static asio::awaitable<void> retry_refused(std::shared_ptr<Session> session, Duration interval);

  Runtime runtime_;
  SnapshotFeed& feed_;
  ZoneStatus& status_;
  GivingOptions options_;
  std::list<std::weak_ptr<Session>> sessions_;  ///< of open streams, as they came
};

/// The features that a node's metadata names.
Names features_of(const AdsNode& node);

}  // namespace kumasim::cp::kds
