#include "scenarios/behaviour/forwarding.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "kumasim/scenario/quantity.hpp"
#include "scenarios/behaviour/fact_text.hpp"
#include "scenarios/behaviour/server_side.hpp"
#include "sim/envoy/data/standing.hpp"

namespace kumasim::scenario {

using namespace sim::proxy;
using sim::proxy::TlsContext;

namespace {

/// One of the clusters that a request may go to.
struct Branch {
  const ClusterChoice* choice = nullptr;
  const ClusterState* cluster = nullptr;  ///< null: the proxy does not have it
  double part = 0;
  std::string label = {};
  std::vector<EndpointShare> endpoints = {};  ///< parts of this branch
  sim::Headers headers = {};                  ///< as the server gets them
};

class Forwarding {
 public:
  Forwarding(const Deployment& deployment, const StillProxy& client, const BehindCluster& behind,
             const Outgoing& outgoing, CallFacts& flow)
      : deployment_(deployment), client_(client), behind_(behind), outgoing_(outgoing), flow_(flow) {}

  void run(const std::vector<ClusterChoice>& choices, std::uint64_t weight_total) {
    for (const ClusterChoice* choice : chosen(choices)) {
      Branch branch{.choice = choice, .cluster = find_cluster(*client_.config, choice->cluster)};
      branch.part = choices.size() == 1 ? 1.0 : static_cast<double>(choice->weight) / static_cast<double>(weight_total);
      branch.endpoints = behind_.endpoints(branch.cluster, choice->subset);
      branch.label = behind_.label(branch.cluster, branch.endpoints, choice->cluster);
      branch.headers = outgoing_.headers;
      choice->request.apply(branch.headers);
      for (const HeaderEdits* edits : outgoing_.edits) edits->apply(branch.headers);
      branches_.push_back(std::move(branch));
    }
    if (branches_.empty()) {
      flow_.facts[FactId::access] = {"no cluster", {}, outgoing_.where};
      return;
    }
    split();
    upstreams();
    servers();
  }

 private:
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
      if (parts.size() == 1) return route(name);
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, percent_text(std::llround(1e6 * part)));
    }
    route(text);
  }

  void route(std::string text) { flow_.facts[FactId::route] = {std::move(text), {}, outgoing_.where}; }

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
    if (outgoing_.http)
      of_clusters(FactId::idle_timeout, [](const Cluster& c, const State&) { return duration_fact(c.idle_timeout); });
    of_clusters(FactId::max_connections, [](const Cluster& c, const State&) { return count_fact(c.connections_max); });
    of_clusters(FactId::max_pending, [](const Cluster& c, const State&) { return count_fact(c.pending_max); });
    of_clusters(FactId::max_requests, [](const Cluster& c, const State&) { return count_fact(c.requests_max); });
    of_clusters(FactId::max_retries, [](const Cluster& c, const State&) { return count_fact(c.retries_max); });
    of_clusters(FactId::outlier_detection, [](const Cluster& c, const State&) { return Fact{outlier_text(c)}; });
    of_clusters(FactId::balancing,
                [this](const Cluster& c, const State&) { return Fact{balancing_text(c, outgoing_.hash)}; });
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
        said[FactId::access].emplace_back(branch.label, Fact{"no cluster", {}, outgoing_.where});
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
          const TlsContext* tls = socket_for(*branch.cluster->config, endpoint);
          if (!seen.insert({branch.label, place.proxy, place.inbound, tls}).second) continue;
          for (auto& [id, found] : ask(branch, place, tls, endpoint))
            said[id].emplace_back(branch.label, std::move(found));
        }
      if (!any && branch.cluster->config->type != Cluster::Type::original_dst)
        said[FactId::access].emplace_back(branch.label,
                                          Fact{"no endpoint", {}, "cluster " + branch.cluster->config->name});
    }
    for (auto& [id, parts] : said) take(id, parts);
  }

  Facts ask(const Branch& branch, const InboundPlace& place, const TlsContext* tls, const Endpoint& endpoint) {
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
                    .http = outgoing_.http,
                    .authority = outgoing_.authority,
                    .method = outgoing_.method,
                    .path = outgoing_.path,
                    .headers = branch.headers};
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
  const BehindCluster& behind_;
  const Outgoing& outgoing_;
  CallFacts& flow_;
  std::vector<Branch> branches_;
};

}  // namespace

std::vector<const ClusterChoice*> chosen(const std::vector<ClusterChoice>& choices) {
  std::vector<const ClusterChoice*> out;
  for (const ClusterChoice& choice : choices)
    if (choices.size() == 1 || choice.weight > 0) out.push_back(&choice);
  return out;
}

void forward(const Deployment& deployment, const StillProxy& client, const BehindCluster& behind,
             const Outgoing& outgoing, const std::vector<ClusterChoice>& choices, std::uint64_t weight_total,
             CallFacts& flow) {
  Forwarding(deployment, client, behind, outgoing, flow).run(choices, weight_total);
}

}  // namespace kumasim::scenario
