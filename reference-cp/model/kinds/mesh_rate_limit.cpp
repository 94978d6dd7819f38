/// MeshRateLimit: how many requests and connections a proxy takes in a time.
#include <chrono>

#include "reference-cp/model/duration.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/header_pairs.hpp"
#include "reference-cp/model/kinds/target_ref.hpp"
#include "reference-cp/model/rules/target_ref_rules.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

SchemaPtr conf() {
  SchemaPtr rate = object({
      required({"num", uint32(), "how many"}),
      required({"interval", duration(), "in which time; more than 50ms"}),
  });
  SchemaPtr answer = object({
      {"status", uint32(), "status of the answer; 429 by default"},
      {"headers", header_pairs_schema(), "headers of the answer"},
  });
  return object({
      {"local",
       object({
           {"http",
            object({
                {"disabled", boolean(), "switches it off"},
                {"requestRate", rate, "rate of requests"},
                {"onRateLimit", answer, "what a request beyond the rate gets"},
            }),
            "requests"},
           {"tcp",
            object({
                {"disabled", boolean(), "switches it off"},
                {"connectionRate", rate, "rate of connections"},
            }),
            "connections"},
       }),
       "limits that each proxy keeps by itself"},
  });
}

void validate_rate(const json& rate, const Path& path, Violations& out) {
  if (at(rate, "num") == 0) out.add(path.at("num"), "must be greater than 0");
  auto interval = parse_duration(text_at(rate, "interval"));
  if (interval && *interval <= std::chrono::milliseconds(50))
    out.add(path.at("interval"), "must be greater than: 50ms");
}

void validate_default(const json& conf, const Path& path, Violations& out) {
  Path place = path.at("local");
  if (!has(conf, "local")) return out.add(place, "must be defined");
  const json& local = at(conf, "local");
  if (!has(local, "tcp") && !has(local, "http")) out.add(place, "must have at least one defined: tcp, http");
  if (has(local, "http")) {
    const json& http = at(local, "http");
    if (!has(http, "disabled") && !has(http, "requestRate") && !has(http, "onRateLimit")) {
      out.add(place.at("http"), "must have at least one defined: disabled, requestRate, onRateLimit");
    }
    if (has(http, "requestRate")) validate_rate(at(http, "requestRate"), place.at("http").at("requestRate"), out);
    integer_greater_than_zero(at(http, "onRateLimit"), "status", place.at("http").at("onRateLimit"), out);
  }
  if (has(local, "tcp")) {
    const json& tcp = at(local, "tcp");
    if (!has(tcp, "disabled") && !has(tcp, "connectionRate")) {
      out.add(place.at("tcp"), "must have at least one defined: disabled, connectionRate");
    }
    if (has(tcp, "connectionRate")) validate_rate(at(tcp, "connectionRate"), place.at("tcp").at("connectionRate"), out);
  }
}

void validate_items(const json& list, const Path& path, Violations& out) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    Path item = path.at(i);
    validate_target_ref(at(list[i], "targetRef"), {.kinds = {"Mesh"}}, item.at("targetRef"), out);
    validate_default(at(list[i], "default"), item.at("default"), out);
  }
}

void validate(const Resource& resource, Violations& out) {
  const Path path("spec");
  const json& to = at(resource.spec, "to");
  const json& from = at(resource.spec, "from");
  const json& rules = at(resource.spec, "rules");
  if (!rules.empty() && (!to.empty() || !from.empty()))
    out.add(path, "fields 'to' and 'from' must be empty when 'rules' is defined");
  TargetRefRules top{.kinds = {"Mesh", "MeshSubset", "MeshService", "MeshServiceSubset", "Dataplane"},
                     .inbound = affects_inbounds(resource)};
  if (is_system_policy(resource)) {
    top.kinds.insert(top.kinds.end(), {"MeshGateway", "MeshHTTPRoute"});
    top.gateway_listener_tags = true;
  }
  validate_top_level(resource, top, out);
  bool gateways = includes_gateways(resource.spec);
  if (gateways && !rules.empty()) out.add(path.at("rules"), "must not be defined");
  for (std::size_t i = 0; i < rules.size() && !gateways; ++i) {
    validate_default(at(rules[i], "default"), path.at("rules").at(i).at("default"), out);
  }
  if (gateways && !from.empty()) {
    out.add(path.at("from"),
            "must not be defined when the scope includes a Gateway, select only proxyType Sidecar or select only "
            "gateways and use spec.to");
  }
  if (!gateways) validate_items(from, path.at("from"), out);
  if (!gateways && !to.empty()) out.add(path.at("to"), "must not be defined");
  if (gateways) validate_items(to, path.at("to"), out);
}

void warn(const Resource& resource, std::vector<std::string>& out) {
  warn_from(resource, out);
  for (const char* name : {"from", "rules", "to"}) {
    const json& list = at(resource.spec, name);
    for (std::size_t i = 0; i < list.size(); ++i) {
      const json& answer = at(at(at(at(list[i], "default"), "local"), "http"), "onRateLimit");
      if (!has(answer, "status") || at(answer, "status") >= 400) continue;
      out.push_back("'spec." + std::string(name) + "[" + std::to_string(i) +
                    "].default.local.http.requestRate.status' must be 400 or higher. Please update your "
                    "configuration.");
    }
  }
  warn_top_level(resource, out);
}

}  // namespace

const Kind& kind::mesh_rate_limit() {
  static const Kind out = [] {
    KindTable table = policy_table("MeshRateLimit", "meshratelimit", "meshratelimits", "mrl");
    table.text = "How many requests and connections a proxy takes.";
    table.has_to = table.has_from = table.has_rules = table.from_as_rules = true;
    table.schema = object({
        {"targetRef", target_ref_schema(), "the proxies that the policy takes effect on; the whole mesh when absent"},
        {"from", target_list_schema(conf(), "the clients"), "limits of inbound traffic (deprecated: use rules)"},
        {"to", target_list_schema(conf(), "the destination"), "limits of a gateway's traffic"},
        {"rules", rule_list_schema(conf()), "limits of inbound traffic"},
    });
    table.validate = validate;
    table.warn = warn;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
