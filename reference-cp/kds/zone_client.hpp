/// A zone's connection to its global control plane: one connection, five streams and the signs of life.
///
/// As Kuma's mux client (pkg/kds/mux/client.go): where one of the streams fails, all begin anew on a new connection
/// after a back-off. What the zone holds from an earlier stream of this process it tells Global, which then sends only
/// what differs.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kumasim/runtime/runtime.hpp"
#include "kumasim/transport/grpc.hpp"
#include "reference-cp/kds/delta_sink.hpp"
#include "reference-cp/kds/envoy_admin_answers.hpp"
#include "reference-cp/kds/giving_stream.hpp"
#include "reference-cp/kds/planted_bugs.hpp"
#include "reference-cp/kds/snapshot_feed.hpp"
#include "reference-cp/kds/zone_status.hpp"

namespace kumasim::cp::kds {

struct ZoneClientOptions {
  Address global;
  std::shared_ptr<const TlsContext> tls;  ///< null: plain
  SinkNode node;                          ///< its id is the zone's name
  ZoneStatusOptions status;
  Duration refresh_interval = std::chrono::seconds(1);
  Duration response_backoff = Duration::zero();
  Duration send_duration_max = std::chrono::minutes(1);
  std::size_t message_bytes_max = 10 << 20;
  std::vector<std::string> skip_label_prefixes;
  Duration backoff_base = std::chrono::seconds(5);
  Duration backoff_max = std::chrono::minutes(1);
  PlantedBugs planted = {};
  KdsMetrics* metrics = nullptr;  ///< must outlive it; nullptr: nothing is counted
};

class ZoneClient {
 public:
  /// All must outlive it; it must live as long as the store changes.
  ZoneClient(const Runtime& runtime, Store& store, ZoneClientOptions options, EnvoyAdminAnswers::Ask ask_envoy);

  /// Gives Global what changes, until the process ends.
  asio::awaitable<void> run_feed() { return feed_.run(); }
  /// Connects, serves its streams, and begins anew where one fails, until stop() or the end of the process.
  asio::awaitable<void> run();

  /// Ends its streams, and does not connect again.
  void stop();
  /// Waits until these streams' ends are in the zone's own ZoneInsight: the last write of a stream, as Kuma's sink has
  /// it (pkg/kds/status/status_sink.go).
  asio::awaitable<void> wait_idle();

  /// Global has taken both synchronisations: a message has come on each.
  bool connected() const { return connected_; }

 private:
  struct Attempt;

  asio::awaitable<Error> run_once();
  asio::awaitable<void> serve(std::shared_ptr<Attempt> attempt, ZoneStream kind,
                              std::shared_ptr<GrpcClientStream> stream);
  asio::awaitable<GrpcStatus> serve_kind(std::shared_ptr<Attempt> attempt, ZoneStream kind, MessageStream stream);
  asio::awaitable<GrpcStatus> take(std::shared_ptr<Attempt> attempt, MessageStream stream);
  asio::awaitable<GrpcStatus> give(std::shared_ptr<Attempt> attempt, MessageStream stream);
  void accepted(Attempt& attempt, ZoneStream kind);
  asio::awaitable<void> check_health(std::shared_ptr<Attempt> attempt);
  Headers metadata() const;
  Duration next_pause();

  Runtime runtime_;
  Store& store_;
  ZoneClientOptions options_;
  ZoneStatus status_;
  SnapshotFeed feed_;
  GivingStream giving_;
  EnvoyAdminAnswers answers_;
  HeldVersions held_;               ///< of Global's resources
  Duration health_duration_max_;    ///< for one answer to a health check
  Duration pause_;                  ///< the next back-off, without its jitter
  std::weak_ptr<Attempt> attempt_;  ///< the last one
  bool connected_ = false;
  bool stopping_ = false;
};

}  // namespace kumasim::cp::kds
