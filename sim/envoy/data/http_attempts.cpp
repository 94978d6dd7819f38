// A stream's upstream side: attempts, retries, time limits, and copies for mirrors.
#include <algorithm>

#include "sim/envoy/data/grpc_status.hpp"
#include "sim/envoy/data/http_stream.hpp"

namespace kumasim::sim::proxy {
namespace {

/// Names as in %RESPONSE_CODE_DETAILS%: spaces become underscores there.
std::string reset_details(ResetReason reason, std::string failure) {
  std::string name;
  switch (reason) {
    case ResetReason::connect_failure: name = "remote_connection_failure"; break;
    case ResetReason::connect_timeout: name = "connection_timeout"; break;
    case ResetReason::connection_termination: name = "connection_termination"; break;
    case ResetReason::remote_reset: name = "remote_reset"; break;
    case ResetReason::overflow: name = "overflow"; break;
    case ResetReason::try_timeout:
    case ResetReason::stream_duration: name = "local_reset"; break;
  }
  if (!failure.empty()) name += "|" + failure;
  std::replace(name.begin(), name.end(), ' ', '_');
  return "upstream_reset_before_response_started{" + name + "}";
}

const char* reset_text(ResetReason reason) {
  switch (reason) {
    case ResetReason::connect_failure: return "remote connection failure";
    case ResetReason::connect_timeout: return "connection timeout";
    case ResetReason::connection_termination: return "connection termination";
    case ResetReason::remote_reset: return "remote reset";
    case ResetReason::overflow: return "overflow";
    case ResetReason::try_timeout:
    case ResetReason::stream_duration: return "local reset";
  }
  return "";
}

/// Envoy matches :status of a response like a header.
bool matches(const HeaderMatch& match, const Response& response) {
  auto seen = response.headers;
  seen.emplace_back(":status", std::to_string(response.status));
  return match.matches(seen);
}

}  // namespace

void HttpStream::mirror() {
  for (const auto& to : forward_->mirrors) {
    if (to.share && proxy_.random().below(to.share->per) >= to.share->count) continue;
    auto copy = request_;
    if (!to.keep_authority) {
      auto colon = copy.authority.rfind(':');
      if (colon != std::string::npos && copy.authority.find(']', colon) != std::string::npos) colon = std::string::npos;
      copy.authority.insert(std::min(colon, copy.authority.size()), "-shadow");
    }
    down_->record->step(proxy_.name(), "cluster", to.cluster + ": mirrored to");
    auto apart = std::make_shared<Exchange>();
    apart->id = proxy_.fabric().next_id();
    apart->record = std::make_shared<CallRecord>();
    apart->wire = down_->wire;
    std::make_shared<HttpStream>(proxy_, apart, chain_, manager_)
        ->start_mirror(to.cluster, choice_->subset, std::move(copy), forward_->timeout);
  }
}

void HttpStream::start_mirror(const std::string& cluster, const Labels& subset, Request request, Duration timeout) {
  upstream_ = proxy_.upstream(cluster);
  if (!upstream_ || upstream_->config().type == Cluster::Type::original_dst) return;
  mirrored_ = true;
  request_ = std::move(request);
  by_header_.cluster = cluster;
  by_header_.subset = subset;
  choice_ = &by_header_;
  if (timeout > Duration::zero())
    global_timer_ = proxy_.later(timeout, [self = shared_from_this()] {
      self->global_timer_ = {};
      self->global_timeout();
    });
  attempt();
}

void HttpStream::attempt() {
  auto& record = *down_->record;
  UpstreamHostPtr host;
  if (upstream_->config().type == Cluster::Type::original_dst) {
    host = upstream_->original(down_->wire->hello.destination_ip, down_->wire->hello.destination_port);
  } else {
    // The first pick, and as many more as there are attempts (Envoy: hostSelectionRetryCount() + 1).
    const bool chooses = retry_ && !tried_.empty() && (retry_->avoid_previous_hosts || !retry_->omitted_hosts.empty());
    auto* without = priorities_to_leave_out();
    for (int i = 0; i < (chooses ? retry_->host_attempts_max + 1 : 1); ++i) {
      host = upstream_->pick(choice_->subset, proxy_.random(), {hash_, static_cast<unsigned>(i), without});
      if (!host || !chooses || !unwanted(*host)) break;
    }
    if (without && without->empty()) tried_priorities_.clear();
  }
  if (!host) {
    flag("UH");
    record.step(proxy_.name(), "endpoint", "none healthy", upstream_->endpoints_version());
    return reply(503, "no healthy upstream", "no_healthy_upstream");
  }
  if (!upstream_->pool_for(*host)) {
    proxy_.stats().add("cluster." + upstream_->config().name + ".upstream_cx_pool_overflow");
    flag("UH");
    record.step(proxy_.name(), "endpoint", host->endpoint.text + ": no connection pool left",
                upstream_->endpoints_version());
    return reply(503, "no healthy upstream", "no_healthy_upstream");
  }
  tried_.insert(host->endpoint.text);
  if (retry_ && retry_->priority_update_every > 0) tried_priorities_.push_back(host->priority);
  record.step(proxy_.name(), "endpoint", host->endpoint.text, upstream_->endpoints_version());
  const bool told = down_->first_hop && !record.closed;
  if (told) ++record.result.attempts;
  attempt_ = std::make_shared<Attempt>();
  attempt_->stream = shared_from_this();
  attempt_->upstream = upstream_;
  attempt_->host = std::move(host);
  auto mine = attempt_;
  if (!proxy_.submit(mine)) return on_reset(mine, ResetReason::overflow, "");
  if (told) record.result.endpoint = mine->host->endpoint.text;
}

/// Of a host for another try: what the predicates of the policy turn down.
bool HttpStream::unwanted(const UpstreamHost& host) const {
  if (retry_->avoid_previous_hosts && tried_.contains(host.endpoint.text)) return true;
  return std::ranges::any_of(retry_->omitted_hosts,
                             [&](const Labels& labels) { return contains(host.endpoint.labels, labels); });
}

/// They change after so many tries each (Envoy: PreviousPrioritiesRetryPriority). Null: none are left out.
std::set<std::uint32_t>* HttpStream::priorities_to_leave_out() {
  if (!retry_ || retry_->priority_update_every == 0 || tried_priorities_.size() < retry_->priority_update_every)
    return nullptr;
  if (tried_priorities_.size() % retry_->priority_update_every == 0)
    priorities_out_.insert(tried_priorities_.begin(), tried_priorities_.end());
  return priorities_out_.empty() ? nullptr : &priorities_out_;
}

void HttpStream::on_sent(const AttemptPtr& attempt) {
  if (auto most = upstream_->config().stream_duration_max; most > Duration::zero())
    attempt->stream_timer = proxy_.later(most, [self = shared_from_this(), attempt] {
      attempt->stream_timer = {};
      if (self->done_ || self->attempt_ != attempt) return;
      self->proxy_.stats().add("cluster." + self->upstream_->config().name + ".upstream_rq_max_duration_reached");
      self->proxy_.abandon(attempt);
      self->attempt_ = nullptr;
      if (self->retry_reset(ResetReason::stream_duration)) return;
      self->flag("UMSDR");
      self->reply(504, "upstream max stream duration reached", "upstream_max_stream_duration_reached");
    });
  if (try_timeout_ <= Duration::zero()) return;
  attempt->try_timer = proxy_.later(try_timeout_, [self = shared_from_this(), attempt] {
    attempt->try_timer = {};
    if (self->done_ || self->attempt_ != attempt) return;
    self->proxy_.count_answer(attempt, Origin::local_timeout, 504);
    self->proxy_.abandon(attempt);
    self->attempt_ = nullptr;
    if (self->retry_reset(ResetReason::try_timeout)) return;
    self->flag("UT");
    self->reply(504, "upstream request timeout", "upstream_per_try_timeout");
  });
}

void HttpStream::global_timeout() {
  if (done_) return;
  if (attempt_) {
    proxy_.count_answer(attempt_, Origin::local_timeout, 504);
    proxy_.abandon(attempt_);
    attempt_ = nullptr;
  }
  flag("UT");
  reply(504, "upstream request timeout", "response_timeout");
}

/// `covered`: the policy asks for it. `exhausted` where it would be retried but for the count.
bool HttpStream::retry_allowed(bool covered, bool* exhausted) const {
  *exhausted = false;
  if (!covered) return false;
  if (retries_left_ > 0) return true;
  *exhausted = true;
  return false;
}

bool HttpStream::retry_response(const Response& response) {
  if (!retry_) return false;
  auto status = response.status;
  unsigned bits = 0;
  if (status >= 500) bits |= RetryPolicy::on_5xx;
  if (status >= 502 && status <= 504) bits |= RetryPolicy::on_gateway_error;
  if (status == 409) bits |= RetryPolicy::on_retriable_4xx;
  if (retry_->status_codes.contains(status)) bits |= RetryPolicy::on_status_codes;
  if (std::any_of(retry_->headers.begin(), retry_->headers.end(), [&](const auto& h) { return matches(h, response); }))
    bits |= RetryPolicy::on_headers;
  bool covered = (retry_->on & bits) != 0;
  if (!covered && !retry_->grpc_statuses.empty())
    if (auto grpc = grpc_status(response.headers)) covered = retry_->grpc_statuses.contains(*grpc);
  bool exhausted = false;
  if (retry_allowed(covered, &exhausted)) {
    auto now = std::chrono::floor<std::chrono::seconds>(proxy_.process().runtime().clock.wall_now().time_since_epoch());
    return schedule_retry(retry_->reset_after(response.headers, now));
  }
  if (exhausted) flag("URX");
  return false;
}

bool HttpStream::retry_reset(ResetReason reason) {
  if (reason == ResetReason::overflow) return false;
  unsigned bits = RetryPolicy::on_5xx | RetryPolicy::on_gateway_error | RetryPolicy::on_reset;
  bool connecting = reason == ResetReason::connect_failure || reason == ResetReason::connect_timeout;
  if (connecting) bits |= RetryPolicy::on_connect_failure | RetryPolicy::on_reset_before_request;
  bool exhausted = false;
  if (retry_allowed(retry_ && (retry_->on & bits) != 0, &exhausted)) return schedule_retry();
  if (exhausted) flag("URX");
  return false;
}

/// `told`: by the response, when to try again.
bool HttpStream::schedule_retry(std::optional<Duration> told) {
  if (retry_counted_) {
    --upstream_->retries;
    retry_counted_ = false;
  }
  if (upstream_->retries >= upstream_->config().retries_max) {
    flag("UO");
    return false;
  }
  ++upstream_->retries;
  retry_counted_ = true;
  --retries_left_;
  // Fully jittered, doubling up to the maximum (Envoy: JitteredExponentialBackOffStrategy).
  auto ceiling = std::min<Duration>(retry_->backoff_base * (1ll << std::min(doublings_, 30u)), retry_->backoff_max);
  ++retries_done_;
  auto drawn = [&](Duration below) {
    return Duration(static_cast<std::int64_t>(
        proxy_.random().below(static_cast<std::uint64_t>(std::max<std::int64_t>(below.count(), 1)))));
  };
  // Half as long again at most (Envoy: JitteredLowerBoundBackOffStrategy); the doubling stays where it was.
  if (!told) ++doublings_;
  auto wait = told ? *told + drawn(*told / 2) : drawn(ceiling);
  step_timer_ = proxy_.later(wait, [self = shared_from_this()] {
    self->step_timer_ = {};
    if (!self->done_) self->attempt();
  });
  return true;
}

void HttpStream::on_upstream_response(const AttemptPtr& attempt, Response response) {
  if (done_ || attempt_ != attempt) return;
  attempt_ = nullptr;
  if (retry_response(response)) return;
  finish(std::move(response), "via_upstream");
}

void HttpStream::on_reset(const AttemptPtr& attempt, ResetReason reason, const std::string& failure) {
  if (done_ || attempt_ != attempt) return;
  attempt_ = nullptr;
  if (retry_reset(reason)) return;
  switch (reason) {
    case ResetReason::connect_failure:
    case ResetReason::connect_timeout: flag("UF"); break;
    case ResetReason::connection_termination: flag("UC"); break;
    case ResetReason::remote_reset: flag("UR"); break;
    case ResetReason::overflow: flag("UO"); break;
    case ResetReason::try_timeout:
    case ResetReason::stream_duration: flag("LR"); break;
  }
  auto before = reason == ResetReason::overflow || reason == ResetReason::connect_failure ||
                reason == ResetReason::connect_timeout || reason == ResetReason::connection_termination;
  std::string body = "upstream connect error or disconnect/reset before headers. ";
  if (retries_done_ > 0 && before) body += "retried and the latest ";
  body += std::string("reset reason: ") + reset_text(reason);
  reply(503, std::move(body), reset_details(reason, failure));
}

}  // namespace kumasim::sim::proxy
