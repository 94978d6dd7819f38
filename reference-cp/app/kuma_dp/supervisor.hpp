/// The life of `kuma-dp run`: bootstrap, start Envoy, watch it, drain and stop it.
#pragma once

#include <optional>
#include <string>

#include "kumasim/runtime/channel.hpp"
#include "kumasim/runtime/runtime.hpp"
#include "reference-cp/app/kuma_dp/bootstrap_client.hpp"
#include "reference-cp/app/kuma_dp/config.hpp"
#include "reference-cp/app/kuma_dp/readiness.hpp"
#include "reference-cp/live/child_process.hpp"
#include "reference-cp/live/system.hpp"

namespace kumasim::dp {

/// One run. REQUIRES: `config` is valid and complete (directories chosen, dataplane read).
class Supervisor {
 public:
  Supervisor(Runtime& runtime, Config config, std::string dataplane_json);

  /// Until Envoy ends or a signal stopped it. SIGINT and SIGTERM drain first, a second one stops at once, a third one
  /// ends the program; SIGUSR2 drains without stopping.
  asio::awaitable<Result<>> run();

 private:
  enum class Happening { bootstrap, stop, stop_at_once, drain_forever, envoy_ended };

  asio::awaitable<void> watch_signals();
  asio::awaitable<void> fetch(BootstrapRequest request);
  asio::awaitable<void> watch_envoy();
  asio::awaitable<Result<BootstrapRequest>> make_request();
  asio::awaitable<Result<>> bootstrap();
  Result<> start_envoy();
  Result<> start_readiness();
  asio::awaitable<Result<>> watch();
  asio::awaitable<void> drain();
  asio::awaitable<void> drain_forever();
  /// Of one that failed; the new one may have ended by the time that this returns.
  asio::awaitable<Result<>> restart_envoy(live::ExitStatus status);
  asio::awaitable<void> stop_envoy();
  asio::awaitable<Result<>> admin_post(std::string target);

  Runtime& runtime_;
  Config config_;
  std::string dataplane_json_;
  Channel<Happening> happenings_;
  std::optional<Result<BootstrapResponse>> fetched_;
  Address admin_;
  std::string bootstrap_path_;
  std::string program_;
  std::optional<live::ChildProcess> envoy_;
  std::optional<live::ExitStatus> envoy_status_;
  Readiness readiness_;
  Duration restart_pause_{};
};

}  // namespace kumasim::dp
