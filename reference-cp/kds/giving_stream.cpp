#include "reference-cp/kds/giving_stream.hpp"

#include <exception>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kumasim/runtime/task.hpp"
#include "reference-cp/kds/kds_metrics.hpp"
#include "reference-cp/model/rules/values.hpp"
#include "reference-cp/model/uuid.hpp"

namespace kumasim::cp::kds {

constexpr std::string_view component = "kds";

struct GivingStream::Session {
  Session(const Runtime& runtime, const GivingOptions& options, MessageStream stream, std::string zone,
          bool authenticated)
      : clock(runtime.clock),
        log(runtime.log),
        client(std::move(zone)),
        source(options.control_plane),
        outbox(std::make_shared<Outbox>(runtime.executor, std::move(stream))),
        subscription(std::make_shared<ZoneSubscription>(options.server, make_uuid(runtime.random), authenticated,
                                                        runtime.clock.wall_now(), client)),
        status_wake(runtime.executor),
        status_written(runtime.executor),
        retry_timer(runtime.timers),
        metrics(options.metrics) {
    if (metrics != nullptr) metrics->stream_opened();
  }

  void send(SourceActions actions) {
    if (metrics != nullptr && actions.answer) {
      auto sent = in_flight.extract(actions.answer->kind);
      metrics->answered(actions.answer->kind, actions.answer->refusal,
                        sent ? std::optional(clock.now() - sent.mapped()) : std::nullopt);
    }
    for (SourceResponse& response : actions.send) {
      if (auto changed = changed_at.extract(response.kind)) in_flight[response.kind] = changed.mapped();
      if (metrics != nullptr) metrics->response_sent(response.kind, response.bytes.size());
      subscription->on_response(response.kind, clock.wall_now());
      last_sent[response.kind] = outbox->put(std::move(response.bytes));
    }
    if (actions.answer && actions.answer->refusal)
      log.warn(component, "resources refused",
               {{"zone", subscription->zone()},
                {"type", actions.answer->kind},
                {"error", actions.answer->refusal->message}});
  }

  /// An answer to a response that nobody can have read.
  bool is_guessed(const SourceActions& actions) const {
    if (!actions.answer) return false;
    auto sent = last_sent.find(actions.answer->kind);
    return sent != last_sent.end() && outbox->is_waiting(sent->second);
  }

  void end() {
    if (std::exchange(ended, true)) return;
    if (metrics != nullptr) metrics->stream_closed(version);
    registration = {};
    outbox->close();
    subscription->end(clock.wall_now());
    status_wake.set();
    retry_timer.cancel();
  }

  Clock& clock;
  Log& log;
  std::string client;
  DeltaSource source;
  std::shared_ptr<Outbox> outbox;
  std::map<std::string, std::uint64_t> last_sent;  ///< numbers in the outbox, by kind
  std::shared_ptr<ZoneSubscription> subscription;
  Event status_wake;
  Event status_written;  ///< its end is, or never will be
  Timer retry_timer;
  SnapshotFeed::Registration registration;
  KdsMetrics* metrics;
  std::optional<std::string> version;  ///< of the other side, once it has said it
  /// Since when a change of a kind waits to be sent, and for an answer.
  std::map<std::string, MonotonicTime> changed_at, in_flight;
  bool ended = false;
};

asio::awaitable<void> GivingStream::follow(ZoneStatus& status, std::shared_ptr<Session> session) {
  std::exception_ptr escaped;
  try {
    co_await status.follow(session->subscription, session->status_wake);
  } catch (...) {
    escaped = std::current_exception();
  }
  session->status_written.set();
  if (escaped) std::rethrow_exception(escaped);
}

Names features_of(const AdsNode& node) {
  Names out;
  auto metadata = nlohmann::json::parse(node.metadata_json, nullptr, false);
  if (!metadata.is_object() || !metadata.contains("features") || !metadata["features"].is_array()) return out;
  for (const auto& feature : metadata["features"])
    if (feature.is_string()) out.insert(feature.get<std::string>());
  return out;
}

/// "" where its metadata has none.
std::string version_of(const AdsNode& node) {
  auto metadata = nlohmann::json::parse(node.metadata_json, nullptr, false);
  return text_at(at(at(metadata, "version"), "kumaCp"), "version");
}

asio::awaitable<GrpcStatus> GivingStream::run(MessageStream stream, PeerOf peer_of, std::string client,
                                              bool authenticated) {
  auto session = std::make_shared<Session>(runtime_, options_, stream, std::move(client), authenticated);
  auto open = sessions_.insert(sessions_.end(), session);
  spawn(runtime_.executor, runtime_.log, "kds.writer",
        Outbox::run(session->outbox, runtime_.timers, options_.send_duration_max));
  spawn(runtime_.executor, runtime_.log, "kds.status", follow(status_, session));
  spawn(runtime_.executor, runtime_.log, "kds.retry", retry_refused(session, options_.refused_retry_interval));
  GrpcStatus status;
  std::exception_ptr escaped;
  try {
    status = co_await read_all(session, std::move(stream), std::move(peer_of));
  } catch (...) {
    escaped = std::current_exception();
  }
  session->end();
  sessions_.erase(open);
  co_await session->status_written.wait();
  if (escaped) std::rethrow_exception(escaped);
  co_return status;
}

std::set<std::string> GivingStream::behind() const {
  std::set<std::string> out;
  for (const auto& weak : sessions_) {
    auto session = weak.lock();
    if (!session) continue;
    const std::string& zone = session->client;
    // One that came later stands for the zone.
    if (session->registration.up_to_date() && session->source.settled())
      out.erase(zone);
    else
      out.insert(zone);
  }
  return out;
}

asio::awaitable<GrpcStatus> GivingStream::read_all(std::shared_ptr<Session> session, MessageStream stream,
                                                   PeerOf peer_of) const {
  std::function<bool(DeltaDiscoveryRequest&)> planted;
  if (options_.planted.request_filter) planted = options_.planted.request_filter();
  bool begun = false;
  for (;;) {
    auto bytes = co_await stream.read();
    if (!bytes) co_return GrpcStatus{};
    auto request = decode_delta_request(*bytes);
    if (!request) co_return to_status(request.error());
    // Else it would write to another zone's insight.
    if (const std::string& zone = session->client;
        !zone.empty() && !request->node.id.empty() && request->node.id != zone)
      co_return GrpcStatus{
          GrpcCode::invalid_argument,
          fmt::format("the node is \"{}\", but the call's client-id is \"{}\"", request->node.id, zone)};
    if (planted && !planted(*request)) continue;
    session->subscription->on_request(*request, runtime_.clock.wall_now());
    if (!std::exchange(begun, true)) {
      SnapshotFeed::Peer peer = peer_of(request->node);
      std::weak_ptr<Session> weak = session;
      peer.on_snapshot = [weak](const std::string& kind, KindSnapshotPtr snapshot) {
        auto alive = weak.lock();
        if (!alive) return;
        alive->changed_at.try_emplace(kind, alive->clock.now());
        alive->send(alive->source.on_snapshot(kind, std::move(snapshot)));
      };
      peer.on_complete = [weak] {
        if (auto alive = weak.lock()) alive->send(alive->source.on_complete());
      };
      session->registration = feed_.add(std::move(peer));
      session->status_wake.set();  // who it is, is known now
      session->version = version_of(request->node);
      if (session->metrics != nullptr) session->metrics->client_known(*session->version);
    }
    SourceActions actions = session->source.on_request(*request);
    if (actions.refused) co_return to_status(*actions.refused);
    // Who reads has one unwritten response of a kind at most; who guesses nonces could queue any number.
    if (session->is_guessed(actions))
      co_return GrpcStatus{GrpcCode::resource_exhausted, "an answer to a response that has not been sent"};
    session->send(std::move(actions));
  }
}

asio::awaitable<void> GivingStream::retry_refused(std::shared_ptr<Session> session, Duration interval) {
  while (!session->ended) {
    session->retry_timer.expires_after(interval);
    try {
      co_await session->retry_timer.async_wait();
    } catch (const boost::system::system_error&) {
      // Cancelled because the stream is over.
    }
    if (!session->ended) session->send(session->source.retry_refused());
  }
}

}  // namespace kumasim::cp::kds
