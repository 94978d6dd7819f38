/// What can be heard of a simulated run from within. Hearing it changes nothing: the run keeps its fingerprint.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace kumasim {
struct LogRecord;
}
namespace kumasim::cp {
struct Change;
}

namespace kumasim::scenario {

/// A message between a proxy and the control plane, as EnvoyMessage has it.
struct DiscoveryMessage {
  std::string_view process;
  bool sent = false;  ///< by the proxy
  bool delta = false;
  std::string_view bytes = {};
};

/// REQUIRES: all of them are set.
struct SimTap {
  std::function<void(const DiscoveryMessage&)> discovery;
  /// The Envoy of a process is about to start with this bootstrap document.
  std::function<void(const std::string& process, const std::string& bootstrap)> started;
  /// A commit to the control plane's store. What a crash takes back is not told.
  std::function<void(const cp::Change&)> written;
  /// The control plane logs this, at any level.
  std::function<void(const LogRecord&)> logged;
};

}  // namespace kumasim::scenario
