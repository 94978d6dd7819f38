#include "sim/envoy/data/instant_path.hpp"

#include <algorithm>
#include <variant>

#include "sim/envoy/data/handshake.hpp"
#include "sim/envoy/data/standing.hpp"

namespace kumasim::sim::proxy {
namespace {

constexpr std::uint16_t client_port = 40'000;  // of no meaning, but listeners may ask

bool somebody_has(const ClusterState& cluster, const Labels& wanted) {
  if (!cluster.assignment) return false;
  return std::ranges::any_of(cluster.assignment->localities, [&](const Locality& locality) {
    return std::ranges::any_of(locality.endpoints,
                               [&](const Endpoint& endpoint) { return contains(endpoint.labels, wanted); });
  });
}

/// The labels that an endpoint must have, as Upstream::pick() takes them.
Labels subset_of(const ClusterState& cluster, const Labels& wanted) {
  using Fallback = SubsetSelector::Fallback;
  const Cluster& config = *cluster.config;
  if (config.subsets.empty()) return {};
  Fallback fallback = config.subset_fallback;
  for (const SubsetSelector& selector : config.subsets) {
    bool same = !wanted.empty() && selector.keys.size() == wanted.size() &&
                std::ranges::all_of(wanted, [&](const auto& label) { return selector.keys.contains(label.first); });
    if (!same) continue;
    if (somebody_has(cluster, wanted)) return wanted;
    if (selector.fallback != Fallback::not_defined) fallback = selector.fallback;
    break;
  }
  if (fallback == Fallback::any_endpoint) return {};
  return fallback == Fallback::default_subset ? config.default_subset : wanted;
}

void add_branches(const ConfigState& config, const std::vector<ClusterChoice>& choices, InstantPath& out) {
  for (const ClusterChoice& choice : choices) {
    if (choices.size() > 1 && choice.weight == 0) continue;
    auto cluster = config.clusters().find(choice.cluster);
    if (cluster == config.clusters().end()) {
      out.broken = "there is no cluster " + choice.cluster;
      return;
    }
    InstantBranch branch{.cluster = choice.cluster, .subset = subset_of(cluster->second, choice.subset)};
    const LoadAssignment* assignment = cluster->second.assignment.get();
    for (std::size_t i = 0; assignment != nullptr && i < assignment->localities.size(); ++i)
      for (const Endpoint& endpoint : assignment->localities[i].endpoints)
        if (endpoint.healthy && contains(endpoint.labels, branch.subset))
          branch.endpoints.push_back({&endpoint, socket_for(*cluster->second.config, endpoint)});
    out.branches.push_back(std::move(branch));
  }
}

/// "" where each end takes the other's certificate.
std::string handshake(const InstantEnd& client, const TlsContext& by, const InstantEnd& server,
                      const TlsContext& server_tls, CertificateStore& certificates) {
  TlsMaterial theirs = material(by, client.config), mine = material(server_tls, server.config);
  if (theirs.secrets_missing) return "the client has no certificate or no trust bundle";
  if (mine.secrets_missing || !mine.certificate) return "the server has no certificate or no trust bundle";
  const int version = std::min(by.version_max, server_tls.version_max);
  if (version < std::max(by.version_min, server_tls.version_min)) return "they have no version of TLS in common";
  if (version < 0x0304 && !share_cipher(by.ciphers, server_tls.ciphers, mine.certificate->elliptic))
    return "they have no cipher in common";
  if (auto error = judge(theirs.validation, *mine.certificate, certificates, client.now); !error.empty())
    return "the client does not take the server's certificate: " + error;
  if (!server_tls.require_client_certificate && !mine.validation) return "";
  if (!theirs.certificate) return server_tls.require_client_certificate ? "the client shows no certificate" : "";
  auto error = judge(mine.validation, *theirs.certificate, certificates, server.now);
  return error.empty() ? "" : "the server does not take the client's certificate: " + error;
}

/// Whether each filter of access control in the chain lets such a client in; headers are those of a GET of /.
bool lets_in(const FilterChain& chain, const InstantEnd& client, const TlsContext& by, const InstantEnd& server,
             std::uint16_t port) {
  TlsMaterial shown = material(by, client.config);
  const Headers headers{{":path", "/"}, {":method", "GET"}};
  RbacInput in;
  in.tls = true;
  in.server_name = by.sni;
  in.source_ip = client.address;
  in.destination_ip = server.address;
  in.destination_port = port;
  if (shown.certificate) {
    in.peer_certificate = true;
    in.uris = &shown.certificate->uris;
    in.dns_names = &shown.certificate->dns_names;
    in.subject = shown.certificate->subject;
  }
  auto lets = [&](const RbacFilter& filter) { return !filter.rules || filter.rules->decide(in).allowed; };
  for (const NetworkFilter& filter : chain.filters) {
    if (const auto* rbac = std::get_if<RbacFilter>(&filter.what); rbac != nullptr && !lets(*rbac)) return false;
    const auto* http = std::get_if<HttpConnectionManager>(&filter.what);
    if (http == nullptr) continue;
    in.headers = &headers;
    in.path = "/";
    for (const HttpFilterPtr& each : http->filters)
      if (const auto* rbac = std::get_if<RbacFilter>(&each->what); rbac != nullptr && !lets(*rbac)) return false;
  }
  return true;
}

}  // namespace

InstantPath outbound_path(const ConfigState& client, const Call& call) {
  InstantPath out;
  const Listener* listener = find_listener(client, call.address, call.port, true, Standing::in_use);
  FilterChainPtr chain;
  if (listener != nullptr)
    chain = listener->find({.destination_ip = call.address,
                            .destination_port = call.port,
                            .source_ip = "127.0.0.1",
                            .source_port = client_port,
                            .application_protocols = {"http/1.1"}});
  if (!chain) {
    out.broken = listener == nullptr ? "it has no outbound listener" : "no filter chain of " + listener->name;
    return out;
  }
  for (const NetworkFilter& filter : chain->filters) {
    if (const auto* tcp = std::get_if<TcpProxy>(&filter.what)) {
      add_branches(client, tcp->clusters, out);
      return out;
    }
    const auto* http = std::get_if<HttpConnectionManager>(&filter.what);
    if (http == nullptr) continue;
    const RouteConfig* routes = routes_of(client, *http);
    const VirtualHost* virtual_host = routes == nullptr ? nullptr : routes->host(call.authority);
    const Route* route = virtual_host == nullptr
                             ? nullptr
                             : find_route(*virtual_host, call.authority, call.method, call.path, call.headers);
    if (route == nullptr)
      out.broken = "no route of " + listener->name;
    else if (const auto* forward = std::get_if<Forward>(&route->action))
      add_branches(client, forward->clusters, out);
    return out;
  }
  out.broken = "nothing in " + listener->name + " answers";
  return out;
}

InstantArrival arrive(const InstantEnd& client, const TlsContext* tls, const InstantEnd& server, std::uint16_t port,
                      CertificateStore& certificates) {
  using What = InstantArrival::What;
  const Listener* listener = find_listener(server.config, server.address, port, false, Standing::in_use);
  if (listener == nullptr) return {What::no_listener, "it has no inbound listener"};
  Hello hello{.destination_ip = server.address,
              .destination_port = port,
              .source_ip = client.address,
              .source_port = client_port};
  if (tls != nullptr) {
    hello.tls = true;
    hello.server_name = tls->sni;
    hello.application_protocols = tls->alpn;
  } else {
    hello.application_protocols = {"http/1.1"};
  }
  FilterChainPtr chain = listener->find(hello);
  if (!chain) return {What::no_listener, "no filter chain of " + listener->name + " takes it"};
  if (tls == nullptr && !chain->tls) return {What::plaintext, "neither end uses TLS"};
  if (tls == nullptr || !chain->tls)
    return {What::no_listener,
            tls == nullptr ? "plain bytes come where TLS is due" : "TLS comes where plain bytes are due"};
  std::string error = handshake(client, *tls, server, *chain->tls, certificates);
  if (error.empty()) return {};
  return {What::distrust, std::move(error), lets_in(*chain, client, *tls, server, port)};
}

}  // namespace kumasim::sim::proxy
