/// A control plane's certificates in the simulator: the reconciler, a store on a disk, and proxies that come and go.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "kumasim/sim/world.hpp"
#include "reference-cp/app/kuma_cp/reconciler.hpp"

namespace kumasim::cp::testing {

/// Mutual TLS as the test wants it.
struct WantedTls {
  bool enabled = true;
  std::string backend = "ca-1";  ///< the only one: Kuma allows one
  std::string leaf_lifetime = "1h";
  std::string ca_lifetime = "10y";  ///< of one that is made from now on
};

class RotationBed {
 public:
  explicit RotationBed(std::uint64_t seed);
  ~RotationBed();

  /// Each leaves time for what it starts to end.
  void set_mesh(const WantedTls& wanted);
  void join(const std::string& proxy);
  /// With its Dataplane.
  void leave(const std::string& proxy);
  void disconnect(const std::string& proxy);
  void reconnect(const std::string& proxy);
  void retag(const std::string& proxy, const std::string& version);
  /// The secrets of a backend's CA go, both at once; the reconciler makes new ones where the mesh names the backend.
  void remove_ca(const std::string& backend);
  void lose_ca_key(const std::string& backend);
  /// The proxies lose their streams and come back.
  void restart();
  void wait(Duration time);

  /// What is wrong with what the connected proxies hold now; "" for nothing.
  std::string complaint() const;
  /// Certificates that are held, each with its proxy.
  std::map<std::string, IdentityPtr> held() const;
  const std::map<std::string, ProxyPtr>& connected() const { return connected_; }
  const std::set<std::string>& known() const { return known_; }
  const WantedTls& wanted() const { return wanted_; }
  std::uint64_t issued() const;
  /// Of the simulator, so far.
  std::uint64_t events() const { return world_->events(); }

 private:
  struct Parts;

  void run(std::function<asio::awaitable<void>(Parts&)> task);
  void connect(const std::string& proxy);

  std::unique_ptr<sim::World> world_;
  sim::Process* process_ = nullptr;
  Parts* parts_ = nullptr;
  std::map<std::string, ProxyPtr> connected_;
  std::set<std::string> known_;  ///< have a Dataplane
  WantedTls wanted_;
};

}  // namespace kumasim::cp::testing
