#include "reference-cp/kds/global_server.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>
#include <kuma/kds.pb.h>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/kds/stream_paths.hpp"
#include "reference-cp/kds/taking_stream.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp::kds {
namespace {

constexpr std::string_view component = "kds-global";

/// A stream of a zone that has no Zone yet waits for it, as in Kuma: it comes with the zone's synchronisation.
constexpr int zone_attempts_max = 30;
constexpr Duration zone_pause = std::chrono::seconds(1);

const GrpcStatus shutting_down{GrpcCode::unavailable, "the global control plane is shutting down"};

Names features_of(const Headers& metadata) {
  Names out;
  for (const auto& field : metadata)
    if (equal_without_case(field.name, metadata::features)) out.insert(field.value);
  return out;
}

bool is_disabled(const Resource& zone) {
  auto enabled = zone.spec.find("enabled");
  return enabled != zone.spec.end() && *enabled == false;
}

}  // namespace

GlobalServer::GlobalServer(const Runtime& runtime, Store& store, Manager& manager, GlobalServerOptions options)
    : runtime_(runtime),
      store_(store),
      manager_(manager),
      options_(std::move(options)),
      status_(runtime, store, options_.status),
      watch_(runtime.clock, runtime.log, store, options_.watch, options_.metrics),
      feed_(runtime.timers, runtime.log, store, kinds_of_global(), options_.refresh_interval, options_.metrics),
      giving_(runtime, feed_, status_,
              {.control_plane = "global",
               .server = {.mode = CpMode::global, .instance = options_.node.instance, .version = options_.node.version},
               .send_duration_max = options_.send_duration_max,
               .planted = options_.planted,
               .metrics = options_.metrics}),
      admin_(runtime, store),
      ended_(runtime.executor) {}

asio::awaitable<Result<>> GlobalServer::start() {
  store_.subscribe([this](const Change& change) { hear(change); });
  auto zones = co_await store_.list(kind::zone(), {});
  if (!zones) co_return fail(zones.error());
  for (const ResourcePtr& zone : zones->items)
    if (is_disabled(*zone)) disabled_zones_.insert(zone->meta.name);
  co_return Result<>();
}

void GlobalServer::hear(const Change& change) {
  if (change.kind != &kind::zone()) return;
  const auto outlives = options_.planted.outlives_its_zone;
  if (!change.after && !(outlives && outlives()))
    end_streams(change.key.name, {GrpcCode::unavailable, "the Zone has been removed"});
  const bool disabled = change.after && is_disabled(*change.after);
  const bool before = disabled_zones_.contains(change.key.name);
  if (disabled == before) return;
  if (disabled)
    disabled_zones_.insert(change.key.name);
  else
    disabled_zones_.erase(change.key.name);
  feed_.touch_all();
}

asio::awaitable<void> GlobalServer::watch_zones() {
  if (options_.watch.timeout > Duration::zero()) co_await watch_.run(runtime_.timers);
}

/// Of all zones where none is named.
void GlobalServer::end_streams(const std::string& zone, const GrpcStatus& status) const {
  for (const auto& [number, open] : streams_)
    if (zone.empty() || open.zone == zone) open.stream.drop(status);
}

void GlobalServer::drop(const std::string& zone, const std::string& stream) {
  for (const auto& [number, open] : streams_)
    if (open.zone == zone && (stream == "all" || stream == to_string(open.kind)))
      open.stream.drop({GrpcCode::unavailable, "the stream is dropped"});
}

void GlobalServer::stop() {
  stopping_ = true;
  end_streams({}, shutting_down);
}

asio::awaitable<void> GlobalServer::wait_idle() {
  while (!streams_.empty()) co_await ended_.wait();
}

asio::awaitable<void> GlobalServer::serve(GrpcServerStream stream) {
  auto self = shared_from_this();
  if (stopping_) co_return stream.finish(shutting_down);
  const bool is_check = stream.path() == method::health_check;
  auto kind = stream_of(stream.path());
  if (!is_check && !kind) {
    stream.finish(GrpcCode::unimplemented, fmt::format("unknown method {}", stream.path()));
    co_return;
  }
  std::string zone(stream.metadata().get(metadata::client_id));
  if (zone.empty()) {
    // Of the two synchronisations Kuma gives a plain error.
    const bool plain = kind == ZoneStream::global_to_zone || kind == ZoneStream::zone_to_global;
    stream.finish(plain ? GrpcCode::unknown : GrpcCode::invalid_argument, "\"client-id\" is not present in metadata");
    co_return;
  }
  if (is_check)
    stream.finish(co_await health_check(stream, std::move(zone)));
  else
    co_await serve_stream(std::move(stream), *kind, std::move(zone));
}

asio::awaitable<GrpcStatus> GlobalServer::health_check(const GrpcServerStream& stream, std::string zone) {
  co_await stream.read();
  auto noted = co_await status_.health_check(zone);
  if (!noted && noted.error().code != Code::not_found)
    runtime_.log.warn(component, "health check not noted", {{"zone", zone}, {"error", noted.error().message}});
  ::kuma::mesh::v1alpha1::ZoneHealthCheckResponse response;
  *response.mutable_interval() = google::protobuf::util::TimeUtil::NanosecondsToDuration(
      std::chrono::nanoseconds(options_.watch.poll_interval).count());
  co_await stream.write(deterministic_bytes(response));
  co_return GrpcStatus{};
}

asio::awaitable<void> GlobalServer::serve_stream(GrpcServerStream stream, ZoneStream kind, std::string zone) {
  const WallTime connected = runtime_.clock.wall_now();
  runtime_.log.info(component, "stream opened", {{"zone", zone}, {"stream", to_string(kind)}});
  ZoneWatch::Watched watched;
  if (options_.watch.timeout > Duration::zero() && features_of(stream.metadata()).contains(feature::zone_ping_health))
    watched = watch_.watch(zone, kind, connected, [stream, log = &runtime_.log, zone, kind](const std::string& reason) {
      log->warn(component, "stream ended", {{"zone", zone}, {"stream", to_string(kind)}, {"reason", reason}});
      stream.drop({GrpcCode::cancelled, "stream canceled - " + reason});
    });
  spawn(runtime_.executor, runtime_.log, "kds.stream", note_stream(shared_from_this(), stream, kind, zone, connected));
  const std::uint64_t number = ++stream_number_;
  streams_.emplace(number, OpenStream{zone, kind, stream});
  if (options_.planted.overlooks) feed_.overlook(nullptr);
  GrpcStatus status;
  std::exception_ptr escaped;
  try {
    status = co_await serve_kind(stream, kind, zone);
  } catch (...) {
    escaped = std::current_exception();
  }
  streams_.erase(number);
  if (options_.planted.overlooks) feed_.overlook(options_.planted.overlooks);
  ended_.notify_all();
  if (escaped) std::rethrow_exception(escaped);
  if (status.ok())
    runtime_.log.info(component, "stream closed", {{"zone", zone}, {"stream", to_string(kind)}});
  else
    runtime_.log.warn(component, "stream failed",
                      {{"zone", zone}, {"stream", to_string(kind)}, {"error", status.message}});
  if (!stream.over()) stream.drop(std::move(status));
}

asio::awaitable<GrpcStatus> GlobalServer::serve_kind(const GrpcServerStream& stream, ZoneStream kind,
                                                     std::string zone) {
  if (kind == ZoneStream::global_to_zone) co_return co_await give(stream, std::move(zone));
  if (kind == ZoneStream::zone_to_global) co_return co_await take(stream, std::move(zone));
  co_return co_await admin_.serve(std::move(zone), kind, MessageStream::of(stream), options_.send_duration_max);
}

asio::awaitable<GrpcStatus> GlobalServer::give(const GrpcServerStream& stream, std::string zone) {
  if (auto after = options_.planted.zone_made_after) co_await sleep(runtime_.timers, after(runtime_.random));
  if (auto there = co_await ensure_zone(zone); !there) co_return to_status(there.error());
  GivingStream::PeerOf peer_of = [this, zone](const AdsNode& node) {
    auto peer = std::make_shared<const ZonePeer>(ZonePeer{.zone = zone, .features = kds::features_of(node)});
    SnapshotFeed::Peer out;
    out.is_given = [this, peer](const Resource& resource) {
      return is_given_to_zone(resource, *peer, disabled_zones_);
    };
    out.as_given = [this, peer](const Resource& resource) {
      return as_given_to_zone(resource, *peer, options_.skip_label_prefixes);
    };
    out.form = peer->features.contains(feature::hash_suffix) ? "hashed" : "plain";
    return out;
  };
  co_return co_await giving_.run(MessageStream::of(stream), std::move(peer_of), zone,
                                 stream.metadata().has("authorization"));
}

asio::awaitable<GrpcStatus> GlobalServer::take(const GrpcServerStream& stream, std::string zone) {
  if (!options_.planted.zone_made_after)
    if (auto there = co_await ensure_zone(zone); !there) co_return to_status(there.error());
  SinkNode node = options_.node;
  node.id = zone;
  node.config.clear();
  auto kinds = kinds_of_zones();
  DeltaSink sink(std::move(node), {kinds.begin(), kinds.end()}, std::nullopt);
  StoreSync sync = StoreSync::of_global(
      store_, runtime_.clock,
      {.zone = zone, .prefixes_names = !features_of(stream.metadata()).contains(feature::hash_suffix)});
  TakingStream taking(runtime_, {.peer = zone,
                                 .response_backoff = options_.response_backoff,
                                 .send_duration_max = options_.send_duration_max,
                                 .on_message = {},
                                 .planted = options_.planted,
                                 .metrics = options_.metrics});
  co_return co_await taking.run(MessageStream::of(stream), sink, sync);
}

asio::awaitable<Result<>> GlobalServer::ensure_zone(std::string zone) {
  auto there = co_await store_.get(kind::zone(), {"", zone});
  if (there) co_return Result<>();
  if (there.error().code != Code::not_found) co_return fail(there.error());
  runtime_.log.info(component, "zone created", {{"zone", zone}});
  Resource made;
  made.kind = &kind::zone();
  made.meta.name = zone;
  made.spec["enabled"] = true;
  auto done = co_await manager_.create(std::move(made));
  // The zone's other stream may have been faster.
  if (!done && done.error().error.code != Code::already_exists) co_return fail(done.error().error);
  co_return Result<>();
}

asio::awaitable<void> GlobalServer::note_stream(std::shared_ptr<GlobalServer> self, GrpcServerStream stream,
                                                ZoneStream kind, std::string zone, WallTime connected) {
  for (int attempt = 1; !stream.over(); ++attempt) {
    auto noted = co_await self->status_.stream_opened(zone, kind, connected);
    if (noted) co_return;
    const bool waits = noted.error().code == Code::not_found && attempt < zone_attempts_max;
    if (!waits) {
      self->runtime_.log.error(component, "stream connection not stored",
                               {{"zone", zone}, {"stream", to_string(kind)}, {"error", noted.error().message}});
      stream.drop({GrpcCode::internal, "could not store stream connection"});
      co_return;
    }
    co_await sleep(self->runtime_.timers, zone_pause);
  }
}

}  // namespace kumasim::cp::kds
