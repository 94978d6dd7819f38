/// Aggregated discovery over gRPC: one call is one proxy, from its first request to its end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kumasim/runtime/runtime.hpp"
#include "kumasim/transport/grpc.hpp"
#include "reference-cp/app/kuma_cp/config.hpp"
#include "reference-cp/app/kuma_cp/insights.hpp"
#include "reference-cp/app/kuma_cp/lifecycle.hpp"
#include "reference-cp/app/kuma_cp/reconciler.hpp"
#include "reference-cp/auth/proxy_authenticator.hpp"

namespace kumasim::cp {

class AdsServer {
 public:
  AdsServer(const Runtime& runtime, Reconciler& reconciler, Lifecycle& lifecycle, Insights& insights,
            const ProxyAuthenticator& authenticator, std::string instance, const policy::PlantedBugs& planted)
      : runtime_(runtime),
        reconciler_(reconciler),
        lifecycle_(lifecycle),
        insights_(insights),
        authenticator_(authenticator),
        instance_(std::move(instance)),
        planted_(planted) {}

  /// Serves one call; UNIMPLEMENTED for other methods.
  asio::awaitable<void> serve(GrpcServerStream stream);

  /// From now on, closing streams are the control plane's doing: what proxies brought stays.
  void stop() { stopping_ = true; }

 private:
  /// Reads until the stream is over. `opened` tells, also after an exception, whether the proxy was taken in.
  asio::awaitable<void> read_all(ProxyPtr proxy, AdsVariant variant, bool& opened);
  asio::awaitable<std::optional<std::string>> read_first(const Proxy& proxy);
  asio::awaitable<bool> open(const ProxyPtr& proxy, const AdsNode& node);
  void start(const ProxyPtr& proxy);
  asio::awaitable<void> write_all(ProxyPtr proxy);

  Runtime runtime_;
  Reconciler& reconciler_;
  Lifecycle& lifecycle_;
  Insights& insights_;
  const ProxyAuthenticator& authenticator_;
  std::string instance_;
  const policy::PlantedBugs& planted_;
  bool stopping_ = false;
};

}  // namespace kumasim::cp
