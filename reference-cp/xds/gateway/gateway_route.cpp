/// MeshGatewayRoutes as routing tables (Kuma docs, "MeshGatewayRoute").
#include <algorithm>
#include <iterator>
#include <map>
#include <optional>

#include "reference-cp/policy/gateway.hpp"
#include "reference-cp/policy/legacy/tag_selector.hpp"
#include "reference-cp/xds/gateway/hostname.hpp"
#include "reference-cp/xds/gateway/listener.hpp"
#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/mesh_view.hpp"

namespace kumasim::cp::gateway {
namespace {

using Json = nlohmann::json;

/// A host, and the routes that are for it.
struct RoutedHost {
  Host host;
  std::vector<ResourcePtr> routes;

  /// Each route once.
  void add(const ResourcePtr& route) {
    if (std::ranges::find(routes, route) == routes.end()) routes.push_back(route);
  }
};

std::vector<std::string> hostnames_of(const Resource& route) {
  std::vector<std::string> names;
  for (const Json& name : at(route.spec, "conf", "http", "hostnames"))
    if (name.is_string()) names.push_back(name.get<std::string>());
  return names;
}

std::vector<ResourcePtr> routes_for(const MeshView& mesh, const Part& part) {
  bool http = part.protocol == "HTTP" || part.protocol == "HTTPS";
  std::vector<ResourcePtr> routes;
  for (auto [name, route] : mesh.all("MeshGatewayRoute")) {
    if (!at(route->spec, "conf", http ? "http" : "tcp").is_object()) continue;
    for (const Json& selector : at(route->spec, "selectors")) {
      if (!policy::legacy::matches(policy::legacy::selector_of(selector), part.tags)) continue;
      routes.push_back(route);
      break;
    }
  }
  return routes;
}

/// Routes with hostnames leave the host "*" for hosts of these names, which are made where there are none.
void spread_wildcard(std::map<std::string, RoutedHost>& hosts) {
  auto wild = hosts.find("*");
  if (wild == hosts.end()) return;
  std::vector<ResourcePtr> routes = std::move(wild->second.routes);
  wild->second.routes.clear();
  for (const ResourcePtr& route : routes) {
    std::vector<std::string> names = hostnames_of(*route);
    if (names.empty()) wild->second.add(route);
    for (const std::string& name : names) {
      auto [host, made] = hosts.try_emplace(name);
      if (made) host->second.host = {name, wild->second.host.tags, {}};
      host->second.add(route);
      if (!name.starts_with("*.")) continue;
      for (auto& [other, beneath] : hosts)
        if (other.ends_with(std::string_view(name).substr(2))) beneath.add(route);
    }
  }
}

Destination destination(const Json& backend, const char* protocol) {
  Destination result;
  result.tags = tags_of(at(backend, "destination"));
  result.weight = number_at(backend, "weight");
  result.protocol = protocol;
  return result;
}

std::vector<Destination> destinations(const Json& backends, const char* protocol) {
  std::vector<Destination> result;
  for (const Json& backend : backends) result.push_back(destination(backend, protocol));
  return result;
}

Pairs pairs(const Json& list) {
  Pairs result;
  for (const Json& each : list) result.emplace_back(text_at(each, "name"), text_at(each, "value"));
  return result;
}

void add_headers(const Json& filter, std::optional<HeaderEdits>& edits) {
  if (!edits) edits.emplace();
  std::ranges::move(pairs(at(filter, "set")), std::back_inserter(edits->set));
  std::ranges::move(pairs(at(filter, "add")), std::back_inserter(edits->add));
  for (const Json& name : at(filter, "remove"))
    if (name.is_string()) edits->remove.push_back(name.get<std::string>());
}

Rewrite rewrite(const Json& json) {
  Rewrite result;
  if (json.contains("replaceFull")) result.full_path = text_at(json, "replaceFull");
  if (json.contains("replacePrefixMatch")) result.prefix = text_at(json, "replacePrefixMatch");
  result.host_from_backend = flag_at(json, "hostToBackendHostname");
  return result;
}

void add_filter(const Json& filter, Entry& entry) {
  if (const Json& redirect = at(filter, "redirect"); redirect.is_object()) {
    entry.redirect = std::make_shared<Redirect>();
    entry.redirect->status = number_at(redirect, "statusCode");
    entry.redirect->scheme = text_at(redirect, "scheme");
    entry.redirect->host = text_at(redirect, "hostname");
    entry.redirect->port = number_at(redirect, "port");
    if (const Json& path = at(redirect, "path"); path.is_object()) entry.redirect->path = rewrite(path);
  } else if (const Json& mirror = at(filter, "mirror"); mirror.is_object()) {
    const Json& percentage = at(mirror, "percentage");
    entry.mirror =
        Mirror{percentage.is_number() ? percentage.get<double>() : 0, destination(at(mirror, "backend"), "")};
    entry.mirror->to.weight = 0;
  } else if (const Json& request = at(filter, "requestHeader"); request.is_object()) {
    add_headers(request, entry.request_headers);
  } else if (const Json& response = at(filter, "responseHeader"); response.is_object()) {
    add_headers(response, entry.response_headers);
  } else if (const Json& path = at(filter, "rewrite"); path.is_object()) {
    entry.rewrite = std::make_shared<Rewrite>(rewrite(path));
  }
}

EntryMatch match(const Json& json) {
  EntryMatch result;
  if (const Json& path = at(json, "path"); path.is_object()) {
    std::string how = text_at(path, "match"), value = text_at(path, "value");
    (how == "PREFIX" ? result.prefix_path : how == "REGEX" ? result.regex_path : result.exact_path) = value;
  } else {
    result.prefix_path = "/";
  }
  if (std::string method = text_at(json, "method"); method != "NONE") result.method = method;
  for (const Json& header : at(json, "headers")) {
    std::string how = text_at(header, "match"), name = text_at(header, "name");
    if (how == "ABSENT") {
      result.absent_headers.push_back(name);
    } else if (how == "PRESENT") {
      result.present_headers.push_back(name);
    } else {
      (how == "REGEX" ? result.regex_headers : result.exact_headers).emplace_back(name, text_at(header, "value"));
    }
  }
  for (const Json& query : at(json, "queryParameters"))
    (text_at(query, "match") == "REGEX" ? result.regex_query : result.exact_query)
        .emplace_back(text_at(query, "name"), text_at(query, "value"));
  return result;
}

std::vector<Entry> entries(const RoutedHost& routed) {
  std::vector<Entry> result;
  for (const ResourcePtr& route : routed.routes) {
    std::vector<std::string> names = hostnames_of(*route);
    bool any = routed.host.hostname == "*" || names.empty();
    if (!any &&
        std::ranges::none_of(names, [&](const std::string& name) { return overlap(routed.host.hostname, name); }))
      continue;
    for (const Json& rule : at(route->spec, "conf", "http", "rules")) {
      Entry entry;
      entry.route = route->meta.name;
      entry.forward = destinations(at(rule, "backends"), "http");
      for (const Json& filter : at(rule, "filters")) add_filter(filter, entry);
      for (const Json& each : at(rule, "matches")) {
        entry.match = match(each);
        result.push_back(entry);
      }
    }
    for (const Json& rule : at(route->spec, "conf", "tcp", "rules")) {
      Entry entry;
      entry.route = route->meta.name;
      entry.forward = destinations(at(rule, "backends"), "tcp");
      result.push_back(std::move(entry));
    }
  }
  return split_prefixes(std::move(result));
}

}  // namespace

std::vector<Listener> gateway_route_listeners(const MeshView& mesh, const policy::Gateway& gateway) {
  struct Group {
    Json tls;
    std::map<std::string, RoutedHost> hosts;
  };
  struct Collected {
    Listener listener;
    std::map<std::string, Group> groups;
  };
  std::map<std::uint32_t, Collected> ports;
  for (const Part& part : parts_of(gateway)) {
    auto [port, made] = ports.try_emplace(part.port);
    if (made) port->second.listener = listener_of(gateway, part);
    bool by_name = part.protocol == "HTTPS" || part.protocol == "TLS";
    auto [group, first] = port->second.groups.try_emplace(by_name ? part.hostname : "*");
    if (first) group->second.tls = at(part.conf, "tls");
    group->second.hosts[part.hostname] = {{part.hostname, part.tags, {}}, routes_for(mesh, part)};
  }
  std::vector<Listener> result;
  for (auto& [port, collected] : ports) {
    Listener& listener = collected.listener;
    for (auto& [hostname, group] : collected.groups) {
      spread_wildcard(group.hosts);
      HostGroup& out = listener.groups.emplace_back(HostGroup{hostname, group.tls, {}});
      // In falling order of the names: "*" is the last one.
      for (auto host = group.hosts.rbegin(); host != group.hosts.rend(); ++host) {
        host->second.host.entries = entries(host->second);
        out.hosts.push_back(std::move(host->second.host));
      }
    }
    sort_by_exactness(listener.groups, &HostGroup::hostname);
    result.push_back(std::move(listener));
  }
  return result;
}

}  // namespace kumasim::cp::gateway
