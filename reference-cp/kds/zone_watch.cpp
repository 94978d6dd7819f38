#include "reference-cp/kds/zone_watch.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include <nlohmann/json.hpp>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/kds/kds_metrics.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/rules/values.hpp"
#include "reference-cp/model/timestamp.hpp"

namespace kumasim::cp::kds {
namespace {

constexpr std::string_view component = "zone-watch";
constexpr const char* came_again = "the zone has connected again on a newer stream";
constexpr const char* no_sign = "the zone gives no sign of life";

}  // namespace

ZoneWatch::Watched& ZoneWatch::Watched::operator=(Watched&& other) noexcept {
  std::swap(watch_, other.watch_);
  std::swap(number_, other.number_);
  return *this;
}

ZoneWatch::Watched::~Watched() {
  if (watch_) watch_->streams_.erase(number_);
}

ZoneWatch::Watched ZoneWatch::watch(std::string zone, ZoneStream stream, WallTime connected, End end) {
  if (options_.close_stale)
    end_those(
        [&](const Stream& other) { return other.zone == zone && other.kind == stream && other.connected < connected; },
        came_again);
  const std::uint64_t number = ++number_;
  streams_.emplace(number, Stream{.zone = std::move(zone),
                                  .kind = stream,
                                  .connected = connected,
                                  .opened = clock_.wall_now(),
                                  .end = std::move(end)});
  return {*this, number};
}

/// Each is forgotten before it is told: its end may take others along.
void ZoneWatch::end_those(const std::function<bool(const Stream&)>& which, const std::string& reason) {
  std::vector<std::uint64_t> numbers;
  for (const auto& [number, stream] : streams_)
    if (which(stream)) numbers.push_back(number);
  for (std::uint64_t number : numbers) {
    auto found = streams_.find(number);
    if (found == streams_.end()) continue;
    Stream stream = std::move(found->second);
    streams_.erase(found);
    log_.info(component, "stream of a zone ended",
              {{"zone", stream.zone}, {"stream", std::string(to_string(stream.kind))}, {"reason", reason}});
    stream.end(reason);
  }
}

asio::awaitable<void> ZoneWatch::look_at(std::string zone) {
  auto insight = co_await store_.get(kind::zone_insight(), {"", zone});
  if (!insight && insight.error().code != Code::not_found) {
    log_.warn(component, "zone insight not read", {{"zone", zone}, {"error", insight.error().message}});
    co_return;
  }
  static const nlohmann::json none = nlohmann::json::object();
  const nlohmann::json& spec = insight ? (*insight)->spec : none;
  // Where there is no health check yet, the zone was there when it opened its last stream.
  WallTime last = parse_timestamp(text_at(at(spec, "healthCheck"), "time")).value_or(WallTime{});
  for (const auto& [number, stream] : streams_)
    if (stream.zone == zone) last = std::max(last, stream.opened);
  // An insight comes a moment after the first stream, and goes with its Zone.
  const Duration silence = clock_.wall_now() - last;
  if (silence > (insight ? options_.timeout : options_.poll_interval)) {
    end_those([&](const Stream& stream) { return stream.zone == zone; }, insight ? no_sign : "the zone has no insight");
    co_return;
  }
  if (!options_.close_stale) co_return;
  const nlohmann::json& newest = at(spec, "kdsStreams");
  end_those(
      [&](const Stream& stream) {
        auto connected = parse_timestamp(text_at(at(newest, to_string(stream.kind)), "connectTime"));
        return stream.zone == zone && connected && stream.connected < *connected;
      },
      came_again);
}

asio::awaitable<void> ZoneWatch::look() {
  std::set<std::string> zones;
  for (const auto& [number, stream] : streams_) zones.insert(stream.zone);
  for (const std::string& zone : zones) co_await look_at(zone);
}

asio::awaitable<void> ZoneWatch::run(Timers& timers) {
  if (options_.poll_interval <= Duration::zero() || options_.timeout <= Duration::zero()) co_return;
  for (;;) {
    co_await sleep(timers, options_.poll_interval);
    const MonotonicTime begun = clock_.now();
    co_await look();
    if (metrics_ != nullptr) metrics_->zones_watched(clock_.now() - begun);
  }
}

}  // namespace kumasim::cp::kds
