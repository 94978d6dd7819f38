/// This control plane among those that share its store: whether it leads, and what they say to one another.
///
/// Without an election it is alone: it leads, and says nothing.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "kumasim/runtime/event.hpp"
#include "kumasim/runtime/runtime.hpp"
#include "kumasim/transport/grpc.hpp"
#include "kumasim/transport/tls.hpp"
#include "reference-cp/app/kuma_cp/config.hpp"
#include "reference-cp/leader/leadership.hpp"
#include "reference-cp/rest/envoy_admin.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::cp {

namespace intercp {
class InterCp;
}

class Replicas {
 public:
  struct Options {
    std::string instance;  ///< this control plane's
    Election* election = nullptr;
    KeySpec key;              ///< of certificates between control planes
    EnvoyAdminCall ask_zone;  ///< by the streams of zones at this one
  };
  /// Serves calls of other control planes until the listener is closed.
  using Serve = std::function<asio::awaitable<void>(Listener&, std::shared_ptr<const TlsContext>, GrpcHandler)>;

  /// All must outlive it.
  Replicas(const Runtime& runtime, const Config& config, Store& store, Options options);
  ~Replicas();

  Leadership& leadership() { return leadership_; }
  bool leads() const { return leadership_.held(); }
  /// interCp.server.port; opened by who has it.
  Listener& listener() { return listener_; }

  /// REQUIRES, as what follows does: an election. Until leave() or the process ends.
  asio::awaitable<void> run_election();
  /// Of the one that leads: keeps the catalog.
  asio::awaitable<void> run_writer();
  /// Serves the others. Throws where it cannot.
  asio::awaitable<void> run(Serve serve);
  /// Tells the leader that this one lives, once it serves.
  asio::awaitable<void> run_heartbeat();
  /// At a clean stop: another may lead at once.
  asio::awaitable<void> leave();

  /// As EnvoyAdminCall: at the control plane to which the proxy's zone is connected.
  asio::awaitable<Result<std::string>> ask_zone(ResourcePtr proxy, std::string target);

 private:
  Runtime runtime_;
  const Config& config_;
  Options options_;
  Leadership leadership_;
  Event prepared_;  ///< for calls between control planes
  Listener listener_;
  std::unique_ptr<intercp::InterCp> inter_cp_;
};

}  // namespace kumasim::cp
