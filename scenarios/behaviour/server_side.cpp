#include "scenarios/behaviour/server_side.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "scenarios/behaviour/fact_text.hpp"
#include "sim/envoy/data/handshake.hpp"
#include "sim/envoy/data/standing.hpp"

namespace kumasim::scenario {

using namespace sim::proxy;
using sim::proxy::Listener;
using sim::proxy::TlsContext;

namespace {

constexpr std::uint16_t client_port = 40'000;  // of no meaning, but listeners may ask

std::string chain_text(const Listener& listener, const FilterChain& chain) {
  return fmt::format("listener {}{}{}", listener.name, chain.name.empty() ? "" : " chain ", chain.name);
}

class Receiving {
 public:
  Receiving(const Deployment& deployment, const ServerPlace& server, const Arrival& arrival)
      : deployment_(deployment),
        server_(*server.proxy),
        inbound_(server_.view.inbounds[server.inbound]),
        arrival_(arrival) {}

  Facts run() {
    out_[FactId::transport] = {"plaintext"};
    connection();
    return std::move(out_);
  }

 private:
  void connection() {
    const Listener* listener =
        find_listener(*server_.config, inbound_.address, inbound_.port, false, Standing::warming_too);
    if (listener == nullptr) return access("nobody listens", "no listener for " + inbound_.service);
    FilterChainPtr chain = listener->find(hello());
    if (!chain) return access("no filter chain", "listener " + listener->name);
    where_ = chain_text(*listener, *chain);
    if (!shake_hands(*chain)) return;
    access("allowed", where_);
    for (const NetworkFilter& filter : chain->filters) {
      if (const auto* rbac = std::get_if<RbacFilter>(&filter.what)) {
        if (!allowed(*rbac, nullptr)) return;
      } else if (const auto* http = std::get_if<HttpConnectionManager>(&filter.what)) {
        if (!arrival_.http) return access("no HTTP", where_);
        request(*http);
      } else if (const auto* tcp = std::get_if<TcpProxy>(&filter.what)) {
        out_[FactId::inbound_idle_timeout] = duration_fact(tcp->idle_timeout);
      }
    }
  }

  void access(std::string text, std::string why) { out_[FactId::access] = {std::move(text), {}, std::move(why)}; }

  Hello hello() const {
    Hello out{.destination_ip = inbound_.address,
              .destination_port = static_cast<std::uint16_t>(inbound_.port),
              .source_ip = arrival_.client.view.address,
              .source_port = client_port};
    if (arrival_.tls != nullptr) {
      out.tls = true;
      out.server_name = arrival_.tls->sni;
      out.application_protocols = arrival_.tls->alpn;
    } else if (arrival_.http) {
      out.application_protocols = {"http/1.1"};
    }
    return out;
  }

  /// False: the connection ends here, and access says why.
  bool shake_hands(const FilterChain& chain) {
    if (arrival_.tls == nullptr) {
      if (chain.tls) access("plain bytes where TLS is due", where_);
      return !chain.tls;
    }
    if (!chain.tls) {
      access("TLS where plain bytes are due", where_);
      return false;
    }
    TlsMaterial theirs = material(*arrival_.tls, *arrival_.client.config), mine = material(*chain.tls, *server_.config);
    auto fails = [&](const std::string& why) {
      access("handshake fails", why);
      return false;
    };
    if (theirs.secrets_missing || mine.secrets_missing || !mine.certificate) return fails("a certificate is missing");
    CertificateStore& store = deployment_.workshop().cache->certificates();
    WallTime now = deployment_.workshop().certificates.now();
    if (auto error = judge(theirs.validation, *mine.certificate, store, now); !error.empty()) return fails(error);
    bool asks = chain.tls->require_client_certificate || mine.validation;
    if (asks && !theirs.certificate && chain.tls->require_client_certificate) return fails("no client certificate");
    if (asks && theirs.certificate) {
      if (auto error = judge(mine.validation, *theirs.certificate, store, now); !error.empty()) return fails(error);
      client_ = theirs.certificate;
    }
    out_[FactId::transport] = {client_ ? "mtls" : "tls"};
    return true;
  }

  /// False: access says who refused it.
  bool allowed(const RbacFilter& filter, const sim::Headers* headers) {
    if (!filter.rules) return true;
    RbacInput in;
    in.tls = arrival_.tls != nullptr;
    if (client_) {
      in.peer_certificate = true;
      in.uris = &client_->uris;
      in.dns_names = &client_->dns_names;
      in.subject = client_->subject;
    }
    in.source_ip = arrival_.client.view.address;
    in.destination_ip = inbound_.address;
    in.destination_port = static_cast<std::uint16_t>(inbound_.port);
    if (arrival_.tls != nullptr) in.server_name = arrival_.tls->sni;
    in.headers = headers;
    if (headers != nullptr) in.path = arrival_.path.substr(0, arrival_.path.find('?'));
    RbacDecision decision = filter.rules->decide(in);
    std::string who = client_ ? spiffe_id(client_) : "a client without a certificate";
    bool by_rule = !decision.policy.empty() && decision.policy != "none";
    std::string rule = by_rule ? "rule " + decision.policy : "no rule";
    // "no rule lets in" denies, "no rule keeps out" allows.
    const char* does = decision.allowed == by_rule ? "lets in" : "keeps out";
    access(decision.allowed ? "allowed" : "denied", fmt::format("{}: {} {} {}", where_, rule, does, who));
    return decision.allowed;
  }

  void request(const HttpConnectionManager& manager) {
    const RouteConfig* routes = routes_of(*server_.config, manager);
    const VirtualHost* host = routes == nullptr ? nullptr : routes->host(arrival_.authority);
    const Route* route = host == nullptr
                             ? nullptr
                             : find_route(*host, arrival_.authority, arrival_.method, arrival_.path, arrival_.headers);
    FilterFacts filters;
    for (const HttpFilterPtr& each : manager.filters) {
      const HttpFilterPtr* filter = &each;
      auto look = [&](const FilterOverrides& overrides) {
        auto found = overrides.find(each->name);
        if (found != overrides.end()) filter = &found->second;
      };
      if (routes != nullptr) look(routes->overrides());
      if (host != nullptr) look(host->overrides);
      if (route != nullptr) look(route->overrides);
      if (const auto* rbac = std::get_if<RbacFilter>(&(*filter)->what); rbac && !allowed(*rbac, &arrival_.headers))
        return;
      filters.add(**filter, arrival_.headers);
    }
    out_[FactId::fault_delay] = {filters.delay.empty() ? "none" : filters.delay};
    out_[FactId::fault_abort] = {filters.abort.empty() ? "none" : filters.abort};
    out_[FactId::rate_limit] = filters.limit;
    if (route == nullptr) return access("no route", where_);
    const auto* forward = std::get_if<Forward>(&route->action);
    if (forward == nullptr) return;
    out_[FactId::inbound_timeout] = duration_fact(forward->timeout);
    out_[FactId::inbound_idle_timeout] = duration_fact(forward->idle_timeout.value_or(manager.stream_idle_timeout));
  }

  const Deployment& deployment_;
  const StillProxy& server_;
  const cp::Inbound& inbound_;
  const Arrival& arrival_;
  ChainPtr client_;
  std::string where_;
  Facts out_;
};

}  // namespace

Facts receive(const Deployment& deployment, const ServerPlace& server, const Arrival& arrival) {
  return Receiving(deployment, server, arrival).run();
}

void FilterFacts::add(const HttpFilter& filter, const sim::Headers& headers) {
  if (const auto* fault = std::get_if<FaultFilter>(&filter.what)) {
    if (!std::ranges::all_of(fault->headers, [&](const HeaderMatch& match) { return match.matches(headers); })) return;
    auto join = [](std::string& to, const std::string& more) {
      if (!more.empty()) to += (to.empty() ? "" : ", ") + more;
    };
    join(delay, delay_text(*fault));
    join(abort, abort_text(*fault));
  }
  if (const auto* found = std::get_if<RateLimitFilter>(&filter.what)) {
    Fact fact = rate_limit_fact(*found);
    if (fact.text != "none") limit = fact;
  }
}

}  // namespace kumasim::scenario
