#include "reference-cp/rest/description/answer_schemas.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;

using Schemas = std::map<std::string, SchemaPtr>;

SchemaPtr count() { return integer(0, INT64_MAX); }

SchemaPtr list_of(SchemaPtr item) {
  return object(
      {required({"total", count(), "number of all items"}), required({"items", list(std::move(item)), "the items"})});
}

/// A list that is null where it is empty (Go's nil slice).
SchemaPtr maybe(SchemaPtr inner) {
  auto out = std::make_shared<Schema>(*inner);
  out->nullable = true;
  return out;
}

SchemaPtr key() { return object({required({"mesh", string(), "its mesh"}), required({"name", string(), "its name"})}); }

SchemaPtr meta() {
  return object({
      required({"type", string(), "the kind"}),
      required({"mesh", string(), "the mesh"}),
      required({"name", string(), "the name"}),
      required({"labels", map(string()), "its labels"}),
  });
}

void add_descriptions(Schemas& out) {
  out["Index"] = object({
      required({"product", string(), "whose control plane it is"}),
      required({"version", string(), "its version"}),
      required({"hostname", string(), "the machine"}),
      required({"instanceId", string(), "this process"}),
      required({"clusterId", string(), "what shares one store"}),
      required({"gui", string(), "path of the web page"}),
  });
  SchemaPtr policy = object({
      required({"isTargetRef", boolean(), "it has a targetRef"}),
      required({"hasToTargetRef", boolean(), "it is about outbound traffic"}),
      required({"hasFromTargetRef", boolean(), "it is about inbound traffic"}),
      required({"isFromAsRules", boolean(), "what is in `from` becomes rules"}),
  });
  out["ResourceTypeDescriptionList"] = object({required(
      {"resources",
       list(object({
           required({"name", string(), "the kind"}),
           required({"path", string(), "its path in this API"}),
           required({"scope", enumeration({"Global", "Mesh"}), "whether it is in a mesh"}),
           required({"readOnly", boolean(), "it cannot be written here"}),
           required({"singularDisplayName", string(), "one of them, for people"}),
           required({"pluralDisplayName", string(), "several, for people"}),
           required({"includeInFederation", boolean(), "a zone hands it over when it joins a global control plane"}),
           {"policy", policy, "where it is a policy"},
       })),
       "the kinds"})});
  out["PolicyDescriptionList"] = object({required({"policies",
                                                   list(object({
                                                       required({"name", string(), "the kind"}),
                                                       required({"path", string(), "its path in this API"}),
                                                       required({"readOnly", boolean(), "it cannot be written here"}),
                                                       required({"singularDisplayName", string(), "one of them"}),
                                                       required({"pluralDisplayName", string(), "several"}),
                                                       required({"isExperimental", boolean(), "it may change"}),
                                                       required({"isTargetRefBased", boolean(), "it has a targetRef"}),
                                                       required({"isInbound", boolean(), "about inbound traffic"}),
                                                       required({"isOutbound", boolean(), "about outbound traffic"}),
                                                   })),
                                                   "the policies"})});
  out["WhoAmI"] =
      object({required({"name", string(), "the user"}), required({"groups", list(string()), "the groups"})});
  out["Configuration"] = object({});
}

void add_insights(Schemas& out) {
  std::vector<Field> base = {required({"online", count(), "connected"}), required({"total", count(), "all"})};
  std::vector<Field> all = base;
  all.push_back(required({"offline", count(), "not connected"}));
  all.push_back(required({"partiallyDegraded", count(), "partly ready"}));
  SchemaPtr online = object(base), full = object(all), total = object({required({"total", count(), "all"})});
  out["GlobalInsight"] = object({
      required({"createdAt", timestamp(), "when it was counted"}),
      required(
          {"dataplanes",
           object({required({"standard", full, "sidecars"}), required({"gatewayBuiltin", full, "builtin gateways"}),
                   required({"gatewayDelegated", full, "delegated gateways"})}),
           "proxies"}),
      required({"meshes", total, "meshes"}),
      required({"policies", total, "policies"}),
      required({"resources", map(total), "resources by kind"}),
      required({"services",
                object({required({"internal", full, "in the mesh"}), required({"external", total, "outside"}),
                        required({"gatewayBuiltin", full, "builtin gateways"}),
                        required({"gatewayDelegated", full, "delegated gateways"})}),
                "services"}),
      required({"zones",
                object({required({"controlPlanes", online, "zones"}), required({"zoneIngresses", online, "ingresses"}),
                        required({"zoneEgresses", online, "egresses"})}),
                "zones"}),
  });
  out["GlobalInsights"] = object({
      required({"type", enumeration({"GlobalInsights"}), "what this is"}),
      required({"creationTime", timestamp(), "when it was counted"}),
      required({"resources", map(total), "resources by kind"}),
  });
}

void add_rules(Schemas& out) {
  SchemaPtr origins = list(object({{"resourceMeta", meta(), "the policy"}, {"ruleIndex", count(), "its item"}}));
  SchemaPtr rule = object({
      required({"matchers",
                list(object({required({"key", string(), "the tag"}), required({"value", string(), "its value"}),
                             required({"not", boolean(), "those that do not have it"})})),
                "whom it is about"}),
      required({"conf", any(), "what holds"}),
      required({"origin", list(meta()), "the policies that it comes from"}),
  });
  SchemaPtr inbound = object({{"name", string(), "its name"},
                              required({"port", count(), "its port"}),
                              required({"tags", map(string()), "its tags"})});
  SchemaPtr inbound_rule =
      object({required({"conf", list(any()), "what holds"}), required({"origin", origins, "from where"})});
  SchemaPtr resource_rule = object({
      required({"resourceMeta", meta(), "the destination"}),
      {"resourceSectionName", string(), "one of its ports"},
      required({"conf", list(any()), "what holds"}),
      required({"origin", origins, "the policies that it comes from"}),
  });
  out["InspectRules"] = object({
      required({"resource", meta(), "the proxy"}),
      required(
          {"httpMatches",
           list(object({required({"hash", string(), "how rules name it"}), required({"match", any(), "the match"})})),
           "matches of routes"}),
      required(
          {"rules",
           list(object({
               required({"type", string(), "the policy"}),
               {"proxyRule",
                object({required({"conf", any(), "what holds"}), required({"origin", list(meta()), "from where"})}),
                "on the proxy as a whole"},
               {"toRules", list(rule), "on outbound traffic, by tags"},
               {"toResourceRules", list(resource_rule), "on outbound traffic, by destination"},
               {"fromRules",
                list(object(
                    {required({"inbound", inbound, "the inbound"}), required({"rules", list(rule), "the rules"})})),
                "on inbound traffic, by client"},
               {"inboundRules",
                list(object({required({"inbound", inbound, "the inbound"}),
                             required({"rules", list(inbound_rule), "the rules"})})),
                "on inbound traffic"},
               {"warnings", list(string()), "what to look after"},
           })),
           "the rules by policy"}),
  });
}

void add_views(Schemas& out) {
  SchemaPtr port = object({
      required({"kri", string(), "its identifier"}),
      required({"port", count(), "its port"}),
      required({"protocol", string(), "its protocol"}),
      required({"proxyResourceName", string(), "how Envoy's resources name it"}),
  });
  out["DataplaneNetworkingLayout"] = object({
      required({"kri", string(), "the proxy's identifier"}),
      required({"labels", map(string()), "its labels"}),
      required({"inbounds", list(port), "its inbounds"}),
      required({"outbounds", list(port), "what it can reach"}),
  });
  SchemaPtr origins = list(object({required({"kri", string(), "a policy"})}));
  out["PoliciesList"] = object(
      {required({"policies",
                 list(object({required({"kind", string(), "the policy"}), required({"conf", any(), "what holds"}),
                              required({"origins", origins, "from where"})})),
                 "the policies"})});
  out["InboundPoliciesList"] = object({required(
      {"policies",
       list(object(
           {required({"kind", string(), "the policy"}),
            required({"rules", list(object({{"kri", string(), "from where"}, required({"conf", any(), "what holds"})})),
                      "the rules"}),
            required({"origins", origins, "from where"})})),
       "the policies"})});
  out["RoutesList"] = object(
      {required({"routes",
                 list(object({required({"kind", string(), "the policy"}),
                              required({"rules",
                                        list(object({required({"kri", string(), "the route"}),
                                                     required({"matches", maybe(list(any())), "what it matches"}),
                                                     required({"conf", any(), "where it leads"})})),
                                        "the rules"}),
                              required({"origins", origins, "from where"})})),
                 "the routes"})});
  out["InspectDataplanesForPolicy"] = object({required({"total", count(), "number of all items"}),
                                              {"next", maybe(string()), "address of the next page"},
                                              required({"items", list(meta()), "the Dataplanes"})});
  out["InspectHostnames"] = object({
      required({"total", count(), "number of all items"}),
      required({"items",
                maybe(list(object({required({"hostname", string(), "the name"}),
                                   required({"zones", list(object({required({"name", string(), "the zone"})})),
                                             "where it holds"})}))),
                "the names"}),
  });
  out["DataplaneXDSConfig"] = object({
      required({"xds", map(map(any())), "resources by type and name"}),
      {"diff",
       list(object({required({"op", string(), "operation of JSON Patch (RFC 6902)"}),
                    required({"path", string(), "where"}),
                    {"value", any(), "the value"}})),
       "how it differs from what the proxy has"},
  });
  out["EnvoyConfigDump"] = object({{"configs", list(any()), "envoy.admin.v3.ConfigDump"}});
}

void add_attachments(Schemas& out) {
  SchemaPtr listeners = list(object({
      required({"port", count(), "its port"}),
      required({"protocol", string(), "its protocol"}),
      required({"hosts",
                list(object({required({"hostName", string(), "the host"}),
                             required({"routes",
                                       list(object({required({"route", string(), "the route"}),
                                                    required({"destinations", list(any()), "where it leads"})})),
                                       "its routes"})})),
                "its hosts"}),
  }));
  SchemaPtr attachment = object({required({"type", string(), "inbound, outbound, service or dataplane"}),
                                 {"name", string(), "which of them"},
                                 {"service", string(), "its service"}});
  auto matched = attachment->fields;
  matched.push_back(required({"matchedPolicies", map(list(any())), "policies by kind"}));
  out["AttachedPolicies"] = object({
      required({"kind", enumeration({"SidecarDataplane", "MeshGatewayDataplane"}), "what the proxy is"}),
      {"total", count(), "number of all items"},
      {"items", list(object(matched)), "the attachments of a sidecar"},
      {"gateway", key(), "the MeshGateway"},
      {"listeners", listeners, "its listeners"},
      {"policies", map(any()), "policies on the gateway as a whole"},
  });
  out["AttachedRules"] = list_of(object({
      required({"type", string(), "ClientSubset, DestinationSubset or SingleItem"}),
      required({"policyType", string(), "the policy"}),
      required({"subset", map(string()), "whom it is about"}),
      required({"conf", any(), "what holds"}),
      required({"origins", list(key()), "from where"}),
      {"name", string(), "which part"},
      {"service", string(), "its service"},
      {"tags", map(string()), "its tags"},
      {"addresses", list(string()), "where it is reached"},
  }));
  out["AttachedDataplanes"] = list_of(object({
      required({"dataplane", key(), "the Dataplane"}),
      {"kind", enumeration({"SidecarDataplane", "MeshGatewayDataplane"}), "what the proxy is"},
      {"attachments", list(attachment), "where on a sidecar"},
      {"gateway", key(), "the MeshGateway"},
      {"listeners", listeners, "where on a gateway"},
  }));
}

void add_requests(Schemas& out) {
  SchemaPtr lifetime = duration();
  out["WriteAnswer"] = object({{"warnings", list(string()), "what is deprecated in it"}});
  out["DataplaneTokenRequest"] = object({
      {"name", string(), "the Dataplane; any where it is empty"},
      required({"mesh", string(), "its mesh"}),
      {"tags", map(list(string())), "values that its tags may have"},
      {"type", enumeration({"", "dataplane", "ingress", "egress"}), "what it is"},
      {"validFor", lifetime, "how long the token holds; ten years where it is empty"},
  });
  out["UserTokenRequest"] = object({
      required({"name", string(), "the user"}),
      {"groups", list(string()), "its groups"},
      required({"validFor", lifetime, "how long the token holds"}),
  });
  out["ZoneTokenRequest"] = object({
      {"zone", string(), "the zone"},
      required({"scope", list(string()), "what it is for: ingress, egress, cp"}),
      {"validFor", lifetime, "how long the token holds; ten years where it is empty"},
  });
  SchemaPtr parameters = list(object({required({"field", string(), "where"}), required({"reason", string(), "why"})}));
  SchemaPtr causes = list(object({required({"field", string(), "where"}), required({"message", string(), "why"})}));
  out["Error"] = object({
      required({"type", string(), "what kind of problem"}),
      required({"title", string(), "what was tried"}),
      required({"status", integer(400, 599), "the answer's status"}),
      {"detail", string(), "what went wrong"},
      {"instance", string(), "which one it is"},
      {"invalid_parameters", parameters, "what breaks rules"},
      {"details", string(), "the same as `detail` (old)"},
      {"causes", causes, "the same as `invalid_parameters` (old)"},
  });
}

}  // namespace

std::map<std::string, SchemaPtr> answer_schemas() {
  Schemas out;
  add_descriptions(out);
  add_insights(out);
  add_rules(out);
  add_views(out);
  add_attachments(out);
  add_requests(out);
  return out;
}

}  // namespace kumasim::cp
