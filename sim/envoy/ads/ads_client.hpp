/// The client's side of Envoy's discovery protocol, both variants, without I/O: bytes in, bytes out.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/envoy/config/state.hpp"

namespace kumasim::sim::proxy {

struct AdsClientOptions {
  bool delta = false;
  bool node_on_first_message_only = false;
  std::string node;  ///< a serialised envoy.config.core.v3.Node
  /// A known bug: where the last clusters were refused, a new stream does not ask for any.
  bool forgets_refused_clusters = false;
};

/// Every function gives the messages that go out now, serialised DiscoveryRequest or DeltaDiscoveryRequest, in order.
class AdsClient {
 public:
  using Messages = std::vector<std::string>;

  AdsClient(ConfigState& state, AdsClientOptions options) : state_(state), options_(std::move(options)) {}

  /// A stream is open: what was accepted before is told, with its versions.
  Messages on_connected();
  /// A message of the server. Nothing: it does not decode, and gRPC ends the stream with INTERNAL.
  std::optional<Messages> on_message(const std::string& bytes);
  void on_disconnected() { connected_ = false; }
  /// What the state wants has changed without a message (a fetch timed out).
  Messages poll();
  /// The subscription of a type once more, although nothing has changed; nothing where there is none on this stream.
  Messages again(Type type);

  bool connected() const { return connected_; }
  std::uint64_t acks() const { return acks_; }
  std::uint64_t nacks() const { return nacks_; }
  const std::string& last_error() const { return last_error_; }
  /// Of the response that was accepted or refused last. REQUIRES: there was one.
  Type last_answered() const { return last_answered_; }
  /// What was wrong with the last response of a type; absent where that was accepted.
  const std::map<Type, std::string>& refusals() const { return refusals_; }

 private:
  struct Subscription {
    bool active = false;  ///< asked for on this stream
    bool ever = false;
    std::set<std::string> names;                  ///< as last sent
    std::string nonce;                            ///< of the last response on this stream
    std::map<std::string, std::string> versions;  ///< delta: of the resources that are held
  };

  Subscription& subscription(Type type) { return subscriptions_[static_cast<std::size_t>(type)]; }
  bool due(Type type) const;
  std::string request(Type type, const std::string& error);
  std::string delta_request(Type type, const std::set<std::string>& add, const std::set<std::string>& remove,
                            const std::string& nonce, const std::string& error, bool first);
  std::optional<Messages> on_sotw(const std::string& bytes);
  std::optional<Messages> on_delta(const std::string& bytes);
  void follow(Messages& out);

  ConfigState& state_;
  AdsClientOptions options_;
  std::array<Subscription, all_types.size()> subscriptions_;
  bool connected_ = false;
  bool node_sent_ = false;
  std::uint64_t acks_ = 0, nacks_ = 0;
  std::string last_error_;
  Type last_answered_ = Type::cluster;
  std::map<Type, std::string> refusals_;
};

}  // namespace kumasim::sim::proxy
