#include "sim/envoy/data/http_stream.hpp"

#include <algorithm>
#include <cctype>

#include "sim/envoy/data/cluster_choice.hpp"
#include "sim/envoy/data/grpc_status.hpp"
#include "sim/envoy/data/response_flags.hpp"

namespace kumasim::sim::proxy {
namespace {

/// Escapes of the path that stand for such characters become these. False: it has none.
template <class Wanted>
bool unescape(std::string& target, Wanted wanted) {
  auto digit = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
  bool found = false;
  for (std::size_t at = 0; (at = target.find('%', at)) < std::min(target.find('?'), target.size()); ++at) {
    if (at + 2 >= target.size() || !digit(target[at + 1]) || !digit(target[at + 2])) continue;
    const char c = static_cast<char>(std::stoi(target.substr(at + 1, 2), nullptr, 16));
    if (!wanted(c)) continue;
    target.replace(at, 3, 1, c);
    found = true;
  }
  return found;
}

/// It needs no escape (RFC 3986, 2.3).
bool is_unreserved(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_' || c == '~';
}
bool is_slash(char c) { return c == '/' || c == '\\'; }

std::string normalized(std::string target) {
  unescape(target, is_unreserved);
  auto query = std::min(target.find('?'), target.size());
  std::vector<std::string> parts;
  std::string path = target.substr(0, query);
  bool slash = path.ends_with("/");
  for (std::size_t at = 0; at < path.size();) {
    auto end = std::min(path.find('/', at), path.size());
    auto part = path.substr(at, end - at);
    at = end + 1;
    if (part == ".") continue;
    if (part == "..") {
      if (parts.size() > 1) parts.pop_back();
      continue;
    }
    parts.push_back(part);
  }
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) out += (i == 0 ? "" : "/") + parts[i];
  if (slash && !out.ends_with("/")) out += "/";
  return (out.empty() ? "/" : out) + target.substr(query);
}

/// "/package.Service/Method" (Envoy: Grpc::Common::resolveServiceAndMethod).
bool names_method(std::string_view path) {
  path = path.substr(0, path.find('?'));
  auto slash = path.find('/', 1);
  return path.starts_with('/') && slash != std::string_view::npos && slash > 1 && slash + 1 < path.size() &&
         path.find('/', slash + 1) == std::string_view::npos;
}

/// Of `host:port` where the colon is; its end where it has no port.
std::size_t port_at(const std::string& authority) {
  auto colon = authority.rfind(':');
  bool none = colon == std::string::npos || authority.find(']', colon) != std::string::npos;
  return none ? authority.size() : colon;
}

}  // namespace

HttpStream::HttpStream(Proxy& proxy, ExchangePtr down, FilterChainPtr chain, const HttpConnectionManager& manager)
    : proxy_(proxy),
      down_(std::move(down)),
      chain_(std::move(chain)),
      manager_(manager),
      request_(down_->request),
      grpc_(is_grpc(request_.headers)) {}

void HttpStream::start() {
  if (!normalize()) return;
  routes_ = manager_.routes;
  if (!manager_.rds.empty()) {
    auto found = proxy_.config().routes().find(manager_.rds);
    if (found != proxy_.config().routes().end()) {
      routes_ = found->second.value;
      routes_version_ = found->second.version;
    }
  }
  if (manager_.request_timeout > Duration::zero() || manager_.stream_idle_timeout > Duration::zero()) {
    // Nothing is sent in parts here: a stream idles only while it waits for its answer.
    auto idle = manager_.stream_idle_timeout;
    if (idle > Duration::zero())
      idle_timer_ = proxy_.later(idle, [self = shared_from_this()] {
        self->idle_timer_ = {};
        self->flag("SI");
        self->reply(504, "stream timeout", "stream_idle_timeout");
      });
  }
  resolve_route();
  note_route();
  run_filters();
}

/// False: the request is answered (Envoy: ConnectionManagerUtility::maybeNormalizePath).
bool HttpStream::normalize() {
  using Action = HttpConnectionManager::EscapedSlashes;
  auto action = manager_.escaped_slashes;
  bool escaped = action != Action::keep && unescape(request_.path, is_slash);
  // Clients of gRPC follow no redirect.
  if (escaped && (action == Action::reject || (action == Action::redirect && grpc_))) {
    reply(400, "", "path_normalization_failed");
    return false;
  }
  if (manager_.normalize_path) request_.path = normalized(request_.path);
  if (manager_.merge_slashes) {
    auto query = request_.path.find('?');
    std::string out;
    for (std::size_t i = 0; i < request_.path.size(); ++i)
      if (i >= query || request_.path[i] != '/' || out.empty() || out.back() != '/') out += request_.path[i];
    request_.path = out;
  }
  if (escaped && action == Action::redirect) {
    Response response;
    response.status = 307;
    response.headers.emplace_back("location", request_.path);
    finish(std::move(response), "path_normalization_failed");
    return false;
  }
  if (manager_.strip_any_port)
    if (auto colon = request_.authority.rfind(':'); colon != std::string::npos) request_.authority.erase(colon);
  if (manager_.sanitize_client_cert)
    std::erase_if(request_.headers, [](const auto& h) { return h.first == "x-forwarded-client-cert"; });
  const auto& wire = *down_->wire;
  if (manager_.set_client_cert_uri && wire.client_chain && !wire.client_spiffe_id.empty())
    request_.headers.emplace_back("x-forwarded-client-cert",
                                  "By=" + spiffe_id(wire.server_chain) + ";URI=" + wire.client_spiffe_id);
  return true;
}

Headers HttpStream::seen() const {
  Headers out = request_.headers;
  out.emplace_back(":path", request_.path);
  out.emplace_back(":method", request_.method);
  out.emplace_back(":authority", request_.authority);
  return out;
}

bool HttpStream::resolve_route() {
  if (!routes_) return false;
  host_ = routes_->host(request_.authority);
  if (!host_) return false;
  to_https_ = host_->require_tls && !down_->wire->tls;
  if (to_https_) return false;
  const Headers headers = seen();
  for (const auto& route : host_->routes) {
    if (!route.matches(request_.path, headers, proxy_.random())) continue;
    route_ = &route;
    break;
  }
  if (!route_) return false;
  forward_ = std::get_if<Forward>(&route_->action);
  if (!forward_) return true;
  if (!forward_->cluster_header.empty()) {
    by_header_.cluster = find_header(request_.headers, forward_->cluster_header).value_or("");
    by_header_.subset = forward_->header_subset;
    choice_ = &by_header_;
    return true;
  }
  choice_ = &choose_cluster(forward_->clusters, forward_->weight_total, proxy_.random());
  return true;
}

/// Envoy knows the route and its cluster before the filters run: their answers name them too.
void HttpStream::note_route() {
  if (!down_->first_hop || !route_) return;
  auto& result = down_->record->result;
  result.route = route_->name.empty() ? route_name() : route_->name;
  if (choice_ && proxy_.upstream(choice_->cluster)) result.cluster = choice_->cluster;
}

/// The most specific configuration wins: weighted cluster, route, virtual host, route configuration. Where no route
/// matches, nothing but the filter's own counts.
const HttpFilterPtr& HttpStream::effective(const HttpFilterPtr& filter) const {
  if (!route_) return filter;
  auto look = [&](const FilterOverrides& overrides) -> const HttpFilterPtr* {
    auto found = overrides.find(filter->name);
    return found == overrides.end() ? nullptr : &found->second;
  };
  if (choice_)
    if (const auto* over = look(choice_->overrides)) return *over;
  if (const auto* over = look(route_->overrides)) return *over;
  if (const auto* over = look(host_->overrides)) return *over;
  if (const auto* over = look(routes_->overrides())) return *over;
  return filter;
}

void HttpStream::run_filters() {
  while (!done_ && filter_at_ < manager_.filters.size()) {
    const auto& filter = effective(manager_.filters[filter_at_++]);
    bool go_on = true;
    if (const auto* rbac = std::get_if<RbacFilter>(&filter->what)) go_on = run(filter, *rbac);
    if (const auto* fault = std::get_if<FaultFilter>(&filter->what)) go_on = run(filter, *fault);
    if (const auto* limit = std::get_if<RateLimitFilter>(&filter->what)) go_on = run(filter, *limit);
    if (grpc_ && std::holds_alternative<GrpcStatsFilter>(filter->what)) counts_grpc_ = names_method(request_.path);
    if (!go_on) return;
  }
  if (!done_) route();
}

bool HttpStream::run(const HttpFilterPtr& filter, const RbacFilter& rbac) {
  auto input = proxy_.rbac_input(*down_->wire, &request_);
  const Headers headers = seen();
  input.headers = &headers;
  if (rbac.shadow) {
    auto decision = rbac.shadow->decide(input);
    proxy_.stats().add("http." + manager_.stat_prefix +
                       (decision.allowed ? ".rbac.shadow_allowed" : ".rbac.shadow_denied"));
  }
  if (!rbac.rules) return true;
  auto decision = rbac.rules->decide(input);
  proxy_.stats().add("http." + manager_.stat_prefix + (decision.allowed ? ".rbac.allowed" : ".rbac.denied"));
  down_->record->step(proxy_.name(), "rbac",
                      filter->name + (decision.allowed ? ": allowed by " : ": denied, policy ") + decision.policy);
  if (decision.allowed) return true;
  reply(403, "RBAC: access denied", "rbac_access_denied_matched_policy[" + decision.policy + "]");
  return false;
}

bool HttpStream::run(const HttpFilterPtr& filter, const FaultFilter& fault) {
  const Headers headers = seen();
  if (!std::all_of(fault.headers.begin(), fault.headers.end(), [&](const auto& h) { return h.matches(headers); }))
    return true;
  pace(filter, fault);
  bool delayed =
      fault.delay > Duration::zero() && proxy_.random().below(fault.delay_share.per) < fault.delay_share.count;
  bool aborted = fault.abort_status > 0 && proxy_.random().below(fault.abort_share.per) < fault.abort_share.count;
  auto abort = [this, status = fault.abort_status, name = filter->name] {
    flag("FI");
    down_->record->step(proxy_.name(), "filter", name + ": aborted with " + std::to_string(status));
    reply(status, "fault filter abort", "fault_filter_abort");
  };
  if (delayed) {
    flag("DI");
    down_->record->step(proxy_.name(), "filter", filter->name + ": delayed");
    step_timer_ = proxy_.later(fault.delay, [self = shared_from_this(), abort, aborted] {
      self->step_timer_ = {};
      if (self->done_) return;
      if (aborted)
        abort();
      else
        self->run_filters();
    });
    return false;
  }
  if (!aborted) return true;
  abort();
  return false;
}

/// Before the delay, so that the bucket fills while it lasts (Envoy: FaultFilter::maybeSetupResponseRateLimit).
void HttpStream::pace(const HttpFilterPtr& filter, const FaultFilter& fault) {
  if (fault.response_bytes_per_second == 0) return;
  if (proxy_.random().below(fault.response_share.per) >= fault.response_share.count) return;
  proxy_.stats().add("http." + manager_.stat_prefix + ".fault.response_rl_injected");
  auto text = ": response at " + std::to_string(fault.response_bytes_per_second / 1024) + " KiB/s";
  down_->record->step(proxy_.name(), "filter", filter->name + text);
  paces_.push_back({fault.response_bytes_per_second, proxy_.now()});
}

bool HttpStream::run(const HttpFilterPtr& filter, const RateLimitFilter& limit) {
  if (limit.fill_interval == Duration::zero()) return true;  // it has no bucket
  if (proxy_.random().below(limit.enabled.per) >= limit.enabled.count) return true;
  if (proxy_.take_token(filter)) return true;
  if (proxy_.random().below(limit.enforced.per) >= limit.enforced.count) return true;
  flag("RL");
  down_->record->step(proxy_.name(), "filter", filter->name + ": rate limited");
  reply(limit.status, "local_rate_limited", "local_rate_limited", limit.response_headers);
  return false;
}

std::string HttpStream::route_name() const {
  if (!route_) return {};
  auto text = route_->name;
  if (text.empty()) text = route_->kind == Route::Path::regex ? "regex" : route_->path;
  return host_->name + " " + text;
}

void HttpStream::route() {
  if (to_https_) {
    Redirect to_https;
    to_https.scheme = "https";
    return redirect(to_https);
  }
  if (!route_) {
    flag("NR");
    down_->record->step(proxy_.name(), "route", "none");
    return reply(404, "", "route_not_found");
  }
  down_->record->step(proxy_.name(), "route", route_name(), routes_version_);
  if (const auto* direct = std::get_if<DirectResponse>(&route_->action))
    return reply(direct->status, direct->body, "direct_response");
  if (const auto* to = std::get_if<Redirect>(&route_->action)) return redirect(*to);
  forward();
}

void HttpStream::redirect(const Redirect& to) {
  auto path = request_.path;
  auto query = std::min(path.find('?'), path.size());
  auto tail = to.strip_query ? std::string() : path.substr(query);
  if (!to.path.empty())
    path = to.path.find('?') == std::string::npos ? to.path + tail : to.path;
  else if (!to.prefix.empty() && route_)
    path = to.prefix + path.substr(route_->matched(query), query - route_->matched(query)) + tail;
  else
    path = path.substr(0, query) + tail;
  const std::string here = down_->wire->tls ? "https" : "http";
  auto scheme = to.scheme.empty() ? here : to.scheme;
  auto authority = to.host;
  if (authority.empty()) {
    authority = request_.authority;
    auto colon = port_at(authority);
    // A scheme's own port goes with the scheme (Envoy: RouteEntryImplBase::processRequestHost).
    bool own = !to_https_ && scheme != here && authority.substr(colon) == (here == "https" ? ":443" : ":80");
    if (to.port > 0 || own) authority.erase(colon);
  }
  if (to.port > 0) authority += ":" + std::to_string(to.port);
  Response response;
  response.status = to.status;
  response.headers.emplace_back("location", scheme + "://" + authority + path);
  finish(std::move(response), "direct_response");
}

void HttpStream::forward() {
  upstream_ = choice_->cluster.empty() ? nullptr : proxy_.upstream(choice_->cluster);
  if (!upstream_) {
    flag("NC");
    down_->record->step(proxy_.name(), "cluster", choice_->cluster + ": not found");
    return reply(forward_->not_found_status, "", "cluster_not_found");
  }
  down_->record->step(proxy_.name(), "cluster", choice_->cluster, upstream_->version());
  request_.path = route_->rewritten(request_.path);
  if (!forward_->host_rewrite.empty()) request_.authority = forward_->host_rewrite;
  // The most specific level first, so that a more general one wins in the end (Envoy's default order).
  choice_->request.apply(request_.headers);
  route_->request.apply(request_.headers);
  host_->request.apply(request_.headers);
  routes_->request().apply(request_.headers);
  hash_ = request_hash();  // of what goes upstream (Envoy chooses the host after finalizeRequestHeaders)
  retry_ = forward_->retry ? &*forward_->retry : host_->retry ? &*host_->retry : nullptr;
  if (retry_) try_timeout_ = retry_->try_timeout;
  if (retry_ && !retry_->request_headers.empty()) {
    const Headers headers = seen();
    const auto& wanted = retry_->request_headers;
    if (std::none_of(wanted.begin(), wanted.end(), [&](const auto& h) { return h.matches(headers); })) retry_ = nullptr;
  }
  if (retry_) retries_left_ = retry_->retries_max;
  if (forward_->idle_timeout) {
    proxy_.stop(idle_timer_);
    if (*forward_->idle_timeout > Duration::zero())
      idle_timer_ = proxy_.later(*forward_->idle_timeout, [self = shared_from_this()] {
        self->idle_timer_ = {};
        self->flag("SI");
        self->reply(504, "stream timeout", "stream_idle_timeout");
      });
  }
  if (forward_->timeout > Duration::zero())
    global_timer_ = proxy_.later(forward_->timeout, [self = shared_from_this()] {
      self->global_timer_ = {};
      self->global_timeout();
    });
  attempt();
  if (!tried_.empty() && !done_) mirror();  // not where the request itself goes nowhere
}

/// In the order of setting, each once, as Envoy 1.40 prints them (URX,UF).
void HttpStream::flag(const char* name) { add_flag(flags_, name); }

void HttpStream::reply(int status, std::string body, const std::string& details, Headers headers) {
  if (done_) return;
  Response response;
  response.headers = std::move(headers);
  response.status = status;
  response.body = std::move(body);
  finish(std::move(response), details);
}

void HttpStream::downstream_gone() {
  if (done_ && !delivering_) return;
  delivering_ = false;
  proxy_.note(down_, "DC", "downstream_remote_disconnect");
  stop();
}

/// Envoy: Grpc::Context::chargeStat.
void HttpStream::count_grpc(const Response& response) {
  auto status = find_header(response.headers, "grpc-status");
  if (!status || !choice_ || !proxy_.upstream(choice_->cluster)) return;
  const auto prefix = "cluster." + choice_->cluster + ".grpc.";
  for (const std::string& name : {*status, std::string(*status == "0" ? "success" : "failure"), std::string("total")})
    proxy_.stats().add(prefix + name);
}

/// Nothing more comes of it; what goes on upstream is given up.
void HttpStream::stop() {
  done_ = true;
  if (attempt_) {
    proxy_.abandon(attempt_);
    attempt_ = nullptr;
  }
  if (retry_counted_) --upstream_->retries;
  retry_counted_ = false;
  proxy_.stop(global_timer_);
  proxy_.stop(idle_timer_);
  proxy_.stop(step_timer_);
}

void HttpStream::finish(Response response, const std::string& details) {
  if (done_) return;
  stop();
  if (mirrored_) return;
  const bool own = details != "via_upstream";
  // A redirect and a direct response have these, not what a filter answers in their place (Envoy: they are no
  // RouteEntry).
  if (forward_ || (route_ && details == "direct_response")) {
    if (choice_) choice_->response.apply(response.headers);
    route_->response.apply(response.headers);
    host_->response.apply(response.headers);
    routes_->response().apply(response.headers);
  }
  // What the route puts into it comes first (Envoy: Http::Utility::prepareLocalReply).
  if (own && grpc_) {
    if (request_.method == "HEAD") response.body.clear();  // no message either
    make_grpc(response, grpc_of_http(response.status));
  }
  if (counts_grpc_) count_grpc(response);
  for (auto& cookie : cookies_) response.headers.emplace_back("set-cookie", std::move(cookie));
  proxy_.note(down_, flags_, details);
  proxy_.stats().add("http." + manager_.stat_prefix + ".downstream_rq_" + std::to_string(response.status / 100) + "xx");
  if (own) {
    auto text = std::to_string(response.status) + " " + details;
    if (grpc_) text.insert(text.find(' '), " grpc-status " + find_header(response.headers, "grpc-status").value_or(""));
    down_->record->step(proxy_.name(), "reply", flags_.empty() ? text : text + " " + flags_);
  }
  response.last = proxy_.last_answer(*down_->wire);
  down_->response = std::move(response);
  deliver();
}

/// Whole, when the last byte of its body is through; several faults in a row let it through as the slowest does. What
/// is held up is taken to fit Envoy's buffers: the upstream is not held up with it.
void HttpStream::deliver() {
  const auto bytes = down_->response.body.size() + down_->response.more_bytes;
  Duration wait = {};
  for (const auto& slow : paces_) wait = std::max(wait, slow.wait(bytes, proxy_.now()));
  if (wait == Duration::zero()) return proxy_.fabric().respond(down_);
  delivering_ = true;
  step_timer_ = proxy_.later(wait, [self = shared_from_this()] {
    self->step_timer_ = {};
    self->delivering_ = false;
    self->proxy_.fabric().respond(self->down_);
  });
}

}  // namespace kumasim::sim::proxy
