/// A simulated client: makes calls through its machine's sidecar and tells what came of each.
#pragma once

#include <memory>

#include "kumasim/envoy/call.hpp"
#include "kumasim/sim/world.hpp"

namespace kumasim::sim {

namespace proxy {
class Fabric;
}

/// Lives in the process's current life; keep() it there. HTTP calls to one address share a connection, as a client that
/// keeps connections alive; each TCP call has its own. Calls that are under way when the life ends report nothing.
class Client {
 public:
  Client(proxy::Fabric& fabric, Process& process);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// `sink` is called once, as an event of the process.
  void call(Call call, CallSink sink);

 private:
  class Caller;
  std::unique_ptr<Caller> caller_;
};

}  // namespace kumasim::sim
