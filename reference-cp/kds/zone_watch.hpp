/// Ends the streams of zones that give no sign of life, and of a zone that has come again on a new stream.
///
/// Kuma's zone watch (pkg/kds/mux/zone_watch.go): a zone that sends health checks (feature zone-ping-health) and whose
/// last one, in its ZoneInsight, is older than the timeout is disconnected; its subscriptions end with its streams.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "kumasim/runtime/clock.hpp"
#include "kumasim/runtime/log.hpp"
#include "kumasim/runtime/timer.hpp"
#include "reference-cp/kds/zone_stream.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::cp::kds {

class KdsMetrics;

struct ZoneWatchOptions {
  Duration poll_interval{};  ///< multizone.global.kds.zoneHealthCheck.pollInterval
  Duration timeout{};        ///< multizone.global.kds.zoneHealthCheck.timeout; both 0: nobody watches
  bool close_stale = false;  ///< multizone.global.kds.zoneHealthCheck.closeStaleConn
};

class ZoneWatch {
 public:
  /// Ends a stream; called once at most. It may destroy the Watched.
  using End = std::function<void(const std::string& reason)>;

  /// Watches one stream for as long as it lives; must not outlive the watch.
  class Watched {
   public:
    Watched() = default;
    Watched(ZoneWatch& watch, std::uint64_t number) : watch_(&watch), number_(number) {}
    Watched(Watched&& other) noexcept : watch_(std::exchange(other.watch_, nullptr)), number_(other.number_) {}
    Watched& operator=(Watched&& other) noexcept;
    ~Watched();

   private:
    ZoneWatch* watch_ = nullptr;
    std::uint64_t number_ = 0;
  };

  /// All must outlive it.
  ZoneWatch(const Clock& clock, Log& log, Store& store, ZoneWatchOptions options, KdsMetrics* metrics = nullptr)
      : clock_(clock), log_(log), store_(store), options_(options), metrics_(metrics) {}

  /// For each stream of a zone that sends health checks. With `close_stale` an older stream of the same zone and kind
  /// ends at once. `connected` is as in the insight (ZoneStatus::stream_opened).
  [[nodiscard]] Watched watch(std::string zone, ZoneStream stream, WallTime connected, End end);

  /// Looks once in each poll interval, until the process ends. Returns at once where the interval or timeout is 0.
  asio::awaitable<void> run(Timers& timers);
  asio::awaitable<void> look();

 private:
  struct Stream {
    std::string zone;
    ZoneStream kind;
    WallTime connected;
    WallTime opened;  ///< by this clock: the zone lived then at least
    End end;
  };

  void end_those(const std::function<bool(const Stream&)>& which, const std::string& reason);
  asio::awaitable<void> look_at(std::string zone);

  const Clock& clock_;
  Log& log_;
  Store& store_;
  ZoneWatchOptions options_;
  KdsMetrics* metrics_;  // null: nothing is counted
  std::map<std::uint64_t, Stream> streams_;
  std::uint64_t number_ = 0;
};

}  // namespace kumasim::cp::kds
