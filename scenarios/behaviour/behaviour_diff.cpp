#include "scenarios/behaviour/behaviour_diff.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "scenarios/behaviour/flow.hpp"
#include "scenarios/behaviour/flow_requests.hpp"
#include "scenarios/behaviour/policy_origins.hpp"

namespace kumasim::scenario {
namespace {

constexpr const char* no_call = "no such call";

/// Destination -> the outbound; the first of several ports, the others by their section.
using Outbounds = std::map<std::string, const cp::Outbound*>;

Outbounds outbounds_of(const StillProxy* proxy) {
  Outbounds out;
  if (proxy == nullptr) return out;
  for (const cp::Outbound& each : proxy->view.outbounds) {
    std::string name = destination_name(each);
    if (!out.try_emplace(name, &each).second && !each.resource.section.empty())
      out.try_emplace(name + ":" + each.resource.section, &each);
  }
  return out;
}

constexpr const char* unseen = "differs in what is not looked at";

/// Text and whose.
using Parts = std::set<std::pair<std::string, std::string>>;
Parts parts_of(const Fact& fact) {
  return fact.parts.empty() ? Parts{{fact.text, ""}} : Parts(fact.parts.begin(), fact.parts.end());
}

bool has_part(const Fact& fact, const std::string& text) {
  return std::ranges::any_of(parts_of(fact), [&](const auto& part) { return part.first == text; });
}

/// What some of the calls have now and had not before; where there is none, for others are gone, what is left.
std::set<std::string> gained(const Fact& before, const Fact& after) {
  Parts old = parts_of(before);
  std::set<std::string> out, left;
  for (const auto& [text, whose] : parts_of(after)) {
    left.insert(text);
    bool had = old.contains({text, whose}) || (before.parts.empty() && before.text == text);
    if (!had) out.insert(text);
  }
  return out.empty() ? left : out;
}

std::string category_of(FactId fact, const Fact& before, const std::string& text) {
  if (fact == FactId::access) return text == "denied" || text == "allowed" ? text : "unreachable";
  if (text == "plaintext") return text;
  return text == "tls" && has_part(before, "mtls") ? "unauthenticated" : "encrypted";
}

std::vector<std::string> categories_of(FactId fact, const Fact& before, const Fact& after) {
  if (fact != FactId::access && fact != FactId::transport) return {std::string(fact_kind(fact).category)};
  std::set<std::string> out;
  for (const std::string& text : gained(before, after)) out.insert(category_of(fact, before, text));
  return {out.begin(), out.end()};
}

/// Some of such calls pass both proxies; the first does not answer them itself.
bool passes(const CallFacts& flow) {
  auto answer = flow.facts.find(FactId::answer);
  return has_part(flow.facts.at(FactId::access), "allowed") &&
         (answer == flow.facts.end() || answer->second.text == "none");
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
    resources();
    clients();
    for (const auto& [pair, names] : pairs_) compare_client(pair.first, pair.second, names);
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
    std::map<std::string, std::vector<std::string>> clients;  ///< service -> Dataplanes
  };

  void resources() {
    auto add = [&](const Deployment::Key& key, const char* state) {
      out_.resources.push_back({key[0], key[1], key[2], state});
    };
    for (const auto& [key, resource] : before_.resources()) {
      auto now = after_.resources().find(key);
      if (now == after_.resources().end())
        add(key, "removed");
      else if (now->second != resource)
        add(key, "changed");
    }
    for (const auto& [key, resource] : after_.resources())
      if (!before_.resources().contains(key)) add(key, "added");
    std::ranges::sort(out_.resources);
  }

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
      out_.flows += client.names.size();
      auto find = [&](const Outbounds& in) {
        auto found = in.find(name);
        return found == in.end() ? nullptr : found->second;
      };
      compare_flow({was, find(old)}, {is, find(now)}, client, name);
    }
  }

  struct Side {
    const StillProxy* proxy;
    const cp::Outbound* outbound;
  };

  void compare_flow(const Side& was, const Side& is, const Client& client, const std::string& to) {
    std::string bare = destination_name(*(is.outbound ? is.outbound : was.outbound));
    std::set<FlowRequest> requests;
    for (const auto* each : {&before_, &after_}) {
      FlowRequests found = requests_to(*each, client.mesh, bare, scenario_);
      requests.merge(found.looked_at);
      if (found.left_out == 0) continue;
      std::string note = fmt::format("{}: of the requests to {} that routes tell apart {} are not looked at",
                                     each->name(), bare, found.left_out);
      if (std::ranges::find(out_.notes, note) == out_.notes.end()) out_.notes.push_back(std::move(note));
    }
    struct Seen {
      std::vector<std::string> requests;
      CallFacts before, after;
    };
    std::map<Raw, Seen> seen;
    for (const FlowRequest& request : requests) {
      CallFacts old = look(before_, was, request), now = look(after_, is, request);
      bool both = passes(old) && passes(now);
      for (const FactKind& kind : fact_kinds()) {
        // HTTP has facts that bytes have not.
        if (both)
          for (CallFacts* each : {&old, &now}) each->facts.try_emplace(kind.id, Fact{"none"});
        auto a = old.facts.find(kind.id), b = now.facts.find(kind.id);
        if (a == old.facts.end() || b == now.facts.end() || a->second == b->second) continue;
        touch(was, is, old, now);
        Seen& entry = seen[{kind.id, a->second.text, b->second.text}];
        if (entry.requests.empty()) entry.before = old, entry.after = now;
        entry.requests.push_back(request.text().empty() ? "GET /" : request.text());
      }
    }
    for (auto& [raw, entry] : seen) {
      Found found{
          .change =
              {.mesh = client.mesh, .from = {}, .to = to, .fact = raw.fact, .before = raw.before, .after = raw.after},
          .clients = {{client.service, client.names}}};
      FlowDifference& change = found.change;
      if (entry.requests.size() < requests.size()) change.requests = entry.requests;
      change.why_before = entry.before.facts.at(raw.fact).why;
      change.why_after = entry.after.facts.at(raw.fact).why;
      change.categories = categories_of(raw.fact, entry.before.facts.at(raw.fact), entry.after.facts.at(raw.fact));
      change.policies = causes(was, is, entry.before, entry.after, raw.fact, client.mesh);
      found_.push_back(std::move(found));
    }
  }

  void touch(const Side& was, const Side& is, const CallFacts& old, const CallFacts& now) {
    touched_.insert({was.proxy, is.proxy});
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

  static CallFacts look(const Deployment& deployment, const Side& side, const FlowRequest& request) {
    if (side.proxy != nullptr && side.outbound != nullptr)
      return evaluate(deployment, *side.proxy, *side.outbound, request);
    CallFacts out;
    out.facts[FactId::access] = {no_call};
    return out;
  }

  /// Of the resources that differ those that decide the fact before or after; where the control plane names none, all
  /// of the kinds that can decide it.
  std::vector<ResourceDifference> causes(const Side& was, const Side& is, const CallFacts& old, const CallFacts& now,
                                         FactId fact, const std::string& mesh) const {
    const FactKind& kind = fact_kind(fact);
    std::set<Deployment::Key> keys;
    auto take = [&](const Deployment& deployment, const Side& side, const CallFacts& flow) {
      if (side.proxy != nullptr && side.outbound != nullptr)
        keys.merge(origins_of(deployment, *side.proxy, *side.outbound, flow, kind));
    };
    take(before_, was, old);
    take(after_, is, now);
    auto judged_in = [&](const CallFacts& flow) {
      const std::string& text = flow.facts.at(fact).text;
      return text == "allowed" || text == "denied";
    };
    bool judged = fact == FactId::access && judged_in(old) && judged_in(now);
    std::vector<ResourceDifference> named, possible;
    for (const ResourceDifference& each : out_.resources) {
      // Routes decide whether a call gets anywhere, not whether it may.
      if (judged && each.type.ends_with("Route")) continue;
      if (keys.contains({each.type, each.mesh, each.name})) named.push_back(each);
      bool decides = std::ranges::find(kind.policies, each.type) != kind.policies.end();
      if (decides && (each.mesh == mesh || (each.type == "Mesh" && each.name == mesh))) possible.push_back(each);
    }
    return named.empty() ? possible : named;
  }

  /// Changes that are the same for several clients of a destination are one.
  void join_clients() {
    std::vector<Found> joined;
    for (Found& each : found_) {
      auto same = [&](const Found& other) {
        const FlowDifference &a = other.change, &b = each.change;
        return a.mesh == b.mesh && a.to == b.to && a.requests == b.requests && a.fact == b.fact &&
               a.before == b.before && a.after == b.after && a.categories == b.categories && a.policies == b.policies;
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
      for (const auto& [service, names] : each.clients)
        each.change.from.push_back(client_text(each.change.mesh, service, names));
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

std::string ResourceDifference::text() const { return fmt::format("{} {} {}", type, name, state); }

std::string FlowDifference::text() const {
  std::string_view label = fact_kind(fact).label;
  std::string out = fmt::format("{}{}", mesh == "default" ? "" : "mesh " + mesh + ": ", fmt::join(from, ", "));
  if (!to.empty()) out += " -> " + to;
  if (!requests.empty()) out += fmt::format(" {}", fmt::join(requests, ", "));
  out += fmt::format(": {}{}{}{}{}", label, label.empty() ? "" : " ", before, to.empty() ? "" : " -> ", after);
  std::vector<std::string> causes;
  for (const ResourceDifference& each : policies) causes.push_back(each.text());
  return causes.empty() ? out : fmt::format("{} ({})", out, fmt::join(causes, ", "));
}

const std::vector<std::string>& difference_categories() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> out{"denied", "allowed", "unreachable", "plaintext", "unauthenticated", "encrypted"};
    for (const FactKind& kind : fact_kinds())
      if (kind.id != FactId::access && kind.id != FactId::transport &&
          std::ranges::find(out, kind.category) == out.end())
        out.emplace_back(kind.category);
    out.emplace_back("unseen");
    return out;
  }();
  return all;
}

BehaviourDiff compare(const Deployment& before, const Deployment& after, const Scenario* scenario) {
  return Comparison(before, after, scenario).run();
}

std::string diff_text(const BehaviourDiff& diff) {
  std::string out;
  for (const FlowDifference& change : diff.changes) out += change.text() + "\n";
  std::vector<std::string> silent;
  for (const ResourceDifference& each : diff.resources) {
    bool shows = std::ranges::any_of(diff.changes, [&](const FlowDifference& change) {
      return std::ranges::find(change.policies, each) != change.policies.end();
    });
    if (!shows) silent.push_back(each.text());
  }
  if (!silent.empty())
    out += fmt::format("{}without effect on any call: {}\n", out.empty() ? "" : "\n", fmt::join(silent, ", "));
  for (const std::string& note : diff.notes) out += "note: " + note + "\n";
  return out + fmt::format("{} call{} looked at, {} change{}, {} resource{} differ\n", diff.flows,
                           diff.flows == 1 ? "" : "s", diff.changes.size(), diff.changes.size() == 1 ? "" : "s",
                           diff.resources.size(), diff.resources.size() == 1 ? "" : "s");
}

nlohmann::json diff_json(const BehaviourDiff& diff) {
  using nlohmann::json;
  auto resource = [](const ResourceDifference& each) {
    json out{{"type", each.type}, {"name", each.name}, {"state", each.state}};
    if (!each.mesh.empty()) out["mesh"] = each.mesh;
    return out;
  };
  json changes = json::array(), resources = json::array();
  for (const FlowDifference& each : diff.changes) {
    json policies = json::array();
    for (const ResourceDifference& policy : each.policies) policies.push_back(resource(policy));
    changes.push_back({{"mesh", each.mesh},
                       {"from", each.from},
                       {"to", each.to},
                       {"requests", each.requests},
                       {"fact", fact_kind(each.fact).name},
                       {"categories", each.categories},
                       {"before", each.before},
                       {"after", each.after},
                       {"whyBefore", each.why_before},
                       {"whyAfter", each.why_after},
                       {"policies", std::move(policies)}});
  }
  for (const ResourceDifference& each : diff.resources) resources.push_back(resource(each));
  return {{"before", diff.before}, {"after", diff.after},    {"calls", diff.flows},
          {"changes", changes},    {"resources", resources}, {"notes", diff.notes}};
}

}  // namespace kumasim::scenario
