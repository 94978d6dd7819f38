/// MeshGatewayRoute (old policy): where requests and connections at a builtin gateway go.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/old_policy.hpp"
#include "reference-cp/model/rules/old_rules.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

const std::string package = "kuma.mesh.v1alpha1.MeshGatewayRoute";
const std::string http_package = package + ".HttpRoute";

SchemaPtr backend() {
  return message(package + ".Backend",
                 {{"weight", uint32(), "share of the traffic"}, {"destination", map(string()), "tags of the service"}});
}

SchemaPtr match() {
  SchemaPtr path = message(http_package + ".Match.Path",
                           {{"match", enumeration({"EXACT", "PREFIX", "REGEX"}, http_package + ".Match.Path.MatchType"),
                             "how it is compared"},
                            {"value", string(), "the path"}});
  SchemaPtr header =
      message(http_package + ".Match.Header",
              {{"match", enumeration({"EXACT", "REGEX", "ABSENT", "PRESENT"}, http_package + ".Match.Header.MatchType"),
                "how it is compared"},
               {"name", string(), "the header"},
               {"value", string(), "its value"}});
  SchemaPtr query = message(
      http_package + ".Match.Query",
      {{"match", enumeration({"EXACT", "REGEX"}, http_package + ".Match.Query.MatchType"), "how it is compared"},
       {"name", string(), "the parameter"},
       {"value", string(), "its value"}});
  return message(http_package + ".Match", {{"path", path, "the path"},
                                           {"method", http_method_schema(), "the method"},
                                           {"headers", list(header), "headers"},
                                           {"queryParameters", list(query), "parameters of the query"}});
}

SchemaPtr filter() {
  SchemaPtr header = message(http_package + ".Filter.HeaderFilter.Header",
                             {{"name", string(), "the header"}, {"value", string(), "its value"}});
  SchemaPtr headers =
      message(http_package + ".Filter.HeaderFilter", {{"set", list(header), "headers that are replaced"},
                                                      {"add", list(header), "headers that are added"},
                                                      {"remove", list(string()), "headers taken away"}});
  SchemaPtr mirror =
      message(http_package + ".Filter.Mirror",
              {{"backend", backend(), "who gets a copy"}, {"percentage", wrapper(number()), "part of the requests"}});
  SchemaPtr rewrite = message(http_package + ".Filter.Rewrite",
                              {oneof("path", {"replaceFull", string(), "the new path"}),
                               oneof("path", {"replacePrefixMatch", string(), "what the matched prefix becomes"}),
                               {"hostToBackendHostname", boolean(), "the host becomes the backend's"}});
  SchemaPtr redirect = message(http_package + ".Filter.Redirect", {{"scheme", string(), "http or https"},
                                                                   {"hostname", string(), "the new host"},
                                                                   {"port", uint32(), "the new port"},
                                                                   {"statusCode", uint32(), "status of the answer"},
                                                                   {"path", rewrite, "the new path"}});
  return message(http_package + ".Filter", {oneof("filter", {"requestHeader", headers, "headers of the request"}),
                                            oneof("filter", {"mirror", mirror, "copies requests"}),
                                            oneof("filter", {"redirect", redirect, "answers with another URL"}),
                                            oneof("filter", {"rewrite", rewrite, "changes path or host"}),
                                            oneof("filter", {"responseHeader", headers, "headers of the response"})});
}

SchemaPtr spec() {
  SchemaPtr tcp_rule = message(package + ".TcpRoute.Rule", {{"backends", list(backend()), "where connections go"}});
  SchemaPtr http_rule = message(http_package + ".Rule", {{"matches", list(match()), "the requests; one has to fit"},
                                                         {"filters", list(filter()), "changes"},
                                                         {"backends", list(backend()), "where requests go"}});
  SchemaPtr conf = message(
      package + ".Conf",
      {oneof("route", {"tcp", message(package + ".TcpRoute", {{"rules", list(tcp_rule), "rules"}}), "connections"}),
       oneof("route", {"http",
                       message(http_package, {{"hostnames", list(string()), "hosts that it is for; all when absent"},
                                              {"rules", list(http_rule), "rules"}}),
                       "requests"})});
  return message(package, {{"selectors", selectors_schema(), "the gateways"}, {"conf", conf, "the route"}});
}

constexpr const char* empty = "cannot be empty";

/// Kuma says it of the match, not of its path.
void validate_path(const json& match, const Path& path, Violations& out) {
  std::string value = text_at(match, "value");
  if (text_at(match, "match") == "REGEX") {
    if (value.empty()) out.add(path.at("value"), empty);
  } else if (!value.starts_with('/')) {
    out.add(path.at("value"), "must be an absolute path");
  }
}

void validate_match(const json& match, const Path& path, Violations& out) {
  const json& headers = at(match, "headers");
  const json& queries = at(match, "queryParameters");
  if (!has(match, "path") && !has(match, "method") && headers.empty() && queries.empty()) out.add(path, empty);
  if (has(match, "path")) validate_path(at(match, "path"), path, out);
  for (std::size_t i = 0; i < headers.size(); ++i) {
    Path item = path.at("headers").at(i);
    std::string how = text_at(headers[i], "match"), value = text_at(headers[i], "value");
    if (text_at(headers[i], "name").empty()) out.add(item.at("name"), empty);
    bool bare = how == "ABSENT" || how == "PRESENT";
    if (bare && !value.empty()) out.add(item.at("value"), "cannot be set");
    if (!bare && value.empty()) out.add(item.at("value"), empty);
  }
  for (std::size_t i = 0; i < queries.size(); ++i) {
    for (const char* field : {"name", "value"}) {
      if (text_at(queries[i], field).empty()) out.add(path.at("query_parameters").at(i).at(field), empty);
    }
  }
}

void validate_backend(const json& backend, const Path& path, Violations& out) {
  if (backend.is_null()) return out.add(path, empty);
  validate_selector(at(backend, "destination"), service_tags, path, out);
}

void validate_headers(const json& headers, bool host_is_taken, const Path& path, Violations& out) {
  if (headers.empty()) out.add(path, empty);
  for (const char* list : {"set", "add"}) {
    const json& entries = at(headers, list);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      Path item = path.at(list).at(i);
      std::string name = text_at(entries[i], "name");
      if (host_is_taken && (name == ":authority" || name == "Host" || name == "host")) {
        out.add(item,
                "cannot modify '" + name + "' header, when route has set 'rewrite.host_to_backend_hostname' option");
      }
      if (name.empty()) out.add(item.at("name"), empty);
      if (text_at(entries[i], "value").empty()) out.add(item.at("value"), empty);
    }
  }
  const json& removed = at(headers, "remove");
  for (std::size_t i = 0; i < removed.size(); ++i) {
    if (removed[i] == "") out.add(path.at("remove").at(i), empty);
  }
}

void validate_filter(const json& filter, bool prefix_match, bool host_is_taken, const Path& path, Violations& out) {
  if (has(filter, "requestHeader")) {
    validate_headers(at(filter, "requestHeader"), host_is_taken, path.at("request_header"), out);
  }
  if (has(filter, "redirect")) {
    const json& redirect = at(filter, "redirect");
    if (has(redirect, "port")) validate_port(at(redirect, "port"), path.at("redirect.port"), out);
    const json& status = at(redirect, "statusCode");
    if (status.is_null() || status < 300 || status > 308) {
      out.add(path.at("redirect.status_code"), "must be in the range [300, 308]");
    }
  }
  if (has(filter, "mirror")) {
    validate_needed_percentage(at(filter, "mirror"), path.at("mirror"), out);
    validate_backend(at(at(filter, "mirror"), "backend"), path.at("mirror.backend"), out);
  }
  if (has(at(filter, "rewrite"), "replacePrefixMatch") && !prefix_match) {
    out.add(path.at("rewrite.replacePrefixMatch"), "cannot be used without a match on path prefix");
  }
}

void validate_rule(const json& rule, const Path& path, Violations& out) {
  const json& matches = at(rule, "matches");
  if (matches.empty()) return out.add(path.at("matches"), empty);
  bool prefix_match = false, host_is_taken = false, redirects = false;
  for (std::size_t i = 0; i < matches.size(); ++i) {
    validate_match(matches[i], path.at("matches").at(i), out);
    prefix_match = prefix_match || text_at(at(matches[i], "path"), "match") == "PREFIX";
  }
  // Kuma counts only the filters that do not rewrite the host, in the paths too.
  std::vector<const json*> filters;
  for (const auto& filter : at(rule, "filters")) {
    if (at(at(filter, "rewrite"), "hostToBackendHostname") == true) {
      host_is_taken = true;
    } else {
      filters.push_back(&filter);
    }
  }
  for (std::size_t i = 0; i < filters.size(); ++i) {
    redirects = redirects || has(*filters[i], "redirect");
    validate_filter(*filters[i], prefix_match, host_is_taken, path.at("filters").at(i), out);
  }
  if (redirects && at(rule, "filters").size() != 1) {
    return out.add(path.at("filters"), "redirects cannot be used with other filters");
  }
  const json& backends = at(rule, "backends");
  if (backends.empty() && !redirects) out.add(path.at("backends"), empty);
  if (!backends.empty() && redirects) out.add(path.at("backends"), "must be empty when using redirect filters");
  for (std::size_t i = 0; i < backends.size(); ++i) validate_backend(backends[i], path.at("backends").at(i), out);
}

void validate(const Resource& resource, Violations& out) {
  validate_selectors(at(resource.spec, "selectors"), service_tags, Path("selectors"), out);
  const json& conf = at(resource.spec, "conf");
  if (!has(conf, "tcp") && !has(conf, "http")) out.add(Path("conf"), empty);
  if (!has(conf, "http")) return;
  const Path path("conf.http.rules");
  const json& rules = at(at(conf, "http"), "rules");
  if (rules.empty()) out.add(path, empty);
  for (std::size_t i = 0; i < rules.size(); ++i) validate_rule(rules[i], path.at(i), out);
}

}  // namespace

const Kind& kind::mesh_gateway_route() {
  static const Kind out = [] {
    KindTable table = flat_table("MeshGatewayRoute", "meshgatewayroute", "meshgatewayroutes", "");
    table.text = "Where requests at a builtin gateway go (old: use MeshHTTPRoute and MeshTCPRoute).";
    table.policy = true;
    table.kds = {.global_to_zones = true};
    table.schema = spec();
    table.validate = validate;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
