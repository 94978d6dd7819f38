/// What a global control plane serves to zones: the two synchronisations, questions about Envoys, signs of life.
///
/// As Kuma's mux server (pkg/kds/mux, pkg/kds/global, pkg/kds/service): a zone names itself in its calls' metadata
/// (client-id) and is not authenticated; its Zone is made when it first connects; several streams of one zone may be
/// open, such as a new one before the old one's end is known. A Zone that is disabled keeps its streams: what it gave
/// goes to no other zone. One that is removed loses them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "kumasim/runtime/runtime.hpp"
#include "kumasim/runtime/wait_list.hpp"
#include "kumasim/transport/grpc.hpp"
#include "reference-cp/kds/delta_sink.hpp"
#include "reference-cp/kds/envoy_admin_streams.hpp"
#include "reference-cp/kds/exchange_rules.hpp"
#include "reference-cp/kds/giving_stream.hpp"
#include "reference-cp/kds/planted_bugs.hpp"
#include "reference-cp/kds/snapshot_feed.hpp"
#include "reference-cp/kds/zone_status.hpp"
#include "reference-cp/kds/zone_watch.hpp"
#include "reference-cp/manager/manager.hpp"

namespace kumasim::cp::kds {

struct GlobalServerOptions {
  SinkNode node;  ///< this control plane's; its id and its configuration are not used
  ZoneStatusOptions status;
  ZoneWatchOptions watch;  ///< a timeout of 0: no zone is disconnected
  Duration refresh_interval = std::chrono::seconds(1);
  Duration response_backoff = Duration::zero();
  Duration send_duration_max = std::chrono::minutes(1);
  std::vector<std::string> skip_label_prefixes;
  PlantedBugs planted = {};
  KdsMetrics* metrics = nullptr;  ///< must outlive it; nullptr: nothing is counted
};

class GlobalServer : public std::enable_shared_from_this<GlobalServer> {
 public:
  /// All must outlive it; it must live as long as the store changes. Owned by a shared pointer: calls keep it.
  GlobalServer(const Runtime& runtime, Store& store, Manager& manager, GlobalServerOptions options);

  /// Reads the Zones, and hears of their changes from then on. An error is the store's.
  asio::awaitable<Result<>> start();
  /// Gives zones what changes, until the process ends.
  asio::awaitable<void> run() { return feed_.run(); }
  /// Looks after zones that give no sign of life, until the process ends; returns at once where none is disconnected.
  asio::awaitable<void> watch_zones();

  /// Serves one call; UNIMPLEMENTED for other methods.
  asio::awaitable<void> serve(GrpcServerStream stream);

  /// Ends streams of this zone with UNAVAILABLE: that of this name (to_string(ZoneStream)), or "all". It may call
  /// again.
  void drop(const std::string& zone, const std::string& stream);
  /// Ends the streams of zones with UNAVAILABLE, and any further call.
  void stop();
  /// Waits until no stream is served, and the ends of all are in the zones' insights.
  asio::awaitable<void> wait_idle();

  /// Zones that are connected and have not yet answered all that there is for them.
  std::set<std::string> behind() const { return giving_.behind(); }

  /// As EnvoyAdminCall (rest/envoy_admin.hpp).
  asio::awaitable<Result<std::string>> ask_envoy(ResourcePtr proxy, std::string target) {
    return admin_.ask(std::move(proxy), std::move(target));
  }

 private:
  struct OpenStream {
    std::string zone;
    ZoneStream kind;
    GrpcServerStream stream;
  };

  void end_streams(const std::string& zone, const GrpcStatus& status) const;
  asio::awaitable<GrpcStatus> health_check(const GrpcServerStream& stream, std::string zone);
  asio::awaitable<void> serve_stream(GrpcServerStream stream, ZoneStream kind, std::string zone);
  asio::awaitable<GrpcStatus> serve_kind(const GrpcServerStream& stream, ZoneStream kind, std::string zone);
  asio::awaitable<GrpcStatus> give(const GrpcServerStream& stream, std::string zone);
  asio::awaitable<GrpcStatus> take(const GrpcServerStream& stream, std::string zone);
  asio::awaitable<Result<>> ensure_zone(std::string zone);
  static asio::awaitable<void> note_stream(std::shared_ptr<GlobalServer> self, GrpcServerStream stream, ZoneStream kind,
                                           std::string zone, WallTime connected);
  void hear(const Change& change);

  Runtime runtime_;
  Store& store_;
  Manager& manager_;
  GlobalServerOptions options_;
  ZoneStatus status_;
  ZoneWatch watch_;
  SnapshotFeed feed_;
  GivingStream giving_;
  EnvoyAdminStreams admin_;
  Names disabled_zones_;
  std::map<std::uint64_t, OpenStream> streams_;
  std::uint64_t stream_number_ = 0;
  WaitList ended_;
  bool stopping_ = false;
};

}  // namespace kumasim::cp::kds
