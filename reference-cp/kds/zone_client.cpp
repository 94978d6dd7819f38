#include "reference-cp/kds/zone_client.hpp"

#include <algorithm>
#include <exception>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <kuma/kds.pb.h>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/kds/exchange_rules.hpp"
#include "reference-cp/kds/stream_paths.hpp"
#include "reference-cp/kds/taking_stream.hpp"
#include "reference-cp/xds/wire.hpp"

namespace kumasim::cp::kds {
namespace {

namespace api = ::kuma::mesh::v1alpha1;

constexpr std::string_view component = "kds-zone";

/// Until Global names another interval, within these bounds.
constexpr Duration health_interval = std::chrono::minutes(5);
constexpr std::chrono::seconds health_interval_min{1}, health_interval_max{3600};
/// For one answer of it.
constexpr Duration health_duration_max = std::chrono::seconds(30);

/// A silent Global is pinged so often, and given up after as long again.
constexpr Duration keepalive = std::chrono::seconds(15);

/// What Global asks for; nothing where it names none. Its seconds may be more than a Duration holds.
std::optional<Duration> health_interval_of(const google::protobuf::Duration& wanted) {
  const auto longest = static_cast<std::int64_t>(health_interval_max.count());
  const Duration out = std::chrono::seconds(std::clamp<std::int64_t>(wanted.seconds(), 0, longest)) +
                       std::chrono::nanoseconds(wanted.nanos());
  if (out <= Duration::zero()) return std::nullopt;
  return std::clamp<Duration>(out, health_interval_min, health_interval_max);
}

}  // namespace

/// One connection, shared by the coroutines on it.
struct ZoneClient::Attempt {
  Attempt(const asio::any_io_executor& executor, GrpcClient connection)
      : client(std::move(connection)), over(executor), ended(executor) {}

  /// Only the first reason counts.
  void fail_with(Error error) {
    if (!failure) failure = std::move(error);
    over.set();
  }

  GrpcClient client;
  std::optional<Error> failure;
  Event over;
  std::size_t streams = 0;  ///< that are served
  std::set<ZoneStream> accepted;
  WaitList ended;
};

ZoneClient::ZoneClient(const Runtime& runtime, Store& store, ZoneClientOptions options,
                       EnvoyAdminAnswers::Ask ask_envoy)
    : runtime_(runtime),
      store_(store),
      options_(std::move(options)),
      status_(runtime, store, options_.status),
      feed_(runtime.timers, runtime.log, store, kinds_of_zones(), options_.refresh_interval, options_.metrics),
      giving_(runtime, feed_, status_,
              {.control_plane = options_.node.id,
               .server = {.mode = CpMode::zone, .instance = options_.node.instance, .version = options_.node.version},
               .send_duration_max = options_.send_duration_max,
               .planted = options_.planted,
               .metrics = options_.metrics}),
      answers_(runtime, store, std::move(ask_envoy)),
      health_duration_max_(health_duration_max),
      pause_(options_.backoff_base) {}

asio::awaitable<void> ZoneClient::run() {
  while (!stopping_) {
    const MonotonicTime began = runtime_.timers.now();
    Error why = co_await run_once();
    if (stopping_) co_return;
    // What was well for long begins with short pauses again.
    if (runtime_.timers.now() - began > options_.backoff_max) pause_ = options_.backoff_base;
    const Duration pause = next_pause();
    runtime_.log.warn(component, "not connected to the global control plane, will connect again",
                      {{"address", to_string(options_.global)},
                       {"error", why.message},
                       {"pause ms", std::chrono::duration_cast<std::chrono::milliseconds>(pause).count()}});
    co_await sleep(runtime_.timers, pause);
  }
}

void ZoneClient::stop() {
  stopping_ = true;
  if (auto attempt = attempt_.lock()) attempt->fail_with({Code::cancelled, "the control plane stops", {}});
}

asio::awaitable<void> ZoneClient::wait_idle() {
  auto attempt = attempt_.lock();
  while (attempt && attempt->streams > 0) co_await attempt->ended.wait();
}

/// Doubles up to the longest; each is longer or shorter by up to the first one.
Duration ZoneClient::next_pause() {
  const Duration base = options_.backoff_base;
  const Duration pause = std::exchange(pause_, std::min(pause_ * 2, std::max(options_.backoff_max, base)));
  const auto spread = static_cast<std::uint64_t>(base.count()) * 2 + 1;
  const Duration jitter = Duration(static_cast<Duration::rep>(runtime_.random.below(spread))) - base;
  return std::max(Duration::zero(), pause + jitter);
}

Headers ZoneClient::metadata() const {
  return {{metadata::client_id, options_.node.id},
          {metadata::kds_version, "v3"},
          {metadata::features, std::string(feature::zone_ping_health)},
          {metadata::features, std::string(feature::hash_suffix)},
          {metadata::version, options_.node.version}};
}

asio::awaitable<Error> ZoneClient::run_once() {
  GrpcClientOptions options;
  options.tls = options_.tls.get();
  options.limits.message_bytes_max = options_.message_bytes_max;
  options.limits.http2.keepalive_interval = keepalive;
  options.limits.http2.keepalive_timeout = keepalive;
  if (options_.planted.connection) options_.planted.connection(options, health_duration_max_);
  auto client = co_await GrpcClient::connect(runtime_, options_.global, std::move(options));
  if (!client) co_return client.error();
  if (stopping_) {
    client->close();
    co_return Error{Code::cancelled, "the control plane stops", {}};
  }
  auto attempt = std::make_shared<Attempt>(runtime_.executor, std::move(*client));
  attempt_ = attempt;
  for (ZoneStream kind : zone_streams) {
    auto stream = attempt->client.open(std::string(path_of(kind)), metadata());
    if (!stream) {
      attempt->fail_with(stream.error());
      break;
    }
    ++attempt->streams;
    spawn(runtime_.executor, runtime_.log, "kds.stream",
          serve(attempt, kind, std::make_shared<GrpcClientStream>(std::move(*stream))));
  }
  spawn(runtime_.executor, runtime_.log, "kds.health", check_health(attempt));
  try {
    co_await attempt->over.wait();
  } catch (const boost::system::system_error&) {
    // Cancelled: the streams are coroutines of their own, and nobody else ends them.
    attempt->fail_with({Code::cancelled, "given up", {}});
    connected_ = false;
    attempt->client.close();
    throw;
  }
  connected_ = false;
  attempt->client.close();  // ends the other streams
  while (attempt->streams > 0) co_await attempt->ended.wait();
  co_return *attempt->failure;
}

void ZoneClient::accepted(Attempt& attempt, ZoneStream kind) {
  attempt.accepted.insert(kind);
  if (connected_ || attempt.accepted.size() < 2 || attempt.over.is_set()) return;
  connected_ = true;
  runtime_.log.info(component, "connected to the global control plane", {{"address", to_string(options_.global)}});
}

asio::awaitable<void> ZoneClient::serve(std::shared_ptr<Attempt> attempt, ZoneStream kind,
                                        std::shared_ptr<GrpcClientStream> stream) {
  GrpcStatus status;
  std::exception_ptr escaped;
  try {
    status = co_await serve_kind(attempt, kind, MessageStream::of(stream));
    if (status.ok()) status = co_await stream->status();
  } catch (const boost::system::system_error& error) {
    status = to_status(to_error(error));
    escaped = std::current_exception();
  } catch (const std::exception& error) {
    status = {GrpcCode::internal, error.what()};
    escaped = std::current_exception();
  }
  stream->cancel();
  --attempt->streams;
  attempt->ended.notify_all();
  // A Global without questions about Envoys is one; without synchronisation it is none.
  const bool is_sync = kind == ZoneStream::global_to_zone || kind == ZoneStream::zone_to_global;
  if (status.code == GrpcCode::unimplemented && !is_sync) {
    runtime_.log.warn(component, "the global control plane does not know a stream",
                      {{"stream", to_string(kind)}, {"error", status.message}});
    co_return;
  }
  const std::string what = status.ok() ? std::string("ended by the global control plane") : status.message;
  attempt->fail_with({Code::unavailable, fmt::format("{}: {}", to_string(kind), what), {}});
  if (escaped) std::rethrow_exception(escaped);
}

asio::awaitable<GrpcStatus> ZoneClient::serve_kind(std::shared_ptr<Attempt> attempt, ZoneStream kind,
                                                   MessageStream stream) {
  if (kind == ZoneStream::global_to_zone) co_return co_await take(std::move(attempt), std::move(stream));
  if (kind == ZoneStream::zone_to_global) co_return co_await give(std::move(attempt), std::move(stream));
  co_return co_await answers_.run(kind, std::move(stream), options_.send_duration_max);
}

asio::awaitable<GrpcStatus> ZoneClient::take(std::shared_ptr<Attempt> attempt, MessageStream stream) {
  auto kinds = kinds_of_global();
  // Where an exception ends this, nobody knows what is held.
  DeltaSink sink(options_.node, {kinds.begin(), kinds.end()}, std::exchange(held_, {}));
  StoreSync sync = StoreSync::of_zone(store_, runtime_.clock);
  TakingStream taking(runtime_, {.peer = "global",
                                 .response_backoff = options_.response_backoff,
                                 .send_duration_max = options_.send_duration_max,
                                 .on_message = [this, attempt] { accepted(*attempt, ZoneStream::global_to_zone); },
                                 .planted = options_.planted,
                                 .metrics = options_.metrics});
  GrpcStatus status = co_await taking.run(std::move(stream), sink, sync);
  held_ = sink.held();
  co_return status;
}

asio::awaitable<GrpcStatus> ZoneClient::give(std::shared_ptr<Attempt> attempt, MessageStream stream) {
  GivingStream::PeerOf peer_of = [this, attempt](const AdsNode&) {
    accepted(*attempt, ZoneStream::zone_to_global);
    SnapshotFeed::Peer out;
    out.is_given = is_given_to_global;
    out.as_given = [this](const Resource& resource) -> Result<Resource> {
      return as_given_to_global(resource, options_.node.id, options_.skip_label_prefixes);
    };
    return out;
  };
  co_return co_await giving_.run(std::move(stream), std::move(peer_of), {}, false);
}

asio::awaitable<void> ZoneClient::check_health(std::shared_ptr<Attempt> attempt) {
  Duration interval = health_interval;
  while (!attempt->over.is_set()) {
    auto answer = co_await attempt->client.call(std::string(method::health_check),
                                                deterministic_bytes(api::ZoneHealthCheckRequest()),
                                                health_duration_max_, metadata());
    if (!answer && answer.error().code == Code::unsupported) co_return;
    if (!answer) co_return attempt->fail_with({answer.error().code, "health check: " + answer.error().message, {}});
    api::ZoneHealthCheckResponse response;
    if (!response.ParseFromString(*answer))
      co_return attempt->fail_with({Code::data_loss, "health check: the answer cannot be read", {}});
    interval = health_interval_of(response.interval()).value_or(interval);
    co_await with_timeout(runtime_.timers, interval, attempt->over.wait());
  }
}

}  // namespace kumasim::cp::kds
