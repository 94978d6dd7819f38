/// One HTTP request in one proxy: route, filters, attempts with retries and timeouts, and the reply. Driven by events.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/envoy/data/proxy.hpp"
#include "sim/envoy/data/response_pace.hpp"

namespace kumasim::sim::proxy {

/// Why an attempt ended without a response, as the router tells them apart.
enum class ResetReason : std::uint8_t {
  connect_failure,
  connect_timeout,
  connection_termination,
  remote_reset,
  overflow,
  try_timeout,
  stream_duration
};

class HttpStream : public std::enable_shared_from_this<HttpStream> {
 public:
  HttpStream(Proxy& proxy, ExchangePtr down, FilterChainPtr chain, const HttpConnectionManager& manager);
  void start();
  /// A copy of another stream's request for a cluster of its own, among hosts as the other asks for: nobody waits for
  /// it.
  void start_mirror(const std::string& cluster, const Labels& subset, Request request, Duration timeout);

  /// The client has given the request up: so does the stream (Envoy: response flag DC).
  void downstream_gone();

  // From the pool.
  void on_sent(const AttemptPtr& attempt);
  void on_upstream_response(const AttemptPtr& attempt, Response response);
  void on_reset(const AttemptPtr& attempt, ResetReason reason, const std::string& failure);

  const Request& request() const { return request_; }
  const ExchangePtr& down() const { return down_; }

 private:
  bool normalize();
  bool resolve_route();
  void note_route();
  /// Headers with :path, :method and :authority, which Envoy matches like headers.
  Headers seen() const;
  const HttpFilterPtr& effective(const HttpFilterPtr& filter) const;
  void run_filters();
  bool run(const HttpFilterPtr& filter, const RbacFilter& rbac);
  bool run(const HttpFilterPtr& filter, const FaultFilter& fault);
  bool run(const HttpFilterPtr& filter, const RateLimitFilter& limit);
  void route();
  void redirect(const Redirect& redirect);
  void forward();
  void mirror();
  std::optional<std::uint64_t> request_hash();
  void attempt();
  void global_timeout();
  bool retry_allowed(bool covered, bool* exhausted) const;
  bool retry_response(const Response& response);
  bool retry_reset(ResetReason reason);
  bool schedule_retry(std::optional<Duration> told = std::nullopt);
  bool unwanted(const UpstreamHost& host) const;
  std::set<std::uint32_t>* priorities_to_leave_out();
  void reply(int status, std::string body, const std::string& details, Headers headers = {});
  void stop();
  void count_grpc(const Response& response);
  void pace(const HttpFilterPtr& filter, const FaultFilter& fault);
  void deliver();
  void finish(Response response, const std::string& details);
  void flag(const char* name);
  std::string route_name() const;

  Proxy& proxy_;
  ExchangePtr down_;
  FilterChainPtr chain_;  // keeps manager_ alive
  const HttpConnectionManager& manager_;
  RouteConfigPtr routes_;  ///< as they were when the request came: a filter may keep it while they go
  std::string routes_version_;
  const VirtualHost* host_ = nullptr;
  const Route* route_ = nullptr;
  bool to_https_ = false;  ///< the virtual host takes no plain requests
  const Forward* forward_ = nullptr;
  const ClusterChoice* choice_ = nullptr;
  ClusterChoice by_header_;
  const RetryPolicy* retry_ = nullptr;
  Request request_;
  UpstreamPtr upstream_;
  AttemptPtr attempt_;
  std::size_t filter_at_ = 0;
  std::string flags_;
  EventRef global_timer_, idle_timer_, step_timer_;
  Duration try_timeout_ = {};  ///< also of a request that is not tried again
  unsigned retries_left_ = 0;
  unsigned retries_done_ = 0;
  unsigned doublings_ = 0;  ///< of the back-off
  bool retry_counted_ = false;
  bool done_ = false;
  const bool grpc_;                  ///< what it answers itself is an answer of gRPC
  bool counts_grpc_ = false;         ///< a filter for that has seen the request
  bool mirrored_ = false;            ///< it is the copy
  bool delivering_ = false;          ///< done, but that the answer is on its way slowly
  std::vector<ResponsePace> paces_;  ///< of the faults that slow the answer down
  std::optional<std::uint64_t> hash_;
  std::vector<std::string> cookies_;  ///< for the client, of hash policies
  std::set<std::string> tried_;
  std::vector<std::uint32_t> tried_priorities_;
  std::set<std::uint32_t> priorities_out_;
};

}  // namespace kumasim::sim::proxy
