/// The operations of the inspect API (Kuma docs, "Inspect API").
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/rest/description/operations.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

const json flag = {{"type", "boolean"}, {"default", false}};

RestOperation view(std::string path, std::string id, std::string answer, std::string text) {
  RestOperation out;
  out.method = "get";
  out.path = std::move(path);
  out.id = std::move(id);
  out.tag = "Inspect";
  out.text = std::move(text);
  out.answer = std::move(answer);
  return out;
}

/// `more` are paths beyond those of policies.
std::vector<std::string> policy_paths(std::vector<std::string> more) {
  for (const Kind* kind : kinds())
    if (kind->is_policy()) more.push_back(kind->path());
  return more;
}

void add_envoy(const std::string& proxy, const std::string& whose, std::vector<RestOperation>& out) {
  const RestVariable format{"format",
                            "form of the answer",
                            {{"type", "string"}, {"enum", json::array({"text", "json"})}, {"default", "text"}}};
  struct Aspect {
    const char *name, *answer, *text;
    std::vector<RestVariable> query;
  };
  for (const Aspect& aspect :
       {Aspect{"xds",
               "EnvoyConfigDump",
               "The configuration that an Envoy runs.",
               {{"include_eds", "with endpoints", flag}}},
        Aspect{"stats",
               "",
               "The statistics of an Envoy.",
               {format, {"usedonly", "those alone that were written", {{"type", "boolean"}, {"default", true}}}}},
        Aspect{"clusters", "", "The clusters of an Envoy and their endpoints.", {format}}}) {
    RestOperation one = view(proxy + "/" + aspect.name, "get-" + whose + "-" + aspect.name, aspect.answer, aspect.text);
    one.tag = "Envoy";
    one.query = aspect.query;
    one.problems = {403, 404, 500};
    out.push_back(std::move(one));
  }
}

}  // namespace

std::vector<RestOperation> inspect_operations() {
  const std::string dataplane = "/meshes/{mesh}/dataplanes/{name}";
  std::vector<RestOperation> out = {
      view(dataplane + "/_layout", "get-dataplanes-layout", "DataplaneNetworkingLayout",
           "The inbounds of a proxy, and what it can reach."),
      view(dataplane + "/_policies", "get-proxy-policy-conf", "PoliciesList", "Policies on a proxy as a whole."),
      view(dataplane + "/_inbounds/{inbound-kri}/_policies", "get-inbound-policy-conf", "InboundPoliciesList",
           "Policies on one inbound."),
      view(dataplane + "/_outbounds/{kri}/_policies", "get-outbound-policy-conf", "PoliciesList",
           "Policies on traffic to one destination."),
      view(dataplane + "/_outbounds/{kri}/_routes", "get-outbound-routes", "RoutesList", "Routes to one destination."),
      view(dataplane + "/_outbounds/{outbound-kri}/_routes/{route-kri}/_policies", "get-route-policy-conf",
           "PoliciesList", "Policies on traffic of one route to one destination."),
      view(dataplane + "/policies", "get-dataplane-policies", "AttachedPolicies",
           "Policies by the part of a proxy that they are attached to."),
      view(dataplane + "/rules", "get-dataplane-rules", "AttachedRules",
           "Rules of targetRef policies by the part of a proxy that they are attached to."),
  };
  const std::vector<std::string> proxies = {"dataplanes", "meshgateways"};
  RestOperation rules = view("/meshes/{mesh}/{resourceType}/{resourceName}/_rules", "inspect-dataplanes-rules",
                             "InspectRules", "Every rule that a proxy has, by whom it speaks of.");
  rules.choices["resourceType"] = proxies;
  out.push_back(std::move(rules));
  RestOperation config = view("/meshes/{mesh}/{resourceType}/{resourceName}/_config", "get-dataplanes-xds-config",
                              "DataplaneXDSConfig", "Everything that a proxy is sent.");
  config.choices["resourceType"] = proxies;
  config.query = {{"shadow", "with policies that are only to be looked at (label kuma.io/effect: shadow)", flag},
                  {"include",
                   "`diff`: what differs from what the proxy has",
                   {{"type", "array"}, {"items", {{"type", "string"}, {"enum", json::array({"diff"})}}}}}};
  config.problems = {400, 404, 405};
  out.push_back(std::move(config));
  RestOperation resources = view("/meshes/{mesh}/{policyType}/{policyName}/_resources/dataplanes", "inspect-resources",
                                 "InspectDataplanesForPolicy", "Dataplanes that a policy or a MeshService is about.");
  resources.choices["policyType"] = policy_paths({"meshservices"});
  resources.query = {{"size", "most items of the answer", {{"type", "integer"}, {"minimum", 0}, {"maximum", 1000}}},
                     {"offset", "first item of the answer", {{"type", "integer"}, {"minimum", 0}}},
                     {"name", "a part of the names that are wanted"}};
  out.push_back(std::move(resources));
  RestOperation attached =
      view("/meshes/{mesh}/{policyType}/{policyName}/dataplanes", "get-policy-dataplanes", "AttachedDataplanes",
           "Dataplanes that a policy or a gateway is attached to, and where.");
  attached.choices["policyType"] = policy_paths({"meshgateways"});
  std::erase(attached.choices["policyType"], kind::virtual_outbound().path());
  out.push_back(std::move(attached));
  RestOperation hostnames = view("/meshes/{mesh}/{serviceType}/{serviceName}/_hostnames", "inspect-hostnames",
                                 "InspectHostnames", "Host names of a destination, by zone.");
  hostnames.choices["serviceType"] = {"meshservices", "meshexternalservices", "meshmultizoneservices"};
  out.push_back(std::move(hostnames));
  add_envoy(dataplane, "dataplane", out);
  add_envoy("/zoneingresses/{name}", "zone-ingress", out);
  add_envoy("/zoneegresses/{name}", "zone-egress", out);
  return out;
}

}  // namespace kumasim::cp
