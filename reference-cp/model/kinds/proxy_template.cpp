/// ProxyTemplate (old policy): raw Envoy resources and changes to those that the control plane makes.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/kinds/old_policy.hpp"
#include "reference-cp/model/rules/envoy_text.hpp"
#include "reference-cp/model/rules/old_rules.hpp"
#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;
using nlohmann::json;

const std::string package = "kuma.mesh.v1alpha1.ProxyTemplate";

/// One kind of modification: what it matches by (beside origin and name), and what it does.
SchemaPtr modification(const std::string& type, std::vector<Field> more) {
  std::string name = package + ".Modifications." + type;
  std::vector<Field> match = {{"origin", string(), "who made the resource: inbound, outbound, ..."},
                              {"name", string(), "its name"}};
  for (auto& field : more) match.push_back(std::move(field));
  return message(name, {{"match", message(name + ".Match", std::move(match)), "what is changed"},
                        {"operation", string(), "add, patch, remove, ..."},
                        {"value", string(), "an Envoy resource in YAML"}});
}

SchemaPtr spec() {
  Field listener_name{"listenerName", string(), "name of its listener"};
  Field listener_tags{"listenerTags", map(string()), "tags of its listener"};
  SchemaPtr raw = message("kuma.mesh.v1alpha1.ProxyTemplateRawResource",
                          {{"name", string(), "its name"},
                           {"version", string(), "its version"},
                           {"resource", string(), "an Envoy resource in YAML, with @type"}});
  SchemaPtr change = message(
      package + ".Modifications",
      {oneof("type", {"cluster", modification("Cluster", {}), "clusters"}),
       oneof("type", {"listener", modification("Listener", {{"tags", map(string()), "its tags"}}), "listeners"}),
       oneof("type",
             {"networkFilter", modification("NetworkFilter", {listener_name, listener_tags}), "network filters"}),
       oneof("type", {"httpFilter", modification("HttpFilter", {listener_name, listener_tags}), "HTTP filters"}),
       oneof("type",
             {"virtualHost",
              modification("VirtualHost", {{"routeConfigurationName", string(), "name of its route configuration"}}),
              "virtual hosts"})});
  SchemaPtr conf = message(package + ".Conf", {{"imports", list(string()), "profiles: default-proxy, ..."},
                                               {"resources", list(raw), "resources that are added"},
                                               {"modifications", list(change), "changes, in this order"}});
  return message(package, {{"selectors", selectors_schema(), "the proxies"}, {"conf", conf, "what is set"}});
}

void check_value(const json& change, const char* message_type, bool whole, const Path& path, Violations& out) {
  std::string error = envoy_message_error(text_at(change, "value"), message_type, whole);
  if (!error.empty()) out.add(path.at("value"), "native Envoy resource is not valid: " + error);
}

/// Operations of clusters, listeners and virtual hosts.
void validate_resource_change(const json& change, const char* message_type, const Path& path, Violations& out) {
  std::string operation = text_at(change, "operation");
  bool virtual_host = std::string_view(message_type) == "VirtualHost";
  if (operation == "add") {
    if (virtual_host && !text_at(at(change, "match"), "name").empty())
      out.add(path.at("match.name"), "cannot be defined");
    if (!virtual_host && has(change, "match")) out.add(path.at("match"), "cannot be defined");
    check_value(change, message_type, true, path, out);
  } else if (operation == "patch") {
    check_value(change, message_type, false, path, out);
  } else if (operation != "remove") {
    out.add(path.at("operation"), R"(invalid operation. Available operations: "add", "patch", "remove")");
  }
}

/// Operations of network and HTTP filters.
void validate_filter_change(const json& change, const char* message_type, const Path& path, Violations& out) {
  std::string operation = text_at(change, "operation");
  bool unnamed = text_at(at(change, "match"), "name").empty();
  if (operation == "remove") return;
  if (operation == "addFirst" || operation == "addLast") return check_value(change, message_type, true, path, out);
  if (operation == "addBefore" || operation == "addAfter") {
    if (unnamed) {
      out.add(path.at("match.name"),
              fmt::format("cannot be empty. You need to pick a filter {} which this one will be added",
                          operation == "addBefore" ? "before" : "after"));
    }
    return check_value(change, message_type, true, path, out);
  }
  if (operation != "patch") {
    return out.add(
        path.at("operation"),
        R"(invalid operation. Available operations: "addFirst", "addLast", "addBefore", "addAfter", "patch", )"
        R"("remove")");
  }
  if (unnamed) out.add(path.at("match.name"), "cannot be empty");
  check_value(change, message_type, false, path, out);
}

void validate_raw(const json& resources, const Path& path, Violations& out) {
  for (std::size_t i = 0; i < resources.size(); ++i) {
    for (const char* field : {"name", "version", "resource"}) {
      if (text_at(resources[i], field).empty()) out.add(path.at(i).at(field), "cannot be empty");
    }
    std::string text = text_at(resources[i], "resource");
    std::string error = text.empty() ? "" : envoy_any_error(text);
    if (!error.empty()) out.add(path.at(i).at("resource"), "native Envoy resource is not valid: " + error);
  }
}

void validate(const Resource& resource, Violations& out) {
  TagRules selectors = service_tags;
  selectors.elements_optional = true;
  validate_selectors(at(resource.spec, "selectors"), selectors, Path("selectors"), out);
  const json& conf = at(resource.spec, "conf");
  const json& imports = at(conf, "imports");
  constexpr std::array<std::string_view, 4> profiles = {"default-proxy", "egress-proxy", "gateway-proxy",
                                                        "ingress-proxy"};
  for (std::size_t i = 0; i < imports.size(); ++i) {
    Path item = Path("conf.imports").at(i);
    if (imports[i] == "") {
      out.add(item, "cannot be empty");
    } else if (std::ranges::find(profiles, imports[i].get<std::string>()) == profiles.end()) {
      out.add(item, "profile not found. Available profiles: default-proxy,egress-proxy,gateway-proxy,ingress-proxy");
    }
  }
  validate_raw(at(conf, "resources"), Path("conf.resources"), out);
  const json& changes = at(conf, "modifications");
  for (std::size_t i = 0; i < changes.size(); ++i) {
    Path item = Path("conf.modifications").at(i);
    const json& change = changes[i];
    if (has(change, "cluster")) validate_resource_change(at(change, "cluster"), "Cluster", item.at("cluster"), out);
    if (has(change, "listener")) validate_resource_change(at(change, "listener"), "Listener", item.at("listener"), out);
    if (has(change, "virtualHost")) {
      validate_resource_change(at(change, "virtualHost"), "VirtualHost", item.at("virtualHost"), out);
    }
    if (has(change, "networkFilter")) {
      validate_filter_change(at(change, "networkFilter"), "Filter", item.at("networkFilter"), out);
    }
    if (has(change, "httpFilter"))
      validate_filter_change(at(change, "httpFilter"), "HttpFilter", item.at("httpFilter"), out);
  }
}

}  // namespace

const Kind& kind::proxy_template() {
  static const Kind out = [] {
    KindTable table = flat_table("ProxyTemplate", "proxytemplate", "proxytemplates", "");
    table.text = "Raw Envoy resources and changes to those of proxies (old: use MeshProxyPatch).";
    table.policy = true;
    table.kds = {.global_to_zones = true};
    table.schema = spec();
    table.validate = validate;
    return Kind(std::move(table));
  }();
  return out;
}

}  // namespace kumasim::cp
