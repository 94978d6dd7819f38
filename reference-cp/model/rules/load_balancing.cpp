/// Rules of hash policies, load balancers and locality awareness.
#include "reference-cp/model/rules/load_balancing.hpp"

#include <algorithm>

#include "reference-cp/model/rules/target_ref_rules.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

void validate_hash_policies(const json& policies, const Path& path, Violations& out) {
  for (std::size_t i = 0; i < policies.size(); ++i) {
    const json& policy = policies[i];
    std::string type = text_at(policy, "type");
    const char* field = type == "Header"           ? "header"
                        : type == "Cookie"         ? "cookie"
                        : type == "QueryParameter" ? "queryParameter"
                        : type == "FilterState"    ? "filterState"
                                                   : "connection";
    if (!has(policy, field)) {
      out.add(path.at(i).at(field), "must be defined");
      continue;
    }
    const json& cookie = at(policy, "cookie");
    if (type == "Cookie" && has(cookie, "path") && !text_at(cookie, "path").starts_with("/"))
      out.add(path.at(i).at("cookie").at("path"), "must be an absolute path");
  }
}

void validate_balancer(const json& balancer, const Path& path, Violations& out) {
  std::string type = text_at(balancer, "type");
  if (type == "RingHash")
    validate_hash_policies(at(at(balancer, "ringHash"), "hashPolicies"), path.at("ringHash").at("hashPolicies"), out);
  if (type == "Maglev")
    validate_hash_policies(at(at(balancer, "maglev"), "hashPolicies"), path.at("maglev").at("hashPolicies"), out);
  const json& least = at(balancer, "leastRequest");
  if (type != "LeastRequest" || !has(least, "activeRequestBias")) return;
  Path place = path.at("leastRequest").at("activeRequestBias");
  Decimal bias = decimal(at(least, "activeRequestBias"));
  if (!bias.valid) return out.add(place, "string must be a valid number");
  if (bias.sign < 0) out.add(place, "must be greater or equal then: 0");
}

void validate_local_zone(const json& zone, const Path& path, Violations& out) {
  const json& tags = at(zone, "affinityTags");
  std::size_t weights = 0;
  for (std::size_t i = 0; i < tags.size(); ++i) {
    if (text_at(tags[i], "key").empty()) out.add(path.at("affinityTags").at(i).at("key"), "must not be empty");
    integer_greater_than_zero(tags[i], "weight", path.at("affinityTags").at(i), out);
    weights += has(tags[i], "weight") ? 1 : 0;
  }
  if (weights > 0 && weights != tags.size())
    out.add(path.at("affinityTags"), "all or none affinity tags should have weight");
}

void validate_failover(const json& rule, const Path& path, Violations& out) {
  if (has(rule, "from")) {
    const json& zones = at(at(rule, "from"), "zones");
    Path place = path.at("from").at("zones");
    if (zones.empty()) out.add(place, "must not be empty");
    for (std::size_t i = 0; i < zones.size(); ++i) {
      if (zones[i] == "") out.add(place.at(i), "must not be empty");
    }
  }
  const json& to = at(rule, "to");
  std::string type = text_at(to, "type");
  bool any = type == "Any" || type == "None";
  Path place = path.at("to").at("zones");
  if (any && !at(to, "zones").empty()) out.add(place, "must be empty when type is " + type);
  if (!any && at(to, "zones").empty()) out.add(place, "must not be empty when type is " + type);
}

void validate_cross_zone(const json& cross, const json& ref, const Path& path, Violations& out) {
  if (cross.is_null()) return;
  bool real = !text_at(ref, "sectionName").empty() || !at(ref, "labels").empty();
  if (text_at(ref, "kind") == "MeshService" && real) out.add(path, "must not be set: MeshService traffic is local");
  const json& rules = at(cross, "failover");
  for (std::size_t i = 0; i < rules.size(); ++i) validate_failover(rules[i], path.at("failover").at(i), out);
  const json& threshold = at(cross, "failoverThreshold");
  if (!has(threshold, "percentage")) return;
  Path place = path.at("failoverThreshold");
  decimal_percentage(threshold, "percentage", place, out);
  Decimal share = decimal(at(threshold, "percentage"));
  if (share.valid && share.sign == 0) out.add(place.at("percentage"), "must be greater than 0");
}

void validate_conf(const json& conf, const json& ref, const Path& path, Violations& out) {
  validate_hash_policies(at(conf, "hashPolicies"), path.at("hashPolicies"), out);
  if (text_at(ref, "kind") == "MeshHTTPRoute") {
    for (const char* field : {"loadBalancer", "localityAwareness"}) {
      if (has(conf, field))
        out.add(path.at(field),
                "field is not allowed when targetRef.kind is MeshHTTPRoute, only hashPolicies is supported");
    }
    return;
  }
  const json& balancer = at(conf, "loadBalancer");
  validate_balancer(balancer, path.at("loadBalancer"), out);
  const json& locality = at(conf, "localityAwareness");
  validate_local_zone(at(locality, "localZone"), path.at("localityAwareness").at("localZone"), out);
  validate_cross_zone(at(locality, "crossZone"), ref, path.at("localityAwareness").at("crossZone"), out);
  for (const char* field : {"ringHash", "maglev"}) {
    if (has(conf, "hashPolicies") && has(at(balancer, field), "hashPolicies")) {
      out.add(path.at("loadBalancer").at(field).at("hashPolicies"), "hashPolicies already specified in the root level");
    }
  }
}

}  // namespace

void validate_load_balancing(const Resource& resource, Violations& out) {
  const Path path("spec");
  validate_top_level(resource,
                     {.kinds = {"Mesh", "MeshSubset", "MeshGateway", "MeshService", "MeshServiceSubset", "Dataplane"},
                      .gateway_listener_tags = true},
                     out);
  const json& to = at(resource.spec, "to");
  if (to.empty()) out.add(path.at("to"), "needs at least one item");
  bool gateway = top_level_kind(resource.spec) == "MeshGateway";
  for (std::size_t i = 0; i < to.size(); ++i) {
    Path item = path.at("to").at(i);
    const json& ref = at(to[i], "targetRef");
    const json& conf = at(to[i], "default");
    bool only_mesh = gateway && has(conf, "loadBalancer");
    TargetRefRules rules{.kinds = {"Mesh"}};
    if (!only_mesh) rules.kinds.insert(rules.kinds.end(), {"MeshService", "MeshMultiZoneService"});
    if (!gateway) rules.kinds.push_back("MeshHTTPRoute");
    if (only_mesh) rules.kind_message = "value is not supported, only Mesh is allowed if loadBalancer is set";
    validate_target_ref(ref, rules, item.at("targetRef"), out);
    external_service_needs_mesh(resource, ref, item.at("targetRef"), out);
    validate_conf(conf, ref, item.at("default"), out);
  }
}

void warn_load_balancing(const Resource& resource, std::vector<std::string>& out) {
  const json& to = at(resource.spec, "to");
  for (std::size_t i = 0; i < to.size(); ++i) {
    const json& balancer = at(at(to[i], "default"), "loadBalancer");
    std::string type = text_at(balancer, "type");
    if (type != "RingHash" && type != "Maglev") continue;
    std::string field = type == "RingHash" ? "ringHash" : "maglev";
    const json& policies = at(at(balancer, field), "hashPolicies");
    for (std::size_t p = 0; p < policies.size(); ++p) {
      if (text_at(policies[p], "type") != "SourceIP") continue;
      out.push_back("SourceIP type for 'spec.to[" + std::to_string(i) + "].default.loadBalancer." + field +
                    ".hashPolicies[" + std::to_string(p) + "].type' is deprecated, use Connection instead");
    }
  }
  warn_top_level(resource, out);
}

}  // namespace kumasim::cp
