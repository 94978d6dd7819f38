/// The active health checks of one cluster: its own connections to each host, one check after another on them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "sim/envoy/config/health_check.hpp"
#include "sim/envoy/data/host_health.hpp"
#include "sim/envoy/data/upstream.hpp"

namespace kumasim::sim::proxy {

/// As Envoy's HealthCheckerImplBase and its checkers for HTTP, TCP and gRPC. A check takes the way of the cluster's
/// calls, with the same TLS, and its outcome is in the host's CheckRecord when `sink` hears of it.
class HealthChecker : public End {
 public:
  using Sink = std::function<void(const UpstreamHostPtr&, CheckResult)>;

  /// REQUIRES: the cluster has a health check. `upstream` and `config` outlive it. The sink may call watch(), but not
  /// destroy the checker.
  HealthChecker(Fabric& fabric, Process& process, const Upstream& upstream, ConfigState& config, Sink sink);
  ~HealthChecker() override;

  /// These are the hosts from now on: new ones are checked at once, or after the jitter; those that are gone no more,
  /// and where one was never checked the sink hears of it all the same.
  void watch(const std::map<std::string, UpstreamHostPtr>& hosts);
  std::size_t watched() const { return sessions_.size(); }
  /// The host's answer to a call says that it is to be left out.
  void fail(const UpstreamHostPtr& host);
  /// No further check, and the sink hears of nothing.
  void stop();

  void on_connected(const WirePtr& wire) override;
  std::string on_server_certificate(const WirePtr& wire) override;
  void on_response(const ExchangePtr& exchange) override;
  void on_closed(const WirePtr& wire, WireEnd how) override;

 private:
  struct Session;
  using SessionPtr = std::shared_ptr<Session>;
  using Failure = HostHealth::Failure;

  void begin(const SessionPtr& session);
  void check(const SessionPtr& session);
  void send(const SessionPtr& session);
  Request request(const UpstreamHost& host) const;
  void time_out(const SessionPtr& session);
  void judge_http(SessionPtr session, const Response& response);
  void passed(SessionPtr session, bool degraded);
  void failed(SessionPtr session, Failure why);
  void over(const SessionPtr& session, bool passed, HostHealth::Change change);
  Duration jittered(Duration base, std::uint32_t percent, Duration most);
  void close(const SessionPtr& session);
  void drop(const SessionPtr& session);
  void count(const char* what);
  void count_healthy();

  const Upstream& upstream_;
  const HealthCheck& rules_;
  ConfigState& config_;
  Sink sink_;
  std::string prefix_;                          ///< of its stats
  std::map<std::string, SessionPtr> sessions_;  // by the host's address
};

}  // namespace kumasim::sim::proxy
