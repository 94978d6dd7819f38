/// MeshHTTPRoutes and MeshTCPRoutes on a MeshGateway as routing tables (Kuma docs, "MeshHTTPRoute: gateways").
#include <algorithm>
#include <iterator>
#include <map>
#include <optional>

#include "reference-cp/policy/conf_read.hpp"
#include "reference-cp/policy/gateway.hpp"
#include "reference-cp/policy/matching.hpp"
#include "reference-cp/policy/mesh_http_route/spec.hpp"
#include "reference-cp/policy/mesh_route/backend_ref.hpp"
#include "reference-cp/policy/resolve.hpp"
#include "reference-cp/policy/rules.hpp"
#include "reference-cp/xds/gateway/hostname.hpp"
#include "reference-cp/xds/gateway/listener.hpp"
#include "reference-cp/xds/mesh_service.hpp"
#include "reference-cp/xds/mesh_view.hpp"

namespace kumasim::cp::gateway {
namespace {

namespace http = policy::mesh_http_route;
using policy::BackendRef;
using policy::HeaderMatch;

std::optional<Tags> legacy_tags(const policy::TargetRef& ref) {
  bool service = ref.kind == policy::RefKind::mesh_service || ref.kind == policy::RefKind::mesh_service_subset;
  bool any = ref.kind == policy::RefKind::mesh || ref.kind == policy::RefKind::mesh_subset;
  if (!service && !any) return std::nullopt;
  Tags tags = ref.tags;
  tags["kuma.io/service"] = service ? ref.name : "*";
  return tags;
}

std::optional<Destination> destination(const BackendRef& backend, const Kri& origin, const MeshView& mesh,
                                       const char* protocol) {
  Destination result;
  result.weight = backend.weight.value_or(1);
  result.protocol = protocol;
  if (!backend.is_real()) {
    std::optional<Tags> tags = legacy_tags(backend.ref);
    if (!tags) return std::nullopt;
    result.tags = std::move(*tags);
    return result;
  }
  std::optional<policy::ResolvedRef> ref = origin.empty() ? std::nullopt : resolve(backend, origin, mesh);
  if (!ref) {
    result.tags["kuma.io/service"] = unresolved;
    return result;
  }
  result.resource = ref->resource;
  const Resource* resource = mesh.destination(ref->resource);
  std::optional<policy::Port> port = resource ? policy::find_port(*resource, ref->resource.section) : std::nullopt;
  if (!port) return result;
  result.resource = Kri::of(*resource, ref->resource.section);
  result.tags["kuma.io/service"] = mesh_service::destination_name(result.resource, port->value);
  return result;
}

EntryMatch match(const http::Match& from) {
  EntryMatch result;
  http::PathMatch path = from.path.value_or(http::PathMatch{});
  switch (path.type) {
    case http::PathMatch::Type::exact: result.exact_path = path.value; break;
    case http::PathMatch::Type::prefix: result.prefix_path = path.value; break;
    case http::PathMatch::Type::regular_expression: result.regex_path = path.value; break;
  }
  result.method = from.method.value_or("");
  for (const HeaderMatch& header : from.headers) {
    switch (header.type) {
      case HeaderMatch::Type::exact: result.exact_headers.emplace_back(header.name, header.value); break;
      case HeaderMatch::Type::prefix: result.prefix_headers.emplace_back(header.name, header.value); break;
      case HeaderMatch::Type::regular_expression: result.regex_headers.emplace_back(header.name, header.value); break;
      case HeaderMatch::Type::present: result.present_headers.push_back(header.name); break;
      case HeaderMatch::Type::absent: result.absent_headers.push_back(header.name); break;
    }
  }
  for (const http::QueryMatch& query : from.query) {
    if (!query.regular_expression) {
      result.exact_query.emplace_back(query.name, query.value);
      continue;
    }
    // As Kuma 2.12 has it: an expression takes the exact parameters before it along, and replaces earlier expressions.
    result.regex_query = result.exact_query;
    result.regex_query.emplace_back(query.name, query.value);
  }
  return result;
}

Rewrite path_rewrite(const std::optional<http::PathRewrite>& path) {
  Rewrite result;
  if (path) (path->full ? result.full_path : result.prefix) = path->value;
  return result;
}

struct FilterInto {
  Entry& entry;

  void operator()(const http::HeaderChange& change) const {
    std::optional<HeaderEdits>& edits = change.response ? entry.response_headers : entry.request_headers;
    if (!edits) edits.emplace();
    std::ranges::copy(change.set, std::back_inserter(edits->set));
    std::ranges::copy(change.add, std::back_inserter(edits->add));
    std::ranges::copy(change.remove, std::back_inserter(edits->remove));
  }

  void operator()(const http::Redirect& redirect) const {
    entry.redirect = std::make_shared<Redirect>();
    entry.redirect->status = redirect.status;
    entry.redirect->scheme = redirect.scheme.value_or("");
    entry.redirect->host = redirect.hostname.value_or("");
    entry.redirect->port = redirect.port.value_or(0);
    if (redirect.path) entry.redirect->path = path_rewrite(redirect.path);
  }

  void operator()(const http::Rewrite& rewrite) const {
    entry.rewrite = std::make_shared<Rewrite>(path_rewrite(rewrite.path));
    entry.rewrite->hostname = rewrite.hostname;
    entry.rewrite->host_from_backend = rewrite.host_from_backend;
  }

  /// Kuma takes the target of a mirror for a legacy service always.
  void operator()(const http::Mirror& mirror) const {
    std::optional<Tags> tags = legacy_tags(mirror.backend.ref);
    if (!tags) return;
    entry.mirror.emplace();
    entry.mirror->percentage = mirror.percentage.value_or(100);
    entry.mirror->to.tags = std::move(*tags);
  }
};

/// A rule that is for a hostname.
struct NamedRule {
  std::string hostname;
  const policy::Rule* rule;
};

std::vector<Entry> http_entries(const MeshView& mesh, std::vector<NamedRule> rules) {
  sort_by_exactness(rules, &NamedRule::hostname);
  std::vector<Entry> list;
  for (const NamedRule& named : rules) {
    for (const http::RouteRuleConf& rule : http::rules_from_json(named.rule->conf)) {
      Kri origin;
      if (auto from = named.rule->origin_by_matches.find(rule.hash); from != named.rule->origin_by_matches.end())
        origin = Kri::of(*from->second.resource);
      Entry entry;
      entry.name = rule.hash;
      for (const BackendRef& backend : rule.backends)
        if (auto to = destination(backend, origin, mesh, "http")) entry.forward.push_back(std::move(*to));
      for (const http::Filter& filter : rule.filters) std::visit(FilterInto{entry}, filter);
      for (const http::Match& each : rule.matches) {
        entry.match = match(each);
        list.push_back(entry);
      }
    }
  }
  std::vector<Entry> distinct;
  for (Entry& entry : split_prefixes(std::move(list)))
    if (std::ranges::find(distinct, entry) == distinct.end()) distinct.push_back(std::move(entry));
  return distinct;
}

/// Rules by hostname, and the hostnames in the order of the rules.
struct RulesByHostname {
  std::vector<std::string> order;
  std::map<std::string, std::vector<NamedRule>> rules;

  explicit RulesByHostname(const std::vector<policy::Rule>& all) {
    for (const policy::Rule& rule : all) {
      std::vector<std::string> names;
      for (const auto& name : policy::list_at(rule.conf, "hostnames"))
        if (name.is_string()) names.push_back(name.get<std::string>());
      if (names.empty()) names.emplace_back("*");
      for (const std::string& name : names) {
        if (!rules.contains(name)) order.push_back(name);
        rules[name].push_back({name, &rule});
      }
    }
  }

  /// The hosts that a listener has to tell apart: what is common to its own name and those of the rules.
  std::vector<std::string> hosts(const std::string& listener) const {
    std::vector<std::string> result;
    for (const std::string& name : order) {
      if (!overlap(listener, name)) continue;
      const std::string& host = contains(name, listener) ? listener : name;
      if (std::ranges::find(result, host) == result.end()) result.push_back(host);
    }
    return result;
  }

  /// Rules for a host. Those of a narrower name are left to that name's own host, if it has one.
  std::vector<NamedRule> for_host(const std::string& host, const std::vector<std::string>& hosts) const {
    std::vector<NamedRule> result;
    for (const auto& [name, named] : rules) {
      if (!overlap(host, name)) continue;
      if (std::ranges::find(hosts, name) != hosts.end() && !contains(name, host)) continue;
      result.insert(result.end(), named.begin(), named.end());
    }
    return result;
  }
};

/// The parts of one port with some protocols, as one listener of Envoy.
struct Port {
  Listener listener;
  std::vector<Part> parts;
};

std::map<std::uint32_t, Port> ports_of(const policy::Gateway& gateway, const char* plain, const char* tls) {
  std::map<std::uint32_t, Port> ports;
  for (Part& part : parts_of(gateway)) {
    if (part.protocol != plain && part.protocol != tls) continue;
    auto [port, made] = ports.try_emplace(part.port);
    if (made) port->second.listener = listener_of(gateway, part);
    port->second.parts.push_back(std::move(part));
  }
  return ports;
}

HostGroup& group_of(Listener& listener, const Part& part) {
  auto found = std::ranges::find(listener.groups, part.hostname, &HostGroup::hostname);
  if (found != listener.groups.end()) return *found;
  return listener.groups.emplace_back(HostGroup{part.hostname, at(part.conf, "tls"), {}});
}

}  // namespace

std::vector<Listener> http_route_listeners(const MeshView& mesh, const policy::Gateway& gateway,
                                           const policy::MatchedPolicies& routes) {
  std::vector<Listener> result;
  for (auto& [number, port] : ports_of(gateway, "HTTP", "HTTPS")) {
    sort_by_exactness(port.parts, &Part::hostname);
    std::vector<std::string> seen;
    for (const Part& part : port.parts) {
      auto policies = routes.by_listener.find({gateway.address, number, part.hostname});
      if (policies == routes.by_listener.end()) continue;
      std::vector<policy::Rule> rules = policy::to_rules(policies->second, mesh);
      RulesByHostname by_name(rules);
      std::vector<std::string> hosts = by_name.hosts(part.hostname);
      for (const std::string& host : hosts) {
        // Another listener of this port takes the host.
        if (std::ranges::any_of(seen, [&](const std::string& name) { return contains(name, host); })) continue;
        group_of(port.listener, part)
            .hosts.push_back({host, part.tags, http_entries(mesh, by_name.for_host(host, hosts))});
      }
      seen.push_back(part.hostname);
    }
    sort_by_hostname(port.listener);
    result.push_back(std::move(port.listener));
  }
  return result;
}

std::vector<Listener> tcp_route_listeners(const MeshView& mesh, const policy::Gateway& gateway,
                                          const policy::MatchedPolicies& routes) {
  std::vector<Listener> result;
  for (auto& [number, port] : ports_of(gateway, "TCP", "TLS")) {
    for (const Part& part : port.parts) {
      auto policies = routes.by_listener.find({gateway.address, number, part.hostname});
      if (policies == routes.by_listener.end()) continue;
      Host host{part.hostname, part.tags, {}};
      for (const policy::Rule& rule : policy::to_rules(policies->second, mesh)) {
        Kri origin;
        if (!rule.origins.empty()) origin = Kri::of(*rule.origins.back().resource);
        Entry& entry = host.entries.emplace_back();
        for (const auto& json : policy::list_at(at(rule.conf, "default"), "backendRefs"))
          if (auto to = destination(BackendRef::from_json(json), origin, mesh, "tcp"))
            entry.forward.push_back(std::move(*to));
      }
      group_of(port.listener, part).hosts.push_back(std::move(host));
    }
    sort_by_hostname(port.listener);
    result.push_back(std::move(port.listener));
  }
  return result;
}

}  // namespace kumasim::cp::gateway
