/// Known bugs that a test can switch on, to show that the checkers find them. A value that is handed in, never a
/// global.
///
/// What a bug does lies in the library kumasim_planted_bugs: a program that does not link it cannot have one. The
/// threads that each is told in are in scenarios/museum/README.md.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kumasim/runtime/error.hpp"
#include "reference-cp/kds/planted_bugs.hpp"

namespace envoy::config::listener::v3 {
class Listener;
}

namespace kumasim::cp {
class Snapshot;
struct DiscoveryRequest;
}  // namespace kumasim::cp

namespace kumasim::cp::policy {

/// Hears the requests of one stream before the control plane does, and may change them; false: it hears nothing of it.
using RequestFilter = std::function<bool(DiscoveryRequest&)>;

struct PlantedBugs {
  /// Instead of what the permissions make of an inbound's listener.
  void (*permissions)(::envoy::config::listener::v3::Listener&) = nullptr;
  /// Changes what was made for a proxy, before the proxy gets it.
  void (*configuration)(Snapshot&) = nullptr;
  /// One for each stream; state of the world only.
  RequestFilter (*request_filter)() = nullptr;
  /// Whether the end of a stream is taken for the end of its proxy; `newest`: the proxy has no later one.
  bool (*stream_ends)(bool newest) = nullptr;
  /// Whether a MeshTrust keeps the trust domain that it was made with.
  bool (*trust_domain_stays)() = nullptr;
  kds::PlantedBugs kds = {};

  /// By their names, none for "". An unknown name is an invalid argument. In the library kumasim_planted_bugs.
  static Result<PlantedBugs> from_name(const std::string& name);
  static const std::vector<std::string>& names();
};

}  // namespace kumasim::cp::policy
