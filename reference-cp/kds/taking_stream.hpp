/// One delta stream on which this side takes resources, from its first request to its end: Global's ZoneToGlobalSync, a
/// zone's GlobalToZoneSync.
#pragma once

#include <functional>
#include <memory>

#include "kumasim/runtime/runtime.hpp"
#include "reference-cp/kds/delta_sink.hpp"
#include "reference-cp/kds/message_stream.hpp"
#include "reference-cp/kds/planted_bugs.hpp"
#include "reference-cp/kds/store_sync.hpp"

namespace kumasim::cp::kds {

class KdsMetrics;

struct TakingOptions {
  std::string peer;                                      ///< for the log: the zone, or "global"
  Duration response_backoff = Duration::zero();          ///< multizone.*.kds.responseBackoff
  Duration send_duration_max = std::chrono::minutes(1);  ///< multizone.*.kds.msgSendTimeout
  std::function<void()> on_message = {};                 ///< each that comes
  PlantedBugs planted = {};
  KdsMetrics* metrics = nullptr;  ///< must outlive it; nullptr: nothing is counted
};

class TakingStream {
 public:
  /// The parts of `runtime` must outlive it.
  TakingStream(const Runtime& runtime, TakingOptions options) : runtime_(runtime), options_(std::move(options)) {}

  /// Asks, stores and answers until the stream is over. ok where the other side ended it; else why it should end, and
  /// the caller ends it. `sink` and `sync` must outlive the call.
  asio::awaitable<GrpcStatus> run(MessageStream stream, DeltaSink& sink, StoreSync& sync) const;

 private:
  asio::awaitable<GrpcStatus> take_all(const MessageStream& stream, DeltaSink& sink, StoreSync& sync,
                                       std::shared_ptr<Outbox> outbox) const;
  void tell(const Kind& kind, const SyncReport& report) const;

  Runtime runtime_;
  TakingOptions options_;
};

}  // namespace kumasim::cp::kds
