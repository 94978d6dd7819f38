/// One connected proxy: its ADS session, what it holds, and the queue of messages that its stream is to carry.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "kumasim/runtime/event.hpp"
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
  std::optional<AdsRejection> rejection;         ///< the last one
};

class Proxy {
 public:
  Proxy(asio::any_io_executor executor, AdsVariant variant, const std::string& control_plane, GrpcServerStream stream)
      : session(variant, control_plane), stream(std::move(stream)), wake(std::move(executor)) {}

  ResourceKey key;
  NodeMetadata metadata;
  std::string metadata_json;
  AdsSession session;
  GrpcServerStream stream;
  Subscription subscription;
  std::shared_ptr<const Snapshot> snapshot;
  IdentityPtr identity;
  std::deque<AdsResponse> queue;
  Event wake;           ///< set: the queue has grown, or `closing`
  bool closing = false;
  bool overtaken = false;  ///< the same proxy has opened another stream
  std::uint64_t patience = 0;  ///< counts the times that something was held back; names the latest

  /// Takes what the session wants sent, counts it, and wakes the writer.
  void take(AdsActions actions, WallTime now) {
    if (actions.answer) {
      ResponseCounts& counts = subscription.counts[actions.answer->type_url];
      ++(actions.answer->rejection ? counts.rejected : counts.acknowledged);
      if (actions.answer->rejection) subscription.rejection = actions.answer->rejection;
      subscription.updated = now;
    }
    for (auto& response : actions.send) {
      ++subscription.counts[response.type_url].sent;
      subscription.updated = now;
      queue.push_back(std::move(response));
    }
    if (!queue.empty()) wake.set();
  }

  void close() {
    closing = true;
    wake.set();
  }
};

using ProxyPtr = std::shared_ptr<Proxy>;

}  // namespace kumasim::cp
