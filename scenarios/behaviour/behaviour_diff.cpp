#include "scenarios/behaviour/behaviour_diff.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reference-cp/policy/gateway.hpp"
#include "scenarios/behaviour/difference_category.hpp"
#include "scenarios/behaviour/flow.hpp"
#include "scenarios/behaviour/flow_requests.hpp"
#include "scenarios/behaviour/gateway_origins.hpp"
#include "scenarios/behaviour/hidden_difference.hpp"
#include "scenarios/behaviour/policy_origins.hpp"

namespace kumasim::scenario {
namespace {

constexpr const char* no_call = "no such call";
constexpr const char* outside = "outside";
constexpr const char* multi_zone_service = "MeshMultiZoneService";

/// Destination -> the outbound; the first of several ports, the others by their section.
using Outbounds = std::map<std::string, const cp::Outbound*>;

Outbounds outbounds_of(const StillProxy* proxy) {
  Outbounds out;
  if (proxy == nullptr) return out;
  std::set<std::string> services;  // of the name of which a MeshMultiZoneService may be too
  for (const cp::Outbound& each : proxy->view.outbounds)
    if (each.resource.type != multi_zone_service) services.insert(destination_name(each));
  for (const cp::Outbound& each : proxy->view.outbounds) {
    std::string name = destination_name(each);
    if (each.resource.type == multi_zone_service && services.contains(name))
      name += fmt::format(" ({})", multi_zone_service);
    if (!out.try_emplace(name, &each).second && !each.resource.section.empty())
      out.try_emplace(name + ":" + each.resource.section, &each);
  }
  return out;
}

constexpr const char* unseen = "differs in what is not looked at";

/// Some of such calls pass both proxies; the first does not answer them itself.
bool passes(const CallFacts& flow) {
  auto answer = flow.facts.find(FactId::answer);
  return has_part(flow.facts.at(FactId::access), "allowed") &&
         (answer == flow.facts.end() || answer->second.text == "none");
}

/// Such calls get to no server, and nobody decides whether they may.
bool ends_early(const CallFacts& flow) {
  const Fact& access = flow.facts.at(FactId::access);
  return !has_part(access, "allowed") && !has_part(access, "denied");
}

/// One fact of one request that is not what it was.
struct Raw {
  FactId fact;
  std::string before, after;
  auto operator<=>(const Raw&) const = default;
};

class Comparison {
 public:
  Comparison(const Deployment& before, const Deployment& after, const Scenario* scenario)
      : before_(before), after_(after), scenario_(scenario) {
    out_.before = before.name();
    out_.after = after.name();
    for (const auto* each : {&before, &after})
      for (const std::string& note : each->notes())
        if (std::ranges::find(out_.notes, note) == out_.notes.end()) out_.notes.push_back(note);
  }

  BehaviourDiff run() {
    out_.resources = resource_differences(before_, after_);
    clients();
    for (const auto& [pair, client] : pairs_) {
      compare_client(pair.first, pair.second, client);
      compare_gateway(pair.first, pair.second, client);
      compare_hidden(pair.first, pair.second, client);
    }
    if (before_.zones_matter() || after_.zones_matter()) changes_of_zones();
    unseen_changes();
    join_clients();
    return std::move(out_);
  }

 private:
  struct Client {
    std::string mesh, service;
    std::vector<std::string> names;  ///< of its Dataplanes
  };
  struct Found {
    FlowDifference change;
    std::map<std::string, std::vector<std::string>> clients;  ///< service -> Dataplanes; of a door the gateway's
    std::string door = {};                                    ///< its text; "": the clients call
  };
  /// A call before and after.
  struct Pair {
    WayIn was, is;
    const Client& client;
    std::string to;
    std::string door = {};
  };

  /// Dataplanes whose proxies stand for each other before and after, by these two proxies' places.
  void clients() {
    std::set<std::pair<std::string, std::string>> names;
    for (const auto* each : {&before_, &after_})
      for (const StillProxy& proxy : each->proxies())
        for (const std::string& name : proxy.names) names.insert({proxy.mesh, name});
    std::map<std::pair<const StillProxy*, const StillProxy*>, std::size_t> places;
    for (const auto& [mesh, name] : names) {
      const StillProxy* was = before_.find(mesh, name);
      const StillProxy* is = after_.find(mesh, name);
      auto [at, fresh] = places.try_emplace({was, is}, pairs_.size());
      if (fresh) pairs_.push_back({{was, is}, {mesh, (is ? is : was)->service, {}}});
      pairs_[at->second].second.names.push_back(name);
    }
    for (const auto& [pair, client] : pairs_)
      members_[{client.mesh, client.service}].insert(client.names.begin(), client.names.end());
  }

  /// The service, or what tells these Dataplanes from its others.
  std::string client_text(const std::string& mesh, const std::string& service,
                          const std::vector<std::string>& names) const {
    const std::set<std::string>& all = members_.at({mesh, service});
    if (all.size() == names.size()) return service;
    auto tags_of = [&](const std::string& name) {
      const StillProxy* proxy = after_.find(mesh, name);
      if (proxy == nullptr) proxy = before_.find(mesh, name);
      return proxy->view.inbounds.empty() ? cp::Tags() : proxy->view.inbounds.front().tags;
    };
    std::vector<cp::Tags> these, of;
    for (const std::string& name : names) these.push_back(tags_of(name));
    for (const std::string& name : all) of.push_back(tags_of(name));
    std::string tags = tags_text(distinguishing(these, of));
    return fmt::format("{} {}", service, tags.empty() ? fmt::format("({})", fmt::join(names, ", ")) : tags);
  }

  void compare_client(const StillProxy* was, const StillProxy* is, const Client& client) {
    Outbounds old = outbounds_of(was), now = outbounds_of(is);
    std::set<std::string> names;
    for (const auto* each : {&old, &now})
      for (const auto& [name, outbound] : *each) names.insert(name);
    for (const std::string& name : names) {
      if ((!old.contains(name) && hides(was, name)) || (!now.contains(name) && hides(is, name))) continue;
      out_.flows += client.names.size();
      auto find = [&](const Outbounds& in) {
        auto found = in.find(name);
        return found == in.end() ? nullptr : found->second;
      };
      Pair pair{{was, find(old)}, {is, find(now)}, client, name};
      std::string bare = destination_name(*(pair.is.outbound ? pair.is.outbound : pair.was.outbound));
      compare_flow(pair, requests_of(bare, [&](const Deployment& each) {
                     return requests_to(each, client.mesh, bare, scenario_);
                   }));
    }
  }

  /// Whoever is outside calls a gateway, not one of its Dataplanes: one that comes or goes is compared with another.
  void compare_gateway(const StillProxy* was, const StillProxy* is, const Client& client) {
    if (was == nullptr) was = gateway_like(*is, after_, before_);
    if (is == nullptr) is = gateway_like(*was, before_, after_);
    std::vector<Door> doors = was == nullptr ? std::vector<Door>() : doors_of(before_, *was);
    for (Door& door : is == nullptr ? std::vector<Door>() : doors_of(after_, *is)) {
      auto known = std::ranges::find_if(doors, [&](const Door& other) { return door.same(other); });
      if (known == doors.end())
        doors.push_back(std::move(door));
      else
        *known = std::move(door);
    }
    for (const Door& door : doors) {
      ++out_.flows;
      Pair pair{{was, nullptr, door}, {is, nullptr, door}, client, client.service + door.text(), door.text()};
      compare_flow(pair,
                   requests_of(pair.to, [&](const Deployment& each) { return requests_at(each, client.mesh, door); }));
    }
  }

  void compare_hidden(const StillProxy* was, const StillProxy* is, const Client& client) {
    for (FlowDifference& change : hidden_differences({was, is}, out_.resources, before_, after_)) {
      touched_.insert({was, is});
      found_.push_back({.change = std::move(change), .clients = {{client.service, client.names}}});
    }
  }

  /// Policies that decide to which zones calls go: here all is in one.
  void changes_of_zones() {
    std::vector<std::string> categories = possible_categories(FactId::failover);
    std::ranges::copy(possible_categories(FactId::balancing), std::back_inserter(categories));
    std::ranges::sort(categories);
    categories.erase(std::ranges::unique(categories).begin(), categories.end());
    for (const ResourceDifference& each : out_.resources) {
      const std::string& mesh = each.type == "Mesh" ? each.name : each.mesh;
      const Deployment::Key key{each.type, each.type == "Mesh" ? "" : each.mesh, each.name};
      if (!before_.decides_on_zones(key) && !after_.decides_on_zones(key)) continue;
      // A Mesh does by one word alone.
      if (each.type == "Mesh" && before_.decides_on_zones(key) == after_.decides_on_zones(key)) continue;
      Found found{.change = {.mesh = mesh,
                             .from = {},
                             .to = "other zones",
                             .fact = FactId::configuration,
                             .before = {},
                             .after = "is NOT looked at, and may change",
                             .why_after = "what it says of zones is not known to one zone",
                             .policies = {each},
                             .categories = categories},
                  .clients = {}};
      for (const auto& [pair, client] : pairs_)
        if (client.mesh == mesh) std::ranges::copy(client.names, std::back_inserter(found.clients[client.service]));
      found_.push_back(std::move(found));
    }
  }

  /// The name of its MeshGateway; "" for none.
  static std::string gateway_name(const StillProxy& proxy, const Deployment& deployment) {
    auto gateway = cp::policy::gateway_of(proxy.view, deployment.view(proxy.mesh));
    return gateway ? gateway->resource->meta.name : std::string();
  }

  /// One that serves the same MeshGateway in the other set; null for none.
  static const StillProxy* gateway_like(const StillProxy& proxy, const Deployment& of, const Deployment& other) {
    if (!other.views().contains(proxy.mesh)) return nullptr;
    const std::string name = gateway_name(proxy, of);
    for (const StillProxy& each : other.proxies())
      if (each.mesh == proxy.mesh && each.service == proxy.service && each.view.gateway_type == "BUILTIN" &&
          gateway_name(each, other) == name)
        return &each;
    return nullptr;
  }

  /// What both sets tell apart; a note says how many there are beyond the most.
  template <class Find>
  std::set<FlowRequest> requests_of(const std::string& to, Find find) {
    std::set<FlowRequest> requests;
    for (const auto* each : {&before_, &after_}) {
      FlowRequests found = find(*each);
      requests.merge(found.looked_at);
      if (found.left_out == 0) continue;
      std::string note = fmt::format("{}: of the requests to {} that routes tell apart {} are not looked at",
                                     each->name(), to, found.left_out);
      if (std::ranges::find(out_.notes, note) == out_.notes.end()) out_.notes.push_back(std::move(note));
    }
    return requests;
  }

  void compare_flow(const Pair& pair, const std::set<FlowRequest>& requests) {
    struct Seen {
      std::vector<std::string> requests;
      CallFacts before, after;
    };
    std::map<Raw, Seen> seen;
    for (const FlowRequest& request : requests) {
      CallFacts old = look(before_, pair.was, request), now = look(after_, pair.is, request);
      // Nobody outside loses or gains what was not there and is not.
      if (!pair.door.empty() && ends_early(old) && ends_early(now)) continue;
      bool both = passes(old) && passes(now);
      for (const FactKind& kind : fact_kinds()) {
        // HTTP has facts that bytes have not.
        if (both)
          for (CallFacts* each : {&old, &now}) each->facts.try_emplace(kind.id, Fact{"none"});
        auto a = old.facts.find(kind.id), b = now.facts.find(kind.id);
        if (a == old.facts.end() || b == now.facts.end() || a->second == b->second) continue;
        touch(pair, old, now);
        Seen& entry = seen[{kind.id, a->second.text, b->second.text}];
        if (entry.requests.empty()) entry.before = old, entry.after = now;
        entry.requests.push_back(request.text().empty() ? "GET /" : request.text());
      }
    }
    for (auto& [raw, entry] : seen) {
      Found found{.change = {.mesh = pair.client.mesh,
                             .from = {},
                             .to = pair.to,
                             .fact = raw.fact,
                             .before = raw.before,
                             .after = raw.after},
                  .clients = {{pair.client.service, pair.client.names}},
                  .door = pair.door};
      FlowDifference& change = found.change;
      if (entry.requests.size() < requests.size()) change.requests = entry.requests;
      change.why_before = entry.before.facts.at(raw.fact).why;
      change.why_after = entry.after.facts.at(raw.fact).why;
      change.categories = categories_of(raw.fact, entry.before.facts.at(raw.fact), entry.after.facts.at(raw.fact));
      change.policies = causes(pair, entry.before, entry.after, raw.fact);
      found_.push_back(std::move(found));
    }
  }

  void touch(const Pair& pair, const CallFacts& old, const CallFacts& now) {
    touched_.insert({pair.was.proxy, pair.is.proxy});
    for (const CallFacts* each : {&old, &now})
      for (const ServerPlace& server : each->servers) touched_.insert(server.proxy);
  }

  /// Proxies of the same Dataplanes whose configuration differs although no fact of their calls does.
  void unseen_changes() {
    std::set<ResourceDifference> shown;
    for (const Found& each : found_) shown.insert(each.change.policies.begin(), each.change.policies.end());
    for (const auto& [pair, client] : pairs_) {
      const auto& [was, is] = pair;
      if (was == nullptr || is == nullptr || touched_.contains(was) || touched_.contains(is)) continue;
      bool same_place = was->names.front() == is->names.front() && was->view.address == is->view.address;
      if (!same_place || was->versions == is->versions) continue;
      Found found{.change = {.mesh = client.mesh,
                             .from = {},
                             .to = {},
                             .fact = FactId::configuration,
                             .before = {},
                             .after = unseen,
                             .categories = {"unseen"}},
                  .clients = {{client.service, client.names}}};
      for (const ResourceDifference& each : out_.resources) {
        bool of_mesh = each.mesh == client.mesh || (each.type == "Mesh" && each.name == client.mesh);
        if (of_mesh && !shown.contains(each)) found.change.policies.push_back(each);
      }
      found_.push_back(std::move(found));
    }
  }

  static CallFacts look(const Deployment& deployment, const WayIn& way, const FlowRequest& request) {
    if (way.leads()) return evaluate(deployment, way, request);
    CallFacts out;
    out.facts[FactId::access] = {no_call};
    return out;
  }

  /// Of the resources that differ those that decide the fact before or after; where the control plane names none, all
  /// of the kinds that can decide it.
  std::vector<ResourceDifference> causes(const Pair& pair, const CallFacts& old, const CallFacts& now,
                                         FactId fact) const {
    const FactKind& kind = fact_kind(fact);
    const std::string& mesh = pair.client.mesh;
    std::set<Deployment::Key> keys;
    if (pair.was.leads()) keys.merge(origins_of(before_, pair.was, old, kind));
    if (pair.is.leads()) keys.merge(origins_of(after_, pair.is, now, kind));
    auto judged_in = [&](const CallFacts& flow) {
      const std::string& text = flow.facts.at(fact).text;
      return text == "allowed" || text == "denied";
    };
    bool judged = fact == FactId::access && judged_in(old) && judged_in(now);
    bool same_gateway = pair.was.leads() && pair.is.leads() && !pair.door.empty() &&
                        door_conf(before_.view(mesh), pair.was) == door_conf(after_.view(mesh), pair.is);
    std::vector<ResourceDifference> named, possible;
    for (const ResourceDifference& each : out_.resources) {
      if (judged && only_leads(each.type)) continue;
      if (pair.door.empty() && is_of_gateways(each.type)) continue;
      if (each.type == "MeshGateway" && same_gateway) continue;
      if (each.type == multi_zone_service && !leads_to_multi_zone_service(pair)) continue;
      if (keys.contains({each.type, each.mesh, each.name})) named.push_back(each);
      bool decides = std::ranges::find(kind.policies, each.type) != kind.policies.end();
      if (decides && (each.mesh == mesh || (each.type == "Mesh" && each.name == mesh))) possible.push_back(each);
    }
    return named.empty() ? possible : named;
  }

  static bool leads_to_multi_zone_service(const Pair& pair) {
    auto is = [](const WayIn& way) { return way.outbound && way.outbound->resource.type == multi_zone_service; };
    return is(pair.was) || is(pair.is) || !pair.door.empty();
  }

  /// Changes that are the same for several clients of a destination are one.
  void join_clients() {
    std::vector<Found> joined;
    for (Found& each : found_) {
      auto same = [&](const Found& other) {
        const FlowDifference &a = other.change, &b = each.change;
        return a.mesh == b.mesh && each.door == other.door && a.to == b.to && a.requests == b.requests &&
               a.fact == b.fact && a.before == b.before && a.after == b.after && a.categories == b.categories &&
               a.policies == b.policies;
      };
      auto place = std::ranges::find_if(joined, same);
      if (place == joined.end()) {
        joined.push_back(std::move(each));
        continue;
      }
      for (auto& [service, names] : each.clients) {
        auto& all = place->clients[service];
        all.insert(all.end(), names.begin(), names.end());
      }
    }
    for (Found& each : joined) {
      for (const auto& [service, names] : each.clients) {
        std::string who = client_text(each.change.mesh, service, names);
        each.change.from.push_back(each.door.empty() ? who : outside);
        if (!each.door.empty()) each.change.to = who + each.door;
      }
      out_.changes.push_back(std::move(each.change));
    }
    std::ranges::stable_sort(out_.changes, [](const FlowDifference& a, const FlowDifference& b) {
      auto key = [](const FlowDifference& change) {
        return std::tie(change.mesh, change.from, change.to, change.requests, change.fact, change.before, change.after);
      };
      return key(a) < key(b);
    });
  }

  const Deployment& before_;
  const Deployment& after_;
  const Scenario* scenario_;
  std::vector<std::pair<std::pair<const StillProxy*, const StillProxy*>, Client>> pairs_;
  std::map<std::pair<std::string, std::string>, std::set<std::string>> members_;  ///< Dataplanes of a mesh's service
  std::vector<Found> found_;
  std::set<const StillProxy*> touched_;  ///< proxies of calls that change
  BehaviourDiff out_;
};

}  // namespace

BehaviourDiff compare(const Deployment& before, const Deployment& after, const Scenario* scenario) {
  return Comparison(before, after, scenario).run();
}

}  // namespace kumasim::scenario
