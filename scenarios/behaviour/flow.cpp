#include "scenarios/behaviour/flow.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "kumasim/scenario/quantity.hpp"
#include "scenarios/behaviour/behind_cluster.hpp"
#include "scenarios/behaviour/fact_text.hpp"
#include "scenarios/behaviour/server_side.hpp"

namespace kumasim::scenario {

using namespace sim::proxy;
using sim::proxy::Listener;
using sim::proxy::TlsContext;

namespace {

constexpr std::uint16_t client_port = 40'000;

/// One of the clusters that a request may go to.
struct Branch {
  const ClusterChoice* choice = nullptr;
  const ClusterState* cluster = nullptr;  ///< null: the proxy does not have it
  double part = 0;
  std::string label = {};
  std::vector<EndpointShare> endpoints = {};  ///< parts of this branch
};

class Evaluation {
 public:
  Evaluation(const Deployment& deployment, const StillProxy& client, const cp::Outbound& outbound,
             const FlowRequest& request)
      : deployment_(deployment),
        client_(client),
        outbound_(outbound),
        asked_(request),
        behind_(deployment, client.mesh, destination_name(outbound)),
        headers_(request.headers) {}

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
    const Listener* listener = find_listener(*client_.config, outbound_.address, outbound_.port, true);
    std::string place = fmt::format("{}:{}", outbound_.address, outbound_.port);
    if (listener == nullptr) return stop("nobody listens", "no outbound listener at " + place);
    FilterChainPtr chain = listener->find({.destination_ip = outbound_.address,
                                           .destination_port = static_cast<std::uint16_t>(outbound_.port),
                                           .source_ip = "127.0.0.1",
                                           .source_port = client_port,
                                           .application_protocols = {"http/1.1"}});
    if (!chain) return stop("no filter chain", "listener " + listener->name);
    where_ = "listener " + listener->name;
    for (const NetworkFilter& filter : chain->filters) {
      if (const auto* http = std::get_if<HttpConnectionManager>(&filter.what)) return request(*http);
      if (const auto* tcp = std::get_if<TcpProxy>(&filter.what)) return bytes(*tcp);
    }
    stop("nobody answers", where_);
  }

  // --- bytes

  void bytes(const TcpProxy& tcp) {
    flow_.facts[FactId::idle_timeout] = duration_fact(tcp.idle_timeout);
    flow_.facts[FactId::retries] = count_fact(tcp.connect_attempts_max - 1);
    http_ = false;
    fact(FactId::protocol, "tcp", where_);
    forward_to(tcp.clusters, tcp.weight_total);
  }

  // --- requests

  void request(const HttpConnectionManager& manager) {
    fact(FactId::protocol, "http", where_);
    const RouteConfig* routes = routes_of(*client_.config, manager);
    std::string authority = destination_name(outbound_);
    const VirtualHost* host = routes == nullptr ? nullptr : routes->host(authority);
    const Route* route = host == nullptr ? nullptr : find_route(*host, authority, asked_.method, asked_.path, headers_);
    if (route == nullptr) return stop("no route", where_);
    std::string name = route->name.empty() ? route->path : route->name;
    where_ += " route " + name;
    path_ = route->rewritten(asked_.path);
    if (const auto* direct = std::get_if<DirectResponse>(&route->action)) {
      fact(FactId::answer, fmt::format("{}", direct->status), where_);
      return fact(FactId::access, "allowed", where_);
    }
    if (const auto* redirect = std::get_if<Redirect>(&route->action)) {
      fact(FactId::answer, redirect_text(*redirect), where_);
      return fact(FactId::access, "allowed", where_);
    }
    const auto& forward = std::get<Forward>(route->action);
    fact(FactId::answer, "none");
    times(manager, forward);
    retries(forward.retry ? &*forward.retry : host->retry ? &*host->retry : nullptr);
    filters(manager, routes, host, *route, forward);
    rewrites(*route, forward);
    hash_ = forward.hash;
    if (!forward.clusters.empty()) forward.clusters.front().request.apply(headers_);
    route->request.apply(headers_);
    host->request.apply(headers_);
    routes->request().apply(headers_);
    if (!forward.cluster_header.empty())
      return stop("the request's header " + forward.cluster_header + " says", where_);
    forward_to(forward.clusters, forward.weight_total);
    mirrors(forward);
  }

  void times(const HttpConnectionManager& manager, const Forward& forward) {
    flow_.facts[FactId::timeout] = duration_fact(forward.timeout);
    flow_.facts[FactId::stream_idle_timeout] =
        duration_fact(forward.idle_timeout.value_or(manager.stream_idle_timeout));
  }

  void retries(const RetryPolicy* policy) {
    if (policy != nullptr && !policy->request_headers.empty()) {
      sim::Headers seen = headers_;
      seen.emplace_back(":method", asked_.method);
      seen.emplace_back(":path", asked_.path);
      if (std::ranges::none_of(policy->request_headers, [&](const HeaderMatch& h) { return h.matches(seen); }))
        policy = nullptr;
    }
    flow_.facts[FactId::retries] = count_fact(policy == nullptr ? 0 : policy->retries_max);
    fact(FactId::retry_on, policy == nullptr || policy->retries_max == 0 ? "none" : retry_text(*policy));
    flow_.facts[FactId::try_timeout] = duration_fact(policy == nullptr ? Duration() : policy->try_timeout);
  }

  /// The most specific configuration of a filter counts. Of a split the first cluster's stands for all.
  void filters(const HttpConnectionManager& manager, const RouteConfig* routes, const VirtualHost* host,
               const Route& route, const Forward& forward) {
    FilterFacts found;
    for (const HttpFilterPtr& each : manager.filters) {
      const HttpFilterPtr* filter = &each;
      auto look = [&](const FilterOverrides& overrides) {
        auto over = overrides.find(each->name);
        if (over != overrides.end()) filter = &over->second;
      };
      look(routes->overrides());
      look(host->overrides);
      look(route.overrides);
      if (!forward.clusters.empty()) look(forward.clusters.front().overrides);
      found.add(**filter, headers_);
    }
    fact(FactId::fault_delay, found.delay.empty() ? "none" : found.delay);
    fact(FactId::fault_abort, found.abort.empty() ? "none" : found.abort);
    flow_.facts[FactId::rate_limit] = found.limit;
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

  // --- clusters and what is behind them

  void forward_to(const std::vector<ClusterChoice>& choices, std::uint64_t weight_total) {
    for (const ClusterChoice& choice : choices) {
      if (choices.size() > 1 && choice.weight == 0) continue;
      Branch branch{.choice = &choice, .cluster = find_cluster(*client_.config, choice.cluster)};
      branch.part = choices.size() == 1 ? 1.0 : static_cast<double>(choice.weight) / static_cast<double>(weight_total);
      branch.endpoints = behind_.endpoints(branch.cluster, choice.subset);
      branch.label = behind_.label(branch.cluster, branch.endpoints, choice.cluster);
      branches_.push_back(std::move(branch));
    }
    if (branches_.empty()) return stop("no cluster", where_);
    split();
    upstreams();
    servers();
  }

  void split() {
    std::vector<std::pair<std::string, double>> parts;
    for (const Branch& branch : branches_) {
      auto found = std::ranges::find(parts, branch.label, &std::pair<std::string, double>::first);
      if (found == parts.end())
        parts.emplace_back(branch.label, branch.part);
      else
        found->second += branch.part;
      for (const EndpointShare& each : branch.endpoints) flow_.shares.push_back({branch.part * each.part, each.tags});
    }
    std::ranges::sort(parts);
    std::string text;
    for (const auto& [name, part] : parts) {
      if (parts.size() == 1) return fact(FactId::route, name, where_);
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, percent_text(std::llround(1e6 * part)));
    }
    fact(FactId::route, text, where_);
  }

  /// What one cluster says, or each of several behind its name.
  template <class Make>
  void of_clusters(FactId id, Make make) {
    std::vector<std::pair<std::string, Fact>> parts;
    for (const Branch& branch : branches_)
      if (branch.cluster != nullptr) parts.emplace_back(branch.label, make(*branch.cluster->config, *branch.cluster));
    if (!parts.empty()) flow_.facts[id] = merged(parts);
  }

  void upstreams() {
    using State = ClusterState;
    of_clusters(FactId::connect_timeout,
                [](const Cluster& c, const State&) { return duration_fact(c.connect_timeout); });
    if (http_)
      of_clusters(FactId::idle_timeout, [](const Cluster& c, const State&) { return duration_fact(c.idle_timeout); });
    of_clusters(FactId::max_connections, [](const Cluster& c, const State&) { return count_fact(c.connections_max); });
    of_clusters(FactId::max_pending, [](const Cluster& c, const State&) { return count_fact(c.pending_max); });
    of_clusters(FactId::max_requests, [](const Cluster& c, const State&) { return count_fact(c.requests_max); });
    of_clusters(FactId::max_retries, [](const Cluster& c, const State&) { return count_fact(c.retries_max); });
    of_clusters(FactId::outlier_detection, [](const Cluster& c, const State&) { return Fact{outlier_text(c)}; });
    of_clusters(FactId::balancing, [this](const Cluster& c, const State&) { return Fact{balancing_text(c, hash_)}; });
    of_clusters(FactId::failover, [](const Cluster& c, const State& state) {
      return Fact{failover_text(state.assignment.get(), c.locality_weighted)};
    });
  }

  /// Each kind of Dataplane behind the endpoints, and whatever is outside of the mesh, is asked once.
  void servers() {
    std::map<FactId, std::vector<std::pair<std::string, Fact>>> said;
    std::set<std::tuple<std::string, const StillProxy*, std::size_t, const TlsContext*>> seen;
    for (const Branch& branch : branches_) {
      if (branch.cluster == nullptr) {
        said[FactId::access].emplace_back(branch.label, Fact{"no cluster", {}, where_});
        continue;
      }
      bool any = false;
      const LoadAssignment* assignment = branch.cluster->assignment.get();
      Labels subset = assignment == nullptr ? Labels() : BehindCluster::subset(*branch.cluster, branch.choice->subset);
      for (std::size_t i = 0; assignment != nullptr && i < assignment->localities.size(); ++i)
        for (const Endpoint& endpoint : assignment->localities[i].endpoints) {
          if (!contains(endpoint.labels, subset)) continue;
          any = true;
          InboundPlace place = deployment_.at(client_.mesh, endpoint.host, endpoint.port);
          const TlsContext* tls = BehindCluster::socket(*branch.cluster->config, endpoint);
          if (!seen.insert({branch.label, place.proxy, place.inbound, tls}).second) continue;
          for (auto& [id, found] : ask(place, tls, endpoint)) said[id].emplace_back(branch.label, std::move(found));
        }
      if (!any && branch.cluster->config->type != Cluster::Type::original_dst)
        said[FactId::access].emplace_back(branch.label,
                                          Fact{"no endpoint", {}, "cluster " + branch.cluster->config->name});
    }
    for (auto& [id, parts] : said) take(id, parts);
  }

  Facts ask(const InboundPlace& place, const TlsContext* tls, const Endpoint& endpoint) {
    if (place.proxy == nullptr) {
      Facts out;
      out[FactId::access] = {"allowed", {}, "outside of the mesh: " + endpoint.text};
      out[FactId::transport] = {tls != nullptr ? "tls" : "plaintext"};
      return out;
    }
    ServerPlace server{place.proxy, place.inbound};
    if (std::ranges::find(flow_.servers, server) == flow_.servers.end()) flow_.servers.push_back(server);
    Arrival arrival{.client = client_,
                    .tls = tls,
                    .http = http_,
                    .authority = destination_name(outbound_),
                    .method = asked_.method,
                    .path = path_,
                    .headers = headers_};
    Facts out = receive(deployment_, server, arrival);
    if (!place.proxy->refusal.empty())
      flow_.facts[FactId::configuration] = {
          fmt::format("refused by {}: {}", place.proxy->service, place.proxy->refusal)};
    return out;
  }

  /// Faults and limits of the two ends add up.
  void take(FactId id, const std::vector<std::pair<std::string, Fact>>& parts) {
    Fact both = merged(parts);
    auto own = flow_.facts.find(id);
    bool adds = id == FactId::fault_delay || id == FactId::fault_abort || id == FactId::rate_limit;
    if (!adds || own == flow_.facts.end() || own->second.text == "none") {
      flow_.facts[id] = std::move(both);
    } else if (both.text != "none") {
      own->second.text += ", then " + both.text;
      own->second.number.reset();
    }
  }

  const Deployment& deployment_;
  const StillProxy& client_;
  const cp::Outbound& outbound_;
  const FlowRequest& asked_;
  BehindCluster behind_;
  sim::Headers headers_;
  std::string where_, path_ = asked_.path;
  bool http_ = true;
  std::vector<HashPolicy> hash_;
  std::vector<Branch> branches_;
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

CallFacts evaluate(const Deployment& deployment, const StillProxy& client, const cp::Outbound& outbound,
                   const FlowRequest& request) {
  return Evaluation(deployment, client, outbound, request).run();
}

}  // namespace kumasim::scenario
