/// One proxy's conversation with the control plane, as it was heard on the wire: what it was sent and what it answered.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kumasim/runtime/time.hpp"
#include "scenarios/engine/sim_tap.hpp"

namespace kumasim::scenario {

/// A resource as it was sent: a serialised google.protobuf.Any.
using XdsBytes = std::shared_ptr<const std::string>;

/// One response of the control plane. Times count as in Commit.
struct Push {
  std::string type;  ///< "Listener"
  std::string version, nonce;
  std::optional<Duration> made;    ///< the snapshot that it was cut from
  std::optional<Duration> pushed;  ///< into the stream
  Duration received{};
  std::optional<Duration> answered = {};
  std::string refusal = {};                          ///< why the proxy did not take it
  std::map<std::string, XdsBytes> resources = {};    ///< by name
  std::map<std::string, std::string> versions = {};  ///< of the resources, in the delta protocol

  bool taken() const { return answered.has_value() && refusal.empty(); }
};

class Conversation {
 public:
  /// A new life of the proxy: it holds nothing.
  void begin(std::string bootstrap);
  void hear(Duration at, const DiscoveryMessage& message);
  /// The control plane has made a snapshot for it, and has put a response into its stream.
  void note_made(Duration at) { made_ = at; }
  void note_pushed(Duration at, std::string_view type_url, std::string_view nonce);
  void shift(Duration up);

  const std::string& bootstrap() const { return bootstrap_; }
  /// What its Envoy said of itself in its first request: canonical JSON; "" before it.
  const std::string& node_metadata() const { return node_metadata_; }
  /// Of all lives, in the order in which they came.
  const std::deque<Push>& pushes() const { return pushes_; }
  /// Of this life, the last one of a type; null for none.
  const Push* last(std::string_view type) const;
  /// Of this life, the one by which the proxy got the resource as it is now in the version that it runs; null for none.
  const Push* brought(std::string_view type, const std::string& name) const;
  /// As it came with that version; null for none.
  XdsBytes bytes(std::string_view type, const std::string& name, const std::string& version) const;

 private:
  void hear_response(Duration at, const DiscoveryMessage& message);
  void hear_request(Duration at, const DiscoveryMessage& message);
  template <class Request>
  void answer(Duration at, const Request& request);

  std::string bootstrap_, node_metadata_;
  std::deque<Push> pushes_;
  std::size_t life_begin_ = 0;  ///< the first push of this life
  std::optional<Duration> made_;
  struct Sending {
    std::optional<Duration> made;
    Duration pushed;
  };
  std::map<std::pair<std::string, std::string>, Sending> sending_;  ///< by type and nonce
};

/// "Listener", of type.googleapis.com/envoy.config.listener.v3.Listener.
std::string_view short_type(std::string_view type_url);

}  // namespace kumasim::scenario
