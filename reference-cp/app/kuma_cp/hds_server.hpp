/// Health discovery over gRPC: proxies are told what to probe, and what they find goes into their Dataplanes.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "kumasim/runtime/runtime.hpp"
#include "kumasim/transport/grpc.hpp"
#include "reference-cp/app/kuma_cp/config.hpp"
#include "reference-cp/app/kuma_cp/reconciler.hpp"
#include "reference-cp/auth/proxy_authenticator.hpp"
#include "reference-cp/manager/manager.hpp"
#include "reference-cp/xds/hds/report.hpp"

namespace kumasim::cp {

/// What /metrics shows of it.
struct HdsCounts {
  std::uint64_t streams = 0;  ///< open now
  std::uint64_t requests = 0, reports = 0, generations = 0, generation_errors = 0;
};

class HdsServer {
 public:
  /// All must outlive it, and what it serves. `metrics`: nullptr, and nobody measures how long looks take.
  HdsServer(const Runtime& runtime, const Config& config, Manager& manager, const Reconciler& reconciler,
            const ProxyAuthenticator& authenticator, GenerationMetrics* metrics = nullptr)
      : runtime_(runtime),
        config_(config),
        manager_(manager),
        reconciler_(reconciler),
        authenticator_(authenticator),
        metrics_(metrics) {}

  /// Whether a call of this method is for it.
  bool serves(std::string_view path) const;
  /// Serves one call. REQUIRES: serves(stream.path()).
  asio::awaitable<void> serve(GrpcServerStream stream);

  const HdsCounts& counts() const { return counts_; }

 private:
  struct Call;
  using CallPtr = std::shared_ptr<Call>;

  asio::awaitable<void> read_all(CallPtr call);
  asio::awaitable<Result<>> admit(CallPtr call);
  /// Looks at the Dataplane again and again until the call is over. Where that fails, it ends the call: the proxy comes
  /// again, and must not wait for what nobody would send.
  asio::awaitable<void> refresh(CallPtr call);
  /// One look. False where the call is over.
  asio::awaitable<bool> look(CallPtr call);
  asio::awaitable<Result<>> write(ResourceKey key, HealthReport report);
  void refuse(const Call& call, const Error& error);
  void fail_proxy(const Call& call, std::string_view reason);

  Runtime runtime_;
  const Config& config_;
  Manager& manager_;
  const Reconciler& reconciler_;
  const ProxyAuthenticator& authenticator_;
  GenerationMetrics* metrics_;
  HdsCounts counts_;
};

}  // namespace kumasim::cp
