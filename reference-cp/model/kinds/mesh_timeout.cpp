/// MeshTimeout: timeouts of connections and requests, on inbound and outbound traffic.
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/target_ref.hpp"
#include "reference-cp/model/rules/target_ref_rules.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

SchemaPtr conf() {
  return object({
      {"connectionTimeout", duration(), "time to establish a TCP connection; Kuma's default is 5s"},
      {"idleTimeout", duration(), "time without bytes on a connection; 1h by default, 0 disables it"},
      {"http",
       object({
           {"requestTimeout", duration(), "time for the whole response; 15s by default, 0 disables it"},
           {"streamIdleTimeout", duration(), "time without activity on a stream; 30m by default, 0 disables it"},
           {"maxStreamDuration", duration(), "longest life of a stream; 0 disables it"},
           {"maxConnectionDuration", duration(), "longest life of a connection; 0 disables it"},
           {"requestHeadersTimeout", duration(), "time to receive the request's headers; 0 disables it"},
       }),
       "timeouts of HTTP traffic"},
  });
}

void validate_http(const json& http, const Path& path, Violations& out) {
  if (!has(http, "requestTimeout") && !has(http, "streamIdleTimeout") && !has(http, "maxStreamDuration") &&
      !has(http, "maxConnectionDuration")) {
    out.add(path, "at least one timeout in this section should be configured");
  }
  for (const char* field :
       {"requestTimeout", "streamIdleTimeout", "maxStreamDuration", "maxConnectionDuration", "requestHeadersTimeout"}) {
    duration_not_negative(http, field, path, out);
  }
}

void validate_default(const json& conf, const Path& path, const std::string& top, Violations& out) {
  if (!has(conf, "connectionTimeout") && !has(conf, "idleTimeout") && !has(conf, "http")) {
    out.add(path, "at least one timeout should be configured");
    return;
  }
  const json& http = at(conf, "http");
  if (top == "MeshHTTPRoute") {
    const char* message = "can't be specified when top-level TargetRef is referencing MeshHTTPRoute";
    for (const char* field : {"connectionTimeout", "idleTimeout"}) {
      if (has(conf, field)) out.add(path.at(field), message);
    }
    for (const char* field : {"maxStreamDuration", "maxConnectionDuration"}) {
      if (has(http, field)) out.add(path.at("http").at(field), message);
    }
  }
  duration_greater_than_zero(conf, "connectionTimeout", path, out);
  duration_not_negative(conf, "idleTimeout", path, out);
  if (has(conf, "http")) validate_http(http, path.at("http"), out);
}

void validate(const Resource& resource, Violations& out) {
  const json& spec = resource.spec;
  const Path path("spec");
  const json& to = at(spec, "to");
  const json& from = at(spec, "from");
  const json& rules = at(spec, "rules");
  TargetRefRules top_rules{.kinds = {"Mesh", "MeshSubset", "Dataplane", "MeshService", "MeshServiceSubset"},
                           .inbound = affects_inbounds(resource)};
  if (is_system_policy(resource)) {
    top_rules.kinds.insert(top_rules.kinds.end(), {"MeshGateway", "MeshHTTPRoute"});
    top_rules.gateway_listener_tags = true;
  }
  validate_top_level(resource, top_rules, out);
  if (!rules.empty() && (!to.empty() || !from.empty())) {
    out.add(path, "fields 'to' and 'from' must be empty when 'rules' is defined");
  }
  if (rules.empty() && to.empty() && from.empty())
    out.add(path, "at least one of 'from', 'to' or 'rules' has to be defined");
  const std::string top = top_level_kind(spec);
  const bool of_gateway = top == "MeshHTTPRoute" || top == "MeshGateway";
  if (of_gateway && !from.empty()) out.add(path.at("from"), "must not be defined");
  for (std::size_t i = 0; i < from.size() && !of_gateway; ++i) {
    Path item = path.at("from").at(i);
    validate_target_ref(at(from[i], "targetRef"), {.kinds = {"Mesh"}}, item.at("targetRef"), out);
    validate_default(at(from[i], "default"), item.at("default"), top, out);
  }
  std::vector<std::string> kinds = {"Mesh", "MeshService", "MeshExternalService", "MeshMultiZoneService",
                                    "MeshHTTPRoute"};
  if (of_gateway) kinds = {"Mesh", "MeshExternalService"};
  for (std::size_t i = 0; i < to.size(); ++i) {
    Path item = path.at("to").at(i);
    validate_target_ref(at(to[i], "targetRef"), {.kinds = kinds}, item.at("targetRef"), out);
    validate_default(at(to[i], "default"), item.at("default"), top, out);
  }
  for (std::size_t i = 0; i < rules.size(); ++i) {
    validate_default(at(rules[i], "default"), path.at("rules").at(i).at("default"), top, out);
  }
}

void warn(const Resource& resource, std::vector<std::string>& out) {
  warn_from(resource, out);
  warn_top_level(resource, out);
}

}  // namespace

const Kind& kind::mesh_timeout() {
  static const Kind out = [] {
    KindTable table = policy_table("MeshTimeout", "meshtimeout", "meshtimeouts", "mt");
    table.text = "Timeouts of connections and requests.";
    table.has_to = table.has_from = table.has_rules = table.from_as_rules = true;
    table.schema = object({
        {"targetRef", target_ref_schema(), "the proxies that the policy takes effect on; the whole mesh when absent"},
        {"to", target_list_schema(conf(), "the destination"), "timeouts of outbound traffic"},
        {"from", target_list_schema(conf(), "the clients"), "timeouts of inbound traffic (deprecated: use rules)"},
        {"rules", rule_list_schema(conf()), "timeouts of inbound traffic"},
    });
    table.validate = validate;
    table.warn = warn;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
