#include "scenarios/behaviour/flow.hpp"

#include <algorithm>
#include <cassert>
#include <initializer_list>
#include <optional>
#include <variant>

#include <fmt/format.h>

#include "kumasim/scenario/quantity.hpp"
#include "scenarios/behaviour/behind_cluster.hpp"
#include "scenarios/behaviour/fact_text.hpp"
#include "scenarios/behaviour/forwarding.hpp"
#include "scenarios/behaviour/server_side.hpp"
#include "sim/envoy/data/handshake.hpp"
#include "sim/envoy/data/standing.hpp"

namespace kumasim::scenario {

using namespace sim::proxy;
using sim::proxy::Listener;

namespace {

constexpr std::uint16_t client_port = 40'000;

/// A way in as the first proxy sees it.
struct Entry {
  Hello hello;
  std::string authority;
  std::string called;  ///< as the client knows it; empty at a gateway, for which every service is another
};

Entry entry_of(const WayIn& way) {
  if (way.door) {
    const std::string& address = way.proxy->view.address;
    std::string host = way.door->host();
    return {way.door->hello(address), host.empty() ? address : host, {}};
  }
  std::string called = destination_name(*way.outbound);
  return {{.destination_ip = way.outbound->address,
           .destination_port = static_cast<std::uint16_t>(way.outbound->port),
           .source_ip = "127.0.0.1",
           .source_port = client_port,
           .application_protocols = {"http/1.1"}},
          called,
          called};
}

class Evaluation {
 public:
  Evaluation(const Deployment& deployment, const WayIn& way, const FlowRequest& request)
      : deployment_(deployment),
        client_(*way.proxy),
        outside_(way.door.has_value()),
        entry_(entry_of(way)),
        asked_(request),
        behind_(deployment, client_.mesh, entry_.called) {}

  CallFacts run() {
    fact(FactId::configuration, client_.refusal.empty() ? "accepted" : "refused: " + client_.refusal);
    connection();
    return std::move(flow_);
  }

 private:
  void fact(FactId id, std::string text, std::string why = {}) {
    flow_.facts[id] = {std::move(text), {}, std::move(why)};
  }
  void stop(std::string text, std::string why) { fact(FactId::access, std::move(text), std::move(why)); }

  void connection() {
    const Hello& hello = entry_.hello;
    const Listener* listener =
        find_listener(*client_.config, hello.destination_ip, hello.destination_port, !outside_, Standing::warming_too);
    std::string place = fmt::format("{}:{}", hello.destination_ip, hello.destination_port);
    if (listener == nullptr)
      return stop("nobody listens", fmt::format("no {} at {}", outside_ ? "listener" : "outbound listener", place));
    FilterChainPtr chain = listener->find(hello);
    if (!chain) return stop("no filter chain", "listener " + listener->name);
    where_ = "listener " + listener->name;
    for (const NetworkFilter& filter : chain->filters) {
      const auto* http = std::get_if<HttpConnectionManager>(&filter.what);
      const auto* tcp = std::get_if<TcpProxy>(&filter.what);
      if (http == nullptr && tcp == nullptr) continue;
      if (!shake_hands(*chain, http != nullptr)) return;
      return http != nullptr ? request(*http) : bytes(*tcp);
    }
    stop("nobody answers", where_);
  }

  /// False: the connection ends here, and access says why. Clients outside have no certificate, and believe any.
  bool shake_hands(const FilterChain& chain, bool reads_requests) {
    auto fails = [&](const char* what, const char* why) {
      stop(what, where_ + why);
      return false;
    };
    const bool tls = entry_.hello.tls;
    if (chain.tls && !tls) return fails("plain bytes where TLS is due", "");
    if (!chain.tls && tls && reads_requests) return fails("TLS where plain bytes are due", "");
    if (!chain.tls) return true;
    TlsMaterial mine = material(*chain.tls, *client_.config);
    if (mine.secrets_missing || !mine.certificate) return fails("handshake fails", ": a certificate is missing");
    if (chain.tls->require_client_certificate) return fails("handshake fails", ": no client certificate");
    return true;
  }

  // --- bytes

  void bytes(const TcpProxy& tcp) {
    flow_.facts[FactId::idle_timeout] = duration_fact(tcp.idle_timeout);
    flow_.facts[FactId::retries] = count_fact(tcp.connect_attempts_max - 1);
    fact(FactId::protocol, entry_.hello.tls ? "tls" : "tcp", where_);
    send_on({.http = false}, tcp.clusters, tcp.weight_total);
  }

  // --- requests

  void request(const HttpConnectionManager& manager) {
    fact(FactId::protocol, entry_.hello.tls ? "https" : "http", where_);
    const RouteConfig* routes = routes_of(*client_.config, manager);
    const std::string& authority = entry_.authority;
    const VirtualHost* host = routes == nullptr ? nullptr : routes->host(authority);
    const Route* route =
        host == nullptr ? nullptr : find_route(*host, authority, asked_.method, asked_.path, asked_.headers);
    if (route == nullptr) return stop("no route", where_);
    flow_.route = route->name;
    std::string name = route->name.empty() ? route->path : route->name;
    where_ += " route " + name;
    path_ = route->rewritten(asked_.path);
    if (const auto* direct = std::get_if<DirectResponse>(&route->action)) {
      fact(FactId::answer, fmt::format("{}", direct->status), where_);
      // What a gateway says for a host without routes.
      return outside_ && direct->status == 404 ? stop("no route", where_) : fact(FactId::access, "allowed", where_);
    }
    if (const auto* redirect = std::get_if<Redirect>(&route->action)) {
      fact(FactId::answer, redirect_text(*redirect), where_);
      return fact(FactId::access, "allowed", where_);
    }
    const auto& forward = std::get<Forward>(route->action);
    fact(FactId::answer, "none");
    times(manager, forward);
    retries(forward.retry ? &*forward.retry : host->retry ? &*host->retry : nullptr);
    filters(manager, *routes, *host, *route, forward);
    rewrites(*route, forward);
    if (!forward.cluster_header.empty())
      return stop("the request's header " + forward.cluster_header + " says", where_);
    send_on({.edits = {&route->request, &host->request, &routes->request()}, .hash = forward.hash}, forward.clusters,
            forward.weight_total);
    mirrors(forward);
  }

  void send_on(Outgoing outgoing, const std::vector<ClusterChoice>& choices, std::uint64_t weight_total) {
    outgoing.authority = entry_.authority;
    outgoing.method = asked_.method;
    outgoing.path = path_;
    outgoing.headers = asked_.headers;
    outgoing.where = where_;
    scenario::forward(deployment_, client_, behind_, outgoing, choices, weight_total, flow_);
  }

  void times(const HttpConnectionManager& manager, const Forward& forward) {
    flow_.facts[FactId::timeout] = duration_fact(forward.timeout);
    flow_.facts[FactId::stream_idle_timeout] =
        duration_fact(forward.idle_timeout.value_or(manager.stream_idle_timeout));
  }

  void retries(const RetryPolicy* policy) {
    if (policy != nullptr && !policy->request_headers.empty()) {
      sim::Headers seen = asked_.headers;
      seen.emplace_back(":method", asked_.method);
      seen.emplace_back(":path", asked_.path);
      if (std::ranges::none_of(policy->request_headers, [&](const HeaderMatch& h) { return h.matches(seen); }))
        policy = nullptr;
    }
    flow_.facts[FactId::retries] = count_fact(policy == nullptr ? 0 : policy->retries_max);
    fact(FactId::retry_on, policy == nullptr || policy->retries_max == 0 ? "none" : retry_text(*policy));
    flow_.facts[FactId::try_timeout] = duration_fact(policy == nullptr ? Duration() : policy->try_timeout);
  }

  /// Of a split each cluster may have filters of its own.
  void filters(const HttpConnectionManager& manager, const RouteConfig& routes, const VirtualHost& host,
               const Route& route, const Forward& forward) {
    std::vector<std::pair<std::string, Fact>> delays, aborts, limits;
    auto add = [&](const std::string& label, const FilterOverrides& own) {
      FilterFacts found = filters_by(manager, {&routes.overrides(), &host.overrides, &route.overrides, &own});
      delays.emplace_back(label, Fact{found.delay.empty() ? "none" : found.delay});
      aborts.emplace_back(label, Fact{found.abort.empty() ? "none" : found.abort});
      limits.emplace_back(label, found.limit);
    };
    for (const ClusterChoice* choice : chosen(forward.clusters)) {
      const ClusterState* cluster = find_cluster(*client_.config, choice->cluster);
      add(behind_.label(cluster, behind_.endpoints(cluster, choice->subset), choice->cluster), choice->overrides);
    }
    if (delays.empty()) add("", {});
    flow_.facts[FactId::fault_delay] = merged(delays);
    flow_.facts[FactId::fault_abort] = merged(aborts);
    flow_.facts[FactId::rate_limit] = merged(limits);
  }

  /// The last of the overrides that has a filter counts for it.
  FilterFacts filters_by(const HttpConnectionManager& manager,
                         std::initializer_list<const FilterOverrides*> overrides) const {
    FilterFacts found;
    for (const HttpFilterPtr& each : manager.filters) {
      const HttpFilterPtr* filter = &each;
      for (const FilterOverrides* look : overrides)
        if (auto over = look->find(each->name); over != look->end()) filter = &over->second;
      found.add(**filter, asked_.headers);
    }
    return found;
  }

  void rewrites(const Route& route, const Forward& forward) {
    std::string text;
    auto join = [&](const std::string& more) {
      if (!more.empty()) text += (text.empty() ? "" : ", ") + more;
    };
    if (path_ != asked_.path) join(fmt::format("path {}", path_));
    if (!forward.host_rewrite.empty()) join("host " + forward.host_rewrite);
    join(edits_text(route.request));
    if (std::string answer = edits_text(route.response); !answer.empty()) join("answer " + answer);
    fact(FactId::rewrite, text.empty() ? "none" : text);
  }

  void mirrors(const Forward& forward) {
    std::string text;
    for (const Mirror& mirror : forward.mirrors) {
      std::string part = "100%";
      if (mirror.share)
        part = percent_text(
            static_cast<std::int64_t>(mirror.share->count * 1'000'000 / std::max<std::uint64_t>(mirror.share->per, 1)));
      const ClusterState* cluster = find_cluster(*client_.config, mirror.cluster);
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ",
                          behind_.label(cluster, behind_.endpoints(cluster, {}), mirror.cluster), part);
    }
    fact(FactId::mirror, text.empty() ? "none" : text);
  }

  const Deployment& deployment_;
  const StillProxy& client_;
  const bool outside_;
  const Entry entry_;
  const FlowRequest& asked_;
  BehindCluster behind_;
  std::string where_, path_ = asked_.path;
  CallFacts flow_;
};

}  // namespace

std::string FlowRequest::text() const {
  std::string out;
  if (method != "GET" || path != "/") out = method + " " + path;
  for (const auto& [name, value] : headers) out += fmt::format("{}{}:{}", out.empty() ? "" : " ", name, value);
  return out;
}

std::string destination_name(const cp::Outbound& outbound) {
  return outbound.legacy() ? outbound.service() : outbound.resource.name;
}

CallFacts evaluate(const Deployment& deployment, const WayIn& way, const FlowRequest& request) {
  assert(way.leads());
  return Evaluation(deployment, way, request).run();
}

}  // namespace kumasim::scenario
