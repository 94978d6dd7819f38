#include "sim/envoy/data/health_checker.hpp"

#include <algorithm>

#include "sim/envoy/data/grpc_health.hpp"
#include "sim/envoy/data/handshake.hpp"

namespace kumasim::sim::proxy {
namespace {

using Kind = HealthCheck::Kind;

bool has(const Headers& headers, std::string_view name) { return find_header(headers, name).has_value(); }

}  // namespace

struct HealthChecker::Session {
  Session(const HealthCheck& rules, UpstreamHostPtr h) : host(std::move(h)), health(rules, host->check) {}

  UpstreamHostPtr host;
  HostHealth health;
  WirePtr wire;          ///< null between connections
  ExchangePtr exchange;  ///< what was sent and is not answered
  EventRef next, limit;  ///< the next check, and the end of this one's time
  bool under_way = false;
};

HealthChecker::HealthChecker(Fabric& fabric, Process& process, const Upstream& upstream, ConfigState& config, Sink sink)
    : End(fabric, process),
      upstream_(upstream),
      rules_(*upstream.config().health_check),
      config_(config),
      sink_(std::move(sink)),
      prefix_("cluster." + upstream.config().name + ".health_check.") {}

HealthChecker::~HealthChecker() = default;

void HealthChecker::watch(const std::map<std::string, UpstreamHostPtr>& hosts) {
  auto before = std::exchange(sessions_, {});
  std::vector<SessionPtr> fresh;
  for (const auto& [text, host] : hosts) {
    if (host->endpoint.unchecked) continue;
    auto known = before.find(text);
    if (known != before.end() && known->second->host == host) {
      sessions_.insert(before.extract(known));
      continue;
    }
    fresh.push_back(sessions_[text] = std::make_shared<Session>(rules_, host));
  }
  count_healthy();
  for (const auto& session : fresh) begin(session);
  for (const auto& [text, session] : before) {
    drop(session);
    if (session->health.first()) sink_(session->host, {.passed = !session->host->check.failed});
  }
}

void HealthChecker::begin(const SessionPtr& session) {
  if (rules_.initial_jitter == Duration::zero()) return check(session);
  session->next = after(jittered({}, 0, rules_.initial_jitter), [this, session] {
    session->next = {};
    check(session);
  });
}

void HealthChecker::check(const SessionPtr& session) {
  session->under_way = true;
  count("attempt");
  session->limit = after(rules_.timeout, [this, session] {
    session->limit = {};
    time_out(session);
  });
  if (session->wire) return send(session);
  auto way = upstream_.way_to(session->host->endpoint, fabric().world());
  if (auto port = session->host->endpoint.check_port; port > 0) way.port = port;
  session->wire = fabric().connect(*this, way);
  session->wire->owner = session;
}

/// TCP without anything to send waits for what the host says by itself.
void HealthChecker::send(const SessionPtr& session) {
  if (rules_.kind == Kind::tcp && rules_.send.empty()) return;
  auto exchange = std::make_shared<Exchange>();
  exchange->id = fabric().next_id();
  exchange->record = std::make_shared<CallRecord>();
  exchange->request = request(*session->host);
  exchange->wire = session->wire;
  exchange->owner = session;
  session->exchange = exchange;
  fabric().request(exchange);
}

Request HealthChecker::request(const UpstreamHost& host) const {
  if (rules_.kind == Kind::tcp)
    return {
        .protocol = CallProtocol::tcp, .method = {}, .authority = {}, .path = {}, .headers = {}, .body = rules_.send};
  Request out;
  const auto& name = upstream_.config().name;
  out.authority = !host.endpoint.check_host.empty() ? host.endpoint.check_host
                  : !rules_.host.empty()            ? rules_.host
                                                    : name;
  out.headers = {{"user-agent", "Envoy/HC"}};
  if (rules_.kind == Kind::grpc) {
    out.method = "POST";
    out.path = grpc_health_path;
    out.headers.insert(out.headers.end(), {{"te", "trailers"}, {"content-type", "application/grpc"}});
    out.body = grpc_health_request(rules_.service);
  } else {
    out.method = rules_.method;
    out.path = rules_.path;
    out.body = rules_.send;
  }
  rules_.headers.apply(out.headers);
  return out;
}

void HealthChecker::on_connected(const WirePtr& wire) {
  auto session = std::static_pointer_cast<Session>(wire->owner);
  if (!session) return;
  if (rules_.kind != Kind::tcp || !rules_.receive.empty()) return send(session);
  close(session);
  passed(session, false);
}

std::string HealthChecker::on_server_certificate(const WirePtr& wire) {
  auto session = std::static_pointer_cast<Session>(wire->owner);
  const auto* tls = session ? upstream_.socket(session->host->endpoint) : nullptr;
  if (!tls) return {};
  return meet_server(*wire, *tls, config_, upstream_.config().name, fabric().cache()->certificates(),
                     process().runtime().clock.wall_now());
}

void HealthChecker::on_response(const ExchangePtr& exchange) {
  auto session = std::static_pointer_cast<Session>(exchange->owner);
  if (!session) return;
  exchange->owner.reset();
  session->exchange = nullptr;
  if (rules_.kind == Kind::tcp) {
    if (!rules_.passes(exchange->response.body)) return;  // Envoy waits for more until the time is over
    if (!rules_.reuse_connection) close(session);
    return passed(session, false);
  }
  if (!rules_.reuse_connection || exchange->response.last) close(session);
  if (rules_.kind == Kind::http) return judge_http(session, exchange->response);
  if (grpc_serving(exchange->response)) return passed(session, false);
  failed(session, Failure::answer);
}

void HealthChecker::judge_http(SessionPtr session, const Response& response) {
  bool fits = rules_.passes(response.body), expected = rules_.expects(response.status);
  if (fits && expected) return passed(session, has(response.headers, "x-envoy-degraded"));
  session->host->check.excluded |= has(response.headers, "x-envoy-immediate-health-check-fail");
  failed(session, fits && rules_.retries(response.status) ? Failure::retriable : Failure::answer);
}

/// Between two checks a connection that ends is a failure of TCP's, whose bytes were to come at any time.
void HealthChecker::on_closed(const WirePtr& wire, WireEnd) {
  auto session = std::static_pointer_cast<Session>(wire->owner);
  if (!session) return;
  wire->owner.reset();
  wire->active.clear();
  session->wire = nullptr;
  if (session->exchange) session->exchange->owner.reset();
  session->exchange = nullptr;
  if (session->under_way || rules_.kind == Kind::tcp) failed(session, Failure::network);
}

/// gRPC gives up the request alone where connections are used again.
void HealthChecker::time_out(const SessionPtr& session) {
  if (rules_.kind == Kind::grpc && rules_.reuse_connection && session->exchange) {
    session->exchange->owner.reset();
    fabric().give_up(std::exchange(session->exchange, nullptr));
  } else {
    close(session);
  }
  failed(session, Failure::timeout);
}

void HealthChecker::passed(SessionPtr session, bool degraded) {
  auto change = session->health.passed(degraded);
  count("success");
  over(session, true, change);
}

void HealthChecker::failed(SessionPtr session, Failure why) {
  auto change = session->health.failed(why);
  count("failure");
  if (why == Failure::network || why == Failure::timeout) count("network_failure");
  over(session, false, change);
}

void HealthChecker::over(const SessionPtr& session, bool passed, HostHealth::Change change) {
  session->under_way = false;
  cancel(session->limit);
  cancel(session->next);
  bool traffic = config_.stats().get("cluster." + upstream_.config().name + ".upstream_cx_total") > 0;
  auto wait = session->health.wait(passed, change, traffic);
  session->next = after(jittered(wait, rules_.interval_jitter_percent, rules_.interval_jitter), [this, session] {
    session->next = {};
    check(session);
  });
  bool changed = change == HostHealth::Change::done;
  if (changed) count_healthy();
  sink_(session->host, {.passed = passed, .changed = changed});
}

void HealthChecker::fail(const UpstreamHostPtr& host) {
  auto found = sessions_.find(host->endpoint.text);
  if (found == sessions_.end() || found->second->host != host) return;
  host->check.excluded = true;
  auto change = found->second->health.failed(Failure::passive);
  count("failure");
  count("passive_failure");
  count_healthy();
  sink_(host, {.changed = change == HostHealth::Change::done});
}

/// In whole milliseconds, at least one (Envoy: intervalWithJitter).
Duration HealthChecker::jittered(Duration base, std::uint32_t percent, Duration most) {
  using std::chrono::milliseconds;
  auto out = static_cast<std::uint64_t>(base / milliseconds(1));
  if (auto part = out * percent / 100; part > 0) out += random().below(part);
  if (auto jitter = static_cast<std::uint64_t>(most / milliseconds(1)); jitter > 0) out += random().below(jitter);
  return milliseconds(std::max<std::uint64_t>(out, 1));
}

void HealthChecker::close(const SessionPtr& session) {
  if (session->exchange) {
    session->exchange->owner.reset();
    session->exchange->given_up = true;
    session->exchange = nullptr;
  }
  if (auto wire = std::exchange(session->wire, nullptr)) {
    wire->owner.reset();
    wire->active.clear();
    fabric().close_by_client(wire);
  }
}

void HealthChecker::drop(const SessionPtr& session) {
  cancel(session->next);
  cancel(session->limit);
  close(session);
}

void HealthChecker::stop() {
  for (const auto& [text, session] : std::exchange(sessions_, {})) drop(session);
  count_healthy();
}

void HealthChecker::count(const char* what) { config_.stats().add(prefix_ + what); }

void HealthChecker::count_healthy() {
  auto of = [&](bool CheckRecord::* flag, bool value) {
    return static_cast<std::uint64_t>(std::count_if(sessions_.begin(), sessions_.end(), [&](const auto& entry) {
      return entry.second->host->check.*flag == value;
    }));
  };
  config_.stats().set(prefix_ + "healthy", of(&CheckRecord::failed, false));
  config_.stats().set(prefix_ + "degraded", of(&CheckRecord::degraded, true));
}

}  // namespace kumasim::sim::proxy
