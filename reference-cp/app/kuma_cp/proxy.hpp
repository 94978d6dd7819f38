/// One connected proxy: its ADS session, what it holds, and the queue of messages that its stream is to carry.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "kumasim/runtime/event.hpp"
#include "kumasim/runtime/timer.hpp"
#include "kumasim/transport/grpc.hpp"
#include "reference-cp/identity/identities.hpp"
#include "reference-cp/model/resource.hpp"
#include "reference-cp/xds/ads/session.hpp"
#include "reference-cp/xds/proxy_view.hpp"

namespace kumasim::cp {

/// Counts of one type, as a DataplaneInsight reports them.
struct ResponseCounts {
  std::uint64_t sent = 0, acknowledged = 0, rejected = 0;
};

/// A stream from its first request to its end.
struct Subscription {
  std::string id;
  WallTime connected, updated;
  std::optional<WallTime> disconnected;
  std::map<std::string, ResponseCounts> counts;  ///< by type URL
  std::uint64_t generation = 0;                  ///< counted up while the stream is served, see Insights::follow
  std::optional<AdsRejection> rejection;         ///< the last one
};

/// What of a proxy its insight was made from when it was last written, and that insight.
struct ReportedInsight {
  ResourcePtr written;
  WallTime updated;
  std::optional<WallTime> disconnected;
  std::uint64_t responses = 0, generation = 0;
  IdentityPtr identity;
  bool operator==(const ReportedInsight&) const = default;
};

/// Responses that wait for a client to read; state of the world has one of each type at most. A client that follows the
/// protocol has one of each type outstanding.
inline constexpr std::size_t queued_responses_max = 64;

class Proxy {
 public:
  Proxy(asio::any_io_executor executor, AdsVariant sort, const std::string& control_plane, GrpcServerStream stream)
      : variant(sort), session(sort, control_plane), stream(std::move(stream)), wake(std::move(executor)) {}

  const AdsVariant variant;

  ResourceKey key;
  NodeMetadata metadata;
  bool is_of_zone() const { return metadata.proxy_type != "dataplane"; }
  /// By which it is found among all: a ZoneIngress and a ZoneEgress may have one name.
  ResourceKey slot() const { return is_of_zone() ? ResourceKey{{}, metadata.proxy_type + "." + key.name} : key; }
  std::string metadata_json;
  AdsSession session;
  GrpcServerStream stream;
  Subscription subscription;
  std::shared_ptr<const Snapshot> snapshot;
  IdentityPtr identity;
  std::deque<AdsResponse> queue;
  Event wake;           ///< set: the queue has grown, or `closing`
  bool closing = false;
  ReportedInsight reported;
  /// Set while somebody waits for what its insight is to say at once: to be cancelled then.
  Timer* news = nullptr;
  /// How many of the store's changes a configuration was made from: the one that it is to have, and the last one that
  /// it has taken as a whole.
  std::uint64_t made_from = 0, taken_from = 0;
  bool stale = true;  ///< there is none yet, or a newer one could not be made

  /// To be called whenever an answer or a snapshot may have completed what it runs.
  void note_taken() {
    if (session.accepted()) taken_from = made_from;
  }
  std::uint64_t patience = 0;  ///< names what is held back just now; 0: nothing is

  /// Takes what the session wants sent, counts it, and wakes the writer.
  void take(AdsActions actions, WallTime now) {
    if (actions.answer) {
      ResponseCounts& counts = subscription.counts[actions.answer->type_url];
      ++(actions.answer->rejection ? counts.rejected : counts.acknowledged);
      if (actions.answer->rejection) subscription.rejection = actions.answer->rejection;
      subscription.updated = now;
    }
    for (auto& response : actions.send) {
      subscription.updated = now;
      if (overtakes(response)) continue;
      ++subscription.counts[response.type_url].sent;
      queue.push_back(std::move(response));
    }
    if (queue.size() > queued_responses_max)
      return drop({GrpcCode::resource_exhausted, "the proxy does not read what it asks for"});
    if (!queue.empty()) wake.set();
  }

  /// Ends the stream from this side, also where the client does not read.
  void drop(GrpcStatus status) {
    queue.clear();
    stream.drop(std::move(status));
    close();
  }

  void close() {
    closing = true;
    wake.set();
    tell_news();
  }

  /// The certificate that it is sent, nullptr for none.
  void hold(IdentityPtr issued) {
    if (issued == identity) return;
    identity = std::move(issued);
    tell_news();
  }

 private:
  void tell_news() {
    if (news != nullptr) news->cancel();
  }

  /// A response that has not left yet gives its place to a newer one of its type, which says all that it said.
  bool overtakes(AdsResponse& response) {
    if (variant == AdsVariant::delta) return false;
    auto same = [&](const AdsResponse& queued) { return queued.type_url == response.type_url; };
    auto found = std::ranges::find_if(queue, same);
    if (found == queue.end()) return false;
    *found = std::move(response);
    return true;
  }
};

using ProxyPtr = std::shared_ptr<Proxy>;

}  // namespace kumasim::cp
