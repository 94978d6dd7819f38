/// MeshHTTPRoute: where HTTP requests go, by path, method, headers and query, and how they are changed.
#include <set>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/target_ref.hpp"
#include "reference-cp/model/rules/network.hpp"
#include "reference-cp/model/rules/tags.hpp"
#include "reference-cp/model/rules/target_ref_rules.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

SchemaPtr header_modifier() {
  SchemaPtr pairs = list(object({
                             required({"name", header_name_schema(), "the header"}),
                             required({"value", string(), "its value"}),
                         }),
                         0, 16);
  return object({
      {"set", pairs, "headers that are replaced"},
      {"add", pairs, "headers that are added"},
      {"remove", list(string(), 0, 16), "headers that are taken away"},
  });
}

SchemaPtr host_name() { return text(1, 253, R"(^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$)"); }

SchemaPtr path_rewrite() {
  return object({
      required({"type", enumeration({"ReplaceFullPath", "ReplacePrefixMatch"}), "what is replaced"}),
      {"replaceFullPath", string(), "the new path"},
      {"replacePrefixMatch", string(), "what the matched prefix becomes"},
  });
}

SchemaPtr filters() {
  return list(object({
      required({"type",
                enumeration({"RequestHeaderModifier", "ResponseHeaderModifier", "RequestRedirect", "URLRewrite",
                             "RequestMirror"}),
                "which of the fields below is meant"}),
      {"requestHeaderModifier", header_modifier(), "changes the request's headers"},
      {"responseHeaderModifier", header_modifier(), "changes the response's headers"},
      {"requestRedirect",
       object({
           {"scheme", enumeration({"http", "https"}), "scheme of the new URL"},
           {"hostname", host_name(), "host of the new URL"},
           {"path", path_rewrite(), "path of the new URL"},
           {"port", integer(1, 65535), "port of the new URL"},
           fallback({"statusCode", choice({301, 302, 303, 307, 308}), "status of the answer"}, 302),
       }),
       "answers with a redirect"},
      {"urlRewrite",
       object({
           {"hostname", host_name(), "the new host"},
           {"path", path_rewrite(), "the new path"},
           {"hostToBackendHostname", boolean(), "takes the backend's host name"},
       }),
       "changes the URL of the request"},
      {"requestMirror",
       object({
           {"percentage", int_or_string(), "share of requests that are copied"},
           required({"backendRef", backend_ref_schema(), "where the copies go"}),
       }),
       "sends a copy of the request elsewhere"},
  }));
}

SchemaPtr matches() {
  return list(
      object({
          {"path",
           object({
               required({"value", text(1, INT32_MAX), "the path"}),
               required({"type", enumeration({"Exact", "PathPrefix", "RegularExpression"}), "how it is compared"}),
           }),
           "the path of the request"},
          {"method", enumeration({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}),
           "the method of the request"},
          {"queryParams",
           list(object({
               required({"type", enumeration({"Exact", "RegularExpression"}), "how it is compared"}),
               required({"name", text(1, INT32_MAX), "the parameter"}),
               required({"value", string(), "its value"}),
           })),
           "parameters of the query"},
          {"headers", list(header_match_schema()), "headers of the request"},
      }),
      1, INT32_MAX);
}

void validate_path(const json& match, const Path& path, Violations& out) {
  if (match.is_null()) return;
  std::string type = text_at(match, "type"), value = text_at(match, "value");
  if (type == "RegularExpression" || (type == "PathPrefix" && value == "/")) return;
  if (type == "PathPrefix" && value.ends_with("/")) {
    out.add(path.at("value"),
            "does not need a trailing slash because only a `/`-separated prefix or an entire path is matched");
  }
  if (!value.starts_with("/")) out.add(path.at("value"), "must be an absolute path");
}

void validate_matches(const json& matches, const Path& path, Violations& out) {
  for (std::size_t i = 0; i < matches.size(); ++i) {
    Path item = path.at(i);
    validate_path(at(matches[i], "path"), item.at("path"), out);
    std::set<std::string> names;
    const json& query = at(matches[i], "queryParams");
    for (std::size_t q = 0; q < query.size(); ++q) {
      std::string name = text_at(query[q], "name");
      if (!names.insert(name).second)
        out.add(item.at("queryParams").at(q).at("name"), "multiple entries for name " + name);
    }
    const json& headers = at(matches[i], "headers");
    for (std::size_t h = 0; h < headers.size(); ++h) {
      std::string type = text_at(headers[h], "type");
      if ((type == "Present" || type == "Absent") && !text_at(headers[h], "value").empty()) {
        out.add(item.at("headers").at(h).at("value"), "must not be defined");
      }
    }
  }
}

void validate_modifier(const json& filter, const char* field, const Path& path, Violations& out) {
  const json& modifier = at(filter, field);
  Path here = path.at(field);
  if (modifier.is_null()) return out.add(here, "must be defined");
  if (!has(modifier, "set") && !has(modifier, "add") && !has(modifier, "remove")) {
    return out.add(here, "must have at least one defined: set, add, remove");
  }
  std::set<std::string> names;
  for (const char* list : {"set", "add", "remove"}) {
    const json& items = at(modifier, list);
    for (std::size_t i = 0; i < items.size(); ++i) {
      std::string name = items[i].is_string() ? items[i].get<std::string>() : text_at(items[i], "name");
      if (!names.insert(name).second) out.add(here.at(list).at(i).at("name"), "duplicate header name");
    }
  }
}

bool all_match_prefix(const json& matches) {
  for (const auto& match : matches) {
    if (text_at(at(match, "path"), "type") != "PathPrefix") return false;
  }
  return true;
}

void validate_host(const json& change, const Path& path, Violations& out) {
  if (!has(change, "hostname")) return;
  std::string name = text_at(change, "hostname");
  if (is_ip(name)) return out.add(path.at("hostname"), "cannot be an IP address");
  for (auto& message : dns_1123_subdomain_errors(name)) out.add(path.at("hostname"), std::move(message));
}

void validate_url_change(const json& filter, const char* field, const json& matches, const Path& path,
                         Violations& out) {
  const json& change = at(filter, field);
  Path here = path.at(field);
  if (change.is_null()) return out.add(here, "must be defined");
  if (has(at(change, "path"), "replacePrefixMatch") && !all_match_prefix(matches)) {
    out.add(here.at("path").at("replacePrefixMatch"), "can only appear if all matches match a path prefix");
  }
  validate_host(change, here, out);
}

void validate_filters(const json& filters, const std::string& top, const json& matches, const Path& path,
                      Violations& out) {
  for (std::size_t i = 0; i < filters.size(); ++i) {
    const json& filter = filters[i];
    Path item = path.at(i);
    std::string type = text_at(filter, "type");
    if (type == "RequestHeaderModifier") validate_modifier(filter, "requestHeaderModifier", item, out);
    if (type == "ResponseHeaderModifier") validate_modifier(filter, "responseHeaderModifier", item, out);
    if (type == "RequestRedirect") validate_url_change(filter, "requestRedirect", matches, item, out);
    if (type == "URLRewrite") {
      validate_url_change(filter, "urlRewrite", matches, item, out);
      const json& rewrite = at(filter, "urlRewrite");
      if (at(rewrite, "hostToBackendHostname") == true) {
        Path here = item.at("urlRewrite").at("hostToBackendHostname");
        if (top != "MeshGateway") out.add(here, "can only be set with MeshGateway");
        if (has(rewrite, "hostname")) out.add(here, "cannot be set together with hostname");
      }
    }
    if (type == "RequestMirror") {
      Path here = item.at("requestMirror");
      if (!has(filter, "requestMirror")) {
        out.add(here, "must be defined");
      } else {
        validate_target_ref(at(at(filter, "requestMirror"), "backendRef"),
                            {.kinds = {"MeshService", "MeshServiceSubset"}}, here.at("backendRef"), out);
      }
    }
  }
}

void validate_backends(const json& conf, const std::string& top, const Path& path, Violations& out) {
  const json& refs = at(conf, "backendRefs");
  if (refs.empty() && top == "MeshGateway") {
    bool redirects = false;
    for (const auto& filter : at(conf, "filters"))
      redirects = redirects || text_at(filter, "type") == "RequestRedirect";
    if (!redirects) out.add(path, "must not be empty");
  }
  for (std::size_t i = 0; i < refs.size(); ++i) {
    validate_target_ref(refs[i],
                        {.kinds = {"MeshService", "MeshServiceSubset", "MeshExternalService", "MeshMultiZoneService"},
                         .names_beyond = {"kuma.io/unresolved-backend"}},
                        path.at(i), out);
    validate_backend_ref(refs[i], path.at(i), out);
  }
}

void validate(const Resource& resource, Violations& out) {
  TargetRefRules rules{.kinds = {"Mesh", "MeshSubset", "MeshService", "MeshServiceSubset", "Dataplane"}};
  if (is_system_policy(resource)) {
    rules.kinds.push_back("MeshGateway");
    rules.gateway_listener_tags = true;
  }
  validate_top_level(resource, rules, out);
  std::string top = top_level_kind(resource.spec);
  std::vector<std::string> kinds = {"MeshService", "MeshExternalService", "MeshMultiZoneService"};
  if (top == "MeshGateway") kinds = {"Mesh"};
  const json& to = at(resource.spec, "to");
  for (std::size_t i = 0; i < to.size(); ++i) {
    Path item = Path("spec").at("to").at(i);
    validate_target_ref(at(to[i], "targetRef"), {.kinds = kinds}, item.at("targetRef"), out);
    const json& routes = at(to[i], "rules");
    for (std::size_t r = 0; r < routes.size(); ++r) {
      Path rule = item.at("rules").at(r);
      const json& matches = at(routes[r], "matches");
      const json& conf = at(routes[r], "default");
      validate_matches(matches, rule.at("matches"), out);
      validate_filters(at(conf, "filters"), top, matches, rule.at("default").at("filters"), out);
      validate_backends(conf, top, rule.at("default").at("backendRefs"), out);
    }
    if (top != "MeshGateway" && !at(to[i], "hostnames").empty()) out.add(item.at("hostnames"), "must not be defined");
  }
}

}  // namespace

const Kind& kind::mesh_http_route() {
  static const Kind out = [] {
    KindTable table = policy_table("MeshHTTPRoute", "meshhttproute", "meshhttproutes", "mhttpr");
    table.text = "Where HTTP requests go and how they are changed on the way.";
    table.has_to = true;
    SchemaPtr rule = object({
        required({"matches", matches(), "the requests that are meant; any one suffices"}),
        required({"default",
                  object({
                      {"filters", filters(), "changes of the request and the response"},
                      {"backendRefs", list(backend_ref_schema()), "where the requests go, by weight"},
                  }),
                  "what is done with them"}),
    });
    table.schema = object({
        {"targetRef", target_ref_schema(), "the proxies that the policy takes effect on; the whole mesh when absent"},
        {"to",
         list(object({
             {"hostnames", list(string()), "hosts of a gateway's listener"},
             required({"targetRef", target_ref_schema(), "the destination that is routed anew"}),
             required({"rules", list(rule), "what is matched and what is done"}),
         })),
         "routes for outbound traffic"},
    });
    table.validate = validate;
    table.warn = warn_top_level;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
