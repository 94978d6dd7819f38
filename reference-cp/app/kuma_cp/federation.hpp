/// The multi-zone side of a control plane: in a global one the server of zones, in a zone under it the connection to
/// it.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "kumasim/runtime/runtime.hpp"
#include "kumasim/transport/grpc.hpp"
#include "kumasim/transport/tls.hpp"
#include "reference-cp/app/kuma_cp/config.hpp"
#include "reference-cp/manager/manager.hpp"
#include "reference-cp/rest/envoy_admin.hpp"
#include "reference-cp/store/store.hpp"

namespace prometheus {
class Registry;
}

namespace kumasim::cp {

namespace kds {
class GlobalServer;
class KdsMetrics;
class ZoneClient;
}  // namespace kds

class Federation {
 public:
  struct Options {
    std::string instance;                     ///< this control plane's, in insights
    std::string roots;                        ///< PEM; of the global control plane's certificate
    EnvoyAdminCall ask_envoy;                 ///< of a zone: what its own endpoint asks
    prometheus::Registry* metrics = nullptr;  ///< for those of KDS, where it has zones or a global control plane;
                                              ///< nullptr: nothing is counted
  };

  /// All must outlive it; it must live as long as the store changes.
  Federation(const Runtime& runtime, const Config& config, Store& store, Manager& manager, Options options);
  ~Federation();
  Federation(const Federation&) = delete;
  Federation& operator=(const Federation&) = delete;

  /// Reads what it needs of the store; an error of TLS names the setting.
  asio::awaitable<Result<>> start();

  /// Until the process ends: gives the other side what changes, and ...
  asio::awaitable<void> run_feed();
  /// ... stays connected to the global control plane; or watches zones that give no sign of life.
  asio::awaitable<void> run_streams();

  /// Global: one call of a zone.
  asio::awaitable<void> serve(GrpcServerStream stream);
  /// Ends the streams of zones, or those to the global control plane.
  void stop();
  /// Global: ends streams of this zone, as ControlPlane has it.
  void drop(const std::string& zone, const std::string& stream);
  /// Waits until the ends of these streams are in the insights in this control plane's store.
  asio::awaitable<void> wait_idle();
  /// Global: what the Envoy of a zone's proxy says, by its zone. As EnvoyAdminCall.
  asio::awaitable<Result<std::string>> ask_zone(ResourcePtr proxy, std::string target);
  /// Global: zones that are connected and have not yet answered all that there is for them.
  std::set<std::string> behind() const;
  /// Zone: all of its streams to the global control plane are open.
  bool connected() const;

 private:
  Result<std::shared_ptr<const TlsContext>> client_tls() const;

  Runtime runtime_;
  const Config& config_;
  Store& store_;
  Manager& manager_;
  Options options_;
  std::unique_ptr<kds::KdsMetrics> metrics_;
  std::shared_ptr<kds::GlobalServer> global_;
  std::unique_ptr<kds::ZoneClient> zone_;
};

}  // namespace kumasim::cp
